"""The benchmarks' harness: what is measured beside what, and when a goal is met. Nothing here is timed."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

from benchmarks.harness import Goal, Sample, fact, line, main, measure, skipped


def sampled(log: list[str], name: str, *values: float) -> Sample:
    """A sample that gives *values* one after the other, then the last for ever, and says that it ran."""
    pending = list(values)

    def run() -> float:
        log.append(name)
        return pending.pop(0) if len(pending) > 1 else pending[0]

    return Sample(run)


def test_subject_and_limit_take_turns_at_going_first() -> None:
    log: list[str] = []
    measure("s", sampled(log, "s", 1.0), "l", sampled(log, "l", 1.0), rounds=2)
    assert log == ["s", "l", "l", "s", "s", "l"]


def test_the_first_round_is_thrown_away() -> None:
    row = measure("s", sampled([], "s", 100.0, 2.0), "l", sampled([], "l", 1.0), rounds=3)
    assert (row.value, row.limit_value, row.ratio) == (2.0, 1.0, 2.0)


def test_the_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_the_medians() -> None:
    subject, limit = sampled([], "s", 0.0, 1.0, 8.0, 9.0), sampled([], "l", 1.0, 1.0, 2.0, 9.0)
    row = measure("s", subject, "l", limit, rounds=3)
    assert (row.value, row.limit_value, row.ratio) == (8.0, 2.0, 1.0)


@pytest.mark.parametrize(("goal", "at_bound", "beyond"), [(Goal(1.5), 1.5, 1.51), (Goal(0.9, "at least"), 0.9, 0.89)])
def test_a_goal_is_met_at_its_bound_and_not_beyond(goal: Goal, at_bound: float, beyond: float) -> None:
    assert fact("x", at_bound, "", goal=goal).met is True
    assert fact("x", beyond, "", goal=goal).met is False


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_sleeps_inside_a_sample_unless_its_garbage_counts(collects: bool) -> None:
    seen: list[bool] = []
    Sample(lambda: float(seen.append(gc.isenabled()) or 0), collects=collects).take()
    assert (seen, gc.isenabled()) == ([collects], True)


def test_a_row_that_could_not_be_measured_says_why_and_judges_nothing() -> None:
    row = skipped("peer", "µs", "no Python 3.13 here")
    assert (row.met, line(row).split(maxsplit=1)[1]) == (None, "skipped: no Python 3.13 here")


def test_rows_are_written_with_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(lambda: [fact("bytes_per_event", 0.5, "B", goal=Goal(1))], ["--json", str(tmp_path / "rows.json")])
    assert json.loads((tmp_path / "rows.json").read_text()) == [
        {
            "name": "bytes_per_event",
            "value": 0.5,
            "unit": "B",
            "limit_name": "",
            "limit_value": None,
            "ratio": None,
            "goal": "at most 1",
            "met": True,
            "skipped": "",
        }
    ]
    assert capsys.readouterr().out.endswith("at most 1 met\n")


def test_a_missed_goal_ends_the_program_with_its_name_and_the_rows_are_written_all_the_same(tmp_path: Path) -> None:
    rows = [fact("kept", 1, "", goal=Goal(1)), fact("broken", 2, "", goal=Goal(1)), fact("free", 9, "")]
    with pytest.raises(SystemExit) as ended:
        main(lambda: rows, ["--json", str(tmp_path / "rows.json")])
    assert ended.value.code == "missed: broken"
    assert [row["name"] for row in json.loads((tmp_path / "rows.json").read_text())] == ["kept", "broken", "free"]


@pytest.mark.parametrize(
    ("arguments", "measured"),
    [([], ["one", "two"]), (["two"], ["two"]), (["two", "one"], ["two", "one"]), (["--soak"], ["long"])],
)
def test_parts_are_measured_as_they_are_asked_for(
    arguments: list[str], measured: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {name: lambda name=name: [fact(name, 1, "")] for name in ("one", "two")}
    main(parts, arguments, soak={"long": lambda: [fact("long", 1, "")]})
    assert [text.split()[0] for text in capsys.readouterr().out.splitlines()] == measured


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main({"one": list}, ["tow"])
    assert "there is no part 'tow'; there are one" in capsys.readouterr().err

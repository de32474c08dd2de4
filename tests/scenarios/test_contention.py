"""hot-stream and write-skew: met as shipped, failed without what they praise, the same to the byte, on both clocks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eventlab.scenarios import Summary, load, run_real, run_virtual
from eventlab.scenarios.folder import FILES
from tests.cli.commands import ROOT, eventlab, spawned

HOT, SKEW = str(ROOT / "scenarios" / "hot-stream.yaml"), str(ROOT / "scenarios" / "write-skew.yaml")
BACKOFF = "policies.conflicts.backoff"


def summary(path: str, *sets: str) -> Summary:
    return run_virtual(load(path, sets)).summary


def wrong(found: Summary) -> list[str]:
    return [line.text for line in found.expectations if line.met is not True]


@pytest.mark.parametrize("path", [HOT, SKEW])
@pytest.mark.parametrize("seed", range(1, 6))
def test_all_is_met_and_by_no_luck_of_the_seed(path: str, seed: int) -> None:
    found = summary(path, f"seed={seed}")
    assert (found.verdict, wrong(found)) == ("met", [])
    assert found.commands.conflicts > 0


@pytest.mark.parametrize(
    "change", [f"{BACKOFF}.jitter=none", f"{BACKOFF}.base=0s", f"{BACKOFF}={{factor: 1, jitter: none}}"]
)
def test_clerks_who_come_back_together_give_up_one_after_the_other(change: str) -> None:
    found = summary(HOT, change)
    assert found.verdict == "failed"
    assert "commands.gave_up == 0" in wrong(found)
    assert all(line.valid for line in found.invariants)  # slow, but never wrong


def test_sections_take_the_conflicts_away_that_jitter_only_spreads() -> None:
    one, eight = summary(HOT), summary(HOT, "services.desk.boxoffice.sections=8")
    assert eight.verdict == "met"
    assert eight.commands.conflicts < one.commands.conflicts / 3
    assert eight.latency_ms["p95"] < one.latency_ms["p95"] / 3


def test_one_clerk_alone_meets_no_conflict() -> None:
    assert summary(HOT, "load.closed.clients=1").commands.conflicts == 0


def test_a_house_that_is_too_small_refuses_and_is_never_oversold() -> None:
    found = summary(HOT, "services.desk.boxoffice.seats=100")
    assert (found.commands.written, found.commands.refused) == (100, 100)
    assert all(line.valid for line in found.invariants)


@pytest.mark.parametrize("seed", range(1, 4))
def test_with_the_naive_executor_nobody_is_there_and_no_conflict_warns(seed: int) -> None:
    found = summary(SKEW, f"seed={seed}", "services.foyer.boxoffice.executor=naive")
    assert found.verdict == "failed"
    assert wrong(found) == ["invariants hold", "commands.conflicts >= 1"]
    (broken,) = found.invariants
    assert (broken.name, broken.valid) == ("somebody is always on duty", False)
    assert all("and nobody was on duty" in witness for witness in broken.witnesses)
    assert found.commands.conflicts == 0


def test_the_naive_executor_sells_no_seat_twice_for_it_checks_what_it_writes() -> None:
    found = summary(HOT, "services.desk.boxoffice.executor=naive")
    assert all(line.valid for line in found.invariants)


def test_the_command_line_names_the_witnesses_and_says_that_it_failed(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "run"))
    told = eventlab("run", SKEW, "--set", "services.foyer.boxoffice.executor=naive", *out)
    assert told.code == 1
    assert "✗ broken  somebody is always on duty" in told.out
    assert "went home at position" in told.out
    assert "of which 0 % met a conflict" in told.out
    page = (tmp_path / "run" / "report.html").read_text()
    assert "somebody is always on duty" in page
    assert "attempts by 2 writers on usher-1 and usher-2" in page  # the picture tells who decided
    broke_s = re.findall(r"\((\d+\.\d{3}) s\), and nobody", " ".join(told.out.split()))[0]
    assert f"usher-2 appended at {broke_s} s, having read" in page  # and it shows the moment of the first witness


@pytest.mark.parametrize("path", [HOT, SKEW])
@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_in_another_process_under_another_hash_seed_it_is_the_same_run(
    path: str, hash_seed: str, tmp_path: Path
) -> None:
    eventlab("run", path, "--quiet", "--out", str(tmp_path / "here"))
    spawned("run", path, "--quiet", "--out", "there", cwd=tmp_path, env={"PYTHONHASHSEED": hash_seed})
    assert {name: (tmp_path / "there" / name).read_bytes() for name in FILES} == {
        name: (tmp_path / "here" / name).read_bytes() for name in FILES
    }


def test_a_desk_that_crashes_while_it_sells_sells_every_seat_once() -> None:
    crash = "faults=[{crash: desk, at: 1s, for: 2s}]"
    asking_again = ("policies.retry={attempts: 10, backoff: {base: 500ms}}", "policies.call_timeout=1s")
    found = summary(HOT, crash, *asking_again, "policies.breaker.enabled=false")
    assert found.answers.unknown == 0
    assert found.commands.repeated > 0  # somebody had not heard that the seat was sold
    assert all(line.valid for line in found.invariants)


def test_on_the_real_clock_the_story_is_the_same(tmp_path: Path) -> None:
    changes = ("load.closed.each=2", "load.closed.thinking=100ms", "load.closed.clients=10")
    store = f"sqlite:///{tmp_path}/{{service}}.db?synchronous=NORMAL"
    for found in (summary(HOT, *changes), run_real(load(HOT, changes), store_url=store).summary):
        assert (found.answers.ok, found.commands.written) == (20, 20)
        assert found.commands.conflicts > 0
        assert [line.valid for line in found.invariants] == [True, True, True]

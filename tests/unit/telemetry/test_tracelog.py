"""Spans in memory and in files, and what is wrong with traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventlab.errors import InvalidValue
from eventlab.hooks import SpanEnded
from eventlab.telemetry import TraceLog, flaws


def span(span_id: str, parent_id: str = "", began_s: float = 0.0, ended_s: float = 1.0, **more: Any) -> SpanEnded:
    times = int(began_s * 1e9), int(ended_s * 1e9)
    return SpanEnded(
        more.pop("trace_id", "t"), span_id, parent_id, f"work {span_id}", "internal", "s", *times, {}, **more
    )


TREE = [span("a"), span("b", "a", 0.5), span("c", "b", 0.6, 9.0)]


def test_a_whole_tree_has_no_flaw_also_if_a_child_outlives_its_parent() -> None:
    assert flaws(TREE) == []
    assert flaws([*TREE, span("a", trace_id="another")]) == []


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (span("d"), "trace t has 2 roots"),
        (span("d", "gone"), "work d (d) is an orphan: gone is nowhere"),
        (span("d", "b", 0.25), "work d (d) begins 0.25 s before work b (b), which caused it"),
        (span("b", "a", 0.5), "work b (b) is told twice"),
        (span("d", "a", 0.5, 0.25), "work d (d) ends before it begins"),
        (span("x", "a", trace_id="another"), "trace another has 0 roots"),
    ],
)
def test_a_planted_flaw_is_said(planted: SpanEnded, said: str) -> None:
    assert said in flaws([*TREE, planted])


def test_a_log_survives_its_file(tmp_path: Path) -> None:
    log = TraceLog([*TREE, span("d", "a", events=(("attempt", 5, {"number": 1}),), status="error", reason="no")])
    log.save(tmp_path / "traces.jsonl")
    assert TraceLog.load(tmp_path / "traces.jsonl").spans == log.spans


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    TraceLog(TREE).save(tmp_path / "traces.jsonl")
    (tmp_path / "traces.jsonl").open("a").write("nonsense\n")
    with pytest.raises(InvalidValue, match=r"traces.jsonl, line 4.*nonsense"):
        TraceLog.load(tmp_path / "traces.jsonl")


def test_a_log_keeps_the_latest_if_it_is_told_how_many() -> None:
    log = TraceLog(TREE, keep=2)
    assert log.spans == TREE[1:]
    with pytest.raises(InvalidValue, match="keep"):
        TraceLog(keep=-1)


def test_a_table_has_a_row_for_each_span_from_when_the_first_one_began() -> None:
    frame = TraceLog([span("a", began_s=5.0, ended_s=6.0), span("b", "a", 5.25, 5.5)]).frame
    assert frame[["span_id", "began_s", "ended_s", "duration_s"]].to_numpy().tolist() == [
        ["a", 0.0, 1.0, 1.0],
        ["b", 0.25, 0.5, 0.25],
    ]
    assert TraceLog().frame.empty

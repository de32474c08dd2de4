"""The call graph, from literal histories."""

from __future__ import annotations

from eventlab import hooks
from eventlab.history import Entry
from eventlab.simulation import CallEdge, call_graph


def call(number: int, target: str, outcome: str, took_s: float, *, attempt: int = 1) -> list[Entry]:
    ends = ("front", target, "Work")
    return [
        Entry(number, "front", hooks.CallStarted(number, *ends, attempt=attempt)),
        Entry(number + took_s, "front", hooks.CallEnded(number, *ends, outcome, took_s)),
    ]


def test_an_edge_counts_attempts_and_their_ends_and_ranks_how_long_they_took() -> None:
    entries = [
        *call(1, "pay", "ok", 0.1),
        *call(2, "stock", "ok", 0.2),
        *call(3, "pay", "unknown", 1.0),
        *call(4, "pay", "ok", 0.3, attempt=2),
        *call(5, "pay", "rejected", 0.0),
        call(6, "pay", "ok", 9.0)[0],
    ]
    assert call_graph(entries) == [
        CallEdge("front", "pay", 5, 1, {"ok": 2, "unknown": 1, "rejected": 1, "unanswered": 1}, {"Work": 5}, 0.3, 1.0),
        CallEdge("front", "stock", 1, 0, {"ok": 1}, {"Work": 1}, 0.2, 0.2),
    ]


def test_ends_without_a_beginning_are_of_what_came_before_the_history() -> None:
    assert call_graph(call(1, "pay", "ok", 0.1)[1:]) == []
    late = [*call(1, "pay", "ok", 0.1), call(7, "pay", "ok", 0.1)[1]]
    assert [edge.outcomes for edge in call_graph(late)] == [{"ok": 1}]


def test_the_99th_of_a_hundred_is_the_99th() -> None:
    (edge,) = call_graph(entry for number in range(1, 101) for entry in call(number, "pay", "ok", float(number)))
    assert (edge.duration_s_p50, edge.duration_s_p99) == (50, 99)

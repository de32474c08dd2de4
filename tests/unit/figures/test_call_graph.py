"""The story of the call graph: rows of services, and ends in the words of the figure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eventlab import hooks
from eventlab.figures import describe_call_graph, draw_call_graph, style
from eventlab.figures.call_story import ENDS, call_story, ended
from eventlab.history import Entry


def run_of(*calls: tuple[str, str, str], took_s: float = 0.25) -> SimpleNamespace:
    """A run of these calls, ``(source, target, outcome)``, one a second."""
    entries = []
    for number, (source, target, outcome) in enumerate(calls, start=1):
        entries.append(Entry(number, source, hooks.CallStarted(number, source, target, "Work")))
        if outcome != "unanswered":
            ended = hooks.CallEnded(number, source, target, "Work", outcome, took_s)
            entries.append(Entry(number + took_s, source, ended))
    return SimpleNamespace(entries=entries)


@pytest.mark.parametrize(
    ("pairs", "rows"),
    [
        (["ab", "ac", "bd", "cd"], ["a", "bc", "d"]),
        (["ab", "bc", "ac"], ["a", "bc"]),  # below the uppermost of its callers
        (["ab", "ba"], ["a", "b"]),  # a circle
        (["ab", "cd", "dc"], ["a", "b", "c", "d"]),  # and one that nobody else calls
        (["aa"], ["a"]),
        (["ab", "cc", "cb"], ["ac", "b"]),  # who calls itself is called by nobody
    ],
)
def test_who_is_called_stands_below_its_caller(pairs: list[str], rows: list[str]) -> None:
    run = run_of(*((pair[0], pair[1], "ok") for pair in pairs))
    assert ["".join(row) for row in call_story(run).rows] == rows


def test_every_way_to_end_has_its_word() -> None:
    outcomes = ["ok", "refused", "failed", "unavailable", "rejected", "unknown", "unanswered"]
    (edge,) = call_story(run_of(*(("a", "b", outcome) for outcome in outcomes))).edges
    assert ended(edge) == {"ok": 1, "refused": 1, "not reached": 2, "unknown": 1, "failed": 1, "under way": 1}
    assert sum(len(words) for words in ENDS.values()) == len(outcomes)


def test_the_words_tell_every_pair_the_busiest_first() -> None:
    run = run_of(("a", "b", "ok"), ("b", "c", "ok"), ("b", "c", "unanswered"))
    assert describe_call_graph(run) == (
        "2 pairs of services, 3 attempts of calls. "
        "b called c 2 times: 1 ok, 1 under way; half took ≤ 250 ms, 99 of 100 ≤ 250 ms. "
        "a called b 1 time: 1 ok; half took ≤ 250 ms, 99 of 100 ≤ 250 ms."
    )


def test_a_run_without_calls_says_so_in_words_and_in_the_picture() -> None:
    assert describe_call_graph(run_of()) == "No service called another."
    ax = draw_call_graph(run_of())
    assert [text.get_text() for text in ax.texts] == ["no service called another"]
    style.close(ax.get_figure(root=True))  # type: ignore[arg-type]


def test_pairs_that_have_no_room_are_counted() -> None:
    run = run_of(*((f"s{number}", "t", "ok") for number in range(12)))
    ax = draw_call_graph(run)
    figure = ax.get_figure(root=True)
    assert "4 more pairs with fewer calls" in [text.get_text() for panel in figure.axes for text in panel.texts]  # type: ignore[union-attr]
    style.close(figure)  # type: ignore[arg-type]

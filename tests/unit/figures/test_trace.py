"""What a trace's end waited for, what lay waiting, and the words that say so."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from eventlab.figures import describe_trace, draw_trace
from eventlab.figures.trace_marks import label_of, labels
from eventlab.figures.trace_path import critical_path, shares
from eventlab.figures.trace_spans import Bar, bars_of
from eventlab.history import Entry
from eventlab.hooks import SpanEnded
from eventlab.telemetry import TraceLog
from tests.unit.figures.made_up_run import MadeUpRun, made_up_run


def bar(id: str, parent: str, began_s: float, ended_s: float, kind: str = "work", **more: Any) -> Bar:
    service = more.pop("service", "shop")
    return Bar(id, parent, more.pop("name", id), kind, service, began_s, ended_s, more.pop("outcome", "ok"), **more)


def path(*bars: Bar) -> list[tuple[str, float, float]]:
    return [(stretch.bar.id, stretch.began_s, stretch.ended_s) for stretch in critical_path(bars)]


def test_alone_it_waited_for_itself() -> None:
    assert path(bar("a", "", 1, 5)) == [("a", 1, 5)]
    assert path() == []


def test_one_after_the_other_each_was_waited_for_and_between_them_their_cause() -> None:
    found = path(bar("a", "", 0, 10), bar("b", "a", 1, 4), bar("c", "a", 6, 9))
    assert found == [("a", 0, 1), ("b", 1, 4), ("a", 4, 6), ("c", 6, 9), ("a", 9, 10)]


def test_of_two_at_once_the_one_that_ended_last_was_waited_for() -> None:
    found = path(bar("a", "", 0, 10), bar("quick", "a", 1, 5), bar("slow", "a", 1, 9), bar("in slow", "slow", 2, 3))
    assert found == [("a", 0, 1), ("slow", 1, 2), ("in slow", 2, 3), ("slow", 3, 9), ("a", 9, 10)]


def test_before_the_last_one_began_the_one_before_it_was_waited_for_also_if_they_overlap() -> None:
    assert path(bar("a", "", 0, 10), bar("b", "a", 0, 6), bar("c", "a", 4, 10)) == [("b", 0, 4), ("c", 4, 10)]


def test_work_after_its_cause_had_given_up_kept_nobody_waiting_but_a_saga_did() -> None:
    late = path(bar("call", "", 0, 5, "call"), bar("late", "call", 7, 9))
    saga = path(bar("call", "", 0, 5, "call"), bar("saga", "call", 1, 8, "saga"))
    assert (late, saga) == ([("call", 0, 5)], [("call", 0, 1), ("saga", 1, 8)])


def test_the_path_has_no_gap_and_its_shares_are_the_whole() -> None:
    _, _, bars = bars_of(made_up_run(100), None)
    found = critical_path(bars)
    assert all(one.ended_s == following.began_s for one, following in pairwise(found))
    assert sum(length_s for _, length_s in shares(found)) == pytest.approx(found[-1].ended_s - found[0].began_s)


def test_what_lay_waiting_is_a_share_of_its_own() -> None:
    call = bar("pay/Pay", "", 0, 10, "call", service="front")
    found = shares(critical_path([call, bar("pay/Pay", "pay/Pay", 6, 8, service="pay", waited_s=5.0)._replace(id="w")]))
    assert found == [("waiting at pay", 5.0), ("calls to pay", 3.0), ("work in pay", 2.0)]


def test_so_is_what_stood_in_a_queue_within_its_work() -> None:
    work = bar("w", "", 0, 10, service="pay", queued=((1.0, 4.0), (5.0, 6.0)))
    assert shares(critical_path([work])) == [("work in pay", 6.0), ("waiting at pay", 4.0)]


def span(id: str, parent: str, name: str, role: str, service: str, began_s: float, ended_s: float, **facts: Any) -> Any:
    times = int((1000 + began_s) * 1e9), int((1000 + ended_s) * 1e9)
    status = "error" if facts.get("call.outcome") == "unknown" else "unset"
    return SpanEnded("t" * 32, id, parent, name, role, service, *times, facts, status=status)


TRACED = TraceLog(
    [
        span("w", "c", "pay/Pay", "server", "pay", 6, 8, **{"queue.wait_s": 5.0, "call.outcome": "ok"}),
        span("c", "s", "pay/Pay", "client", "orders", 0, 10, **{"call.outcome": "ok"}),
        span("s", "g", "buy/pay", "internal", "orders", 0, 10, **{"saga.id": "7", "saga.step": "pay"}),
        span("g", "", "saga buy", "internal", "orders", 0, 10.5, **{"saga.id": "7", "saga.status": "completed"}),
    ]
)


def test_the_words_tell_whole_waiting_and_critical_path() -> None:
    assert describe_trace(TRACED) == (
        "Trace tttttttt: saga buy took 10.5 s, from 0.00 s on, in 4 spans over 2 services (orders, pay). Its saga took "
        "1 step and undid 0. Of 1 call none failed or had no answer. Work had to wait 1 time, for 5.00 s at the "
        "longest (pay/Pay). What its end waited for: waiting at pay 5.00 s (48%); calls to pay 3.00 s (29%); "
        "work in pay 2.00 s (19%); between the calls of buy 0.50 s (5%)."
    )


def test_a_trace_is_found_by_its_saga_and_what_is_not_there_is_named() -> None:
    assert describe_trace(TRACED, trace="7") == describe_trace(TRACED)
    with pytest.raises(LookupError, match="'8'"):
        describe_trace(TRACED, trace="8")
    with pytest.raises(LookupError):
        describe_trace(TraceLog())


def test_a_run_that_was_not_traced_shows_a_saga_its_steps_and_its_calls() -> None:
    name, was_traced, bars = bars_of(made_up_run(100), None)
    assert not was_traced
    assert list(dict.fromkeys(bar.kind for bar in bars)) == ["saga", "step", "call"]
    assert describe_trace(made_up_run(100)).startswith(f"Saga {name}, as far as its history tells: saga checkout took")


def test_a_span_that_is_told_late_stands_where_it_was() -> None:
    """A step is told once its outcome is written: later than it came back."""
    late, prompt = TRACED.spans[2], TRACED.spans[1]
    entries = [Entry(prompt.ended_ns / 1e9 - 1000, "orders", prompt), Entry(12.5, "orders", late)]
    _, _, bars = bars_of(MadeUpRun(entries), None)
    assert [(round(bar.began_s, 6), round(bar.ended_s, 6)) for bar in bars] == [(0.0, 10.0), (0.0, 10.0)]


def test_a_name_stands_in_its_bar_or_where_it_is_free_and_never_over_another() -> None:
    long, tiny = bar("a", "", 0, 10, name="shop/Reserve"), bar("b", "", 11, 12, name="shop/Reserve")
    close, last = bar("c", "", 13, 18, name="shop/Reserve"), bar("d", "", 19, 20, name="shop/Release")
    rows = {"a": 0, "b": 1, "c": 1, "d": 1}
    found = [(one.id, x, text) for one, x, text in labels([long, tiny, close, last], rows, (0, 30), 1)]
    assert found == [("a", 0, "Reserve"), ("c", 13, "Rese…"), ("d", 20, "Release")]


def test_a_call_for_nothing_but_work_is_named_by_whom_it_asks() -> None:
    kinds = ("call", "work", "operation")
    assert [label_of(bar("a", "", 0, 1, kind, name="stock/Work")) for kind in kinds] == ["→ stock", "Work", "Work"]
    assert label_of(bar("a", "", 0, 1, "call", name="stock/Reserve")) == "Reserve"


def test_a_wait_is_hatched_before_its_work() -> None:
    ax = draw_trace(TRACED)
    hatched = [patch for patch in ax.patches if patch.get_hatch() == "xxxx"]
    assert [(round(patch.get_x(), 6), patch.get_width()) for patch in hatched] == [(1.0, 5.0)]

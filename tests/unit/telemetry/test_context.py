"""What travels of a trace is what came, and what is no context is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.metadata import Metadata, carrying
from eventlab.telemetry import SpanContext, current_context
from eventlab.telemetry.context import context_in, context_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def ids(digits: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**digits - 1).map(lambda number: f"{number:0{digits}x}")


contexts = st.builds(SpanContext, ids(32), ids(16), st.integers(0, 255), st.none() | st.text())


@given(contexts)
def test_a_context_comes_back_from_its_headers_as_it_went(context: SpanContext) -> None:
    assert context_of(context.headers) == context
    assert SpanContext.parse(context.traceparent, context.tracestate) == context


@pytest.mark.parametrize(
    "header",
    [
        "",
        HEADER.upper(),
        HEADER + "-",
        HEADER + "\n",
        HEADER + "-more",
        " " + HEADER,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"0x-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01.more",
        None,
    ],
)
def test_what_is_no_traceparent_is_refused(header: str) -> None:
    with pytest.raises(InvalidValue, match="traceparent"):
        SpanContext.parse(header)


@pytest.mark.parametrize("more", ["", "-", "-what the future brings", "-a-b"])
def test_of_a_later_version_is_read_what_this_one_knows(more: str) -> None:
    assert SpanContext.parse(f"cc-{TRACE}-{SPAN}-ff{more}") == SpanContext(TRACE, SPAN, 0x03)


@pytest.mark.parametrize(
    ("trace_id", "span_id", "flags"),
    [(TRACE.upper(), SPAN, 1), (TRACE, "0" * 16, 1), ("0" * 32, SPAN, 1), (TRACE, SPAN, 256), (TRACE, SPAN, True)],
)
def test_a_context_that_could_not_travel_is_refused_when_it_is_built(trace_id: str, span_id: str, flags: int) -> None:
    with pytest.raises(InvalidValue, match="SpanContext"):
        SpanContext(trace_id, span_id, flags)


def test_a_broken_header_is_no_reason_to_refuse_a_message_and_its_state_goes_with_it() -> None:
    assert context_in(Metadata(traceparent="00-nothing", tracestate="a=1")) is None


def test_what_is_carried_is_where_one_is() -> None:
    assert current_context() is None
    with carrying(traceparent=HEADER, tracestate="vendor=1"):
        assert current_context() == SpanContext(TRACE, SPAN, 1, "vendor=1")


def test_names_of_headers_have_no_case() -> None:
    assert context_of({"TraceParent": HEADER, "TRACESTATE": "a=1"}) == SpanContext(TRACE, SPAN, 1, "a=1")
    assert context_of({"accept": "*/*"}) is None


@pytest.mark.parametrize("header", ["", "garbage", HEADER.upper(), f"00-{'0' * 32}-{SPAN}-01", HEADER.encode(), None])
def test_a_broken_header_of_a_stranger_begins_a_new_trace_and_a_text_of_ones_own_is_refused(header: Any) -> None:
    assert context_of({"traceparent": header, "tracestate": "a=1"}) is None
    if isinstance(header, str):
        with pytest.raises(InvalidValue, match="traceparent"):
            context_of(header)


def test_a_parent_may_be_one_of_opentelemetry() -> None:
    from opentelemetry.trace import NonRecordingSpan, TraceFlags, TraceState, set_span_in_context
    from opentelemetry.trace import SpanContext as Official

    state = TraceState([("vendor", "1")])
    official = Official(int(TRACE, 16), int(SPAN, 16), is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    ours = SpanContext(TRACE, SPAN, 1, "vendor=1")
    span = NonRecordingSpan(official)
    assert [context_of(each) for each in (official, span, set_span_in_context(span))] == [ours] * 3


def test_what_names_no_span_is_no_parent() -> None:
    with pytest.raises(InvalidValue, match="parent_context"):
        context_of(7)

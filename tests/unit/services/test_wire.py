"""Calls and replies pass through HTTP and come out as they went in; what is not of that form changes no outcome."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as some

from eventlab.errors import InvalidValue
from eventlab.services import Call, Reply
from eventlab.services.message import Outcome
from eventlab.services.wire import answer_of, call_from, headers_of, key_from_header, key_to_header, reply_from
from eventlab.store import Metadata
from eventlab.testing.clock import ManualClock

words = some.text(max_size=20)
plain = some.text(some.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)
facts = some.dictionaries(words, some.one_of(some.integers(-(2**53), 2**53), words, some.booleans()), max_size=3)
metadata = some.builds(
    Metadata,
    correlation_id=some.none() | words,
    actor=some.none() | words,
    traceparent=some.none() | plain,
    headers=some.dictionaries(words, words, max_size=3),
    tracestate=some.none() | plain,
)
calls = some.builds(
    Call,
    id=some.integers(0, 2**40),
    source=words,
    target=some.just("bank"),
    operation=some.just("Pay"),
    body=some.binary(max_size=20),
    key=words,
    deadline_s=some.none() | some.floats(0.0, 90.0),
    metadata=metadata,
    answer_to=words,
)


@given(calls)
def test_a_call_arrives_as_it_was_sent_and_its_deadline_a_microsecond_early_at_most(call: Call) -> None:
    with ManualClock().ruling():
        headers = headers_of(call)
        assert all(text.isascii() and text.isprintable() for text in headers.values())
        arrived = call_from("bank", "Pay", headers, call.body)
    if call.deadline_s is not None:
        assert arrived.deadline_s is not None and 0 <= call.deadline_s - arrived.deadline_s < 1e-6
    assert {**_fields(arrived), "deadline_s": None} == {**_fields(call), "deadline_s": None}


def _fields(call: Call) -> dict[str, object]:
    return {name: getattr(call, name) for name in call.__struct_fields__}


@given(words)
def test_a_key_comes_back_also_out_of_quotation_marks(key: str) -> None:
    header = key_to_header(key)
    assert key_from_header(header) == key_from_header(f'"{header}"') == key


replies = some.builds(
    Reply,
    outcome=some.sampled_from(get_args(Outcome)[1:]),
    code=words,
    message=words,
    facts=facts,
    reason=words,
    retry_after_s=some.none() | some.floats(0, 1e6),
)


@given(replies | some.builds(Reply, outcome=some.just("ok"), body=some.binary(max_size=30)))
def test_a_reply_arrives_as_it_was_given(reply: Reply) -> None:
    status, headers, body = answer_of(reply)
    assert reply_from(status, headers, body) == reply


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply("ok", b"{}"), 200),
        (Reply("refused", code="declined"), 409),
        (Reply("failed", reason="KeyError"), 500),
        (Reply("failed", code="unreadable"), 400),
        (Reply("unavailable"), 503),
        (Reply("unknown"), 504),
        (Reply("unknown_operation"), 404),
    ],
)
def test_those_who_know_http_alone_see_what_it_means(reply: Reply, status: int) -> None:
    assert answer_of(reply)[0] == status


@pytest.mark.parametrize(("retry_after_s", "header"), [(None, "1"), (0.2, "1"), (7.0, "7"), (7.1, "8")])
def test_who_was_not_served_is_told_when_to_come_back(retry_after_s: float | None, header: str) -> None:
    assert answer_of(Reply("unavailable", retry_after_s=retry_after_s))[1]["retry-after"] == header


@pytest.mark.parametrize("status", [200, 404, 409, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, b"{}"), ({"eventlab-outcome": "well"}, b""), ({"eventlab-outcome": "refused"}, b"<html>")],
)
def test_what_no_service_said_leaves_the_outcome_unknown(status: int, headers: dict[str, str], body: bytes) -> None:
    reply = reply_from(status, headers, body)
    assert reply.outcome == "unknown" and str(status) in reply.reason


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("eventlab-call", "-1"),
        ("eventlab-call", "one"),
        ("eventlab-call", "9" * 30),
        ("eventlab-timeout", "1 s"),
        ("eventlab-metadata", "{"),
        ("eventlab-metadata", '{"x":' * 9999),
        ("eventlab-metadata", '{"actor": 7}'),
    ],
)
def test_a_header_that_is_not_of_its_form_is_named(header: str, text: str) -> None:
    with pytest.raises(InvalidValue, match=header):
        call_from("bank", "Pay", {header: text}, b"{}")


def test_a_call_of_somebody_who_knows_nothing_of_us_is_one() -> None:
    assert call_from("bank", "Pay", {}, b"{}") == Call(0, "", "bank", "Pay", b"{}")


@pytest.mark.parametrize("body", [b'{"code": "\xff"}', b'{"more": ' + b"[" * 100_000], ids=["no text", "no bottom"])
def test_a_reply_whose_body_cannot_be_read_says_nothing(body: bytes) -> None:
    assert reply_from(409, {"eventlab-outcome": "refused"}, body).outcome == "unknown"

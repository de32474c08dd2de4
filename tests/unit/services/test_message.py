from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
import pytest

from eventlab.errors import InvalidValue
from eventlab.services.message import Call, Reply, Request, decoder, encode, reply_type
from eventlab.store import Metadata

R_co = TypeVar("R_co", covariant=True)


class PaymentReserved(msgspec.Struct, frozen=True):
    authorization: str


class ReservePayment(Request[PaymentReserved], frozen=True):
    order_id: str
    amount_cents: int


class Charging(Request[R_co], Generic[R_co], frozen=True):
    amount_cents: int


class Capture(Charging[PaymentReserved], frozen=True):
    order_id: str


class Count(Request[dict[str, int]], frozen=True):
    pass


class Urgent(ReservePayment, frozen=True):
    pass


def test_a_request_names_its_answer() -> None:
    assert reply_type(ReservePayment) is PaymentReserved
    assert reply_type(Count) == dict[str, int]


def test_a_request_answers_like_the_one_it_descends_from() -> None:
    assert reply_type(Capture) is PaymentReserved
    assert reply_type(Urgent) is PaymentReserved


def test_a_request_without_an_answer_is_refused() -> None:
    class Pointless(Request, frozen=True):  # type: ignore[type-arg]  # that is the point
        pass

    for request in (Pointless, Charging):
        with pytest.raises(InvalidValue, match=request.__name__):
            reply_type(request)


def test_an_answer_named_by_text_is_refused() -> None:
    class Vague(Request["PaymentReserved"], frozen=True):
        pass

    with pytest.raises(InvalidValue, match="defined above"):
        reply_type(Vague)


@pytest.mark.parametrize(
    "message",
    [
        ReservePayment("order-7", 1250),
        Call(
            3,
            "orders",
            "payments",
            "ReservePayment",
            b"{}",
            "key",
            12.5,
            Metadata(correlation_id="c", headers={"a": "b"}),
        ),
        Reply("ok", b"\x00\xff"),
        Reply("refused", code="declined", message="no", facts={"limit": [1, None]}),
    ],
)
def test_messages_survive_the_wire(message: Any) -> None:
    assert decoder(type(message)).decode(encode(message)) == message


def test_a_newer_senders_field_is_ignored() -> None:
    sent = b'{"order_id": "order-7", "amount_cents": 1250, "currency": "EUR"}'
    assert decoder(ReservePayment).decode(sent) == ReservePayment("order-7", 1250)

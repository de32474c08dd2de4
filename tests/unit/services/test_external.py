"""Whoever calls a service that is not ours learns one of three things, and asks again only where that may help."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from starlette.responses import Response

from eventlab import hooks
from eventlab.errors import (
    CallTimeout,
    CallUnknown,
    CircuitOpen,
    DeadlinePassed,
    InvalidValue,
    Refused,
    Unavailable,
    UnknownOperation,
)
from eventlab.hooks import CallEnded, CallStarted
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, Constant, RetryBudget, deadline, retry
from eventlab.services.external import ExternalServiceClient
from eventlab.store.metadata import carrying
from tests.unit.services.bank import Bank, Town, said


class Receipt(msgspec.Struct, frozen=True):
    paid: bool


async def pay(client: ExternalServiceClient) -> Receipt:
    return await client.post("/payments", {"cents": 4200}, key="order-7/pay", reply=Receipt)


async def error_of(client: ExternalServiceClient) -> Exception:
    with pytest.raises(Exception) as caught:
        await pay(client)
    return caught.value


def test_the_answer_comes_with_its_type_and_the_wish_with_its_key() -> None:
    bank = Bank()
    assert Town(bank).run(pay) == Receipt(True)
    (asked,) = bank.asked
    assert (asked.path, asked.body, asked.headers["idempotency-key"]) == ("/payments", b'{"cents":4200}', "order-7/pay")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408, 425])
def test_what_leaves_the_outcome_unknown_is_asked_again_with_the_same_key(status: int) -> None:
    bank = Bank(said(status), said(status))
    assert Town(bank).run(pay) == Receipt(True)
    assert bank.keys == ["order-7/pay"] * 3


@pytest.mark.parametrize("status", [500, 503, 504, 429, 408, 425, 302, 307])
def test_and_stays_unknown_when_nothing_better_comes(status: int) -> None:
    bank = Bank(*[said(status, location="/elsewhere", eventlab_outcome="unavailable") for _ in range(3)])
    error = Town(bank).run(error_of)
    assert isinstance(error, CallUnknown) and f"it answered {status}" in str(error)
    assert [asked.path for asked in bank.asked] == ["/payments"] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
def test_a_no_is_a_refusal_with_status_and_body_and_is_not_asked_again(status: int) -> None:
    bank = Bank(said(status, {"code": "declined", "message": "no money", "limit": 100}))
    error = Town(bank).run(error_of)
    assert isinstance(error, Refused) and len(bank.asked) == 1
    body = {"code": "declined", "message": "no money", "limit": 100}
    assert (error.code, error.message, error.facts) == ("declined", "no money", {"status": status, "body": body})


def test_a_refusal_in_somebodys_own_words_is_one_too() -> None:
    first = Town(Bank(said(402, {"title": "Payment Required"}))).run(error_of)
    second = Town(Bank(said(403))).run(error_of)
    assert str(first) == "refused (http_402): Payment Required"
    assert str(second) == "refused (http_403): bank answered POST /payments with 403"


def test_an_answer_that_cannot_be_read_leaves_unknown_what_was_done() -> None:
    bank = Bank(*[said(200, {"paid": "maybe"}) for _ in range(3)])
    error = Town(bank).run(error_of)
    assert isinstance(error, CallUnknown) and "its answer cannot be read" in str(error)


@pytest.mark.parametrize("content", [b'{"paid": "\xff"}', b"[" * 100_000], ids=["no text", "without a bottom"])
def test_bytes_that_are_no_text_or_nest_without_end_are_such_an_answer_too(content: bytes) -> None:
    yes, no = Bank(*[Response(content, 200)] * 3), Bank(Response(content, 409))

    async def story(client: ExternalServiceClient) -> Exception:
        with pytest.raises(Exception) as caught:
            await client.post("/payments", key="order-7/pay")
        return caught.value

    unread, refused = Town(yes).run(story), Town(no).run(story)
    assert isinstance(unread, CallUnknown) and "its answer cannot be read" in str(unread)
    assert isinstance(refused, Refused) and refused.code == "http_409"
    assert (len(yes.asked), len(no.asked)) == (3, 1)


def test_a_host_that_is_not_reached_did_nothing() -> None:
    town = Town(Bank(), attempts_max=1)
    town.client.base_url = "http://nowhere"
    assert isinstance(town.run(error_of), Unavailable)


def test_a_doubt_is_not_cleared_by_a_later_attempt_that_was_not_reached() -> None:
    bank = Bank(said(500))
    town = Town(bank, attempts_max=2, backoff=Constant(1.0))

    async def story(client: ExternalServiceClient) -> Exception:
        asked = asyncio.create_task(error_of(client))
        await asyncio.sleep(0.5)
        with town.world.network.partition(["orders"], ["bank"], seen_as="broken"):
            return await asked

    error = town.run(story)
    assert isinstance(error, CallUnknown) and isinstance(error.__cause__, Unavailable)


def test_silence_ends_at_the_timeout_of_each_attempt_and_stays_unknown() -> None:
    town = Town(Bank(), timeout_s=2.0, backoff=Constant(1.0))

    async def story(client: ExternalServiceClient) -> tuple[Exception, float]:
        with town.world.network.partition(["orders"], ["bank"]):
            return await error_of(client), town.world.now_s

    error, took_s = town.run(story)
    assert isinstance(error, CallTimeout) and took_s == pytest.approx(3 * 2 + 2 * 1)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7.0),
        ("0", 0.1),
        ("Sun, 06 Nov 1994 08:49:44 GMT", 7.0),
        ("Sunday, 06-Nov-94 08:49:44 GMT", 7.0),
        ("Sun Nov  6 08:49:44 1994", 7.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.1),
        ("soon", 0.1),
        ("-7", 0.1),
    ],
)
def test_nobody_is_asked_before_the_time_that_it_names(header: str, wait_s: float) -> None:
    """A date counts from the date of the answer itself: here both clocks are thirty years off."""
    bank = Bank(said(503, retry_after=header, date="Sun, 06 Nov 1994 08:49:37 GMT"))
    Town(bank, backoff=Constant(0.1)).run(pay)
    first_s, second_s = bank.times_s
    assert second_s - first_s == pytest.approx(wait_s, abs=0.01)


@pytest.mark.parametrize("header", ["61", "9" * 400, "Sun, 06 Nov 2094 08:49:37 GMT"])
def test_nobody_waits_longer_than_their_patience(header: str) -> None:
    bank = Bank(said(429, retry_after=header))
    town = Town(bank, patience_s=60.0)
    error = town.run(error_of)
    assert isinstance(error, CallUnknown) and error.retry_after_s is not None and error.retry_after_s >= 61
    assert (len(bank.asked), town.world.now_s < 1) == (1, True)


def test_retries_stay_within_their_budget() -> None:
    bank = Bank(*[said(500)] * 100)
    budget = RetryBudget(ratio=0.0, floor_per_s=0.0, saved_max=2)

    async def story(client: ExternalServiceClient) -> None:
        for _ in range(4):
            await error_of(client)

    Town(
        bank, budget=budget, circuit=CircuitBreaker("bank", CircuitBreakerConfig(window_calls=50, minimum_calls=50))
    ).run(story)
    assert (len(bank.asked), budget.spent) == (4 + 2, 2)


def test_the_deadline_travels_and_bounds_attempts_and_pauses() -> None:
    bank = Bank(*[said(503, retry_after="2")] * 9)

    async def story(client: ExternalServiceClient) -> Exception:
        with deadline(5.0):
            return await error_of(client)

    assert isinstance(Town(bank, attempts_max=9, timeout_s=1.0).run(story), CallUnknown)
    left = [asked.headers["eventlab-timeout"] for asked in bank.asked]
    assert left[:2] == ["1000000u", "1000000u"] and len(left) == 3
    assert 0.9e9 < 1e3 * int(left[2].rstrip("u")) <= 1e9  # of 5 s, four went by in pauses


def test_after_the_deadline_nothing_is_sent() -> None:
    bank = Bank()

    async def story(client: ExternalServiceClient) -> Exception:
        with deadline(0.0):
            return await error_of(client)

    assert isinstance(Town(bank).run(story), DeadlinePassed)
    assert bank.asked == []


def test_the_breaker_of_a_target_keeps_calls_from_it_and_refusals_do_not_open_it() -> None:
    config = CircuitBreakerConfig(window_calls=4, minimum_calls=4, open_s=30)
    circuit = CircuitBreaker("bank", config)

    async def story(client: ExternalServiceClient) -> list[type[Exception]]:
        return [type(await error_of(client)) for _ in range(12)]

    no, down = [said(422)] * 4, [said(500)] * 4
    bank = Bank(*no, *down)
    kinds = Town(bank, attempts_max=1, circuit=circuit).run(story)
    assert kinds == [Refused] * 4 + [CallUnknown] * 4 + [CircuitOpen] * 4
    assert len(bank.asked) == 8


def test_a_policy_of_ones_own_stands_in_the_place_of_it_all() -> None:
    bank = Bank(*[said(500)] * 9)
    town = Town(bank, policy=retry(5, Constant(1.0)), timeout_s=3.0)
    assert isinstance(town.run(error_of), CallUnknown)
    assert (len(bank.asked), town.client.policy.attempt_timeout_s) == (5, 3.0)


@pytest.mark.parametrize(
    ("answer", "was_there"),
    [
        (said(200), True),
        (said(204), True),
        (said(404), False),
        (said(410), False),
        (said(409, {"code": "cancelled"}), False),
    ],
)
def test_what_is_not_there_need_not_be_cancelled(answer: Any, was_there: bool) -> None:
    bank = Bank(answer)

    async def story(client: ExternalServiceClient) -> bool:
        return await client.cancel("/payments/7", key="order-7/undo", method="DELETE")

    assert Town(bank).run(story) is was_there
    assert bank.keys == ["order-7/undo"]


def test_a_cancellation_that_is_refused_is_not_done_nor_is_one_that_nobody_understands() -> None:
    known = {"facts": {"known": ["Pay"]}}
    bank = Bank(said(409, {"code": "captured"}), said(404, known, eventlab_outcome="unknown_operation"))

    async def story(client: ExternalServiceClient) -> None:
        with pytest.raises(Refused) as refused:
            await client.cancel("/payments/7", key="order-7/undo")
        assert refused.value.code == "captured"
        with pytest.raises(UnknownOperation, match="it has Pay"):
            await client.cancel("/paymnets/7", key="order-7/undo")

    Town(bank).run(story)


def test_a_cancellation_asked_again_after_a_lost_answer_is_done() -> None:
    bank = Bank(said(500), said(404))

    async def story(client: ExternalServiceClient) -> bool:
        return await client.cancel("/payments/7", key="order-7/undo")

    assert Town(bank).run(story) is False
    assert bank.keys == ["order-7/undo"] * 2


def test_the_trace_goes_along_and_nothing_else_of_the_conversation() -> None:
    bank = Bank()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def story(client: ExternalServiceClient) -> None:
        with carrying(traceparent=trace, tracestate="a=b", correlation_id="secret", actor="ada", headers={"x": "y"}):
            await pay(client)

    Town(bank).run(story)
    (asked,) = bank.asked
    assert (asked.headers["traceparent"], asked.headers["tracestate"]) == (trace, "a=b")
    assert [text for text in asked.headers.values() if "secret" in text or "ada" in text] == []


def test_a_key_of_any_signs_travels_and_a_trace_that_is_none_stays_at_home() -> None:
    bank = Bank()

    async def story(client: ExternalServiceClient) -> None:
        with carrying(traceparent="größe\r\nx: y"):
            await client.post("/payments", key='Größe 7/"%"')

    Town(bank).run(story)
    assert bank.keys == ["Gr%C3%B6%C3%9Fe%207/%22%25%22"]
    assert "traceparent" not in bank.asked[0].headers


def test_every_attempt_is_told_with_its_end() -> None:
    heard: list[Any] = []
    town = Town(Bank(said(500)), backoff=Constant(0.1))
    with hooks.listen(heard.append):
        town.run(pay)
    started = [(each.id, each.target, each.key, each.attempt) for each in heard if isinstance(each, CallStarted)]
    ended = [(each.id, each.outcome) for each in heard if isinstance(each, CallEnded)]
    assert started == [(1, "bank", "order-7/pay", 1), (2, "bank", "order-7/pay", 2)]
    assert ended == [(1, "unknown"), (2, "ok")]


@pytest.mark.parametrize("base_url", ["", "bank", "ftp://bank", "http://", "http://bank?x=1", "http://h:x", "/bank"])
def test_an_address_that_is_none_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(InvalidValue, match="base_url"):
        ExternalServiceClient(base_url, target="bank")


@pytest.mark.parametrize(("path", "key", "says"), [("/x", "", "key"), ("x", "k", "path"), ("/\x00", "k", "path")])
def test_a_wish_without_a_key_or_a_path_is_not_sent(path: str, key: str, says: str) -> None:
    bank = Bank()

    async def story(client: ExternalServiceClient) -> None:
        with pytest.raises(InvalidValue, match=says):
            await client.post(path, {}, key=key)

    Town(bank).run(story)
    assert bank.asked == []


def test_who_waits_may_leave_at_any_time() -> None:
    bank = Bank()
    town = Town(bank)

    async def story(client: ExternalServiceClient) -> None:
        with town.world.network.partition(["orders"], ["bank"]), pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await pay(client)
        assert await pay(client) == Receipt(True)

    town.run(story)

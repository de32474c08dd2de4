"""Asking by messages: who gets which outcome, and what is left of those who stopped waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from eventlab import hooks, runtime
from eventlab.errors import CallTimeout, CallUnknown, InvalidValue, Refused
from eventlab.hooks import MessageArrived, MessageSent
from eventlab.resilience.deadline import deadline, remaining_s
from eventlab.services import (
    PASS,
    Asked,
    Call,
    Client,
    DeliverAfter,
    Envelope,
    Fate,
    InProcessTransport,
    Mail,
    Reply,
    Request,
    Service,
    carrier,
    handles,
)
from eventlab.services.fate import FateRule, everything_passes
from eventlab.simulation import World

T = TypeVar("T")


class Move(Request[str], frozen=True):
    """The same operation there and back."""

    cents: int
    takes_s: float = 0.0


class Purse(Service):
    """Moves money once per key, and repeats what it said then."""

    def __init__(self) -> None:
        super().__init__("purse")
        self.said: dict[str, str] = {}
        self.asked: list[str] = []
        self.hurry: list[float | None] = []

    @handles(Move)
    async def move(self, request: Move, call: Call) -> str:
        self.asked.append(call.key)
        self.hurry.append(remaining_s())
        await asyncio.sleep(request.takes_s)
        if request.cents == 0:
            raise Refused("nothing", "nothing is not moved", {"cents": 0})
        return self.said.setdefault(call.key, f"moved {request.cents}")


@dataclass
class Exchange:
    """Orders, who asks a purse by mail."""

    fate: FateRule = everything_passes
    purse: Purse = field(default_factory=Purse)

    def __post_init__(self) -> None:
        self.transport = InProcessTransport(self.fate)
        Mail(self.transport).serve("purse", self.purse.receive)
        self.mail, self.client = self.live()

    def live(self) -> tuple[Mail, Client]:
        """A new life of orders."""
        mail = Mail(self.transport)
        mail.serve("orders", Service("orders").receive)
        return mail, Client(mail, "orders")

    def outcome(self, key: str, reply: bytes) -> None:
        """Post to orders what may be an outcome."""
        self.transport.post(Call(900, "purse", "orders", "Move reply", reply, key))


def told(story: Callable[[Exchange], Awaitable[T]], fate: FateRule = everything_passes) -> T:
    async def main() -> T:
        exchange = Exchange(fate)
        try:
            return await story(exchange)
        finally:
            await exchange.transport.close()

    return World().run(main)


def late_replies(*after_s: float) -> FateRule:
    """The first replies take so long, and what comes later takes no time."""
    left = list(after_s)

    def rule(envelope: Envelope) -> Fate:
        return DeliverAfter(left.pop(0)) if left and envelope.what == "Move reply" else PASS

    return rule


def test_an_exchange_is_two_messages() -> None:
    seen: list[hooks.Happening] = []

    async def story(exchange: Exchange) -> str:
        with hooks.listen(seen.append):
            return await exchange.client.call("purse", Move(5), key="k")

    assert told(story) == "moved 5"
    assert [each for each in seen if isinstance(each, MessageSent | MessageArrived)] == [
        MessageSent(1, "orders", "purse", "Move"),
        MessageArrived(1),
        MessageSent(2, "purse", "orders", "Move reply"),
        MessageArrived(2),
    ]


def test_an_answer_slower_than_anybodys_patience_reaches_the_attempt_that_waits_then() -> None:
    async def story(exchange: Exchange) -> tuple[str, float, list[str]]:
        for _ in range(2):
            with pytest.raises(CallTimeout):
                await exchange.client.call("purse", Move(5, takes_s=2.5), key="k")
        answer = await exchange.client.call("purse", Move(5, takes_s=2.5), key="k")
        return answer, runtime.monotonic(), exchange.purse.asked

    assert told(story) == ("moved 5", 2.5, ["k", "k", "k"])


def test_a_request_has_no_deadline_once_it_is_posted() -> None:
    async def story(exchange: Exchange) -> list[float | None]:
        with deadline(0.5):
            await exchange.client.call("purse", Move(5), key="k")
        return exchange.purse.hurry

    assert told(story) == [None]


def test_a_late_outcome_does_not_answer_what_is_asked_under_another_key() -> None:
    """The way there and the way back of a step are one operation here, and two keys."""

    async def story(exchange: Exchange) -> tuple[str, int]:
        with pytest.raises(CallTimeout):
            await exchange.client.call("purse", Move(5), key="saga-1/move/forward")
        back = await exchange.client.call("purse", Move(-5), key="saga-1/move/backward", timeout_s=5)
        await asyncio.sleep(5)
        return back, exchange.mail.mailbox.unclaimed

    assert told(story, late_replies(2, 3)) == ("moved -5", 1)


def test_one_key_for_two_operations_mixes_nothing_up() -> None:
    async def story(exchange: Exchange) -> tuple[str, int]:
        exchange.transport.post(Call(900, "purse", "orders", "Burn reply", b'{"outcome":"ok","body":"IiI="}', "k"))
        exchange.transport.post(Call(901, "wallet", "orders", "Move reply", b'{"outcome":"ok","body":"IiI="}', "k"))
        return await exchange.client.call("purse", Move(5, takes_s=0.5), key="k"), exchange.mail.mailbox.unclaimed

    assert told(story) == ("moved 5", 2)


def test_all_who_wait_for_one_key_get_its_outcome() -> None:
    async def story(exchange: Exchange) -> tuple[list[str], int, int]:
        asking = [exchange.client.call("purse", Move(5, takes_s=0.5), key="k") for _ in range(3)]
        answers = await asyncio.gather(*asking)
        await asyncio.sleep(1)
        return answers, exchange.mail.mailbox.unclaimed, exchange.mail.mailbox.waiting

    assert told(story) == (["moved 5"] * 3, 2, 0)


def test_an_outcome_that_comes_twice_or_late_or_for_an_earlier_life_is_counted_and_does_nothing() -> None:
    async def story(exchange: Exchange) -> tuple[str, int, int]:
        asking = asyncio.create_task(exchange.client.call("purse", Move(5, takes_s=0.5), key="k"))
        await asyncio.sleep(0.1)
        asking.cancel()
        mail, client = exchange.live()
        await asyncio.sleep(1)  # the outcome for the earlier life comes to the new one
        unclaimed = mail.mailbox.unclaimed
        return await client.call("purse", Move(5), key="k"), unclaimed, exchange.mail.mailbox.unclaimed

    assert told(story) == ("moved 5", 1, 0)

    def doubled(envelope: Envelope) -> Fate:
        return DeliverAfter(0.1, copy_after=0.2) if envelope.what == "Move reply" else PASS

    async def twice(exchange: Exchange) -> tuple[str, int]:
        answer = await exchange.client.call("purse", Move(5), key="k")
        await asyncio.sleep(1)
        return answer, exchange.mail.mailbox.unclaimed

    assert told(twice, doubled) == ("moved 5", 1)


def test_whoever_stops_waiting_leaves_nothing_behind() -> None:
    async def story(exchange: Exchange) -> tuple[int, int, int]:
        asking = [
            asyncio.create_task(exchange.client.call("purse", Move(5, takes_s=9), key=f"k-{number // 2}"))
            for number in range(20)
        ]
        await asyncio.sleep(0.5)
        waited = exchange.mail.mailbox.waiting
        for task in asking[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        timeouts = sum(isinstance(outcome, CallTimeout) for outcome in outcomes)
        return waited, timeouts, exchange.mail.mailbox.waiting + len(exchange.mail.mailbox._places)

    assert told(story) == (20, 10, 0)


def test_a_refusal_keeps_its_code_and_facts() -> None:
    async def story(exchange: Exchange) -> Refused:
        with pytest.raises(Refused) as caught:
            await exchange.client.call("purse", Move(0), key="k")
        return caught.value

    error = told(story)
    assert (error.code, error.message, error.facts) == ("nothing", "nothing is not moved", {"cents": 0})


def test_that_nothing_was_done_is_doubt_when_it_comes_by_message() -> None:
    """One copy of the request did nothing. Another may be under way, and do it yet."""

    async def busy(call: Call) -> Reply:
        return Reply("unavailable", reason="the disk is busy", retry_after_s=3.0)

    async def story(exchange: Exchange) -> str:
        Mail(exchange.transport).serve("purse", busy)
        with pytest.raises(CallUnknown) as caught:
            await exchange.client.call("purse", Move(5), key="k")
        return str(caught.value)

    assert told(story) == ("purse does not know how Move ended: one message did nothing, another may: the disk is busy")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b'{"reason":"\xff"}',
        b'{"x":' * 9999,
        b"{}",
        b'{"outcome":"perhaps"}',
        b'{"outcome":"ok","body":5}',
    ],
)
def test_an_outcome_that_cannot_be_read_leaves_doubt(body: bytes) -> None:
    async def story(exchange: Exchange) -> None:
        asking = asyncio.create_task(exchange.client.call("purse", Move(5, takes_s=0.5), key="k"))
        await asyncio.sleep(0.1)
        exchange.outcome("k", body)
        with pytest.raises(CallUnknown, match="cannot read the outcome"):
            await asking

    told(story)


def test_without_a_key_every_attempt_is_a_wish_of_its_own() -> None:
    async def story(exchange: Exchange) -> tuple[list[str], int]:
        await exchange.client.call("purse", Move(5))
        await exchange.client.call("purse", Move(5))
        return exchange.purse.asked, len(exchange.purse.said)

    asked, said = told(story)
    assert "" not in asked
    assert said == 2


def test_whoever_asks_by_mail_has_to_be_reached_by_it() -> None:
    async def story(exchange: Exchange) -> None:
        with pytest.raises(InvalidValue, match="'nobody'"):
            await Client(exchange.mail, "nobody").call("purse", Move(5), key="k")
        mail = Mail(exchange.transport)
        end = mail.serve("guest", Service("guest").receive)
        await Client(mail, "guest").call("purse", Move(5), key="k")
        end()
        with pytest.raises(InvalidValue, match="'guest'"):
            await Client(mail, "guest").call("purse", Move(5), key="k")

    told(story)


def test_what_is_served_by_mail_answers_calls_as_ever() -> None:
    async def story(exchange: Exchange) -> str:
        return await Client(exchange.transport, "front").call("purse", Move(5), key="k")

    assert told(story) == "moved 5"


def test_an_outcome_is_told_by_what_was_asked() -> None:
    async def story(exchange: Exchange) -> Reply:
        with exchange.mail.mailbox.place_for(Asked("purse", "Move", "k")) as outcome:
            exchange.outcome("k", b'{"outcome":"ok","body":"NQ=="}')
            return await outcome

    assert told(story) == Reply("ok", b"5")


def test_a_service_is_carried_by_calls_or_by_messages_and_by_nothing_else() -> None:
    transport = InProcessTransport()
    assert carrier(transport, "call") is transport
    assert isinstance(carrier(transport, "message"), Mail)
    with pytest.raises(InvalidValue, match="'pigeon'"):
        carrier(transport, "pigeon")  # type: ignore[arg-type]

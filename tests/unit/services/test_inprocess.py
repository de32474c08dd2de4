from __future__ import annotations

import asyncio
import contextlib

import pytest

from eventlab import hooks, runtime
from eventlab.errors import InvalidValue, Unavailable
from eventlab.hooks import MessageArrived, MessageLost, MessageSent
from eventlab.services import DROP, PASS, Call, DeliverAfter, Envelope, Fate, InProcessTransport, Reply, Service
from eventlab.simulation import World


def call_to(target: str, number: int = 1) -> Call:
    return Call(number, "orders", target, "Pay", b'{"cents":5}')


async def answer(call: Call) -> Reply:
    return Reply("ok", b"null")


def test_both_ways_are_asked_for_their_fate_by_the_outside_alone() -> None:
    asked: list[Envelope] = []

    def rule(envelope: Envelope) -> Fate:
        asked.append(envelope)
        return PASS

    async def main() -> None:
        transport = InProcessTransport(rule)
        transport.serve("payments", answer)
        await transport.send(call_to("payments"))

    World().run(main)
    assert asked == [Envelope("orders", "payments", "Pay", 11), Envelope("payments", "orders", "Pay reply", 4)]


def test_a_rule_that_forgets_to_answer_is_refused_and_lets_nothing_pass() -> None:
    async def main() -> None:
        transport = InProcessTransport(lambda envelope: None)  # type: ignore[arg-type, return-value]
        transport.serve("payments", answer)
        await transport.send(call_to("payments"))

    with pytest.raises(InvalidValue, match="is None; expected PASS, DROP, BREAK or DeliverAfter"):
        World().run(main)


def test_a_service_is_not_what_answers_a_call() -> None:
    with pytest.raises(InvalidValue, match=r"calls for 'payments' is .*; expected a callable, such as service.receive"):
        InProcessTransport().serve("payments", Service("payments"))  # type: ignore[arg-type]


def test_a_delay_each_way_is_waited_out() -> None:
    async def main() -> None:
        transport = InProcessTransport(lambda envelope: DeliverAfter(0.25 if envelope.what == "Pay" else 0.5))
        transport.serve("payments", answer)
        await transport.send(call_to("payments"))
        assert runtime.monotonic() == 0.75

    World().run(main)


def test_messages_are_told_of_until_they_arrive_or_are_lost() -> None:
    async def main() -> None:
        transport = InProcessTransport(lambda envelope: DROP if envelope.what == "Pay reply" else PASS)
        transport.serve("payments", answer)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await transport.send(call_to("payments"))

    told: list[hooks.Happening] = []
    with hooks.listen(told.append):
        World().run(main)
    assert told == [
        MessageSent(1, "orders", "payments", "Pay"),
        MessageArrived(1),
        MessageSent(2, "payments", "orders", "Pay reply"),
        MessageLost(2, "dropped"),
    ]


def test_whatever_receives_may_break_and_the_caller_is_told() -> None:
    async def breaks(call: Call) -> Reply:
        raise ZeroDivisionError("cents")

    async def main() -> None:
        transport = InProcessTransport()
        transport.serve("payments", breaks)
        assert await transport.send(call_to("payments")) == Reply("failed", reason="ZeroDivisionError: cents")

    World().run(main)


def test_a_later_server_replaces_the_earlier_which_then_ends_nothing() -> None:
    async def other(call: Call) -> Reply:
        return Reply("ok", b'"other"')

    async def main() -> None:
        transport = InProcessTransport()
        unserve_first = transport.serve("payments", answer)
        transport.serve("payments", other)
        unserve_first()
        assert (await transport.send(call_to("payments"))).body == b'"other"'

    World().run(main)


def test_closing_ends_all_work_and_takes_no_more() -> None:
    ended: list[str] = []

    async def works_for_ever(call: Call) -> Reply:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(call.target)
        return Reply("ok")

    async def main() -> None:
        transport = InProcessTransport()
        transport.serve("payments", works_for_ever)
        caller = asyncio.create_task(transport.send(call_to("payments")))
        await asyncio.sleep(0.1)
        await transport.close()
        assert ended == ["payments"]
        with pytest.raises(Unavailable, match="closed"):
            await transport.send(call_to("payments"))
        caller.cancel()
        assert len(asyncio.all_tasks()) == 2  # this one and the caller

    World().run(main)


def test_a_message_in_flight_when_the_transport_closes_never_arrives() -> None:
    received: list[Call] = []

    async def receive(call: Call) -> Reply:
        received.append(call)
        return Reply("ok")

    async def main() -> None:
        transport = InProcessTransport(lambda envelope: DeliverAfter(1))
        transport.serve("payments", receive)
        caller = asyncio.create_task(transport.send(call_to("payments")))
        await asyncio.sleep(0.5)
        await transport.close()
        await asyncio.sleep(1)
        assert (received, caller.done()) == ([], False)
        caller.cancel()

    World().run(main)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_message_cannot_arrive_before_it_is_sent_or_at_no_time(seconds: float) -> None:
    with pytest.raises(InvalidValue, match=r"DeliverAfter\.seconds"):
        DeliverAfter(seconds)

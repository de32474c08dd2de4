from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from eventlab import hooks, runtime
from eventlab.errors import (
    CallTimeout,
    CallUnknown,
    CircuitOpen,
    DeadlinePassed,
    InvalidValue,
    Refused,
    Unavailable,
)
from eventlab.hooks import CallEnded, CallStarted
from eventlab.resilience import (
    CircuitBreaker,
    CircuitBreakerConfig,
    Constant,
    Policy,
    breaker,
    deadline,
    retry,
    timeout,
)
from eventlab.services import DROP, PASS, Call, Client, Envelope, Fate, InProcessTransport, Reply, Request
from eventlab.simulation import World


class Paid(msgspec.Struct, frozen=True):
    cents: int


class Pay(Request[Paid], frozen=True):
    cents: int


class Payments:
    """Answers as it is told, then well; remembers the calls."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.calls: list[Call] = []

    async def receive(self, call: Call) -> Reply:
        self.calls.append(call)
        return self.replies.pop(0) if self.replies else Reply("ok", b'{"cents":5}')


def down() -> Reply:
    return Reply("unavailable", reason="cable cut")


def drops_first(count: int) -> Callable[[Envelope], Fate]:
    asked = 0

    def rule(envelope: Envelope) -> Fate:
        nonlocal asked
        asked += envelope.what == "Pay"
        return DROP if envelope.what == "Pay" and asked <= count else PASS

    return rule


def shop(payments: Payments, policy: Policy | None = None, *, drops: int = 0, timeout_s: float = 1.0) -> Client:
    transport = InProcessTransport(drops_first(drops))
    transport.serve("payments", payments.receive)
    return Client(transport, "orders", timeout_s=timeout_s, policy_for=lambda target: policy)


def told(main: Callable[[], Awaitable[None]]) -> list[hooks.Happening]:
    """The calls that were told of while *main* ran in a world."""
    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        World().run(main)
    return [each for each in heard if isinstance(each, (CallStarted, CallEnded))]


def test_the_answer_comes_with_its_type() -> None:
    async def main() -> None:
        paid = await shop(Payments()).call("payments", Pay(5))
        assert paid.cents == 5

    World().run(main)


def test_every_attempt_of_a_call_carries_the_same_key_and_an_id_of_its_own() -> None:
    async def main() -> None:
        payments = Payments(down(), Reply("unknown", reason="lost track"))
        client = shop(payments, retry(attempts_max=3, backoff=Constant(0.1)))
        await client.call("payments", Pay(5), key="order-7/pay")
        assert [(call.id, call.key) for call in payments.calls] == [(n, "order-7/pay") for n in (1, 2, 3)]

    World().run(main)


def test_an_answer_that_nobody_knows_is_an_unknown_outcome() -> None:
    async def main() -> None:
        with pytest.raises(CallUnknown, match="lost track"):
            await shop(Payments(Reply("unknown", reason="lost track"))).call("payments", Pay(5))

    World().run(main)


@pytest.mark.parametrize("body", [b"", b'{"cents": "many"}', b'"\xff"', b"[" * 10_000])
def test_an_answer_that_cannot_be_read_is_an_unknown_outcome(body: bytes) -> None:
    async def answers(call: Call) -> Reply:
        return Reply("ok", body)

    async def main() -> None:
        transport = InProcessTransport()
        transport.serve("payments", answers)
        with pytest.raises(CallUnknown, match="its answer cannot be read"):
            await Client(transport, "orders").call("payments", Pay(100))

    World().run(main)


def test_a_call_may_wait_as_long_as_it_says_and_a_client_says_it_for_all() -> None:
    async def main() -> None:
        client = shop(Payments(), drops=2, timeout_s=0.5)
        for own_s, expected_s in ((None, 0.5), (3.0, 3.0)):
            began_s = runtime.monotonic()
            with pytest.raises(CallTimeout) as raised:
                await client.call("payments", Pay(5), timeout_s=own_s)
            assert (raised.value.timeout_s, runtime.monotonic() - began_s) == (expected_s, expected_s)

    World().run(main)


def test_the_policys_timeout_stands_in_for_the_clients() -> None:
    async def main() -> None:
        client = shop(Payments(), timeout(4.0), drops=1, timeout_s=0.5)
        with pytest.raises(CallTimeout) as raised:
            await client.call("payments", Pay(5))
        assert (raised.value.args, runtime.monotonic()) == (("payments", "Pay", 4.0), 4.0)

    World().run(main)


def test_the_nearest_end_counts_and_travels_with_the_call() -> None:
    async def main() -> None:
        payments = Payments()
        client = shop(payments)
        await client.call("payments", Pay(5))
        with deadline(0.25):
            await client.call("payments", Pay(5))
        with deadline(7):
            await client.call("payments", Pay(5))
        assert [call.deadline_s for call in payments.calls] == [1.0, 0.25, 1.0]

    World().run(main)


def test_nothing_is_sent_when_the_deadline_has_passed_and_no_breaker_counts_it() -> None:
    async def main() -> None:
        payments, circuit = Payments(), CircuitBreaker("payments")
        client = shop(payments, retry() | breaker(circuit))
        with deadline(0.5):
            await asyncio.sleep(0.5)
            with pytest.raises(DeadlinePassed):
                await client.call("payments", Pay(5))
        assert (payments.calls, circuit.calls) == ([], 0)

    World().run(main)


def test_the_breaker_counts_every_attempt_and_its_rejection_is_not_hammered() -> None:
    async def main() -> None:
        config = CircuitBreakerConfig(window_calls=3, minimum_calls=3)
        payments = Payments(*[down()] * 10)
        client = shop(
            payments, retry(attempts_max=9, backoff=Constant(0.1)) | breaker(CircuitBreaker("payments", config))
        )
        with pytest.raises(CircuitOpen):
            await client.call("payments", Pay(5), key="k")
        assert len(payments.calls) == 3

    assert [(each.attempt, each.key) if isinstance(each, CallStarted) else each.outcome for each in told(main)] == [
        *[(1, "k"), "unavailable", (2, "k"), "unavailable", (3, "k"), "unavailable"],
        *[(4, "k"), "rejected"],
    ]


def test_every_attempt_is_told_with_its_end_and_duration() -> None:
    async def main() -> None:
        client = shop(Payments(Reply("refused", code="declined"), Reply("failed", reason="bug"), down()), drops=1)
        for error in (CallTimeout, Refused, Exception, Unavailable):
            with pytest.raises(error):
                await client.call("payments", Pay(5))
        await client.call("payments", Pay(5))

    ends = [each for each in told(main) if isinstance(each, CallEnded)]
    assert [(end.id, end.outcome, end.duration_s) for end in ends] == [
        (1, "unknown", 1.0),
        (2, "refused", 0.0),
        (3, "failed", 0.0),
        (4, "unavailable", 0.0),
        (5, "ok", 0.0),
    ]
    assert {(end.source, end.target, end.operation) for end in ends} == {("orders", "payments", "Pay")}
    assert ends[2].reason == "payments failed in Pay: bug"


def test_a_caller_who_leaves_does_not_know_how_it_ended() -> None:
    async def main() -> None:
        caller = asyncio.create_task(shop(Payments(), drops=1).call("payments", Pay(5)))
        await asyncio.sleep(0.3)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

    end = told(main)[-1]
    assert isinstance(end, CallEnded)
    assert (end.outcome, end.duration_s, end.reason) == ("unknown", 0.3, "the caller left")


def test_every_outcome_of_a_run_is_the_same_after_another_run() -> None:
    async def main() -> None:
        await shop(Payments()).call("payments", Pay(5))

    assert told(main) == told(main)


def test_a_client_without_patience_is_refused() -> None:
    with pytest.raises(InvalidValue, match="timeout_s"):
        Client(InProcessTransport(), "orders", timeout_s=0)

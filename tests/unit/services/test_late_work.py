"""A service that ends what nobody waits for any more, and one that says when to come back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from eventlab import runtime
from eventlab.errors import CallTimeout, RateLimited, Unavailable
from eventlab.resilience import CircuitBreaker, Constant, breaker, hedge, retry
from eventlab.services import Call, Client, InProcessTransport, Request, Service, handles
from eventlab.simulation import Capacity, World


class Read(Request[str], frozen=True):
    pages: int = 1


class Library(Service):
    """Reads page by page, all readers on one machine; keeps what it finished, and what was cut short."""

    def __init__(self, page_s: float = 1.0) -> None:
        super().__init__("library")
        self.machine, self.page_s = Capacity(servers=1), page_s
        self.calls: list[Call] = []
        self.ends: list[str] = []

    @handles(Read)
    async def read(self, request: Read, call: Call) -> str:
        self.calls.append(call)
        try:
            for _ in range(request.pages):
                await self.machine.serve(self.page_s)
            self.ends.append("read")
        except asyncio.CancelledError:
            self.ends.append(f"cut short at {runtime.monotonic():g} s")
            raise
        return "the end"


class Prompt(Library):
    drops_late = True


def front(service: Service, **settings: Any) -> Client:
    transport = InProcessTransport()
    transport.serve(service.name, service.receive)
    return Client(transport, "front", **settings)


@pytest.mark.parametrize(("kind", "ends"), [(Prompt, ["cut short at 2.5 s"]), (Library, ["read"])])
def test_work_in_progress_ends_with_its_callers_patience_where_the_service_says_so(
    kind: type[Library], ends: list[str]
) -> None:
    async def main() -> None:
        library = kind()
        with pytest.raises(CallTimeout):
            await front(library, timeout_s=2.5).call("library", Read(pages=4))
        await asyncio.sleep(10)
        assert library.ends == ends

    World().run(main)


def test_what_became_of_work_cut_short_is_unknown() -> None:
    async def main() -> None:
        reply = await Prompt().receive(Call(1, "front", "library", "Read", b'{"pages":9}', deadline_s=2.0))
        assert (reply.outcome, reply.reason) == ("unknown", "TimedOut: not done within 2 s; the outcome is unknown")
        assert (await Prompt().receive(Call(1, "front", "library", "Read", b"{}", deadline_s=9.0))).outcome == "ok"
        assert (await Prompt().receive(Call(1, "front", "library", "Read", b"{}"))).outcome == "ok"

    World().run(main)


def test_a_timeout_that_a_handler_raises_is_its_own() -> None:
    class Sulky(Service):
        drops_late = True

        @handles(Read)
        async def read(self, request: Read, call: Call) -> str:
            raise TimeoutError("not yours")

    async def main() -> None:
        reply = await Sulky("sulky").receive(Call(1, "front", "sulky", "Read", b"{}", deadline_s=9.0))
        assert (reply.outcome, reply.reason) == ("failed", "TimeoutError: not yours")

    World().run(main)


def goodput_per_s(kind: type[Library]) -> float:
    """Books that somebody still waited for, of a machine that could do ten a second, when twenty are asked for."""
    answered = 0

    async def main() -> None:
        transport, library = InProcessTransport(), kind(page_s=0.01)
        transport.serve("library", library.receive)
        client = Client(transport, "front", timeout_s=1.0)
        chance = runtime.random_stream("readers")

        async def reader() -> None:
            nonlocal answered
            pages = 1 + int(chance.expovariate(1 / 9.5))  # ten pages on average
            with suppress(CallTimeout, Unavailable):
                await client.call("library", Read(pages))
                answered += 1

        async with asyncio.TaskGroup() as readers:
            for _ in range(20 * 30):
                readers.create_task(reader())
                await asyncio.sleep(chance.expovariate(20))
        await transport.close()

    World(3).run(main)
    return answered / 30


def test_under_overload_a_service_that_drops_dead_work_gets_more_done_that_somebody_waits_for() -> None:
    dropping, stubborn = goodput_per_s(Prompt), goodput_per_s(Library)
    assert dropping > 10 and stubborn < 5, (dropping, stubborn)


class Crowded(Service):
    """Turns the first away, and says when to come back."""

    def __init__(self) -> None:
        super().__init__("library")
        self.asked_s: list[float] = []

    @handles(Read)
    async def read(self, request: Read, call: Call) -> str:
        self.asked_s.append(runtime.monotonic())
        if len(self.asked_s) == 1:
            raise RateLimited("readers", 3.0)
        return "the end"


def test_a_caller_comes_back_when_the_service_said() -> None:
    async def main() -> None:
        crowded = Crowded()
        client = front(crowded, policy_for=lambda target: retry(backoff=Constant(0.1)))
        assert await client.call("library", Read()) == "the end"
        assert crowded.asked_s == [0, 3]

    World().run(main)


def test_hedged_attempts_carry_one_key_and_ids_of_their_own_and_a_breaker_sees_each() -> None:
    async def main() -> None:
        library, circuit = Prompt(), CircuitBreaker("library")
        policy = hedge(0.3, idempotent=True, hedges_max=2) | breaker(circuit)
        client = front(library, timeout_s=5.0, policy_for=lambda target: policy)
        assert await client.call("library", Read(), key="k-1") == "the end"
        assert [(call.id, call.key) for call in library.calls] == [(1, "k-1"), (2, "k-1"), (3, "k-1")]
        assert (circuit.calls, circuit.failures) == (1, 0)
        await asyncio.sleep(9)  # the network tells no service that its caller has left: it works on
        assert library.ends == ["read"] * 3

    World().run(main)

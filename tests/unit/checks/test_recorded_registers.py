"""Recorded runs: one copy is linearizable through a partition; two copies that answer for themselves are not."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from eventlab import hooks
from eventlab.checks import linearizable
from eventlab.checks.result import CheckResult
from eventlab.errors import CallTimeout
from eventlab.history import operations
from eventlab.services import Call, Client, Request, Service, handles
from eventlab.simulation import Constant, Recorder, SimulatedTransport, World


class Write(Request[bool], frozen=True):
    value: int


class Read(Request[int], frozen=True):
    pass


class Copied(Request[bool], frozen=True):
    value: int


class Copy(Service):
    """A register that answers at once, and tells the others afterwards."""

    def __init__(self, name: str, client: Client, others: tuple[str, ...]) -> None:
        super().__init__(name)
        self.value, self.client, self.others = 0, client, others

    @handles(Write)
    async def write(self, request: Write, call: Call) -> bool:
        self.value = request.value
        for other in self.others:
            self.telling = asyncio.ensure_future(self._tell(other, request.value))
        return True

    async def _tell(self, other: str, value: int) -> None:
        with suppress(CallTimeout):  # as naive ones do
            await self.client.call(other, Copied(value))

    @handles(Copied)
    async def copied(self, request: Copied, call: Call) -> bool:
        self.value = request.value
        return True

    @handles(Read)
    async def read(self, request: Read, call: Call) -> int:
        return self.value


async def ask(client: Client, number: int, process: str, copy: str, what: str, value: Any = None) -> None:
    """One operation on a copy, written down as checks want it. Who hears nothing does not know."""
    hooks.emit(hooks.OperationInvoked(number, process, what, "register", value))
    try:
        result: Any = await client.call(copy, Read() if value is None else Write(value))
    except CallTimeout:
        hooks.emit(hooks.OperationEnded(number, "unknown"))
    else:
        hooks.emit(hooks.OperationEnded(number, "ok", result if value is None else None))


def lived(copies: tuple[str, ...], seed: int) -> CheckResult:
    """Ada asks the first copy and Bob the last; once, the first is cut off from Bob and from the other."""
    world, recorder = World(seed=seed), Recorder()
    world.network.set_latency(Constant(0.01))
    transport = SimulatedTransport(world)

    async def main() -> None:
        for name in copies:
            others = tuple(other for other in copies if other != name)
            transport.serve(name, Copy(name, Client(transport, name), others).receive)
        ada, bob = Client(transport, "ada"), Client(transport, "bob")
        world.node("ada"), world.node("bob")
        for number in range(1, 8):
            rest = ["bob", *copies[1:]]
            with world.network.partition(copies[:1], rest) if number == 3 else nullcontext():
                await ask(ada, 10 * number, "ada", copies[0], "write", number)
                await asyncio.sleep(0.1)
                await ask(bob, 10 * number + 1, f"bob-{number}", copies[-1], "read")

    with recorder.recording():
        world.run(main)
    return linearizable(operations(recorder.entries), initial=0)


@pytest.mark.parametrize("seed", range(3))
def test_one_copy_stays_linearizable_when_the_network_is_cut(seed: int) -> None:
    assert lived(("one",), seed).valid is True


def test_two_copies_that_answer_for_themselves_do_not() -> None:
    result = lived(("one", "two"), 0)
    assert result.valid is False
    assert [str(witness).split("] ")[1] for witness in result.witnesses] == [
        "register: write 2",
        "register: write 3",
        "register: read → 2",
    ]

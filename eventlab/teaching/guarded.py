"""The exercise of chapter 4: one call through a breaker, by hand, from its permit to what is learnt of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from eventlab.errors import CircuitOpen, Refused, Unavailable
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, State
from eventlab.simulation import World

from .exercise import Exercise
from .laws import Law, NeverDone
from .patience import Patient, Unfinished, abandon
from .said import shown

Answer = Callable[[CircuitBreaker, Callable[[], Awaitable[str]]], Awaitable[str]]

UNTIL_S = 60.0


class Calls(NamedTuple):
    """Calls one after the other, in a half-open circuit of two probes; each ends as its word says."""

    ends: tuple[str, ...]


class Ended(NamedTuple):
    """How it ended for each caller, and what the circuit was afterwards."""

    ends: tuple[object, ...]
    made: int
    state: State
    failures: int
    permits_left: int | None


def lived(answer: Answer, calls: Calls, state: State = State.HALF_OPEN) -> Ended:
    """Let each of *calls* go through *answer*, in a world of its own."""
    circuit = CircuitBreaker("stock", CircuitBreakerConfig(4, 4, 0.5, open_s=5.0, half_open_calls=2))
    circuit.switch(state)
    made = 0

    async def one(end: str) -> object:
        async def f() -> str:
            nonlocal made
            made += 1
            match end:
                case "ok":
                    return "three left"
                case "refused":
                    raise Refused("not for sale")
                case "fails":
                    raise Unavailable("stock", "it is down")
            await asyncio.Event().wait()  # until it is cancelled
            return "nobody"

        async def through() -> str:
            return await answer(circuit, f)

        task = asyncio.ensure_future(_patiently(through()))
        if end == "cancelled":
            await asyncio.sleep(1)
            task.cancel()
        done, _ = await asyncio.wait([task], timeout=UNTIL_S)
        if not done:
            return Unfinished()
        return "cancelled" if task.cancelled() else task.exception() or task.result()

    async def main() -> tuple[object, ...]:
        return tuple([await one(end) for end in calls.ends])

    world = World(4)
    try:
        ends = world.run(main())
    finally:
        abandon(world)
    if any(isinstance(end, Unfinished) for end in ends):
        raise NeverDone(f"a caller was still not answered after {UNTIL_S:.0f} s")
    return Ended(ends, made, circuit.state, circuit.failures, circuit.permits_left)


async def _patiently(coroutine: Any) -> object:
    return await Patient(coroutine)


def _own_end(answer: Answer, calls: Calls) -> bool | str:
    for end, found in zip(calls.ends, lived(answer, calls, State.CLOSED).ends, strict=True):
        wanted = {"ok": str, "refused": Refused, "fails": Unavailable}[end]
        if type(found) is not wanted:
            return f"the call that {_says(end)} ended for its caller in {shown(found)}"
    return True


def _counted(answer: Answer, calls: Calls) -> bool | str:
    found = lived(answer, calls, State.CLOSED)
    wanted = calls.ends.count("fails")
    return found.failures == wanted or f"the breaker counted {found.failures} failures, and there were {wanted}"


def _probes(answer: Answer, calls: Calls) -> bool | str:
    found = lived(answer, calls)
    if found.state is not State.HALF_OPEN:
        return f"the circuit is {found.state.value} now, though no probe said how the service is"
    back = found.permits_left or 0
    return back == 2 or f"{2 - back} of 2 permits never came back"


def _decides(answer: Answer, calls: Calls) -> bool | str:
    found = lived(answer, calls)
    wanted = State.CLOSED if "fails" not in calls.ends else State.OPEN
    return found.state is wanted or f"the circuit is {found.state.value}, and should be {wanted.value}"


def _rejected(answer: Answer, calls: Calls) -> bool | str:
    found = lived(answer, calls, State.FORCED_OPEN)
    if found.made:
        return "the call was made, though the circuit is open"
    end = found.ends[0]
    return isinstance(end, CircuitOpen) or f"its caller should get CircuitOpen, and got {shown(end)}"


def _says(end: str) -> str:
    return {"ok": "is answered", "refused": "is refused", "fails": "fails"}[end]


async def guarded(circuit: CircuitBreaker, f: Callable[[], Awaitable[str]]) -> str:
    permit = circuit.acquire()
    try:
        answer = await f()
    except Unavailable:
        permit.failure()
        raise
    except BaseException:
        permit.release()
        raise
    permit.success()
    return answer


exercise = Exercise(
    "Write `async def guarded(circuit, f)`. It asks `circuit.acquire()` for a permit, awaits `f()`, and settles the "
    "permit by `success()`, `failure()` or `release()`. Of the errors, `Unavailable` tells that the service is unwell, "
    "and no other one does.",
    laws=[
        Law(
            "A caller gets the call's own answer, or its own error.",
            (Calls(("ok",)), Calls(("fails",)), Calls(("refused",))),
            _own_end,
        ),
        Law("While the circuit is open nothing is called.", (Calls(("ok",)),), _rejected),
        Law(
            "A failure counts, and a refusal does not.",
            (Calls(("fails",)), Calls(("refused",)), Calls(("ok", "fails", "refused"))),
            _counted,
        ),
        Law(
            "A probe that tells nothing, because it was refused or cancelled, gives its permit back.",
            (Calls(("refused",)), Calls(("cancelled",)), Calls(("cancelled", "cancelled", "refused"))),
            _probes,
        ),
        Law(
            "Two probes decide.",
            (Calls(("ok", "ok")), Calls(("fails", "fails")), Calls(("cancelled", "ok", "ok"))),
            _decides,
        ),
    ],
    solution=guarded,
    hints=[
        "`permit = circuit.acquire()` raises `CircuitOpen` by itself; leave it alone.",
        "A cancelled call leaves by `asyncio.CancelledError`, which `except Exception` does not catch.",
        "Every way out settles the permit once, and raises on what came.",
    ],
)

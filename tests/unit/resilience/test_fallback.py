"""A stand-in is given where no answer came, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from eventlab import hooks
from eventlab.errors import CallFailed, CallTimeout, CircuitOpen, DeadlinePassed, InvalidValue, Refused, Unavailable
from eventlab.resilience import fallback, retry, timeout
from eventlab.simulation import World


def raising(error: BaseException) -> object:
    async def raises() -> str:
        raise error

    return raises


NO_ANSWER = [
    Unavailable("stock", "cable cut"),
    CircuitOpen("stock", 1),
    DeadlinePassed("stock", "late"),
    CallTimeout("stock", "Ask", 1),
    CallFailed("stock", "Ask", "bug"),
]


@pytest.mark.parametrize("error", NO_ANSWER, ids=lambda error: type(error).__name__)
def test_where_no_answer_came_there_is_a_stand_in_and_it_is_told(error: Exception) -> None:
    heard: list[hooks.Happening] = []

    async def main() -> list[object]:
        async def later(error: Exception) -> str:
            await asyncio.sleep(1)
            return f"after {type(error).__name__}"

        f = raising(error)
        return [
            await fallback(value="empty", name="stock").call(f),  # type: ignore[arg-type]
            await fallback(str).call(f),  # type: ignore[arg-type]
            await fallback(later).call(f),  # type: ignore[arg-type]
        ]

    with hooks.listen(heard.append):
        assert World().run(main) == ["empty", str(error), f"after {type(error).__name__}"]
    assert heard == [hooks.FallbackUsed(name, f"{type(error).__name__}: {error}") for name in ("stock", "", "")]


@pytest.mark.parametrize(
    "error",
    [Refused("declined"), KeyError("a bug"), TypeError("a bug"), asyncio.CancelledError(), KeyboardInterrupt()],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_a_mistake_and_a_cancellation_are_never_hidden(error: BaseException) -> None:
    coroutine = fallback(value="empty").call(raising(error))  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        coroutine.send(None)


def test_a_cancellation_is_not_hidden_even_when_asked_for() -> None:
    coroutine = fallback(value=0, instead_of=lambda error: True).call(raising(asyncio.CancelledError()))  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        coroutine.send(None)


def test_it_stands_in_after_the_last_attempt_and_after_the_timeout() -> None:
    tried: list[int] = []

    async def fails() -> str:
        tried.append(1)
        await asyncio.sleep(9)
        return "late"

    async def main() -> str:
        return await (fallback(value="empty") | retry(3) | timeout(1)).call(fails)

    assert (World().run(main), len(tried)) == ("empty", 3)


def test_what_a_stand_in_raises_comes_out_with_the_error_as_its_context() -> None:
    def breaks(error: Exception) -> str:
        raise LookupError("nothing cached")

    async def main() -> None:
        error = Unavailable("stock", "cable cut")
        with pytest.raises(LookupError) as raised:
            await fallback(breaks).call(raising(error))  # type: ignore[arg-type]
        assert raised.value.__context__ is error

    World().run(main)


def test_exactly_one_stand_in_is_asked_for() -> None:
    for build in (fallback, lambda: fallback(str, value=1)):
        with pytest.raises(InvalidValue, match="and not both"):
            build()
    assert repr(fallback(value=None)) == "fallback(value=None)"

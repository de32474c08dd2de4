"""Something else in the place of an answer that does not come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .. import hooks
from ..errors import CallFailed, InvalidValue, Retriable, UnknownOutcome
from .given import check_of_errors
from .policy import Layer, Rejected

T = TypeVar("T")


def no_answer(error: BaseException) -> bool:
    """Whether there is no answer: nothing happened, nobody knows, or the target's handler broke.

    A refusal is an answer; a cancellation is the caller's will; and a mistake in the code is to be seen.
    """
    return isinstance(error, (Retriable, UnknownOutcome, CallFailed))


@dataclass(frozen=True, repr=False)
class Fallback(Layer):
    """Give *stand_in* of the error, awaited if need be, where no answer came. The hook `FallbackUsed` tells of it.

    What *stand_in* raises comes out in the place of the error, which is its context. A `BaseException` that is no
    `Exception`, such as a cancellation, always comes through.
    """

    kind = "fallback"

    stand_in: Callable[[Exception], Any]
    instead_of: Callable[[BaseException], bool] = no_answer
    name: str = ""

    def __post_init__(self) -> None:
        if not callable(self.stand_in):
            raise InvalidValue("fallback", self.stand_in, f"a function of the error, or value={self.stand_in!r}")
        check_of_errors("fallback, instead_of", self.instead_of)

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        try:
            return await inner()
        except Exception as error:
            if not self.instead_of(error):
                raise
            answer: Any = self.stand_in(error)
            if isinstance(answer, Awaitable):
                answer = await answer
            if hooks.listening:
                hooks.emit(hooks.FallbackUsed(self.name, f"{type(error).__name__}: {error}"))
            return answer  # type: ignore[no-any-return]  # whoever writes a stand-in knows what is asked for


@dataclass(frozen=True)
class _Always:
    """The same value whatever went wrong."""

    value: Any

    def __call__(self, error: Exception) -> Any:
        return self.value

    def __repr__(self) -> str:
        return f"value={self.value!r}"


_MISSING: Any = object()


def fallback(
    stand_in: Callable[[Exception], Any] | None = None,
    *,
    value: Any = _MISSING,
    instead_of: Callable[[BaseException], bool] = no_answer,
    name: str = "",
) -> Fallback:
    """Where no answer comes, give what *stand_in* makes of the error, or *value*: ``fallback(value=())``.

    Raises InvalidValue unless exactly one of the two is given.
    """
    if (stand_in is None) == (value is _MISSING):
        raise InvalidValue("fallback", stand_in, "a function of the error, or value=..., and not both")
    return Fallback(_Always(value) if stand_in is None else stand_in, instead_of, name)

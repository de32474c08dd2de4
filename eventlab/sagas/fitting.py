"""Whether what a step is given can be used as it will: told when it is defined, not when it is to be undone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Final, TypeGuard

from eventlab.errors import InvalidValue

_AWAITED: Final = ("Awaitable", "Coroutine", "Future", "Task", "Any")
"""What a plain function says that it returns, if one may await it."""


def is_number(given: Any) -> TypeGuard[float]:
    """Whether it can be reckoned with, as text that looks like a number cannot."""
    return isinstance(given, Real) and not isinstance(given, bool)


def is_count(given: Any) -> TypeGuard[int]:
    """Whether it is a whole number."""
    return isinstance(given, Integral) and not isinstance(given, bool)


def check_awaited(what: str, given: Any, *arguments: str) -> None:
    """That *given* takes so many arguments and can be awaited, as far as that can be seen. Raises InvalidValue."""
    expected = f"an async function of {' and '.join(arguments)}"
    _check_called(what, given, expected, arguments)
    if inspect.isasyncgenfunction(given) or inspect.isgeneratorfunction(given):
        raise InvalidValue(what, given, f"{expected}, that yields nothing")
    if _is_plain(given):
        raise InvalidValue(what, given, f"{expected}; a plain one says '-> Awaitable' if what it gives back is awaited")


def check_plain(what: str, given: Any, *arguments: str) -> None:
    """That *given* takes so many arguments, and gives its answer at once. Raises InvalidValue."""
    expected = f"a plain function of {' and '.join(arguments)}"
    _check_called(what, given, expected, arguments)
    if inspect.iscoroutinefunction(given) or inspect.isasyncgenfunction(given):
        raise InvalidValue(what, given, f"{expected}; nobody would await this one")


def _check_called(what: str, given: Any, expected: str, arguments: tuple[str, ...]) -> None:
    if inspect.iscoroutine(given):
        given.close()  # so that nobody is warned of it besides
        raise InvalidValue(what, given, f"{expected}: the function itself, which is called later")
    if not callable(given):
        raise InvalidValue(what, given, expected)
    signature = _signature(given)
    if signature is None:
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise InvalidValue(what, given, f"{expected}; called so: {error}") from None


def _signature(given: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(given)
    except (TypeError, ValueError):  # of something built in
        return None


def _is_plain(given: Any) -> bool:
    """Whether it is a plain function with a name that does not say that what it gives back can be awaited."""
    inner = inspect.unwrap(given)
    if not (inspect.isfunction(inner) or inspect.ismethod(inner)) or inspect.iscoroutinefunction(inner):
        return False
    returns = inner.__annotations__.get("return", "")
    return inner.__name__ != "<lambda>" and not any(word in str(returns) for word in _AWAITED)

"""What is given to a protection and used only when something goes wrong: a mistake in it is told when it is given."""

from __future__ import annotations

from inspect import iscoroutinefunction
from numbers import Real

from ..errors import InvalidValue
from .backoff import Backoff

OF_ERRORS = "a plain function of the error, such as lambda error: isinstance(error, OSError)"
OF_ANSWERS = "a plain function of the answer, such as lambda response: response.status_code >= 500"


def check_of_errors(name: str, predicate: object) -> None:
    """Raises InvalidValue for what is no function of an error.

    An exception class can be called, but gives an error of its own for any, which counts as a yes to everything; so
    does what an async function gives, which nobody awaits.
    """
    is_class = isinstance(predicate, type) and issubclass(predicate, BaseException)
    if is_class or not callable(predicate) or iscoroutinefunction(predicate):
        raise InvalidValue(name, predicate, OF_ERRORS)


def check_of_answers(name: str, predicate: object) -> None:
    """Raises InvalidValue for what is no function of an answer; None is for "no such question"."""
    if predicate is not None and (not callable(predicate) or iscoroutinefunction(predicate)):
        raise InvalidValue(name, predicate, OF_ANSWERS)


def check_backoff(name: str, backoff: object) -> None:
    """Raises InvalidValue for what says no pauses, such as a number of seconds."""
    if not isinstance(backoff, Backoff):
        raise InvalidValue(name, backoff, "a Backoff, such as Constant(0.5) or Exponential(0.05)")


def check_number(name: str, value: object, expected: str) -> None:
    """Raises InvalidValue for what is no number, such as a text out of a file, or a `timedelta`."""
    if not isinstance(value, Real):
        raise InvalidValue(name, value, expected)

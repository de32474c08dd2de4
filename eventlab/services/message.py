"""What travels between services. Bodies are bytes, so that caller and callee never share an object.

A request is a message class that names the type of its answer::

    class PaymentReserved(msgspec.Struct, frozen=True):
        authorization: str

    class ReservePayment(Request[PaymentReserved], frozen=True):
        order_id: str
        amount_cents: int
"""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

import msgspec

from ..errors import InvalidValue
from ..store import Metadata

R_co = TypeVar("R_co", covariant=True)

Outcome = Literal["ok", "refused", "failed", "unavailable", "unknown", "unknown_operation"]

encode = msgspec.json.Encoder().encode

NOT_READ = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises of bytes that are no message: no JSON, of another type, no text, or nested without end."""


class Request(msgspec.Struct, Generic[R_co], frozen=True):
    """A question or an order for another service: its name is the operation, the type in brackets the answer."""


class Call(msgspec.Struct, frozen=True):
    """One attempt to have a request carried out.

    *key* is the same on every attempt, so that the callee can tell a
    repetition from a new wish. *deadline_s* is absolute, on the monotonic
    clock that caller and callee share; after it nobody waits any more.
    *answer_to* is who gets the outcome, as a message of its own, where the
    request was posted by `Mail`; it is empty for a call, whose reply comes back.
    """

    id: int
    source: str
    target: str
    operation: str
    body: bytes
    key: str = ""
    deadline_s: float | None = None
    metadata: Metadata = Metadata()
    answer_to: str = ""


STORE_FAILED = "store_failed"
"""The code of a failed reply where the store of the service, and no handler, is to blame: its disk is full, for one."""


class Reply(msgspec.Struct, frozen=True):
    """How a call ended, as the callee says.

    ``ok`` carries a *body*; ``refused`` a *code*, a *message* and *facts*;
    ``failed`` (the handler broke; or, with the *code* ``store_failed``, its
    store did; or, with ``unreadable``, the body was no request), ``unavailable``
    (nothing was done) and ``unknown`` (the callee itself does not know) carry a
    *reason*, the second also *retry_after_s* if the callee says when to come back;
    ``unknown_operation`` names the known ones under *facts*.
    """

    outcome: Outcome
    body: bytes = b""
    code: str = ""
    message: str = ""
    facts: dict[str, Any] = {}
    reason: str = ""
    retry_after_s: float | None = None


@cache
def reply_type(request: type[Request[Any]]) -> Any:
    """The type that answers *request*, as its class statement says."""
    for cls in request.__mro__:
        for base in cls.__dict__.get("__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Request):
                answer = get_args(base)[0]
                if isinstance(answer, str) or type(answer).__name__ == "ForwardRef":
                    raise InvalidValue(f"reply type of {request.__name__}", base, "a class defined above, not its name")
                if not isinstance(answer, TypeVar):
                    return answer
    raise InvalidValue("request class", request.__name__, "a subclass of Request[Reply], naming the type of its answer")


@cache
def decoder(of: Any) -> msgspec.json.Decoder[Any]:
    """The decoder for a message type. Unknown fields are ignored, so that a newer sender is understood."""
    return msgspec.json.Decoder(of)

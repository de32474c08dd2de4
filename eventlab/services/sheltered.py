"""A service behind a shedder: what it cannot answer in time it does not begin."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import Unavailable
from ..resilience import Shedder
from ..resilience.deadline import deadline_at
from .message import Call, Reply
from .service import reply_for
from .transport import Receive


def sheltered(receive: Receive, shedder: Shedder, priority_of: Callable[[Call], int] = lambda call: 0) -> Receive:
    """*receive* with *shedder* in front: ``transport.serve("payments", sheltered(payments.receive, shedder))``.

    *priority_of* says how important a call is, the smaller the more. What is dropped, and what waited until its caller
    had left, is answered as unavailable: nothing was done.
    """

    async def receive_if_admitted(call: Call) -> Reply:
        try:
            with deadline_at(call.deadline_s):
                async with shedder.admit(priority_of(call)):
                    return await receive(call)
        except Unavailable as error:
            return reply_for(error)

    return receive_if_admitted

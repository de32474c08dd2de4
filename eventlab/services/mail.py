"""Asking by messages: a request is posted, and its outcome is posted back under the same key.

`Mail` is a transport on top of a transport, so that a `Client`, and whatever is written with one, asks either way::

    mail = Mail(transport)
    client = Client(mail, "orders")  # instead of Client(transport, "orders")
    mail.serve("orders", orders.receive)  # outcomes come here, beside what others ask of orders
    mail.serve("payments", payments.receive)  # and the one who is asked answers by message
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from msgspec.structs import replace

from .. import runtime
from ..errors import InvalidValue
from .mailbox import Asked, Mailbox
from .message import NOT_READ, Call, Reply, decoder, encode
from .transport import Receive, Transport

REPLY = " reply"
"""What an outcome is called: the operation, and this. No operation's own name ends in it, for that names a class."""


Way = Literal["call", "message"]
"""How services ask each other."""


class Mail:
    """Carries each call as two one-way messages of *transport*. Make one for each life of a service.

    No connection is held, so that none is seen to break, and a request is carried out whenever it arrives, also when
    its sender has stopped waiting: then the outcome is for whoever asks again with the same key. Without a key one is
    made, for this attempt alone. Both ends have to be served by a `Mail`: who asks, for the outcome comes there, and
    who is asked, or there will be none.
    """

    def __init__(self, transport: Transport) -> None:
        self.mailbox = Mailbox()
        self._transport = transport
        self._served: dict[str, object] = {}

    def next_call_id(self) -> int:
        return self._transport.next_call_id()

    def post(self, call: Call) -> None:
        """Send *call* one way, as it is."""
        self._transport.post(call)

    def serve(self, name: str, receive: Receive) -> Callable[[], None]:
        """Hand to *receive* what others ask of *name*, by call or by message, and keep the outcomes that come there."""

        async def receive_mail(call: Call) -> Reply:
            if call.operation.endswith(REPLY):
                return self._take(call)
            reply = await receive(call)
            if call.answer_to:
                self._answer(call, reply)
            return reply

        self._served[name] = receive_mail
        unserve = self._transport.serve(name, receive_mail)

        def end() -> None:
            if self._served.get(name) is receive_mail:
                del self._served[name]
            unserve()

        return end

    async def send(self, call: Call) -> Reply:
        """The outcome, once it is here. Waits for ever when a message is lost: the caller's timeout ends it.

        Raises InvalidValue when the caller's own name is not served here: the outcome would have nowhere to go.
        """
        if call.source not in self._served:
            raise InvalidValue("source of a request by mail", call.source, "a name that this Mail serves")
        request = replace(call, key=call.key or str(runtime.new_id()), deadline_s=None, answer_to=call.source)
        with self.mailbox.place_for(Asked(request.target, request.operation, request.key)) as outcome:
            self._transport.post(request)
            return await outcome

    def _answer(self, request: Call, reply: Reply) -> None:
        number, operation = self._transport.next_call_id(), request.operation + REPLY
        ends = request.target, request.answer_to
        self._transport.post(Call(number, *ends, operation, encode(reply), request.key, metadata=request.metadata))

    def _take(self, outcome: Call) -> Reply:
        self.mailbox.deliver(
            Asked(outcome.source, outcome.operation.removesuffix(REPLY), outcome.key), _opened(outcome)
        )
        return Reply("ok", b"null")


def carrier(transport: Transport, by: Way) -> Transport:
    """What one life of a service asks others by, and is asked by: *transport* as it is, or a `Mail` on top of it.

    Raises InvalidValue for another way.
    """
    if by not in get_args(Way):
        raise InvalidValue("by", by, "'call' or 'message'")
    return Mail(transport) if by == "message" else transport


def _opened(outcome: Call) -> Reply:
    """What an outcome says. That nothing was done is true of one copy of the request; others may be under way."""
    try:
        reply: Reply = decoder(Reply).decode(outcome.body)
    except NOT_READ as error:
        return Reply("unknown", reason=f"cannot read the outcome: {error}")
    if reply.outcome == "unavailable":
        return Reply("unknown", reason=f"one message did nothing, another may: {reply.reason}")
    return reply

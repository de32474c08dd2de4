"""Services that call each other: handlers, a client, and transports that may lose a message.

Begin with `message.Request`, then `service.Service` and `client.Client`; `mail.Mail` is for asking by messages.
"""

from __future__ import annotations

from .client import Client
from .fate import BREAK, DROP, PASS, DeliverAfter, Envelope, Fate, FateRule
from .inprocess import InProcessTransport
from .mail import Mail, Way, carrier
from .mailbox import Asked, Mailbox
from .message import Call, Reply, Request
from .service import Service, handles
from .sheltered import sheltered
from .transport import Transport

__all__ = [
    "Client",
    "Service",
    "handles",
    "sheltered",
    "Request",
    "Call",
    "Reply",
    "Transport",
    "InProcessTransport",
    "Mail",
    "Way",
    "carrier",
    "Mailbox",
    "Asked",
    "PASS",
    "DROP",
    "BREAK",
    "DeliverAfter",
    "Envelope",
    "Fate",
    "FateRule",
]

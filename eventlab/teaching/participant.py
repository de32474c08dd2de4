"""The exercise of chapter 3: the other side of a saga, a shelf that bears repeated, late and overtaken messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .exercise import Exercise
from .laws import Law

Message = tuple[str, str]
"""What is asked, and for which order."""

Answer = Callable[["Shelf", str, str], str]


@dataclass
class Shelf:
    """*free* pieces of one title, and *notes*: whatever is to be remembered of an order."""

    free: int
    notes: dict[str, str] = field(default_factory=dict)


def on_message(shelf: Shelf, what: str, order: str) -> str:
    before = shelf.notes.get(order)
    if what == "release":
        if before == "reserved":
            shelf.free += 1
        shelf.notes[order] = "released"
        return "ok"
    if before is None:
        before = shelf.notes[order] = "reserved" if shelf.free else "refused"
        shelf.free -= before == "reserved"
    return "ok" if before == "reserved" else "refused"


class Messages(tuple[Message, ...]):
    """Messages in the order in which they come, shown as one would say it: ``reserve a, release a``."""

    def __repr__(self) -> str:
        return f"“{', '.join(' '.join(message) for message in self)}”"


def told(*messages: str) -> Messages:
    """``"reserve a"`` and the like, as messages."""
    return Messages((what, order) for what, _, order in (message.partition(" ") for message in messages))


def _leaves(free: int, answers: str) -> Callable[[Answer, Messages], bool | str]:
    """What the messages leave on a shelf of two, and what they are answered; ``.`` stands for any answer."""

    def holds(answer: Answer, messages: Messages) -> bool | str:
        shelf = Shelf(2)
        wanted = answers.split()
        for (what, order), expected in zip(messages, wanted, strict=True):
            said = answer(shelf, what, order)
            if expected not in (".", said):
                return f"the message {what} {order} was answered {said!r}, expected {expected!r}"
            if shelf.free < 0:
                return f"after {what} {order} there are {shelf.free} pieces"
        return shelf.free == free or f"{shelf.free} pieces are free in the end, expected {free}"

    return holds


def _law(text: str, *cases: tuple[Messages, int, str]) -> Law:
    wanted = {messages: (free, answers) for messages, free, answers in cases}

    def holds(answer: Answer, messages: Messages) -> bool | str:
        return _leaves(*wanted[messages])(answer, messages)

    return Law(text, tuple(wanted), holds)


exercise = Exercise(
    "Write `on_message(shelf, what, order)`. `what` is `'reserve'` or `'release'`, and every order wants one piece. "
    "`shelf.free` counts the pieces, of which there are two at first, and `shelf.notes` is a dict of yours. Answer "
    "`'ok'` or `'refused'`.",
    laws=[
        _law(
            "A reservation that is repeated takes one piece, and is answered the same again.",
            (told("reserve a"), 1, "ok"),
            (told("reserve a", "reserve a"), 1, "ok ok"),
            (told("reserve a", "reserve b", "reserve a"), 0, "ok ok ok"),
        ),
        _law(
            "What is released is free again, once, however often it is asked for.",
            (told("reserve a", "release a"), 2, "ok ok"),
            (told("reserve a", "release a", "release a"), 2, "ok ok ok"),
        ),
        _law(
            "What was released is never reserved again: a reservation that comes late is refused.",
            (told("reserve a", "release a", "reserve a"), 2, "ok ok refused"),
            (told("release a"), 2, "ok"),
            (told("release a", "reserve a"), 2, "ok refused"),
        ),
        _law(
            "What is not there is refused, and who was refused stays so.",
            (told("reserve a", "reserve b", "reserve c"), 0, "ok ok refused"),
            (told("reserve a", "reserve b", "reserve c", "release a", "reserve c"), 1, "ok ok refused ok refused"),
        ),
    ],
    solution=on_message,
    hints=[
        "An order is in one of four states, of which one is: never heard of it.",
        "A release of what was never reserved is a message, too. Leave a mark.",
        "A no that is not remembered may become a yes when it is asked again, and by then the saga has turned back.",
    ],
)

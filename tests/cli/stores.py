"""A store that commands look into: what it holds, and how a command is told of it."""

from __future__ import annotations

from tests.cli.commands import Told, eventlab

URL = "sqlite:///shop.db"


def store(*args: str) -> Told:
    return eventlab("store", *args)


def columns(out: str, *wanted: int) -> list[tuple[str, ...]]:
    return [tuple(line.split()[index] for index in wanted) for line in out.splitlines()]

"""Telling those who trace where a command begins, how far it was led, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .. import hooks
from ..errors import Refused, UnknownOutcome, VersionConflict
from ..store import EventStore, StreamId
from .command import Command


def outcome_of(error: BaseException) -> str:
    """How a command, or one attempt of it, ended with *error*, in a word."""
    if isinstance(error, VersionConflict):
        return "conflict"
    if isinstance(error, Refused):
        return "refused"
    if isinstance(error, UnknownOutcome):
        return "unknown"
    return "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"


def tell_beginning(store: EventStore, command: Command[Any]) -> None:
    hooks.emit_traced(hooks.CommandBegan(type(command).__name__, store.name))


def tell_discovery(command: Command[Any], number: int, streams: Sequence[StreamId]) -> None:
    names = tuple(str(stream) for stream in streams)
    hooks.emit_traced(hooks.StreamsDiscovered(type(command).__name__, number, names))


def tell_success(store: EventStore, command: Command[Any], attempts: int, events: int, *, repeated: bool) -> None:
    outcome = "repeated" if repeated else "written" if events else "unchanged"
    hooks.emit_traced(hooks.CommandEnded(type(command).__name__, store.name, outcome, attempts, events))


def tell_error(store: EventStore, command: Command[Any], attempts: int, error: BaseException) -> None:
    name, reason = type(command).__name__, str(error) or type(error).__name__
    hooks.emit_traced(hooks.CommandEnded(name, store.name, outcome_of(error), attempts, 0, reason))

"""Each service owns its streams: no command of the shop can even be built on those of another."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from eventlab import shop
from eventlab.commands import Command
from eventlab.errors import ForeignStreamError, Refused
from eventlab.shop.owners import OWNERS, named
from eventlab.store import StreamId

CATEGORIES = [category for owner in OWNERS for category in owner.owns]


def commands() -> list[type[Command[Any]]]:
    """Every command of the shop that decides something."""
    for module in pkgutil.iter_modules(shop.__path__, "eventlab.shop."):
        importlib.import_module(module.name)
    return [cls for cls in below(Command) if cls.__module__.startswith("eventlab.shop.") and decides(cls)]


def below(cls: type[Any]) -> Iterator[type[Any]]:
    for each in cls.__subclasses__():
        yield each
        yield from below(each)


def decides(cls: type[Command[Any]]) -> bool:
    return not inspect.isabstract(cls)


def stream_of(field: Any, category: str) -> Any:
    stream = StreamId(f"{category}-{field.name}")
    return (stream,) if "tuple" in str(field.type) else stream


def built_on(cls: type[Command[Any]], foreign: str, at: str) -> Command[Any]:
    """The command with streams of its own, but of a *foreign* category in the field *at*. No other value matters."""
    given: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]  # a command is a dataclass
        if field.init and field.name in cls.stream_fields:
            given[field.name] = stream_of(field, foreign if field.name == at else cls.owner.owns[0])  # type: ignore[union-attr]
        elif field.init:
            given[field.name] = ()
    return cls(**given)


def test_the_walk_finds_the_commands_of_all_services() -> None:
    owners = {owner.name for cls in commands() if (owner := cls.owner) is not None}
    assert owners >= {owner.name for owner in OWNERS}
    assert len(commands()) >= 20
    assert [cls for cls in commands() if cls.owner is None] == []


@pytest.mark.parametrize("cls", commands(), ids=lambda cls: f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}")
def test_a_command_on_the_stream_of_another_service_is_refused_when_it_is_built(cls: type[Command[Any]]) -> None:
    chosen = [field.name for field in fields(cls) if field.name in cls.stream_fields and field.init]  # type: ignore[arg-type]
    foreign = [category for category in CATEGORIES if category not in cls.owner.owns]  # type: ignore[union-attr]
    for name in chosen:
        for category in foreign:
            with pytest.raises(ForeignStreamError):
                built_on(cls, category, name)
    assert chosen or cls.__name__ == "ReceiveStock", "its streams are made from its items, and are always stocks"


def test_no_two_services_own_one_category() -> None:
    assert len(CATEGORIES) == len({*CATEGORIES})


def test_of_an_id_that_is_far_too_long_only_the_beginning_is_told() -> None:
    with pytest.raises(Refused) as caught:
        named("stock", "a" * 500_000)
    assert len(str(caught.value)) < 600 and len(caught.value.facts["id"]) < 600

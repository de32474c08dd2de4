"""Sealed fields on the command line: shown with keys, told from erased ones without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from eventlab.codec import Personal, event
from eventlab.store import open_keys, open_store
from eventlab.testing import run
from tests.cli.commands import eventlab


@event("tests.cli.Moved")
@dataclass(frozen=True, slots=True)
class Moved:
    customer: str
    street: Annotated[str, Personal("customer", erased="(erased)")]


@pytest.fixture
def log(tmp_path: Path) -> tuple[str, str]:
    url, keys = f"sqlite:///{tmp_path / 'log.db'}", f"sqlite:///{tmp_path / 'keys.db'}"

    async def write() -> None:
        store = open_store(url, keys=keys)
        await store.append([("customer-1", Moved("ann", "4 Smith Street")), ("customer-1", Moved("bob", "5 Low Lane"))])
        await store.close()
        kept = open_keys(keys)
        await kept.erase("bob")
        await kept.close()

    run(write())
    return url, keys


@pytest.mark.parametrize("verb", [("read", "customer-1"), ("tail",)])
def test_sealed_fields_are_shown_as_sealed_without_keys_and_opened_with_them(
    verb: tuple[str, ...], log: tuple[str, str]
) -> None:
    url, keys = log
    name, *rest = verb
    told = eventlab("store", name, url, *rest)
    assert told.code == 0 and told.out.count('"street":"(sealed)"') == 2 and "(erased)" not in told.out
    told = eventlab("store", name, url, *rest, "--keys", keys)
    assert told.code == 0 and "4 Smith Street" in told.out and '"street":"(erased)"' in told.out
    assert "Smith" not in eventlab("store", name, url, *rest, "--format", "json").out


def test_mistyped_keys_are_refused_and_not_made(log: tuple[str, str], tmp_path: Path) -> None:
    told = eventlab("store", "read", log[0], "customer-1", "--keys", f"sqlite:///{tmp_path / 'mistyped.db'}")
    assert told.code == 2 and "mistyped.db holds none at all" in told.err
    assert not (tmp_path / "mistyped.db").exists()


def test_verify_without_keys_finds_nothing_wrong_with_seals(log: tuple[str, str]) -> None:
    told = eventlab("store", "verify", log[0])
    assert (told.code, told.err) == (0, "") and told.out.endswith("nothing is wrong\n")

"""``eventlab store verify``: what is wrong is told, and nothing else is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from eventlab.store import open_store
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Noted
from tests.cli.commands import spawned
from tests.cli.stores import URL, store


@pytest.mark.usefixtures("shop")
def test_verify_says_that_nothing_is_wrong() -> None:
    told = store("verify", URL)
    assert told.code == 0
    assert told.out.splitlines()[0] == "6 events in 3 streams and 2 receipts read, up to position 6"
    assert told.out.splitlines()[-1] == "nothing is wrong"


def test_verify_finds_damage(shop: Path) -> None:
    connection = sqlite3.connect(shop)
    connection.execute("DROP TRIGGER events_are_never_deleted")
    connection.execute("DROP TRIGGER events_are_never_changed")
    connection.execute("DELETE FROM events WHERE stream = 'order-1' AND version = 1")
    connection.execute("UPDATE events SET data = X'7B6E' WHERE position = 2")
    connection.commit()
    connection.close()
    told = store("verify", URL)
    assert told.code == 1
    assert "position 3: stream 'order-1' version 2 stands where version 1 is due" in told.out
    assert "position 2: stream 'order-2' version 1: event 'eventlab.testing.Noted' cannot be decoded" in told.out
    assert "command id 'c-1' has a receipt for events that are not there" in told.out
    assert "positions have 1 gap" in told.out
    assert told.out.splitlines()[-1] == "3 findings"


def planted(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in (
        "DROP TRIGGER events_are_never_deleted",
        "DROP TRIGGER events_are_never_changed",
        *statements,
    ):
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", ["occurred_at = 'garbage'", "metadata = X'00'", "id = X'00'"])
def test_verify_goes_on_after_an_event_that_cannot_be_read(shop: Path, damage: str) -> None:
    planted(
        shop,
        f"UPDATE events SET {damage} WHERE position = 4",
        "UPDATE events SET data = X'7B6E' WHERE position = 6",
    )
    told = store("verify", URL)
    assert (told.code, told.err) == (1, "")
    assert "  position 4: cannot be read: " in told.out
    assert "  position 6: stream 'stock-1' version 2: event" in told.out
    assert told.out.splitlines()[-1] == "2 findings"


def test_one_time_that_somebody_spoiled_hides_nothing_else(shop: Path) -> None:
    planted(shop, "UPDATE events SET occurred_at = 'noon' WHERE position = 5")
    says = "the time of 1 event cannot be read; eventlab store verify tells where\n"
    told = store("info", URL)
    assert (told.code, told.err) == (0, says)
    assert told.out.startswith("6 events in 3 streams, up to position 6\n1 of them archived\nfrom ")
    told = store("streams", URL)
    assert (told.code, told.err) == (0, says)
    assert [line.split()[0:1] + line.split()[3:] for line in told.out.splitlines()] == [
        ["2", "order-1"],
        ["2", "order-2"],
        ["2", "stock-1", "archived"],
    ]
    facts = [json.loads(line) for line in store("streams", URL, "--format", "json").out.splitlines()]
    assert [each["undated"] for each in facts] == [0, 1, 0]
    assert facts[1]["first_at"] == facts[1]["last_at"]
    told = store("read", URL, "order-2")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[1].split()[:4] == ["5", "(unreadable)", "order-2", "v2"]


def test_verify_tells_of_a_file_that_is_damaged_in_the_middle_or_cut_short(here: Path) -> None:
    async def write() -> None:
        open_ = open_store(URL)
        for number in range(400):
            await open_.append([(f"a-{number % 3}", Noted("x" * 1000))])
        await open_.close()

    run(write())
    whole = (here / "shop.db").read_bytes()
    middle = len(whole) // 2
    (here / "shop.db").write_bytes(whole[:middle] + b"\xaa" * 20_000 + whole[middle + 20_000 :])
    told = store("verify", URL)
    assert (told.code, told.err) == (1, "")
    assert "the database is damaged" in told.out
    assert "up to position 400" in told.out
    (here / "shop.db").write_bytes(whole[:middle])
    told = store("verify", URL)
    assert (told.code, told.err) == (1, "")
    assert "it cannot be opened: the database is damaged" in told.out


def test_verify_counts_gaps_and_is_content(shop: Path) -> None:
    planted(shop, "UPDATE events SET position = position + 10 WHERE position > 3")
    told = store("verify", URL)
    assert told.code == 0
    assert "  positions have 1 gap, as after an import from PostgreSQL\n" in told.out


@pytest.mark.usefixtures("shop")
def test_verify_decodes_what_a_module_registers(here: Path) -> None:
    """Another program knows the events only if it imports what registers them."""
    alone = spawned("store", "verify", URL, cwd=here)
    assert alone.code == 0
    assert "4 × eventlab.testing.Noted version 1: no event is registered under that name" in alone.out
    imported = spawned("store", "verify", URL, "--import", "eventlab.testing.stores", cwd=here)
    assert (imported.code, imported.out.splitlines()[-1]) == (0, "nothing is wrong")
    missing = store("verify", URL, "--import", "no_such_module")
    assert missing.code == 2
    assert missing.err == "--import no_such_module: ModuleNotFoundError: No module named 'no_such_module'\n"

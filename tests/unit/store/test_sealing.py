"""Personal fields are sealed in the log, open to readers, and gone for good with the key of their subject."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest

from eventlab.codec import EVENTS, Encoded, Personal, event
from eventlab.errors import CommandIdReused, InvalidValue, SubjectErased, UndecodableEvent
from eventlab.simulation import World
from eventlab.store import EventStore, Keys, MemoryKeys, MemoryStore, SealedStore, backup, damage_of, open_store
from eventlab.store.keys.sqlite import SqliteKeys
from eventlab.store.portable import export, import_, verify
from eventlab.testing import run
from eventlab.testing.stores import STORE_LAWS, Law, law_name

from .personal import SECRETS, Address, Guest, Registered, TableBooked, ann, found_in

ERASED = Registered("ann", "(erased)", date(1900, 1, 1), -1, None, Address("(erased)", ""), None, "gold")


@asynccontextmanager
async def sealed_in(folder: Path, synchronous: str = "NORMAL") -> AsyncIterator[SealedStore]:
    store = open_store(
        f"sqlite:///{folder / 'log.db'}?synchronous={synchronous}", keys=f"sqlite:///{folder / 'keys.db'}"
    )
    assert isinstance(store, SealedStore)
    try:
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("law", STORE_LAWS, ids=law_name)
def test_a_sealed_store_keeps_every_law(law: Law) -> None:
    async def open_it(*, owns: Sequence[str] = ()) -> EventStore:
        return SealedStore(MemoryStore("under test", owns), MemoryKeys())

    World(seed=1).run(law(open_it))


async def every_way_of_reading(store: EventStore, stream: str) -> list[object]:
    return [
        *[stored.event for stored in await store.read(stream)],
        *[stored.event for stored in await store.read(stream, backwards=True, limit=1)],
        *[stored.event for stored in (await store.read_many([stream]))[stream]],
        *[stored.event for stored in await store.read_all()],
    ]


def test_readers_find_what_was_written_on_every_path() -> None:
    async def main() -> None:
        inner = MemoryStore()
        store = SealedStore(inner, MemoryKeys())
        await store.append([("customer-ann", ann())])
        assert await every_way_of_reading(store, "customer-ann") == [ann()] * 4
        assert await every_way_of_reading(inner, "customer-ann") == [ERASED] * 4  # without keys it decodes all the same
        (opened,) = await store.read_all()
        assert opened.data == EVENTS.encode(ann(), to_seal=True).data

    run(main())


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_no_file_holds_the_plain_text_and_after_the_erasure_none_holds_the_key(
    tmp_path: Path, synchronous: str
) -> None:
    async def main() -> None:
        async with sealed_in(tmp_path, synchronous) as store:
            await store.append([("customer-ann", ann()), ("customer-bob", ann("bob"))])
            keys = await store.keys.find(["ann", "bob"])
            assert sorted(path.name for path in tmp_path.iterdir())[:3] == ["keys.db", "log.db", "log.db-shm"]
            assert found_in(tmp_path, *SECRETS, b"bob@example.org") == []
            assert found_in(tmp_path, keys["ann"], keys["bob"]) == [("keys.db", keys["ann"]), ("keys.db", keys["bob"])]
            await store.keys.erase("ann")
            assert found_in(tmp_path, keys["ann"], keys["bob"]) == [("keys.db", keys["bob"])]
            assert await every_way_of_reading(store, "customer-ann") != [ann()] * 4
        assert found_in(tmp_path, keys["ann"], *SECRETS) == []
        async with sealed_in(tmp_path, synchronous) as store:
            assert [stored.event for stored in await store.read_all()] == [ERASED, ann("bob")]

    run(main())


def test_the_same_search_finds_the_plain_text_of_a_store_that_seals_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(f"sqlite:///{tmp_path / 'log.db'}?synchronous=NORMAL")
        await store.append([("customer-ann", EVENTS.encode(ann(), to_seal=True))])
        assert {name for name, _ in found_in(tmp_path, *SECRETS)} == {"log.db-wal"}
        await store.close()
        assert found_in(tmp_path, *SECRETS) == [("log.db", secret) for secret in SECRETS]

    run(main())


def test_after_the_erasure_streams_fold_read_models_forget_and_others_stay_readable() -> None:
    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        await store.append([("customer-ann", ann()), ("customer-bob", ann("bob")), ("customer-ann", ann())])

        async def rebuilt() -> dict[str, tuple[str, int]]:
            rows: dict[str, tuple[str, int]] = {}
            for stored in await store.read_all():
                _, count = rows.get(stored.event.customer, ("", 0))
                rows[stored.event.customer] = (stored.event.email, count + 1)
            return rows

        assert await rebuilt() == {"ann": ("ann@example.org", 2), "bob": ("bob@example.org", 1)}
        await store.keys.erase("ann")
        assert await rebuilt() == {"ann": ("(erased)", 2), "bob": ("bob@example.org", 1)}

    run(main())


def test_values_inside_others_are_sealed_each_for_its_own_subject() -> None:
    async def main() -> None:
        inner = MemoryStore()
        store = SealedStore(inner, MemoryKeys())
        booked = TableBooked(
            "ann",
            (Guest("bob", "Robert", ("vegan", "nuts")), Guest("cem", "Cem")),
            {"door": "side entrance"},
            Guest("ann", "Ann"),
        )
        await store.append([("table-1", booked), ("table-1", TableBooked("ann", (), {}))])
        raw = b"".join([stored.data for stored in await inner.read_all()])
        assert [word for word in (b"Robert", b"vegan", b"Cem", b"side", b"Ann") if word in raw] == []
        assert [stored.event for stored in await store.read("table-1")] == [booked, TableBooked("ann", (), {})]
        await store.keys.erase("bob")
        (seen, _) = [stored.event for stored in await store.read("table-1")]
        assert seen.guests == (Guest("bob", "(erased)", ("vegan", "nuts")), Guest("cem", "Cem"))
        await store.keys.erase("ann")
        (seen, _) = [stored.event for stored in await store.read("table-1")]
        assert seen.guests == (Guest("bob", "(erased)", ("", "")), Guest("cem", "Cem"))
        assert (seen.notes, seen.host) == ({"door": "-"}, Guest("ann", "(erased)"))

    run(main())


def test_nothing_is_written_about_who_was_erased() -> None:
    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        first = await store.append([("customer-ann", ann())], command_id="c-1")
        await store.keys.erase("ann")
        await store.keys.erase("ann")
        with pytest.raises(SubjectErased, match="'ann' was erased"):
            await store.append([("customer-bob", ann("bob")), ("customer-ann", ann())])
        assert await store.head() == 1
        assert (await store.keys.find(["bob"])) == {}
        receipt = await store.receipt("c-1")
        assert receipt is not None and receipt.positions == first.positions

    run(main())


def test_a_command_that_was_written_before_the_erasure_is_answered_by_its_receipt() -> None:
    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        first = await store.append([("customer-ann", ann())], command_id="c-1")
        await store.keys.erase("ann")
        again = await store.append([("customer-ann", ann())], command_id="c-1")
        assert again.repeated and again.positions == first.positions
        with pytest.raises(SubjectErased):
            await store.append([("customer-ann", ann())], command_id="c-2")
        assert await store.head() == 1

    run(main())


@dataclass(frozen=True)
class Scored:
    player: int
    team: UUID
    name: Annotated[str, Personal("player", erased="?")]
    coach: Annotated[str, Personal("team", erased="?")]


def test_a_subject_is_erased_by_what_the_event_holds_and_the_answer_tells_whether_there_was_one(tmp_path: Path) -> None:
    EVENTS.register(Scored, "tests.sealing.Scored", 1)
    team = UUID("0190A5C6-7D3B-7cc0-8a53-4ff2b0a4f001")

    async def main(keys: Keys) -> None:
        store = SealedStore(MemoryStore(), keys)
        await store.append([("game-1", Scored(7, team, "Ann", "Cem"))])
        assert await keys.erase("nobody") is False
        assert (await store.read("game-1"))[0].event == Scored(7, team, "Ann", "Cem")
        assert [await keys.erase(7), await keys.erase(team)] == [True, True]
        assert [await keys.erase("7"), await keys.erase(str(team))] == [False, False]
        assert (await store.read("game-1"))[0].event == Scored(7, team, "?", "?")
        for senseless in (True, None, 1.5, ""):
            with pytest.raises(InvalidValue, match="subject"):
                await keys.erase(senseless)  # type: ignore[arg-type]
        await store.close()

    run(main(MemoryKeys()))
    run(main(SqliteKeys(str(tmp_path / "keys.db"))))


def test_a_repeated_command_is_recognised_though_it_is_sealed() -> None:
    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        await store.append([("customer-ann", ann())], command_id="c-1")
        assert (await store.append([("customer-ann", ann())], command_id="c-1")).repeated
        with pytest.raises(CommandIdReused):
            await store.append([("customer-ann", ann("bob"))], command_id="c-1")

    run(main())


def test_a_value_that_was_moved_or_changed_is_undecodable_and_named() -> None:
    async def main() -> None:
        keys, inner = MemoryKeys(), MemoryStore()
        store = SealedStore(inner, keys)
        await store.append([("customer-ann", ann()), ("customer-bob", ann("bob"))])
        (one, _) = await inner.read_all()
        for data in (
            one.data.replace(b'"at":["email"]', b'"at":["plan"]'),
            one.data.replace(b'"subject":"ann"', b'"subject":"bob"'),
            one.data.replace(b'"sealed":"', b'"sealed":"AAAA'),
        ):
            assert data != one.data
            await inner.append(
                [
                    ("customer-ann", Encoded(one.type, 1, data)),
                    ("customer-bob", EVENTS.encode(ann("cem"), to_seal=True)),
                ]
            )
            *_, broken, _ = await store.read_all()
            for _ in range(2):
                with pytest.raises(UndecodableEvent, match=f"position {broken.position}, stream 'customer-ann'"):
                    assert broken.event
        assert (await store.read_all(1, limit=1))[0].event == ann("bob")
        copy = MemoryStore()
        await copy.restore(await inner.read_all(limit=1))
        with pytest.raises(UndecodableEvent, match="does not open"):
            assert (await SealedStore(copy, await strange_keys()).read_all())[0].event

    run(main())


async def strange_keys() -> Keys:
    keys = MemoryKeys()
    await keys.make(["ann"])
    return keys


def test_an_export_holds_no_plain_text_and_verifies_and_comes_back_without_a_key(tmp_path: Path) -> None:
    async def main() -> None:
        keys, inner, other = MemoryKeys(), MemoryStore(), MemoryStore()
        await SealedStore(inner, keys).append([("customer-ann", ann())], command_id="c-1")
        lines: list[bytes] = []
        await export(inner, lines.append)
        whole = b"".join(lines)
        assert [secret for secret in SECRETS if secret in whole] == []
        assert b"gold" in whole  # so the search would have found something
        assert (await verify(inner)).count == 0
        await import_(other, whole.splitlines(keepends=True))
        copy = SealedStore(other, keys)
        assert [stored.event for stored in await copy.read_all()] == [ann()]
        assert (await copy.append([("customer-ann", ann())], command_id="c-1")).repeated

    run(main())


def test_a_copy_through_another_sealed_store_is_sealed_again_and_keeps_what_could_not_be_opened() -> None:
    async def main() -> None:
        keys, inner, other = MemoryKeys(), MemoryStore(), MemoryStore()
        store = SealedStore(inner, keys)
        await store.append([("customer-ann", ann()), ("customer-bob", ann("bob"))], command_id="c-1")
        await keys.erase("ann")
        await SealedStore(other, keys).restore(await store.read_all(), await store.receipts())
        assert await other.read_all() == await inner.read_all()
        assert await other.receipts() == await inner.receipts()

    run(main())


def test_old_versions_are_opened_before_they_are_upcast() -> None:
    @dataclass(frozen=True)
    class Named:
        who: str
        name: Annotated[str, Personal("who", erased="? ?")]

    EVENTS.register(Named, "tests.sealing.Named", 1)

    async def main() -> None:
        store = SealedStore(MemoryStore(), MemoryKeys())
        await store.append([("a-1", Named("ann", "Ann Lee"))])

        @event("tests.sealing.Named", version=2)
        @dataclass(frozen=True)
        class NamedInParts:
            who: str
            names: Annotated[list[str], Personal("who", erased=["?"])]

        @EVENTS.upcaster("tests.sealing.Named", 1)
        def in_parts(data: dict[str, object]) -> dict[str, object]:
            return {"who": data["who"], "names": str(data["name"]).split()}

        await store.append([("a-1", NamedInParts("ann", ["Ann", "Lee"]))])
        assert [stored.event.names for stored in await store.read("a-1")] == [["Ann", "Lee"], ["Ann", "Lee"]]
        await store.keys.erase("ann")
        assert [stored.event.names for stored in await store.read("a-1")] == [["?", "?"], ["?"]]

    run(main())


def test_what_cannot_be_sealed_is_not_written_in_the_clear() -> None:
    async def main() -> None:
        inner = MemoryStore()
        store = SealedStore(inner, MemoryKeys())
        for refused in (
            Encoded("tests.sealing.Registered", 9, b'{"customer":"ann","email":"ann@example.org"}'),
            Encoded("tests.sealing.Registered", 1, b"[1]"),
            Encoded("tests.sealing.Registered", 1, b"{"),
            Encoded("tests.sealing.Registered", 1, b'{"email":"ann@example.org"}'),
            Encoded("tests.sealing.Registered", 1, b'{"customer":["ann"],"email":"ann@example.org"}'),
            ann(""),
        ):
            with pytest.raises(InvalidValue):
                await store.append([("a-1", refused)])
        assert await inner.read_all() == []

    run(main())


def test_without_the_library_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(InvalidValue, match=r"pip install 'eventlab\[privacy\]'"):
        open_store("memory:", keys="memory:")


def test_what_are_no_keys_is_refused_where_it_is_given(tmp_path: Path) -> None:
    keys: Any = tmp_path / "keys.db"
    with pytest.raises(InvalidValue, match="or their URL: memory: or sqlite:///PATH"):
        open_store("memory:", keys=keys)


def test_the_library_is_loaded_by_sealed_stores_alone() -> None:
    program = (
        "import sys; from eventlab.store import open_store\n"
        "open_store('memory:'); print('cryptography' in sys.modules)\n"
        "open_store('memory:', keys='memory:'); print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_in_a_world_sealed_bytes_repeat_with_the_seed() -> None:
    async def main() -> bytes:
        inner = MemoryStore()
        await SealedStore(inner, MemoryKeys()).append([("customer-ann", ann())])
        return (await inner.read_all())[0].data

    assert World(seed=1).run(main()) == World(seed=1).run(main()) != World(seed=2).run(main())
    assert run(main()) != run(main())


def test_a_sealed_store_is_backed_up_and_looked_through_as_the_one_below(tmp_path: Path) -> None:
    async def main() -> None:
        async with sealed_in(tmp_path) as store:
            await store.append([("customer-1", ann())])
            await backup(store, tmp_path / "copy.db")
            assert await damage_of(store) == []
        assert found_in(tmp_path / "copy.db") == []
        async with sealed_in(tmp_path, "FULL") as store:
            copy = SealedStore(open_store(f"sqlite:///{tmp_path}/copy.db"), store.keys)
            assert [stored.event for stored in await copy.read("customer-1")] == [ann()]
            await copy.close()

    run(main())

"""``eventlab store``: looking into a store, copying it, checking it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from eventlab.cli.files import new_file
from eventlab.cli.following import TellingBackoff, telling_of_return
from eventlab.errors import RunRefused, StoreUnavailable
from eventlab.simulation import World
from eventlab.store import EVERYTHING, Filter, MemoryStore, StoredEvent, open_store, subscribe
from eventlab.store.opening import without_secrets
from eventlab.store.sqlite.trouble import explained
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Noted
from tests.cli.commands import start
from tests.cli.stores import URL, columns, store


@pytest.mark.usefixtures("shop")
def test_info_says_what_a_store_holds() -> None:
    told = store("info", URL)
    assert told.code == 0
    first, archived, period, size, *categories = told.out.splitlines()
    assert first == "6 events in 3 streams, up to position 6"
    assert archived == "1 of them archived"
    assert period.startswith("from ") and size.endswith("bytes in the database file")
    assert [line.split() for line in categories] == [["4", "order"], ["2", "stock"]]
    facts = json.loads(store("info", URL, "--format", "json").out)
    assert (facts["events"], facts["categories"]) == (6, {"order": 4, "stock": 2})


@pytest.mark.usefixtures("shop")
def test_streams_are_listed_and_filtered() -> None:
    assert [line.split()[0:1] + line.split()[3:] for line in store("streams", URL).out.splitlines()] == [
        ["2", "order-1"],
        ["2", "order-2"],
        ["2", "stock-1", "archived"],
    ]
    assert columns(store("streams", URL, "--category", "stock").out, 3) == [("stock-1",)]
    assert columns(store("streams", URL, "--stream", "*-2").out, 3) == [("order-2",)]


@pytest.mark.usefixtures("shop")
def test_one_stream_is_read_in_parts_and_backwards() -> None:
    assert columns(store("read", URL, "order-2").out, 0, 4) == [("2", "v1"), ("5", "v2")]
    assert columns(store("read", URL, "order-2", "--after", "1").out, 0) == [("5",)]
    assert columns(store("read", URL, "order-2", "--to", "1").out, 0) == [("2",)]
    assert columns(store("read", URL, "order-2", "--backwards", "--limit", "1").out, 0) == [("5",)]
    assert store("read", URL, "order-2", "--at", "2020-01-01").out == ""
    missing = store("read", URL, "order-9")
    assert (missing.code, missing.out, missing.err) == (1, "", "stream 'order-9' has no event there\n")
    line = json.loads(store("read", URL, "order-1", "--after", "1", "--format", "json").out)
    assert (line["position"], line["data"], line["metadata"]) == (3, {"number": 3, "parts": []}, {"actor": "clerk"})


def test_a_long_stream_is_read_by_pages(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def write() -> None:
        open_ = open_store(URL)
        await open_.append([("a-1", Noted(str(number))) for number in range(7)])
        await open_.close()

    run(write())
    monkeypatch.setattr("eventlab.cli.store.PAGE", 3)
    for args, versions in (
        ((), "1234567"),
        (("--backwards",), "7654321"),
        (("--limit", "4"), "1234"),
        (("--limit", "3"), "123"),
        (("--after", "1", "--to", "6"), "23456"),
        (("--backwards", "--after", "1", "--limit", "5"), "76543"),
        (("--at", "2100-01-01"), "1234567"),
    ):
        assert "".join(v[1:] for (v,) in columns(store("read", URL, "a-1", *args).out, 4)) == versions


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "args",
    [("read", "order-1", "--after"), ("read", "order-1", "--to"), ("read", "order-1", "--limit"), ("tail", "--after"),
     ("tail", "-n")],
)  # fmt: skip
def test_numbers_that_no_database_knows_are_refused(args: tuple[str, ...]) -> None:
    told = store(args[0], URL, *args[1:], str(10**30))
    assert told.code == 2
    assert "Invalid value for" in told.err
    assert store(args[0], URL, *args[1:], str(2**63 - 1)).code in (0, 1)


def test_a_directory_is_no_store(here: Path) -> None:
    (here / "dir.db").mkdir()
    told = store("info", "sqlite:///dir.db")
    says = "URL is 'sqlite:///dir.db'; expected the URL of a file; 'dir.db' is a directory\n"
    assert (told.code, told.err) == (2, says)


@pytest.mark.usefixtures("shop")
def test_a_file_that_may_not_be_read_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # whoever is root may read everything
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    assert str(explained(URL, error)) == f"{URL}: the file may not be read by you"


@pytest.mark.usefixtures("shop")
def test_tail_shows_the_end_of_the_log() -> None:
    assert columns(store("tail", URL, "-n", "2").out, 0) == [("5",), ("6",)]
    assert columns(store("tail", URL, "--after", "3").out, 0) == [("4",), ("5",), ("6",)]
    assert columns(store("tail", URL, "-n", "1", "--category", "order").out, 0) == [("5",)]
    assert columns(store("tail", URL, "-n", "99", "--type", "eventlab.testing.Counted").out, 0) == [("3",)]
    assert store("tail", URL, "-n", "0").out == ""


def test_tail_follows_what_another_program_writes(shop: Path) -> None:
    process = start("store", "tail", URL, "-n", "1", "-f", cwd=shop.parent)
    assert process.stdout is not None
    assert process.stdout.readline().split()[0] == "6"

    async def write() -> None:
        open_ = open_store(URL)
        await open_.append([("order-3", Noted("seventh"))])
        await open_.close()

    run(write())
    assert process.stdout.readline().split()[0] == "7"
    process.terminate()
    process.communicate()


def test_tail_ends_when_nobody_reads_any_more(shop: Path) -> None:
    """Also while nothing is written to the store."""
    process = start("store", "tail", URL, "-n", "1", "-f", cwd=shop.parent)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (0, "")


def test_following_tells_when_the_store_is_away_and_when_it_is_back(capsys: pytest.CaptureFixture[str]) -> None:
    class Leaky(MemoryStore):
        failing = 3

        async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
            self.failing -= 1
            if self.failing >= 0:
                raise StoreUnavailable("postgresql://h/d", "it is away")
            return await super().read_all(after, where=where, limit=limit)

    async def main() -> None:
        leaky = Leaky("leaky")
        await leaky.append([("a-1", Noted("first"))])
        following = subscribe(leaky, follow=False, backoff=TellingBackoff())
        with telling_of_return():
            assert [stored.position async for stored in following] == [1]

    World(seed=1).run(main())
    assert capsys.readouterr().err == (
        "the store does not answer; it is tried again until it does\n"
        "the store answers again; going on after position 0\n"
    )


@pytest.mark.usefixtures("shop")
def test_an_export_goes_into_another_store_and_is_the_same(here: Path) -> None:
    told = store("export", URL, "shop.jsonl")
    assert (told.code, told.err) == (0, "6 events and 2 receipts, up to position 6\n")
    assert store("import", "sqlite:///shop2.db", "shop.jsonl").out == "6 events and 2 receipts taken in\n"
    assert (
        store("import", "sqlite:///shop2.db", "shop.jsonl").out
        == "0 events and 0 receipts taken in; 6 were there already\n"
    )
    store("export", "sqlite:///shop2.db", "shop2.jsonl")
    assert (here / "shop.jsonl").read_bytes() == (here / "shop2.jsonl").read_bytes()


@pytest.mark.usefixtures("shop")
def test_nothing_is_overwritten(here: Path) -> None:
    (here / "taken").write_text("precious")
    for verb in ("export", "backup"):
        told = store(verb, URL, "taken")
        assert (told.code, told.err) == (2, "taken is there already, and is not overwritten: name another file\n")
    assert (here / "taken").read_text() == "precious"


@pytest.mark.usefixtures("shop")
def test_an_export_leaves_the_files_of_others_alone(here: Path) -> None:
    (here / "x.jsonl.part").write_text("precious")
    assert store("export", URL, "x.jsonl").code == 0
    assert (here / "x.jsonl.part").read_text() == "precious"
    assert [path.name for path in here.glob("x.jsonl.*")] == ["x.jsonl.part"]
    (here / "link").symlink_to("nowhere")
    assert store("export", URL, "link").code == 2


def test_a_new_file_takes_no_name_that_was_taken_meanwhile(here: Path) -> None:
    """Of two exports to one name, the later one to end is refused."""
    target = here / "x.jsonl"
    with pytest.raises(RunRefused, match="is there already"), new_file(target) as slow:
        slow.write(b"slow")
        target.write_bytes(b"quick")
    assert target.read_bytes() == b"quick"
    with pytest.raises(KeyError), new_file(here / "y.jsonl"):
        raise KeyError
    assert [path.name for path in here.iterdir()] == ["x.jsonl"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("verb", [("export",), ("read", "long-1"), ("streams",), ("tail", "--after", "0")])
def test_who_has_seen_enough_hears_no_more(verb: tuple[str, ...], here: Path) -> None:
    async def write() -> None:
        open_ = open_store(URL)
        await open_.append([("long-1", Noted("x" * 1000))] * 300 + [(f"many-{n}", Noted("")) for n in range(3000)])
        await open_.close()

    run(write())
    process = start("store", verb[0], URL, *verb[1:], cwd=here)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert (process.wait(), process.stderr.read()) == (0, "")


@pytest.mark.usefixtures("shop")
def test_a_damaged_export_is_refused_and_nothing_is_written(here: Path) -> None:
    store("export", URL, "shop.jsonl")
    lines = (here / "shop.jsonl").read_bytes().splitlines(keepends=True)
    (here / "cut.jsonl").write_bytes(b"".join(lines[:-1]))
    told = store("import", "sqlite:///fresh.db", "cut.jsonl")
    assert (told.code, told.err) == (2, "cut.jsonl:9: the export ends too early: its last line is missing\n")
    assert not (here / "fresh.db").exists()


@pytest.mark.usefixtures("shop")
def test_a_backup_is_a_store(here: Path) -> None:
    assert store("backup", URL, "saved.db").code == 0
    assert store("info", "sqlite:///saved.db").out.startswith("6 events in 3 streams")
    assert sorted(path.name for path in here.iterdir() if "saved" in path.name) == ["saved.db"]


@pytest.mark.usefixtures("shop")
def test_a_backup_into_a_folder_that_there_is_not_is_a_mistake_in_the_command_line() -> None:
    says = "TARGET is 'saved/shop.db'; expected a new file in a folder that is there; saved is none\n"
    told = store("backup", URL, "saved/shop.db")
    assert (told.code, told.out, told.err) == (2, "", says)


@pytest.mark.parametrize("verb", ["info", "streams", "tail", "verify", "export"])
def test_a_store_that_is_not_there_is_not_made(verb: str, here: Path) -> None:
    told = store(verb, "sqlite:///typo.db")
    assert told.code == 2
    assert told.err == "URL is 'sqlite:///typo.db'; expected a store that is there; there is no file 'typo.db'\n"
    assert list(here.iterdir()) == []


def foreign(file: Path, table: str) -> bytes:
    connection = sqlite3.connect(file)
    connection.execute(f"CREATE TABLE {table} (name TEXT)")
    connection.commit()
    connection.close()
    return file.read_bytes()


LOOKING = [
    ("info",),
    ("streams",),
    ("read", "a-1"),
    ("tail",),
    ("verify",),
    ("export",),
    ("export", "x"),
    ("backup", "x"),
]


@pytest.mark.parametrize("verb", LOOKING)
def test_a_file_that_is_no_store_is_left_as_it_is(verb: tuple[str, ...], here: Path) -> None:
    (here / "empty.db").touch()
    before = {name: foreign(here / f"{name}.db", name) for name in ("notes", "events")} | {"empty": b""}
    for name, content in before.items():
        told = store(verb[0], f"sqlite:///{name}.db", *verb[1:])
        assert told.code == 2
        assert told.err.endswith("there is no eventlab store in that file\n")
        assert (here / f"{name}.db").read_bytes() == content
    assert sorted(path.name for path in here.iterdir()) == ["empty.db", "events.db", "notes.db"]


@pytest.mark.usefixtures("shop")
def test_a_store_is_made_beside_the_tables_of_another_program_unless_it_has_the_same(here: Path) -> None:
    store("export", URL, "shop.jsonl")
    foreign(here / "notes.db", "notes")
    assert store("import", "sqlite:///notes.db", "shop.jsonl").code == 0
    assert store("info", "sqlite:///notes.db").code == 0
    before = foreign(here / "events.db", "events")
    for verb in (("import", "shop.jsonl"), ("migrate",)):
        told = store(verb[0], "sqlite:///events.db", *verb[1:])
        assert told.code == 2
        assert told.err.endswith("that one has 'events' already, of another program\n")
    assert (here / "events.db").read_bytes() == before


def test_older_tables_are_brought_up_to_date_and_that_is_said(shop: Path) -> None:
    connection = sqlite3.connect(shop)
    connection.execute("DROP TABLE records")
    connection.execute("UPDATE eventlab_schema SET version = 1")
    connection.commit()
    connection.close()
    assert f"{URL}: the tables went from version 1 to " in store("info", URL).err
    assert store("info", URL).err == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("shop.db", "expected the URL of a store; for a file, sqlite:///shop.db"),
        ("memory:", "expected a store that outlives this command"),
        ("mysql://x", "expected memory:"),
    ],
)
def test_a_url_that_names_no_store_says_what_would_do(url: str, says: str) -> None:
    told = store("info", url)
    assert told.code == 2 and says in told.err


@pytest.mark.parametrize(
    "args",
    [
        ("backup", "postgresql://u:secret@h/d", "x"),
        ("backup", "postgresql://h/d?password=secret", "x"),
        ("migrate", "mysql://u:secret@h/d"),
        ("migrate", "mysql://u:se/secret@h/d?x=secret@2"),
        ("info", "mysql://u:secret@h/d"),
        ("info", "u:secret@h/d"),
        ("info", "mysql://h/d?sslpassword=secret&a=b"),
        ("info", "postgresql://u:secret@h:0/d?pool=900"),
    ],
)
def test_no_message_shows_a_password(args: tuple[str, ...]) -> None:
    told = store(*args)
    assert told.code == 2
    assert "secret" not in told.out + told.err


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:secret@h:5/d?pool=3", "postgresql://u:…@h:5/d?pool=3"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://h/d?p%61ssword=secret&pool=3", "postgresql://h/d?p%61ssword=…&pool=3"),
        ("postgresql://h/d?password=secret@x", "postgresql://…"),
        ("postgresql://u:a@secret@h/d", "postgresql://u:…@h/d"),
        ("sqlite:///a@b:c.db", "sqlite:///a@b:c.db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_migrate_makes_a_store_and_leaves_one_that_is_there(here: Path) -> None:
    assert store("migrate", "sqlite:///new.db").out == "sqlite:///new.db is up to date\n"
    assert (here / "new.db").exists()
    assert store("migrate", "sqlite:///new.db").code == 0

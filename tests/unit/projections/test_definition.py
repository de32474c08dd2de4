"""A projection that could not work is refused where it is defined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from eventlab.codec import Encoded, event
from eventlab.errors import InvalidValue, ProjectionMisdefined
from eventlab.projections import Park, Projection, ProjectionRunner, ReadModel
from eventlab.store import Filter, MemoryStore
from eventlab.testing import run
from tests.unit.projections.accounts import Moved, Opened, a_view, accounts, opened, owners


@dataclass(frozen=True)
class Unregistered:
    pass


def table(name: str, *columns: sa.Column[int], schema: str | None = None) -> sa.Table:
    return sa.Table(name, sa.MetaData(), *(columns or (sa.Column("id", sa.Integer, primary_key=True),)), schema=schema)


def with_index(name: str) -> sa.Table:
    made = table("a")
    sa.Index(name, made.c.id)
    return made


def counting_in_server() -> sa.Table:
    counted = sa.Sequence("other").next_value()
    return table("a", sa.Column("id", sa.Integer, server_default=counted, primary_key=True))


async def late(rows: object, event: object, stored: object) -> None:
    pass


def yielding(rows: object, event: object, stored: object) -> Iterator[None]:
    yield


class Late:
    async def __call__(self, rows: object, event: object, stored: object) -> None:
        pass


def on(*kinds: type, handler: Callable[..., object] = opened) -> Callable[[], object]:
    return lambda: Projection("view", tables=[owners, accounts]).on(*kinds)(handler)


MISTAKES: list[tuple[Callable[[], object], str]] = [
    (lambda: Projection("view", tables=[]), "it has no tables"),
    (lambda: Projection("", tables=[owners]), "a name has 1 to 100 characters"),
    (lambda: Projection(" view", tables=[owners]), "no spaces around it"),
    (lambda: Projection("view", tables=[owners], version=0), "version 0 is no whole number from 1 on"),
    (lambda: Projection("view", tables=[owners], version="2"), "version '2' is no whole number from 1 on"),  # type: ignore[arg-type]
    (lambda: Projection(7, tables=[owners]), "projection 7: a name has 1 to 100 characters"),  # type: ignore[arg-type]
    (lambda: Projection("a\0b", tables=[owners]), "no NUL"),
    (lambda: Projection("view", tables=[table("a", schema="other")]), "table 'a': it lies in schema 'other'"),
    (lambda: Projection("view", tables=[table("a"), table("a")]), "table 'a': it is there twice"),
    (lambda: Projection("view", tables=[table("a", sa.Column("n", sa.Integer))]), "table 'a': it has no primary key"),
    (lambda: Projection("view", tables=[table("eventlab_a")]), "names that begin with 'eventlab_' are taken"),
    (lambda: Projection("view", tables=[table("Eventlab_a")]), "names that begin with 'eventlab_' are taken"),
    (lambda: Projection("view", tables=[table("a"), table("A")]), "table 'A': it is there twice"),
    (lambda: Projection("view", tables=[table("events")]), "'events' is a name of the store's own"),
    (lambda: Projection("view", tables=[table("Receipts")]), "'Receipts' is a name of the store's own"),
    (lambda: Projection("view", tables=[with_index("RECORDS")]), "'RECORDS' is a name of the store's own"),
    (
        lambda: Projection(
            "view", tables=[table("a", sa.Column("id", sa.Integer, sa.Sequence("event_positions"), primary_key=True))]
        ),
        "column 'id' is numbered by a sequence of its own",
    ),
    (
        lambda: Projection("view", tables=[counting_in_server()]),
        "a rebuild would not move; use Identity",
    ),
    (lambda: Projection("view", tables=[accounts]), "table 'accounts' refers to 'owners', which is none of its tables"),
    (lambda: Projection("view", tables=[owners], where=Filter(types=("A",))), "where names event types"),
    (on(), "@on needs an event class"),
    (on(Unregistered), "Unregistered is no registered event"),
    (on(Opened, Opened), "event 'tests.projections.Opened' version 1 has a handler already"),
    (on(Opened, handler=late), "handler late is async"),
    (on(Opened, handler=Late()), "is async"),
    (on(Opened, handler=yielding), "handler yielding yields, so that none of it would run"),
    (on(Opened, handler=dict), r"handler dict does not take \(rows, event, stored\)"),
    (on("tests.projections.Opened"), "is no event class"),  # type: ignore[arg-type]
    (lambda: Projection("view", tables=None), "its tables are a sequence"),  # type: ignore[arg-type]
    (lambda: Projection("view", tables=owners), "its tables are a sequence"),  # type: ignore[arg-type]
    (lambda: Projection("view", tables=["owners"]), "its tables are a sequence"),  # type: ignore[list-item]
    (on(Opened, handler=lambda rows: None), r"does not take \(rows, event, stored\)"),
    (lambda: ProjectionRunner(MemoryStore(), Projection("view", tables=[owners]), ReadModel("memory:")), "no handler"),
]


@pytest.mark.parametrize(("define", "reason"), MISTAKES, ids=[reason for _, reason in MISTAKES])
def test_a_mistake_is_named_when_it_is_made(define: Callable[[], object], reason: str) -> None:
    with pytest.raises(ProjectionMisdefined, match=reason):
        define()


def test_a_handler_that_comes_after_the_runner_is_refused() -> None:
    view = Projection("view", tables=[owners, accounts])
    view.on(Opened)(opened)
    ProjectionRunner(MemoryStore(), view, ReadModel("memory:"))
    with pytest.raises(ProjectionMisdefined, match="comes too late"):
        view.on(Moved)(opened)


def test_it_reads_only_what_it_has_handlers_for() -> None:
    view = Projection("view", tables=[owners, accounts], where=Filter(categories=("acc",)))
    view.on(Opened, Moved)(opened)
    assert view.where == Filter(categories=("acc",), types=("tests.projections.Moved", "tests.projections.Opened"))


def test_the_shape_changes_with_whatever_rows_depend_on() -> None:
    narrower = Projection("accounts", tables=[accounts, owners], where=Filter(streams="acc-*"))
    narrower.on(Opened, Moved)(opened)
    assert a_view().shape == a_view().shape != narrower.shape


def test_a_filter_that_has_no_order_has_one_shape_in_every_process() -> None:
    """Otherwise a program that was started again would find its own projection changed."""
    names = tuple(f"category{number:02}" for number in range(30))
    ordered, unordered = (
        Projection("view", tables=[owners, accounts], where=Filter(categories=categories))  # type: ignore[arg-type]
        for categories in (names, frozenset(names))
    )
    assert unordered.shape == ordered.shape


def test_what_is_no_filter_and_no_policy_is_refused_in_their_places() -> None:
    with pytest.raises(InvalidValue, match=r"expected a Filter, as Filter\(streams="):
        Projection("view", tables=[owners, accounts], where="acc-*")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"expected Stop\(\), Park\(\) or Retrying"):
        ProjectionRunner(MemoryStore(), a_view(), ReadModel("memory:"), failing=Park)  # type: ignore[arg-type]


def test_what_is_no_projection_and_no_database_is_refused_in_their_places() -> None:
    database: Any = ReadModel("memory:")
    with pytest.raises(InvalidValue, match=r'expected a ReadModel, as ReadModel\("sqlite:///rows.db"\)'):
        ProjectionRunner(MemoryStore(), a_view(), "memory:")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="expected a Projection"):
        ProjectionRunner(MemoryStore(), database, a_view())  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="read model URL is None"):
        ReadModel(None)  # type: ignore[arg-type]


def test_an_event_that_had_another_name_before_is_read_under_both() -> None:
    @event("tests.projections.Closed")
    @event("tests.projections.Shut")
    @dataclass(frozen=True)
    class Closed:
        number: int

    async def main() -> None:
        store, rows_table = MemoryStore(), table("a")
        await store.append([("acc-1", Encoded("tests.projections.Shut", 1, b'{"number":1}')), ("acc-1", Closed(2))])
        assert [stored.type for stored in await store.read("acc-1")][1] == "tests.projections.Closed"
        view = Projection("view", tables=[rows_table])
        view.on(Closed)(lambda rows, event, stored: rows.execute(sa.insert(rows_table).values(id=event.number)))
        async with ReadModel("memory:") as database:
            await ProjectionRunner(store, view, database).catch_up()
            assert await database.rows(rows_table) == [{"id": 1}, {"id": 2}]

    run(main())

"""Somebody looks at all five books after every append: what is in between is told, once each time that it changes."""

from __future__ import annotations

from itertools import pairwise

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.shop import SERVICES
from eventlab.shop.watching import BOOKS
from eventlab.teaching.checkout_day import day


def told(**settings: object) -> list[list[str]]:
    found = day(SERVICES["orders"], **settings)  # type: ignore[arg-type]
    return [seen.value["broken"] for _, seen in of_kind(found.entries, hooks.Observed) if seen.subject == BOOKS]


def test_a_checkout_breaks_laws_one_by_one_and_heals_them_all() -> None:
    seen = told(silent_s=0.0)
    assert seen[:4] == [
        [],
        ["every order is decided"],
        ["every order is decided", "no money stays reserved"],
        ["every order is decided", "no money stays reserved", "stock belongs to orders"],
    ]
    assert seen[-1] == []
    assert all(before != after for before, after in pairwise(seen))


def test_so_does_one_that_is_undone() -> None:
    seen = told(silent_s=0.0, stock=1)
    assert seen == [
        [],
        ["every order is decided"],
        ["every order is decided", "no money stays reserved"],
        ["every order is decided"],
        [],
    ]

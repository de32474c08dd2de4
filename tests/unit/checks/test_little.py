"""Little's law of literal histories, and of the scenarios that come with the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.checks import littles_law, littles_law_everywhere
from eventlab.history import Entry, of_kind
from eventlab.scenarios import load, run_virtual
from tests.sources import ROOT


def began(at: float, call: int) -> Entry:
    return Entry(at, "front", hooks.CallStarted(call, "front", "shop", "Work"))


def ended(at: float, call: int, duration_s: float) -> Entry:
    return Entry(at, "front", hooks.CallEnded(call, "front", "shop", "Work", "ok", duration_s))


def other(at: float) -> Entry:
    return Entry(at, "front", hooks.CallStarted(99, "front", "bank", "Work"))


WHOLE = [began(1, 1), began(2, 2), other(2.5), ended(4, 1, 3.0), began(5, 3), ended(7, 2, 5.0), ended(8, 3, 3.0)]


def test_who_was_there_was_there_for_as_long_as_they_say() -> None:
    found = littles_law(WHOLE, "shop")
    assert (found.valid, found.because) == (
        True,
        "the calls in progress, added up over time, are 11.000000 s, and their 3 durations 11.000000 s",
    )


def test_calls_that_had_not_ended_count_with_what_they_had_waited() -> None:
    assert littles_law(WHOLE[:-1], "shop").valid is True


def test_a_call_that_says_something_else_is_named() -> None:
    found = littles_law([*WHOLE[:-1], ended(8, 3, 2.5)], "shop")
    assert (found.valid, found.witnesses) == (False, ("call 3 was there for 3.000000 s and says 2.500000 s",))


def test_all_targets_are_asked_and_the_worst_answer_counts() -> None:
    wrong, whole = Entry(3.5, "front", hooks.CallEnded(99, "front", "bank", "Work", "ok", 2.0)), list(WHOLE)
    right = Entry(3.5, "front", hooks.CallEnded(99, "front", "bank", "Work", "ok", 1.0))
    answers = [
        littles_law_everywhere(sorted(entries, key=lambda entry: entry.at))
        for entries in ([*whole, right], [*whole, wrong], [*whole[1:], right], [*whole[1:], wrong], [])
    ]
    assert [(answer.valid, answer.because.split(",")[0].split(" are ")[0], answer.witnesses) for answer in answers] == [
        (True, ["the calls in progress at shop", " bank"][0], ()),
        (False, "at bank", ("at bank, call 99 was there for 1.000000 s and says 2.000000 s",)),
        (None, "at shop", ()),
        (False, "at bank", ("at bank, call 99 was there for 1.000000 s and says 2.000000 s",)),
        (None, "nobody called anybody", ()),
    ]


@pytest.mark.parametrize(("entries", "because"), [(WHOLE[1:], "call 1 ends without"), ([other(1)], "nobody called")])
def test_what_cannot_be_told_is_unknown(entries: list[Entry], because: str) -> None:
    found = littles_law(entries, "shop")
    assert found.valid is None
    assert found.because.startswith(because)


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_it_holds_in_every_run_at_every_service(path: Path) -> None:
    short = ["load.orders.first=40"] if path.stem == "payment-outage" else []
    entries = run_virtual(load(path, short)).entries
    targets = dict.fromkeys(call.target for _, call in of_kind(entries, hooks.CallStarted))
    assert {target: littles_law(entries, target).valid for target in targets} == dict.fromkeys(targets, True)


def test_a_call_that_began_twice_breaks_it() -> None:
    found = littles_law([began(1, 1), began(2, 1), ended(4, 1, 2.0)], "shop")
    assert (found.valid, found.witnesses) == (False, ())

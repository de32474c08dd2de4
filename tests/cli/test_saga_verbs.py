"""What people do about sagas: each verb is an event with who and why, and the saga goes on from there."""

from __future__ import annotations

import json

import pytest

from eventlab.sagas import Status
from eventlab.sagas.timeline import Verb
from tests.cli.commands import eventlab
from tests.cli.sagas import URL, driven, saga, story

pytestmark = pytest.mark.usefixtures("sagas")


WHO = ("--by", "ada", "--why", "the bank is back")


def last_verb(saga_id: str) -> tuple[str, str, str, str, str]:
    verb: Verb = story(saga_id).verbs[-1]
    return verb.event, verb.step, verb.outcome, verb.by, verb.why


@pytest.mark.parametrize(
    ("args", "left", "then"),
    [
        (["retry", "doubtful"], ("SagaRetried", "", ""), Status.RUNNING),
        (["resolve", "doubtful", "succeeded"], ("StepResolved", "p", "succeeded"), Status.RUNNING),
        (["resolve", "doubtful", "failed"], ("StepResolved", "p", "failed"), Status.COMPENSATING),
        (["skip", "refused-late"], ("StepSkippedByHand", "z", ""), Status.RUNNING),
        (["skip", "half-undone", "--step", "b"], ("StepSkippedByHand", "b", ""), Status.COMPENSATING),
        (["resolve", "half-undone", "compensated"], ("StepResolved", "b", "compensated"), Status.COMPENSATING),
        (["compensate", "waiting"], ("SagaTurnedBack", "", ""), Status.COMPENSATING),
        (["cancel", "waiting"], ("SagaTurnedBack", "", ""), Status.COMPENSATING),
    ],
)
def test_a_verb_is_an_event_with_who_and_why(args: list[str], left: tuple[str, ...], then: Status) -> None:
    verb, saga_id, *more = args
    version = story(saga_id).version
    told = saga(verb, URL, saga_id, *more, *WHO)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == [
        f"saga {saga_id}: {verb} by ada; it is {then.value} now, at version {version + 1}",
        "Nothing was called. Whoever drives the sagas of this store goes on from there.",
    ]
    assert last_verb(saga_id) == (*left, "ada", "the bank is back")
    assert (story(saga_id).status, story(saga_id).version) == (then, version + 1)
    last = eventlab("store", "read", URL, f"saga-{saga_id}", "--backwards", "--limit", "1", "--format", "json")
    assert json.loads(last.out)["metadata"]["actor"] == "ada"


@pytest.mark.parametrize(
    ("args", "status", "effects"),
    [
        (["retry", "doubtful"], Status.COMPLETED, ["T p", "T z"]),
        (["resolve", "doubtful", "succeeded", "--result", '{"made": "p"}'], Status.COMPLETED, ["T z"]),
        (["resolve", "doubtful", "failed"], Status.COMPENSATED, []),
        (["skip", "refused-late"], Status.COMPLETED, []),
        (["skip", "half-undone"], Status.COMPENSATED, []),
        (["resolve", "half-undone", "compensated"], Status.COMPENSATED, []),
        (["cancel", "waiting"], Status.COMPENSATED, []),
    ],
)
def test_whoever_drives_the_saga_goes_on_from_there(args: list[str], status: Status, effects: list[str]) -> None:
    verb, saga_id, *more = args
    assert saga(verb, URL, saga_id, *more, *WHO).code == 0
    state, done = driven(saga_id)
    assert (state.status, done) == (status, effects)


def test_show_tells_what_was_done_by_hand() -> None:
    saga("resolve", URL, "half-undone", "compensated", "--by", "ada", "--why", "released by telephone")
    out = saga("show", URL, "half-undone").out
    assert "StepResolved b as compensated by ada: released by telephone" in out
    assert "turned back because of c: refused (no): c said no" in out and "stuck" not in out


def test_without_by_it_is_whoever_is_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    saga("retry", URL, "doubtful", "--why", "x")
    assert last_verb("doubtful")[3] == "grace"


def test_what_is_refused_says_what_would_do_and_writes_nothing() -> None:
    version = story("half-undone").version
    told = saga("resolve", URL, "half-undone", "succeeded", *WHO)
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[:3] == [
        "cannot resolve saga 'half-undone': step 'b' is being undone; it can be compensated",
        '  eventlab saga retry sqlite:///trips.db half-undone --why "…"',
        "      try again, with new patience",
    ]
    assert saga("retry", URL, "fine", *WHO).code == 1
    assert saga("skip", URL, "doubtful", "--step", "b", *WHO).code == 1
    assert story("half-undone").version == version


def test_for_programs_it_says_whether_anything_was_written() -> None:
    first, again = (json.loads(saga("cancel", URL, "waiting", *WHO, "--json").out) for _ in range(2))
    assert first == {
        "saga": "waiting", "verb": "cancel", "by": "ada", "status": "compensating", "version": 2, "is_changed": True,
    }  # fmt: skip
    assert again == {**first, "is_changed": False}
    assert saga("cancel", URL, "waiting", *WHO).out == "saga waiting is compensating already; nothing was written\n"


def test_a_saga_may_be_cancelled_before_it_starts_if_that_is_meant() -> None:
    assert saga("cancel", URL, "tomorrow", *WHO).code == 1
    assert saga("cancel", URL, "tomorrow", "--before-start", *WHO).code == 0
    assert saga("show", URL, "tomorrow").out.splitlines()[1:3] == [
        "cancelled: the bank is back",
        "never started; its log is at version 1",
    ]
    assert " v0 " not in saga("list", URL).out


def test_an_ended_saga_is_purged_out_of_the_list_and_stays_readable() -> None:
    told = saga("purge", URL, "fine", "--by", "ada", "--why", "of last year")
    assert (told.code, told.out) == (0, "saga fine: purge by ada; it is completed now, at version 13\n")
    assert "fine" not in saga("list", URL).out
    assert "it has been set aside" in saga("show", URL, "fine").out
    again = saga("purge", URL, "fine", *WHO)
    assert (again.code, again.err) == (1, "cannot purge saga 'fine': it has been set aside already\n")
    assert saga("cancel", URL, "fine", *WHO).code == 1


def test_a_stuck_saga_is_purged_by_force_alone_and_one_under_way_never() -> None:
    version = story("doubtful").version
    refused = saga("purge", URL, "doubtful", *WHO)
    assert (refused.code, refused.err.splitlines()[0]) == (
        1,
        "cannot purge saga 'doubtful': it is stuck; --force gives it up as it is before",
    )
    assert saga("purge", URL, "waiting", "--force", *WHO).code == 1
    assert story("doubtful").version == version
    assert saga("purge", URL, "doubtful", "--force", *WHO).code == 0
    assert (story("doubtful").status, story("doubtful").is_set_aside) == (Status.ABANDONED, True)
    assert last_verb("doubtful")[3:] == ("ada", "the bank is back")

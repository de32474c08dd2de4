"""Errors carry their facts, survive pickling, and read as sentences."""

from __future__ import annotations

import inspect
import pickle

import pytest

from eventlab import errors

EXAMPLES = [
    errors.VersionConflict([("order-7", 3, 5), ("stock-1", "none", 2)]),
    errors.CircuitOpen("payments", 2.5),
    errors.Refused("declined", "over the limit", {"limit": 5}),
    errors.CallTimeout("payments", "ReservePayment", 1.0),
    errors.ForeignStreamError("orders", "user-1", ["order"]),
    errors.Deadlock(["main waits"]),
    errors.BudgetSpent("5 s of virtual time", ["main waits"]),
    errors.ScriptMisfit(0, 5, 2),
    errors.ScenarioInvalid(["a.yaml:1:1: no"]),
    errors.InvalidValue("loss", 1.2, "a probability"),
    errors.SubjectErased("customer-17"),
    errors.PersonalUnsealed("CustomerMoved"),
    errors.WrongKeys("shop", "0a1b", "sqlite:///mistyped.db", None),
    errors.KeyMissing("CustomerMoved", "customer-17", "position 3"),
    errors.ProjectionOutdated("order-view", 1, 2),
    errors.RecordConflict([("lease/mailer", 3, 4)]),
    errors.HandlerCancelled("mailer", 17),
    errors.WorkerLost(),
    errors.EntropyRead("time.time()", "a.py:3 in f", "use runtime.now"),
    errors.QuorumMissed(2, 3, 5),
    errors.ConnectionBroken("payments", "ReservePayment", "eu ↔ us"),
    errors.BulkheadFull("payments", 8, 2),
    errors.RateLimited("payments", 0.25),
    errors.LoadShed("payments", "waited too long", 12),
    errors.EventDamaged("shop", 3, "a-1", 2, 0x1A2B3C4D, 0x0F),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: errors.EventlabError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_errors_read_as_sentences() -> None:
    assert [str(error) for error in EXAMPLES[:5]] == [
        "stream 'order-7' is at version 5, expected 3; stream 'stock-1' is at version 2, expected none",
        "payments was not reached: its circuit is open for another 2.5 s",
        "refused (declined): over the limit",
        "payments did not answer ReservePayment within 1 s; the outcome is unknown",
        "orders does not own stream 'user-1'; it owns the categories order: "
        "call the service that owns it, or keep a local copy",
    ]


def test_a_broken_connection_leaves_the_outcome_open() -> None:
    error = errors.ConnectionBroken("payments", "ReservePayment", "eu ↔ us")
    assert isinstance(error, errors.UnknownOutcome)
    assert str(error) == (
        "the connection to payments broke before it answered ReservePayment: eu ↔ us; the outcome is unknown"
    )


def test_a_conflict_says_whether_it_is_of_a_stream_or_of_a_record() -> None:
    record = errors.RecordConflict([("lease/mailer", 3, 4)])
    assert isinstance(record, errors.VersionConflict)
    assert str(record) == "record 'lease/mailer' is at version 4, expected 3"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for name, cls in inspect.getmembers(errors, inspect.isclass):
        if issubclass(cls, errors.EventlabError):
            assert f" {name} " in drawn.replace("\n", " \n"), f"{name} is missing in the drawing"


def test_every_error_says_what_its_caller_may_do() -> None:
    kinds = (errors.Retriable, errors.GiveUp, errors.UnknownOutcome, errors.SimulationError)
    for name, cls in inspect.getmembers(errors, inspect.isclass):
        if issubclass(cls, errors.EventlabError) and cls is not errors.EventlabError:
            assert sum(issubclass(cls, kind) for kind in kinds) == 1, name


def test_a_wrong_value_that_cannot_be_shown_is_no_error_of_its_own() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    said = str(errors.InvalidValue("tree", deep, "one that is flat"))
    assert said.startswith("tree is <list object at 0x") and said.endswith("; expected one that is flat")


def test_of_a_wrong_value_as_long_as_a_book_the_beginning_is_shown() -> None:
    assert str(errors.InvalidValue("book", "a" * 5_000, "a title")) == f"book is '{'a' * 999}…; expected a title"

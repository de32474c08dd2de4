from __future__ import annotations

from eventlab.checks.isolation import read_committed, strict_serializable
from eventlab.checks.recorded import recorded
from eventlab.checks.transactions import Transaction
from eventlab.history import Entry
from eventlab.hooks import CommandAttempted, EventsAppended, OperationEnded, OperationInvoked


def attempted(outcome: str, *, written: tuple[tuple[str, int], ...] = (), store: str = "till") -> CommandAttempted:
    return CommandAttempted("Sell", 1, outcome, (("show", 3),), (), None, 0.5, store, written)


def appended(*versions: tuple[str, int], store: str = "till") -> EventsAppended:
    return EventsAppended(store, 9, tuple((stream, version, "sold") for stream, version in versions))


SOLD = (("show", 4), ("show", 5))
READ = (("show", 3),)


def test_an_attempt_that_wrote_is_one_transaction_with_its_append() -> None:
    entries = [Entry(1.2, "ada", appended(*SOLD)), Entry(1.5, "ada", attempted("written", written=SOLD))]
    assert recorded(entries) == [Transaction("T1", READ, SOLD, "ok", "Sell on ada", 1.0, 1.5)]


def test_an_attempt_that_wrote_nothing_has_read_and_one_that_conflicted_has_not() -> None:
    outcomes = ("unchanged", "conflict", "refused", "repeated")
    entries = [Entry(1.5, "ada", attempted(outcome)) for outcome in outcomes]
    assert recorded(entries) == [
        Transaction("T1", READ, (), "ok", "Sell on ada", 1.0, 1.5),
        Transaction("T2", READ, (), "ok", "Sell on ada", 1.0, 1.5),
    ]


def test_an_attempt_whose_end_nobody_knows_took_effect_if_its_append_is_there() -> None:
    lost = Entry(1.5, "ada", attempted("unknown", written=SOLD))
    assert recorded([lost]) == [Transaction("T1", READ, SOLD, "unknown", "Sell on ada", 1.0)]
    assert recorded([lost, Entry(1.7, "till", appended(*SOLD))]) == [
        Transaction("T1", READ, SOLD, "ok", "Sell on ada", 1.0)
    ]


def test_an_append_belongs_to_whoever_says_that_it_made_it_and_not_to_those_who_were_asked_before() -> None:
    failed = [Entry(at, "ada", attempted("failed", written=SOLD)) for at in (1.0, 2.0)]
    sold = [Entry(3.2, "till", appended(*SOLD)), Entry(3.5, "ada", attempted("written", written=SOLD))]
    assert [each.outcome for each in recorded([*failed, *sold])] == ["unknown", "unknown", "ok"]
    assert strict_serializable(recorded([*failed, *sold])).valid is True


def test_an_append_is_of_no_attempt_where_it_may_be_of_two_and_of_none_that_began_later() -> None:
    first, second = (Entry(at, "ada", attempted("failed", written=SOLD)) for at in (1.0, 2.0))
    late = Entry(2.9, "till", appended(*SOLD))
    assert [each.outcome for each in recorded([first, second, late])] == ["unknown", "unknown", "ok"]
    early = Entry(0.9, "till", appended(*SOLD))
    assert [each.outcome for each in recorded([early, first, second])] == ["ok", "unknown"]


def test_an_append_of_nobody_is_a_transaction_that_read_nothing() -> None:
    assert recorded([Entry(1.7, "till", appended(*SOLD))]) == [
        Transaction("T1", (), SOLD, "ok", "an append on till", None, 1.7)
    ]


def test_an_append_of_nobody_took_effect_before_what_began_later() -> None:
    stocked = Entry(1.0, "till", appended(("show", 4)))
    stale, fresh = Entry(5.0, "ada", attempted("unchanged")), Entry(1.2, "ada", attempted("unchanged"))
    assert strict_serializable(recorded([stocked, fresh])).valid is True
    assert strict_serializable(recorded([stocked, stale])).valid is False


def test_a_version_that_was_appended_twice_by_nobody_has_two_writers() -> None:
    assert read_committed(recorded([Entry(at, "till", appended(("show", 4))) for at in (1.0, 2.0)])).valid is False


def test_streams_of_several_stores_are_kept_apart() -> None:
    entries = [
        Entry(1.5, "ada", attempted("written", written=SOLD)),
        Entry(1.5, "bob", attempted("written", written=SOLD, store="desk")),
    ]
    assert [each.writes for each in recorded(entries)] == [
        (("till:show", 4), ("till:show", 5)),
        (("desk:show", 4), ("desk:show", 5)),
    ]


def test_operations_on_transactions_are_transactions_too() -> None:
    entries = [
        Entry(1.0, "", OperationInvoked(1, "client-1", "transaction", "", [["w", "show", None]])),
        Entry(2.0, "", OperationEnded(1, "ok", [["w", "show", 4]])),
    ]
    assert recorded(entries) == [Transaction("T1", (), (("show", 4),), "ok", "client-1", 1.0, 2.0)]

"""What is counted is what happened, once; services and labels are kept apart, and only so many of them."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from eventlab import hooks
from eventlab.commands import ConflictRetry, execute
from eventlab.errors import InvalidValue, VersionConflict
from eventlab.resilience import State
from eventlab.resilience.backoff import Constant
from eventlab.runtime import on_node
from eventlab.simulation import World
from eventlab.telemetry import Metrics, Scrapes
from eventlab.telemetry.families import BREAKER_STATES
from tests.unit.commands.bank import ALICE, BOB, ContestedStore, Transfer
from tests.unit.telemetry.exposition import Samples, named, told


def test_a_command_that_failed_is_a_command_too() -> None:
    metrics = Metrics("orders")
    metrics.record_command_executed("Reserve", 0.02, True)
    metrics.record_command_executed("Reserve", 0.04, False, kind="refused")
    found = told(metrics.samples())
    assert named(found, "eventcore_commands_total") == {("Reserve",): 2}
    assert named(found, "eventcore_command_errors_total") == {("Reserve", "refused"): 1}
    assert named(found, "eventcore_command_duration_seconds_sum") == {("Reserve",): pytest.approx(0.06)}
    assert named(found, "eventcore_command_duration_seconds_bucket")["Reserve", "0.025"] == 1
    assert named(found, "eventcore_command_duration_seconds_bucket")["Reserve", "+Inf"] == 2


def contested(rivals: int) -> Samples:
    """The samples after a command with so many rivals: three attempts at most, half a second after each conflict."""
    metrics = Metrics("bank")

    async def main() -> None:
        store = ContestedStore()
        await store.deposit(ALICE, 100)
        store.rival.moves = [lambda: store.deposit(ALICE, 1)] * rivals
        with contextlib.suppress(VersionConflict):
            await execute(store, Transfer(ALICE, BOB, 30), retry=ConflictRetry(3, Constant(0.5)))

    with World(seed=1) as world, metrics.listening():
        world.run(main)
    return told(metrics.samples())


@pytest.mark.parametrize(
    ("rivals", "attempts", "retries", "took_s", "errors"),
    [(0, 1, 0, 0.0, {}), (2, 3, 2, 1.0, {}), (3, 3, 2, 1.0, {("Transfer", "conflict"): 1})],
)
def test_a_command_counts_once_with_all_its_attempts_and_pauses(
    rivals: int, attempts: int, retries: int, took_s: float, errors: dict[tuple[str, ...], float]
) -> None:
    found = contested(rivals)
    assert named(found, "eventcore_commands_total") == {("Transfer",): 1}
    assert named(found, "eventcore_command_attempts_total") == {("Transfer",): attempts}
    assert named(found, "eventcore_command_retries_total").get(("Transfer",), 0) == retries
    assert named(found, "eventcore_command_conflicts_total").get(("Transfer",), 0) == rivals
    assert named(found, "eventcore_command_duration_seconds_sum") == {("Transfer",): pytest.approx(took_s)}
    assert named(found, "eventcore_command_errors_total") == errors


def test_two_commands_of_one_type_at_a_time_keep_their_own_beginnings() -> None:
    scrapes = Scrapes(metrics := Metrics("bank"), 100)
    attempts = [
        (1.0, 1, "conflict", 0.5),
        (2.0, 1, "conflict", 0.1),
        (2.2, 2, "written", None),
        (9.0, 1, "written", None),
    ]
    for at_s, number, outcome, backoff_s in attempts:
        what = hooks.CommandAttempted("Transfer", number, outcome, backoff_s=backoff_s, duration_s=0.1)
        metrics.take(what, at_s=at_s, node="a")
    found = told(scrapes.go_on_to(100).rows[0][1])
    assert named(found, "eventcore_command_duration_seconds_sum") == {("Transfer",): pytest.approx(0.3 + 0.1)}


class Name(str):
    """A text that is looked up slowly, and notes how many threads are looking it up at a time."""

    inside: ClassVar[list[int]] = []
    most: ClassVar[int] = 0

    def __hash__(self) -> int:
        Name.inside.append(1)
        Name.most = max(Name.most, len(Name.inside))
        for _ in range(1000):
            pass  # the interpreter looks whether somebody else's turn has come at the end of each round
        Name.inside.pop()
        return str.__hash__(self)


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_what_is_done_on_eight_threads_is_counted_in_full_while_another_scrapes() -> None:
    metrics, done, together = Metrics("orders"), threading.Event(), threading.Barrier(8)
    seen: list[float] = []

    def scrape() -> None:
        while not done.is_set():
            seen.append(sum(named(told(metrics.scraped()), "eventcore_events_published_total").values()))

    def work() -> None:
        together.wait()
        for _ in range(50):
            metrics.record_event_published(Name("Placed"))

    scraper, workers = threading.Thread(target=scrape), [threading.Thread(target=work) for _ in range(8)]
    for thread in (scraper, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    scraper.join()
    assert named(told(metrics.samples()), "eventcore_events_published_total") == {("Placed",): 400}
    assert (Name.most, seen) == (1, sorted(seen))


def test_of_a_label_only_so_many_values_are_told_apart() -> None:
    metrics = Metrics("orders", values_max=3)
    for number in range(10):
        metrics.record_command_executed(f"Command-{number % 5}", 0.01, True)
    found = told(metrics.samples())
    assert named(found, "eventcore_commands_total") == {
        ("Command-0",): 2,
        ("Command-1",): 2,
        ("Command-2",): 2,
        ("other",): 4,
    }
    assert named(found, "eventcore_labels_folded_total") == {("command_type",): 8}  # also those of the histogram


def test_a_breaker_is_in_one_state() -> None:
    metrics = Metrics("orders")
    for after in ("open", "half-open", "open"):
        metrics.take(hooks.BreakerChanged("payments", "?", after, "a test"), at_s=0, node="a")
    found = told(metrics.samples())
    assert named(found, "eventcore_breaker_state") == {
        ("payments", state): float(state == "open") for state in BREAKER_STATES
    }
    assert named(found, "eventcore_breaker_transitions_total") == {
        ("payments", "half-open"): 1,
        ("payments", "open"): 2,
    }


def test_the_states_of_breakers_are_those_that_breakers_have() -> None:
    assert tuple(state.value for state in State) == BREAKER_STATES


def test_a_saga_is_where_its_log_says_and_ends_once() -> None:
    metrics, seen = Metrics("orders"), []
    moves = [
        ("s1", "started"),
        ("s1", "requested"),
        ("s2", "started"),
        ("s2", "compensating"),
        ("s2", "compensation_requested"),
        ("s1", "completed"),
        ("s2", "stuck"),
        ("s2", "compensation_requested"),
        ("s2", "compensation_completed"),
    ]
    for saga, phase in moves:
        metrics.take(hooks.SagaMoved(saga, "checkout", phase), at_s=0, node="a")
        states = named(told(metrics.samples()), "eventcore_sagas")
        seen.append(tuple(states["checkout", state] for state in ("running", "compensating", "stuck")))
    assert seen == [
        (1, 0, 0),
        (1, 0, 0),
        (2, 0, 0),
        (1, 1, 0),
        (1, 1, 0),
        (0, 1, 0),
        (0, 0, 1),
        (0, 1, 0),
        (0, 0, 0),
    ]
    ended = named(told(metrics.samples()), "eventcore_sagas_ended_total")
    assert ended == {("checkout", "completed"): 1, ("checkout", "compensated"): 1}


def test_a_rejected_call_took_no_time_and_a_retry_is_a_call() -> None:
    metrics = Metrics("orders")
    for number, outcome in ((1, "unknown"), (2, "rejected"), (3, "ok")):
        started = hooks.CallStarted(number, "orders", "payments", "Pay", attempt=number)
        ended = hooks.CallEnded(number, "orders", "payments", "Pay", outcome, 0.2 * (outcome != "rejected"))
        metrics.take(started, at_s=0, node="orders")
        metrics.take(ended, at_s=0, node="orders")
    metrics.take(hooks.CallRejected("payments", "bulkhead", "full"), at_s=0, node="orders")
    found = told(metrics.samples())
    assert named(found, "eventcore_calls_total") == {
        ("ok", "payments"): 1,
        ("rejected", "payments"): 1,
        ("unknown", "payments"): 1,
    }
    assert named(found, "eventcore_call_duration_seconds_count") == {("payments",): 2}
    assert named(found, "eventcore_call_retries_total") == {("payments",): 2}
    assert named(found, "eventcore_rejections_total") == {("bulkhead", "payments"): 1}


def services(metrics: Metrics) -> dict[str, float]:
    return {
        dict(sample.labels)["service"]: sample.value
        for sample in metrics.samples()
        if sample.name == "eventcore_events_published_total"
    }


def test_each_service_counts_what_happens_on_its_own_node() -> None:
    orders, payments, every = Metrics("orders"), Metrics("payments"), Metrics()
    with orders.listening(node="orders"), payments.listening(node="payments"), every.listening():
        for node, count in (("orders", 2), ("payments", 3)):
            with on_node(node):
                hooks.emit(hooks.EventsAppended(node, count, (("a-1", 1, "Paid"),) * count))
    assert (services(orders), services(payments)) == ({"orders": 2}, {"payments": 3})
    assert services(every) == {"orders": 2, "payments": 3}


def test_a_node_that_is_down_is_a_service_that_is_not_healthy() -> None:
    metrics, seen = Metrics(), []
    for state in ("up", "paused", "resumed", "slowed", "crashed", "up"):
        metrics.take(hooks.NodeChanged("orders", state, 1), at_s=0, node="world")
        seen.append(named(told(metrics.samples()), "eventcore_service_health")[()])
    assert seen == [1, 0, 1, 1, 0, 1]


def test_what_is_recorded_by_hand_counts_for_the_node_where_no_service_is_named() -> None:
    metrics = Metrics()
    with on_node("payments"):
        metrics.record_event_published("Paid")
    assert services(metrics) == {"payments": 1}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Metrics(""), "Metrics.service is ''; expected a name, or None for that of each node"),
        (lambda: Metrics("a", values_max=0), "Metrics.values_max is 0; expected 1 or more"),
        (
            lambda: Metrics("a").record_command_executed("A", 0.1, False, kind="odd"),
            "kind is 'odd'; expected one of cancelled, conflict, failed, refused, unknown",
        ),
        (
            lambda: Metrics("a").record_command_executed("A", float("nan"), True),
            "duration_s is nan; expected a number of seconds, 0 or more",
        ),
        (
            lambda: Metrics("a").record_command_executed("A", -1.0, True),
            "duration_s is -1.0; expected a number of seconds, 0 or more",
        ),
        (
            lambda: Metrics("a").record_event_consumed("A", float("nan")),
            "lag_s is nan; expected a number of seconds",
        ),
        (lambda: Scrapes(Metrics("a"), 0), "every_s is 0; expected a finite number of seconds above 0"),
    ],
)
def test_what_cannot_be_is_refused(make: object, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        make()  # type: ignore[operator]
    assert str(caught.value) == says

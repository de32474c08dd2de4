"""Setting aside a saga and the sagas within it, each with who and why."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from eventlab.sagas import Saga, SagaEngine, Status, Step, retriable, savepoint, step, subsaga
from eventlab.sagas.step import Kind, StepContext
from eventlab.store import open_store
from eventlab.store.archive import StreamArchived
from tests.cli.sagas import URL, saga, story
from tests.unit.sagas.toys import Toys, in_world

pytestmark = pytest.mark.usefixtures("sagas")

WHO = ("--by", "ada", "--why", "of last year")
LEFT = "Steps of it that are sagas themselves stay listed, until each is purged too, or all by --children:"
ALL = ["tour", "tour.flight", "tour.flight.2", "tour.flight.leg", "tour.flight.2.leg"]


async def done(ctx: StepContext) -> None: ...


def make_tour() -> None:
    """A saga that was undone, with a child and a child of that, each of two rounds."""
    toys = Toys(refuse="b")
    leg = subsaga("leg", Saga("leg", [step("c", done)]), lambda ctx: {})
    flight = subsaga("flight", Saga("flight", [leg]), lambda ctx: {})
    run([savepoint("here"), flight, toys.step("b")])


def make_stuck_tour() -> None:
    """A saga that is stuck because the one within it is."""
    toys = Toys(unreachable={"c": 999})
    leg = Saga("flight", [retriable("c", toys.forward("c"), stuck_after_s=5.0)])
    run([subsaga("flight", leg, lambda ctx: {}, kind=Kind.RETRIABLE, stuck_after_s=60.0)])


def run(steps: Sequence[Step]) -> None:
    async def main() -> None:
        store = open_store(URL)
        await SagaEngine(store, [Saga("tour", steps)]).run("tour", "tour", {})
        await store.close()

    in_world(main)


def set_aside() -> dict[str, str]:
    """Which of the tour's sagas were, in that order, and with what reason."""

    async def main() -> dict[str, str]:
        store = open_store(URL)
        found = [stored for stored in await store.read_all(limit=9999) if isinstance(stored.event, StreamArchived)]
        await store.close()
        assert {stored.metadata.actor for stored in found} <= {"ada"}
        return {stored.stream.removeprefix("saga-"): stored.event.reason for stored in found}

    return in_world(main)


def test_with_children_all_go_at_once_from_within_and_each_log_says_who_and_why() -> None:
    make_tour()
    told = saga("purge", URL, "tour", "--children", *WHO)
    assert (told.code, told.err, told.out.splitlines()[1:]) == (
        0, "", [f"set aside with it, as steps of it or of those: {', '.join(ALL[1:])}"],
    )  # fmt: skip
    why = "of last year (by ada)"
    assert list(set_aside()) == ALL[::-1]
    assert set_aside() == {"tour": why} | dict.fromkeys(ALL[1:], "of last year (by ada, with saga tour)")
    assert "tour" not in saga("list", URL).out
    again = saga("purge", URL, "tour", "--children", *WHO)
    assert (again.code, again.err) == (1, "cannot purge saga 'tour': it has been set aside already\n")


def test_for_programs_it_says_which_went_with_it_and_which_stay() -> None:
    make_tour()
    first = json.loads(saga("purge", URL, "tour", *WHO, "--json").out)
    assert (first["is_changed"], first["children"], first["left"]) == (True, [], ALL[1:3])
    second = json.loads(saga("purge", URL, "tour", "--children", *WHO, "--json").out)  # what was left by the first
    assert (second["is_changed"], second["children"], second["left"]) == (True, ALL[:0:-1], [])


def test_what_a_purge_left_behind_is_purged_by_asking_again_with_children() -> None:
    make_tour()
    saga("purge", URL, "tour", *WHO)
    told = saga("purge", URL, "tour", "--children", *WHO)
    assert (told.code, told.out) == (0, f"set aside with it, as steps of it or of those: {', '.join(ALL[1:])}\n")


def test_with_children_and_force_a_saga_that_is_stuck_within_is_given_up_with_it() -> None:
    make_stuck_tour()
    assert saga("purge", URL, "tour", "--children", *WHO).code == 1
    assert saga("purge", URL, "tour", "--children", "--force", *WHO).code == 0
    for each in ("tour", "tour.flight"):
        told = story(each)
        assert (told.status, told.is_set_aside, told.verbs[-1].by) == (Status.ABANDONED, True, "ada")


def test_while_any_within_is_under_way_nothing_is_set_aside() -> None:
    make_stuck_tour()
    saga("purge", URL, "tour", "--force", *WHO)
    saga("retry", URL, "tour.flight", *WHO)
    before = set_aside()
    told = saga("purge", URL, "tour", "--children", "--force", *WHO)
    refused = "cannot purge saga 'tour': saga 'tour.flight' within it is running; wait for its end, or cancel it\n"
    assert (told.code, told.err) == (1, refused)
    assert set_aside() == before == {"tour": "of last year (by ada)"}


def test_while_any_within_is_stuck_it_takes_force() -> None:
    make_stuck_tour()
    saga("purge", URL, "tour", "--force", *WHO)
    told = saga("purge", URL, "tour", "--children", *WHO)
    refused = "saga 'tour.flight' within it is stuck; --force gives it up as it is before"
    assert (told.code, told.err.splitlines()[0]) == (1, f"cannot purge saga 'tour': {refused}")
    assert not story("tour.flight").is_set_aside


@pytest.mark.parametrize(("stuck_at", "child_id"), [("undo a", "tour.flight"), ("undo a#2", "tour.flight.2")])
def test_what_a_saga_under_way_may_yet_have_to_undo_is_not_purged(stuck_at: str, child_id: str) -> None:
    """A child has completed, in the first round or in the second, and its parent is still being undone."""

    async def main() -> None:
        store, toys = open_store(URL), Toys(refuse="b", unreachable={stuck_at: 999})
        flight = subsaga("flight", Saga("flight", [toys.step("c")]), lambda ctx: {})
        steps = [savepoint("here"), flight, toys.step("a"), toys.step("b")]
        await SagaEngine(store, [Saga("tour", steps)]).run("tour", "tour", {})
        await store.close()

    in_world(main)
    told = saga("purge", URL, child_id, *WHO)
    refused = f"cannot purge saga '{child_id}': it is a step of saga 'tour', which is stuck\n"
    assert (told.code, told.err) == (1, refused)  # and no advice to purge it


def test_purging_tells_which_steps_are_sagas_that_stay_and_by_which_commands_all_are_gone() -> None:
    """What is told is typed, until nothing more is told."""
    make_tour()
    typed, waiting = [], ["eventlab saga purge sqlite:///trips.db tour --why"]
    for command in waiting:
        told = saga(*command.removeprefix("eventlab saga ").split()[:-1], *WHO)
        assert told.code == 0
        typed.append(command.split()[4])
        said = told.out.splitlines()[1:]
        assert said[:1] in ([], [LEFT])
        waiting += [line.strip().removesuffix(' "…"') for line in said[1:]]
    assert typed == ["tour", "tour.flight", "tour.flight.2", "tour.flight.leg", "tour.flight.2.leg"]
    assert "tour" not in saga("list", URL).out


def test_of_a_step_that_is_a_stuck_saga_it_is_told_that_purging_it_takes_force() -> None:
    make_stuck_tour()
    told = saga("purge", URL, "tour", "--force", *WHO)
    assert (told.code, told.out.splitlines()[2:]) == (
        0, ['  eventlab saga purge sqlite:///trips.db tour.flight --force --why "…"'],
    )  # fmt: skip

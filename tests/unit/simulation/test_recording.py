"""What was recorded, as tables."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pandas as pd

from eventlab import hooks
from eventlab.history import Entry, operation
from eventlab.simulation import Constant, Link, Recording, World


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, with None for what is empty."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def test_a_world_gives_its_operations_messages_and_nodes_as_tables() -> None:
    world = World()
    world.network.set_latency(Constant(0.5))
    a, b = world.node("a"), world.node("b")

    async def main() -> None:
        with operation("ada", "send", "ball", 3) as op:
            world.network.send("a", "b", "ball")
            await b.inbox.get()
            op.returns("caught")
        with world.network.partition(["a"], ["b"]):
            world.network.send("a", "b", "ball")
        world.network.send("b", "a", "ball")
        a.crash()

    with world.recording() as run:
        world.run(main)
    assert records(run.operations) == [
        {
            "process": "ada", "operation": "send", "subject": "ball", "value": 3, "outcome": "ok",
            "result": "caught", "invoked_s": 0.0, "ended_s": 0.5, "duration_s": 0.5,
        },
    ]  # fmt: skip
    assert next(run.messages.itertuples(index=False, name=None)) == (
        1, pd.NA, "a", "b", "str", "arrived", "", 0.0, 0.5, 0.5,
    )  # fmt: skip
    assert [(row["outcome"], row["reason"], row["ended_s"]) for row in records(run.messages)] == [
        ("arrived", "", 0.5),
        ("lost", "a ↔ b", 0.5),
        ("in flight", "", None),
    ]
    assert [tuple(row.values()) for row in records(run.nodes)] == [(0.5, "a", "crashed", 1, 1.0, None, None)]


def test_the_table_of_nodes_tells_how_slow_they_are_and_how_wrong_their_clocks() -> None:
    world = World()
    node = world.node("a")

    async def main() -> None:
        with node.slow(5):
            await asyncio.sleep(1)
        node.clock.offset_s = 3

    with world.recording() as run:
        world.run(main)
    assert [tuple(row.values()) for row in records(run.nodes)] == [
        (0, "a", "slowed", 1, 5, None, None),
        (1, "a", "restored", 1, 1, None, None),
        (1, "a", "clock changed", None, None, 3, 0),
    ]


def test_faults_that_hold_have_no_end_and_equal_ones_end_in_the_order_in_which_they_began() -> None:
    cut = ("partition", "a ↔ b")
    run = Recording(
        [
            Entry(1, "local", hooks.FaultBegan(*cut)),
            Entry(2, "local", hooks.FaultBegan(*cut)),
            Entry(3, "local", hooks.StorageChanged("orders", "stall", True)),
            Entry(4, "local", hooks.FaultEnded(*cut)),
            Entry(5, "local", hooks.StorageChanged("orders", "stall", False)),
            Entry(6, "local", hooks.FaultEnded("crash", "never told to begin")),
        ]
    )
    assert [tuple(row.values()) for row in records(run.faults)] == [
        ("partition", "a ↔ b", 1, 4, 3),
        ("partition", "a ↔ b", 2, None, None),
        ("stall", "orders", 3, 5, 2),
    ]


def test_a_message_that_arrives_twice_has_arrived_when_it_did_first() -> None:
    sent, arrived = hooks.MessageSent(1, "a", "b", "str"), hooks.MessageArrived(1)
    run = Recording([Entry(1, "a", sent), Entry(2, "b", arrived), Entry(5, "b", arrived)])
    assert list(run.messages["ended_s"]) == [2]


def test_a_copy_that_the_network_made_is_a_message_of_its_own() -> None:
    world = World()
    world.network.links.default = Link(Constant(1), duplication=1.0)
    world.node("a")

    async def main() -> None:
        world.network.send("a", "a", "ball")
        await asyncio.sleep(5)

    with world.recording() as run:
        world.run(main)
    rows = records(run.messages)
    assert [row["copy_of"] for row in rows] == [None, rows[0]["id"]]
    assert [row["outcome"] for row in rows] == ["arrived", "arrived"]


def test_calls_are_told_with_their_attempt_and_without_an_end_they_are_unanswered() -> None:
    run = Recording(
        [
            Entry(1, "a", hooks.CallStarted(1, "a", "b", "Work", "k")),
            Entry(2, "a", hooks.CallEnded(1, "a", "b", "Work", "unavailable", 1.0, "cut")),
            Entry(3, "a", hooks.CallStarted(2, "a", "b", "Work", "k", 2)),
        ]
    )
    assert [tuple(row.values()) for row in records(run.calls)] == [
        (1, "a", "b", "Work", "k", 1, "unavailable", "cut", 1, 2, 1),
        (2, "a", "b", "Work", "k", 2, "unanswered", "", 3, None, None),
    ]


def test_an_empty_recording_has_all_its_columns() -> None:
    run = Recording([])
    tables = (run.operations, run.calls, run.messages, run.faults, run.nodes, run.storage)
    assert [(len(table), len(table.columns)) for table in tables] == [(0, 9), (0, 11), (0, 10), (0, 5), (0, 7), (0, 6)]
    assert all(table[name].dtype == "float64" for table in tables for name in table if name.endswith("_s"))


def test_the_documentation_of_a_table_names_its_columns() -> None:
    for name in ("operations", "calls", "messages", "faults", "nodes", "storage"):
        columns = ", ".join(getattr(Recording([]), name).columns)
        assert columns in " ".join(getattr(Recording, name).__doc__.split())


def test_a_file_tells_what_the_world_told(tmp_path: Path) -> None:
    async def main() -> None:
        with operation("ada", "wait", "x"):
            await asyncio.sleep(1)

    world = World()
    with world.recording() as run:
        world.run(main)
    run.save(tmp_path / "run.jsonl")
    assert Recording.load(tmp_path / "run.jsonl").operations.equals(run.operations)


def test_times_are_the_worlds_own_also_between_two_runs() -> None:
    world = World()
    node = world.node("a")
    with world.recording(limit=1) as run:
        world.run(asyncio.sleep(7))
        node.crash()
    assert [(entry.at, entry.what) for entry in run.entries] == [(7.0, hooks.NodeChanged("a", "crashed", 1))]

"""The recorder: off, bounded, full, chosen, or into a file."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from pathlib import Path

import pytest

from eventlab import history, hooks
from eventlab.errors import InvalidValue
from eventlab.hooks import MessageArrived, MessageLost, NodeChanged
from eventlab.simulation import Recorder, World


def told(recorder: Recorder, count: int = 5) -> list[hooks.Happening]:
    """What of *count* arrivals and as many losses the recorder holds."""
    with recorder.recording():
        for number in range(count):
            hooks.emit(MessageArrived(number))
            hooks.emit(MessageLost(number, "cut"))
    return [entry.what for entry in recorder.entries]


def test_a_bounded_recorder_keeps_the_latest_and_one_that_is_off_nothing() -> None:
    assert told(Recorder(limit=3)) == [MessageLost(3, "cut"), MessageArrived(4), MessageLost(4, "cut")]
    assert told(Recorder(limit=0)) == []
    assert len(told(Recorder())) == 10


def test_a_recorder_that_is_off_costs_what_nobody_listening_costs() -> None:
    with Recorder(limit=0).recording():
        assert not hooks.listening


def test_what_a_recorder_keeps_the_collector_need_not_look_at() -> None:
    gc.collect()
    gc.disable()
    try:
        before, recorder = len(gc.get_objects()), Recorder()
        told(recorder, 1000)
        assert len(recorder) == 2000
        assert len(gc.get_objects()) - before < 100
    finally:
        gc.enable()


def test_kinds_can_be_chosen_and_left_out() -> None:
    assert told(Recorder(only=[MessageLost], limit=1)) == [MessageLost(4, "cut")]
    assert told(Recorder(only=[MessageLost, NodeChanged]), 1) == [MessageLost(0, "cut")]
    assert told(Recorder(without=[MessageLost]), 1) == [MessageArrived(0)]
    assert told(Recorder(only=[MessageLost], without=[MessageLost])) == []


def test_small_things_are_heard_by_who_listens_closely() -> None:
    small = hooks.StorageOperated("a", "read", "ok", 0.1)
    near, far = Recorder(closely=True), Recorder()
    with near.recording(), far.recording():
        assert hooks.listening_closely
        hooks.emit_closely(small)
        hooks.emit(MessageArrived(1))
    assert not hooks.listening_closely
    assert [entry.what for entry in near.entries] == [small, MessageArrived(1)]
    assert [entry.what for entry in far.entries] == [MessageArrived(1)]


def test_a_file_holds_what_memory_would_have_held(tmp_path: Path) -> None:
    whole, filed = Recorder(), Recorder(to=tmp_path / "run.jsonl")

    async def main() -> None:
        for number in range(1234):
            await asyncio.sleep(0.001)
            hooks.emit(MessageArrived(number))
            if number == 1100:  # more than a page
                assert filed.entries == history.from_lines(history.to_lines(whole.entries))

    with World() as world, whole.recording(), filed.recording():
        world.run(main)
    assert (tmp_path / "run.jsonl").read_bytes() == history.to_lines(whole.entries)
    assert len(filed) == len(whole) == 1234


def test_a_second_block_goes_on_with_the_file_and_a_second_recorder_begins_it_anew(tmp_path: Path) -> None:
    recorder = Recorder(to=tmp_path / "run.jsonl")
    for _ in range(2):
        told(recorder, 1)
    assert len(recorder.entries) == 4
    assert len(told(Recorder(to=tmp_path / "run.jsonl"), 1)) == 2


def test_what_went_wrong_in_the_block_does_not_keep_the_file_from_being_whole(tmp_path: Path) -> None:
    recorder = Recorder(to=tmp_path / "run.jsonl")
    with pytest.raises(KeyError), recorder.recording():
        hooks.emit(MessageArrived(1))
        raise KeyError("x")
    assert [entry.what for entry in history.read(tmp_path / "run.jsonl")] == [MessageArrived(1)]


@pytest.mark.parametrize("bounded", [{"limit": 100}, {"limit": 0}, {"to": "run.jsonl"}], ids=str)
def test_bounded_or_off_nothing_grows_with_what_happens(bounded: dict[str, object], tmp_path: Path) -> None:
    if "to" in bounded:
        bounded = {"to": tmp_path / "run.jsonl"}
    sizes: list[int] = []

    def emit(count: int) -> None:
        for number in range(count):
            if hooks.listening:
                hooks.emit(MessageArrived(number))
        sizes.append(tracemalloc.get_traced_memory()[0])

    with Recorder(**bounded).recording():  # type: ignore[arg-type]
        tracemalloc.start()
        try:
            emit(2000)
            emit(10_000)
        finally:
            tracemalloc.stop()
    assert (sizes[1] - sizes[0]) / 10_000 < 1


def test_a_limit_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"Recorder.limit is -1; expected"):
        Recorder(limit=-1)
    with pytest.raises(InvalidValue, match=r"Recorder.limit is 5; expected None"):
        Recorder(limit=5, to=tmp_path / "run.jsonl")

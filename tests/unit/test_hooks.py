"""What happens is told to whoever listens, and costs nothing when nobody does."""

from __future__ import annotations

import msgspec
import pytest

from eventlab import hooks


def test_listeners_hear_in_the_order_in_which_they_came_and_only_within_their_block() -> None:
    heard: list[tuple[str, hooks.Happening]] = []
    arrived = hooks.MessageArrived(1)
    with hooks.listen(lambda what: heard.append(("first", what))):
        with hooks.listen(lambda what: heard.append(("second", what))):
            assert hooks.listening
            hooks.emit(arrived)
        hooks.emit(arrived)
    assert not hooks.listening
    assert heard == [("first", arrived), ("second", arrived), ("first", arrived)]


def test_one_listener_twice_is_told_twice_and_leaves_once() -> None:
    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        with hooks.listen(heard.append):
            pass
        hooks.emit(hooks.MessageArrived(1))
    assert len(heard) == 1


def test_records_are_frozen() -> None:
    with pytest.raises(AttributeError):
        hooks.MessageArrived(1).id = 2  # type: ignore[misc]


def test_every_record_has_a_kind_of_its_own_in_words() -> None:
    kinds = [
        msgspec.json.decode(msgspec.json.encode(msgspec.inspect.type_info(cls).cls.__struct_config__.tag))
        for cls in hooks.Happening.__subclasses__()
    ]  # type: ignore[attr-defined]
    assert len(kinds) == len(set(kinds))
    assert {"saga_moved", "breaker_changed", "events_appended"} <= set(kinds)

"""What may be said of a stream before writing to it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from eventlab.codec import event
from eventlab.errors import InvalidValue
from eventlab.store import MemoryStore
from eventlab.store.expectations import validated
from eventlab.testing import run


@event("tests.expectations.Said")
@dataclass(frozen=True, slots=True)
class Said:
    word: str


@pytest.mark.parametrize("truth", [False, True])
def test_a_truth_value_is_no_version(truth: bool) -> None:
    """`expect={"a-1": False}` was meant as "there is none", and would be read as version 0."""

    async def main() -> None:
        store = MemoryStore()
        if truth:
            await store.append([("a-1", Said("one"))])
        before = await store.read_all()
        with pytest.raises(InvalidValue, match=f"stream 'a-1' is {truth}; expected a version"):
            await store.append([("a-1", Said("more"))], expect={"a-1": truth})
        assert await store.read_all() == before

    run(main())


def test_versions_count_from_zero() -> None:
    assert [validated("a-1", version) for version in (0, 1, 7)] == [0, 1, 7]
    with pytest.raises(InvalidValue, match="a version from 0 on"):
        validated("a-1", -1)

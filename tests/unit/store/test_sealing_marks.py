"""Personal data goes into no store in the clear, and no keys but its own open or seal what a store holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from eventlab.codec import EVENTS, Personal
from eventlab.errors import PersonalUnsealed
from eventlab.store import open_store
from eventlab.testing import run

from .personal import TableBooked, ann


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/log.db", "sqlite:///{}/log.db?synchronous=NORMAL"])
def test_a_store_without_keys_takes_nothing_personal(url: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(url.format(tmp_path))
        for personal in (ann(), TableBooked("ann", (), {})):
            for _ in range(2):
                with pytest.raises(PersonalUnsealed, match="in the clear for good"):
                    await store.append([("customer-1", personal)])
        assert await store.head() == 0
        await store.close()

    run(main())


def test_a_type_that_becomes_personal_is_refused_from_then_on() -> None:
    @dataclass(frozen=True)
    class Said:
        words: str

    @dataclass(frozen=True)
    class SaidBy:
        who: str
        words: Annotated[str, Personal("who", erased="")]

    EVENTS.register(Said, "tests.marks.Said", 1)

    async def main() -> None:
        store = open_store("memory:")
        await store.append([("a-1", Said("hello"))])
        EVENTS.register(SaidBy, "tests.marks.Said", 2)
        for refused in (Said("hello"), SaidBy("ann", "hello")):
            with pytest.raises(PersonalUnsealed, match="tests.marks.Said"):
                await store.append([("a-1", refused)])

    run(main())

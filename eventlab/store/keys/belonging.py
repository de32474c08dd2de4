"""Which keys a store is sealed with: a mark among its records, so that a mistyped path is told from an erasure."""

from __future__ import annotations

from ...errors import VersionConflict, WrongKeys
from ...runtime import secret_bytes
from ..records import Records
from .protocol import Keys

KIND, KEY = "sealing", "keys"
IDENTITY_BYTES = 16


def new_identity() -> str:
    return secret_bytes(IDENTITY_BYTES).hex()


class Belonging:
    """Whether *keys* are those of the store that has *records*; looked up until that is known, and then no more."""

    def __init__(self, store_name: str, records: Records, keys: Keys) -> None:
        self._store_name, self._records, self._keys = store_name, records, keys
        self._is_known = False

    async def check(self) -> None:
        """Raise WrongKeys if the store is sealed with other keys. A store without a mark may be anybody's."""
        if not self._is_known and (wanted := await self._mark()) is not None:
            self._compare(wanted, await self._keys.identity())

    async def settle(self) -> None:
        """As `check`; and from now on the store belongs to these keys."""
        if self._is_known:
            return
        wanted = await self._mark()
        if wanted is None:
            mine = await self._keys.identity(make=True) or ""
            try:
                await self._records.put(KIND, KEY, mine.encode(), version=0)
                wanted = mine
            except VersionConflict:  # somebody sealed for the first time just now, perhaps with other keys
                wanted = await self._mark() or ""
        self._compare(wanted, await self._keys.identity())

    async def _mark(self) -> str | None:
        record = await self._records.get(KIND, KEY)
        return None if record is None else record.value.decode()

    def _compare(self, wanted: str, found: str | None) -> None:
        if wanted != found:
            raise WrongKeys(self._store_name, wanted, self._keys.name, found)
        self._is_known = True

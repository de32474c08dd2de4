"""A store whose reads and appends take time, as they must if a conflict is ever to happen."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from .. import hooks
from ..errors import InvalidValue
from ..runtime import random_stream
from ..store import EventStore, Expectation, Metadata, PassingStore, PortableStore, Receipt, Records, StoredEvent
from ..store.model import KeptReceipt
from .damage import DamagedStore
from .disk import Disk
from .distributions import Constant, Distribution, check_distribution
from .loop import running_loop
from .slow_records import SlowRecords
from .telling import after, told
from .working import stretched_s

T = TypeVar("T")

READ = Constant(0.001)
APPEND = Constant(0.004)
"""What a read and an append take unless told otherwise: an SSD and a flush."""


class SimulatedStore(PassingStore):
    """Wraps any store with latency. To be woken by `changed` takes no time: it is no read.

    An append takes effect at the beginning or at the end of its time, drawn by chance: a node that
    crashes meanwhile has written nothing, or has written without having heard so.

    *on* is the disk below, with its queue and its faults. Bits of stored events flip by `flip_bit`; with
    *checksums* that is found when the event is read, and raises EventDamaged.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        read: Distribution = READ,
        append: Distribution = APPEND,
        on: Disk | None = None,
        checksums: bool = True,
    ) -> None:
        super().__init__(store)
        for name, latency in (("read", read), ("append", append)):
            check_distribution(f"SimulatedStore.{name} of {store.name!r}", latency)
        self._read, self._append = read, append
        self._draws: random.Random | None = None
        self._bare, self._device, self._checksums = store, on, checksums
        self._damage: DamagedStore | None = None

    @property
    def records(self) -> Records:
        return SlowRecords(self._bare, self._pause, self._flush, self._device)

    @property
    def disk(self) -> EventStore:
        """The store itself, without latency and damage: for final reads, when the world has settled."""
        return self._bare

    @property
    def device(self) -> Disk:
        """The disk below. A store that was made without one gets one of its own when it is first asked for it.

        What is under way at that moment is not held up by it.
        """
        if self._device is None:
            self._device = Disk(self.name)
        return self._device

    async def flip_bit(self, position: int, bit: int | None = None) -> None:
        """Flip a bit in the bytes of the event at *position*: the one named, or one drawn by chance. Takes no time.

        Raises InvalidValue where no event stands, and for a bit beyond its bytes.
        """
        damage = self._damage or DamagedStore(self._bare, checksums=self._checksums)
        await damage.flip(position, bit)
        self._store = self._damage = damage

    @asynccontextmanager
    async def flipped(self, stream: str | None = None) -> AsyncIterator[int | None]:
        """Flip a bit of some event until the block ends, of *stream* if that is named; the block is told its position.

        Event and bit are drawn by chance. None where no event is, or all are damaged. Takes no time.
        """
        damage = self._damage or DamagedStore(self._bare, checksums=self._checksums)
        position = await damage.flip_one(stream)
        if position is not None:
            self._store = self._damage = damage
        try:
            yield position
        finally:
            if position is not None and position in damage.damaged:
                damage.mend(position)

    @property
    def damaged(self) -> tuple[int, ...]:
        """The positions at which a bit is wrong, in the order in which they were struck."""
        return () if self._damage is None else self._damage.damaged

    def mend(self, position: int) -> None:
        """Put the right bytes back at *position*, as from a replica. Raises InvalidValue if they are right."""
        if self._damage is None:
            raise InvalidValue("position to mend", position, "one that is damaged; none is")
        self._damage.mend(position)

    def mend_all(self) -> None:
        """Put all right bytes back, and end what befalls the disk below."""
        for position in self.damaged:
            self.mend(position)
        if self._device is not None:
            self._device.mend()

    def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Coroutine[Any, Any, Receipt]:
        write = self._write if self._device is None else self._write_on_device
        work = write(events, expect, command_id, metadata)
        return told(self.name, "append", work) if hooks.listening_closely else work

    async def _write(
        self,
        events: Sequence[tuple[str, object]],
        expect: Mapping[str, Expectation] | None,
        command_id: str | None,
        metadata: Metadata | None,
    ) -> Receipt:
        chance = self._chance()
        takes_s = self._append.sample(chance)
        if chance.random() < 0.5:
            await _passing(takes_s)
            return await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        receipt = await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        await _passing(takes_s)
        return receipt

    async def _write_on_device(
        self,
        events: Sequence[tuple[str, object]],
        expect: Mapping[str, Expectation] | None,
        command_id: str | None,
        metadata: Metadata | None,
    ) -> Receipt:
        """The same with the same draws, but in the disk's time, and if it has room."""
        device, chance = self.device, self._chance()
        service = device.serve("flush", self._append.sample(chance))
        at_the_end = chance.random() < 0.5
        await (service.done if at_the_end else service.begun)
        if device.is_full:
            await service.done  # to be refused takes as long
            if await self._needs_room(events, expect, command_id):
                device.check_room(self.name)
        receipt = await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        await service.done
        return receipt

    async def _needs_room(
        self, events: Sequence[tuple[str, object]], expect: Mapping[str, Expectation] | None, command_id: str | None
    ) -> bool:
        """Whether the append writes anything. If its versions are stale that is said first, as a database would."""
        if command_id is not None and await self._store.receipt(command_id) is not None:
            return False
        if expect:
            await self._store.append([], expect=expect)
        return bool(events) or command_id is not None

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        if hooks.listening_closely:
            return await self._told("read", lambda: self._store.read(stream, **options))
        await self._pause()
        return await self._store.read(stream, **options)

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        if hooks.listening_closely:
            return await self._told("read_many", lambda: self._store.read_many(streams, after=after))
        await self._pause()
        return await self._store.read_many(streams, after=after)

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        if hooks.listening_closely:
            return await self._told("read_all", lambda: self._store.read_all(after, **options))
        await self._pause()
        return await self._store.read_all(after, **options)

    async def head(self) -> int:
        if hooks.listening_closely:
            return await self._told("head", self._store.head)
        await self._pause()
        return await self._store.head()

    async def receipt(self, command_id: str) -> Receipt | None:
        if hooks.listening_closely:
            return await self._told("receipt", lambda: self._store.receipt(command_id))
        await self._pause()
        return await self._store.receipt(command_id)

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        """As of a `PortableStore`, where there is one below."""
        await self._pause()
        return await cast(PortableStore, self._bare).receipts(after, limit=limit)

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        """As of a `PortableStore`, where there is one below."""
        await self._flush()
        if self._device is not None:
            self._device.check_room(self.name)
        await cast(PortableStore, self._bare).restore(events, receipts)

    async def _told(self, operation: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await told(self.name, operation, after(self._pause, begin))

    def _flush(self) -> asyncio.Future[None]:
        """Done when the time of an append has passed."""
        takes_s = self._append.sample(self._chance())
        return _passing(takes_s) if self._device is None else self._device.serve("flush", takes_s).done

    def _pause(self) -> asyncio.Future[None]:
        """Done when the time of a read has passed."""
        takes_s = self._read.sample(self._chance())
        return _passing(takes_s) if self._device is None else self._device.serve("read", takes_s).done

    def _chance(self) -> random.Random:
        """One stream for this store, whoever asks."""
        if self._draws is None:
            self._draws = random_stream(f"storage/{self._store.name}")
        return self._draws


def _passing(seconds: float) -> asyncio.Future[None]:
    """Done when that much time has passed: `asyncio.sleep` without a coroutine, for there is no hotter wait."""
    loop = running_loop()
    if loop.slowed:
        seconds = stretched_s(seconds)
    future: asyncio.Future[None] = loop.create_future()
    if loop.in_order:  # nobody cancels it, and nothing is to be chosen among what is due: no timer is needed
        loop.deliver(seconds, _wake, (future,))
    else:
        loop.call_later(seconds, _wake, future)
    return future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

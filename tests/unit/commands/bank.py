"""A bank, small enough to see through: accounts, and money that goes from one to others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from eventlab.codec import event
from eventlab.commands import Command, ConflictRetry
from eventlab.errors import Refused
from eventlab.resilience.backoff import Constant
from eventlab.store import Expectation, MemoryStore, Metadata, Receipt, StoredEvent, StreamId

AT_ONCE = ConflictRetry(attempts_max=5, backoff=Constant(0.0))

ALICE, BOB = StreamId("account-alice"), StreamId("account-bob")


@event("tests.Deposited")
@dataclass(frozen=True, slots=True)
class Deposited:
    cents: int


@event("tests.Withdrawn")
@dataclass(frozen=True, slots=True)
class Withdrawn:
    cents: int


Balances = Mapping[str, int]


@dataclass(frozen=True)
class Transfer(Command[Balances]):
    source: StreamId
    target: StreamId
    cents: int

    def initial(self) -> Balances:
        return {}

    def apply(self, state: Balances, stored: StoredEvent) -> Balances:
        sign = 1 if isinstance(stored.event, Deposited) else -1
        return {**state, stored.stream: state.get(stored.stream, 0) + sign * stored.event.cents}

    def handle(self, state: Balances) -> Iterable[tuple[str, object]]:
        if self.cents == 0:
            return []
        if state.get(self.source, 0) < self.cents:
            raise Refused("too_little", facts={"balance": state.get(self.source, 0)})
        return [(self.source, Withdrawn(self.cents)), (self.target, Deposited(self.cents))]


@dataclass
class Rival:
    """What somebody else does just before each of the next appends of a store."""

    moves: list[Callable[[], Awaitable[object]]] = field(default_factory=list)


class ContestedStore(MemoryStore):
    """A memory store in which a rival gets in between the reading and the append."""

    def __init__(self) -> None:
        super().__init__("contested")
        self.rival = Rival()

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        if self.rival.moves:
            move = self.rival.moves.pop(0)
            await move()
        return await super().append(events, expect=expect, command_id=command_id, metadata=metadata)

    async def deposit(self, stream: StreamId, cents: int) -> Receipt:
        """Bypasses the rival."""
        return await MemoryStore.append(self, [(stream, Deposited(cents))])


async def balance(store: MemoryStore, stream: StreamId) -> int:
    events = [stored.event for stored in await store.read(stream)]
    return sum(event.cents if isinstance(event, Deposited) else -event.cents for event in events)

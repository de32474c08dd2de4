"""Isolation beside brute force, and beside a real store."""

from __future__ import annotations

import asyncio
import random
from itertools import permutations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.checks.dependencies import come_between, settled, strangers, writers_of
from eventlab.checks.isolation import judged, serializable, snapshot_isolation, strict_serializable
from eventlab.checks.transactions import Transaction
from eventlab.codec import event
from eventlab.errors import VersionConflict
from eventlab.store import MemoryStore
from tests.unit.checks.test_isolation import LITERAL

STREAMS = ("a", "b", "c")


@event("isolation-law-noted")
class Noted(msgspec.Struct, frozen=True):
    pass


@st.composite
def small(draw: st.DrawFn) -> list[Transaction]:
    """Up to four transactions; every version has one writer, every read finds what somebody wrote."""
    count = draw(st.integers(1, 4))
    writes: list[list[tuple[str, int]]] = [[] for _ in range(count)]
    tops = {}
    for stream in STREAMS:
        owners = draw(st.lists(st.integers(0, count - 1), max_size=3))
        tops[stream] = len(owners)
        for version, owner in enumerate(owners, start=1):
            writes[owner].append((stream, version))
    found = []
    for number in range(count):
        own = {stream for stream, _ in writes[number]}
        reads = []
        for stream in STREAMS:
            mine = [version for at, version in writes[number] if at == stream]
            top = min(mine) - 1 if mine else tops[stream]
            if draw(st.booleans()):
                reads.append((stream, draw(st.integers(0, top))))
        assert len(own) <= len(STREAMS)
        found.append(Transaction(f"T{number + 1}", tuple(reads), tuple(writes[number])))
    return found


def runs(order: tuple[Transaction, ...]) -> bool:
    """Whether each transaction, run alone in that order, reads and writes just the versions that it names."""
    now = dict.fromkeys(STREAMS, 0)
    for each in order:
        if any(now[stream] != version for stream, version in each.reads):
            return False
        for stream, version in each.writes:
            if version != now[stream] + 1:
                return False
            now[stream] = version
    return True


def runs_on_snapshots(transactions: list[Transaction]) -> bool:
    """Whether some order of beginnings and commits explains all by snapshots and the first committer's winning."""
    count = len(transactions)

    def search(begun: dict[int, dict[str, int]], done: frozenset[int], now: dict[str, int]) -> bool:
        if len(done) == count:
            return True
        for number, each in enumerate(transactions):
            if number not in begun:
                if all(now[stream] == version for stream, version in each.reads) and search(
                    {**begun, number: now}, done, now
                ):
                    return True
            elif number not in done:
                after, snapshot = dict(now), begun[number]
                fits = all(now[stream] == snapshot[stream] for stream, _ in each.writes)
                for stream, version in each.writes:
                    fits = fits and version == after[stream] + 1
                    after[stream] = version
                if fits and search(begun, done | {number}, after):
                    return True
        return False

    return search({}, frozenset(), dict.fromkeys(STREAMS, 0))


@settings(max_examples=300, deadline=None)
@given(small())
def test_serializable_is_that_some_order_explains_it(transactions: list[Transaction]) -> None:
    assert serializable(transactions).valid is any(runs(order) for order in permutations(transactions))


@settings(max_examples=150, deadline=None)
@given(small())
def test_snapshot_isolation_is_that_some_snapshots_explain_it(transactions: list[Transaction]) -> None:
    assert snapshot_isolation(transactions).valid is runs_on_snapshots(transactions)


async def _one_by_one(seed: int, count: int, *, rivals: int = 1) -> list[Transaction]:
    """Transactions on a store, *rivals* at a time on one snapshot; who finds his written streams changed gives up."""
    chance, store, found = random.Random(seed), MemoryStore(), []
    while len(found) < count:
        before = {stream: len(events) for stream, events in (await store.read_many(STREAMS)).items()}
        began = float(len(found))
        for _ in range(rivals):
            reads = chance.sample(STREAMS, chance.randint(0, 3))
            writes = chance.sample(STREAMS, chance.randint(0, 2))
            expect = {stream: before[stream] for stream in writes}
            try:
                receipt = await store.append([(stream, Noted()) for stream in writes], expect=expect)
            except VersionConflict:
                continue
            seen = tuple((stream, before[stream]) for stream in reads)
            ended = len(found) + 0.5
            found.append(
                Transaction(f"T{len(found) + 1}", seen, tuple(receipt.versions.items()), began=began, ended=ended)
            )
    chance.shuffle(found)
    return found


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1_000_000))
def test_what_ran_one_by_one_is_strictly_serializable(seed: int) -> None:
    assert strict_serializable(asyncio.run(_one_by_one(seed, 30))).valid is True


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1_000_000))
def test_what_ran_on_snapshots_is_snapshot_isolated(seed: int) -> None:
    assert snapshot_isolation(asyncio.run(_one_by_one(seed, 30, rivals=3))).valid is True


def _partly_known(chance: random.Random) -> list[Transaction]:
    """Transactions that ran one by one: some unknown, done or not, some failed, some by others whom nobody noted."""
    now, found = dict.fromkeys(STREAMS, 0), []
    for number in range(chance.randint(2, 7)):
        after, writes = dict(now), []
        for stream in STREAMS:
            for _ in range(chance.choice((0, 0, 1, 2))):
                after[stream] += 1
                writes.append((stream, after[stream]))
        reads = tuple((stream, now[stream]) for stream in STREAMS if chance.random() < 0.5)
        outcome, is_done = chance.choice(
            (*3 * [("ok", True)], ("unknown", True), ("unknown", False), ("failed", False))
        )
        if chance.random() < 0.15:
            outcome, is_done = "by another", True
        else:
            found.append(Transaction(f"T{number}", reads, tuple(writes), outcome))
        now = after if is_done else now
    chance.shuffle(found)
    return found


def test_where_others_come_in_between_what_is_called_wrong_is_wrong_whoever_they_were() -> None:
    seen = 0
    for seed in range(3_000):
        history = _partly_known(random.Random(seed))
        known = settled(history)
        if come_between(strangers(known, writers_of(known.happened)), history):
            seen += 1
            assert serializable(history).valid is not False, history
    assert seen > 300


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from(sorted(set(LITERAL) - {"stale order"})))
def test_a_planted_anomaly_is_found_with_those_who_did_it(seed: int, name: str) -> None:
    planted = [
        msgspec.structs.replace(each, name=f"planted {each.name}", began=None, ended=None) for each in LITERAL[name][0]
    ]
    among = asyncio.run(_one_by_one(seed, 30))
    random.Random(seed).shuffle(both := [*among, *planted])
    found = judged(both).anomalies
    assert [(each.name, set(each.transactions)) for each in found] == [(name, {each.name for each in planted})]

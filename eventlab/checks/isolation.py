"""How well transactions were isolated from one another: which levels hold, which do not, and by what circle.

Begin with `isolation`. What may not be known of a history is decided in its favour, so that what is found is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from ..errors import InvalidValue
from .anomalies import KINDS, LEVELS, Anomaly
from .circles import circles, late
from .dependencies import come_between, dependencies, known_alone, settled, strangers, writers_of
from .direct import aborted_reads, fractured_reads, intermediate_reads, rivals, unrepeated_reads
from .result import CheckResult, broken, held, undecided
from .transactions import Transaction


class Isolation(msgspec.Struct, frozen=True):
    """What was found among so many transactions that took effect, of which some wrote nobody knows where."""

    transactions: int
    dependencies: int
    anomalies: tuple[Anomaly, ...]
    unplaced: int = 0

    @property
    def strongest(self) -> str | None:
        """The strongest level that holds; None if not even the weakest does."""
        worst = min((LEVELS.index(each.broken) for each in self.anomalies), default=len(LEVELS))
        return LEVELS[worst - 1] if worst else None

    def against(self, level: str) -> list[Anomaly]:
        """The anomalies that *level* forbids. Raises InvalidValue for no level."""
        if level not in LEVELS:
            raise InvalidValue("level", level, f"one of {', '.join(LEVELS)}")
        return [each for each in self.anomalies if LEVELS.index(each.broken) <= LEVELS.index(level)]


def judged(transactions: Iterable[Transaction]) -> Isolation:
    """Everything that is wrong between *transactions*, worst first.

    Only single streams are looked at, not queries over streams that may come into being (predicates, "phantoms").
    """
    given = list(transactions)
    found = settled(given)
    known = writers_of(found.happened)
    others = strangers(found, known)
    if come_between(others, given):
        found = known_alone(found)
        known = writers_of(found.happened)
        others = strangers(found, known)
    edges = dependencies(found.happened, known)
    count = len(edges)
    happened, writers = [*found.happened, *others], known
    if len(happened) > len(found.happened):
        writers = writers_of(happened)
        edges = list(dict.fromkeys([*edges, *dependencies(happened, writers)]))
    torn = [*unrepeated_reads(happened, writers), *fractured_reads(happened)]
    wrong: list[Anomaly] = [
        *rivals(found),
        *aborted_reads(found, known),
        *intermediate_reads(found.happened, known),
        *(each for _, _, each in torn),
        *circles(happened, edges, [(number, missed) for number, missed, _ in torn]),
    ]
    if not wrong:
        wrong += late(happened, edges)
    order = list(KINDS)
    wrong.sort(key=lambda each: order.index(each.name))
    unplaced = sum(bool(each.unplaced) for each in happened)
    return Isolation(len(found.happened), count, tuple(dict.fromkeys(wrong)), unplaced)


def isolation(transactions: Iterable[Transaction], level: str = "serializable") -> CheckResult:
    """Whether *level* holds, and which is the strongest that does. Raises InvalidValue for no level.

    Outcomes that are not known count as what does least harm; writes at versions that nobody
    noted leave it unknown, unless something is wrong without them. Unknown too where no transaction took effect.
    """
    found = judged(transactions)
    wrong = found.against(level)
    strongest = f"the strongest level that holds is {found.strongest}" if found.strongest else "no level holds"
    if wrong:
        return broken(level, f"{_counted(wrong)} among {found.transactions} transactions; {strongest}", map(str, wrong))
    if not found.transactions:
        return undecided(level, "no transaction took effect, as far as anybody knows")
    if found.unplaced:
        return undecided(level, f"{found.unplaced} of {found.transactions} transactions wrote at versions nobody noted")
    orders = f"{found.transactions} transactions and {found.dependencies} dependencies between them show no anomaly"
    return held(level, orders if not found.anomalies else f"{orders} that it forbids; {strongest}")


def _counted(anomalies: Iterable[Anomaly]) -> str:
    counts = Counter(each.name for each in anomalies)
    return ", ".join(f"{count} × {name}" for name, count in counts.items())


def read_committed(transactions: Iterable[Transaction]) -> CheckResult:
    """Nobody read what was never committed, or a part of it, and writes go in one order (Adya's PL-2)."""
    return isolation(transactions, "read committed")


def read_atomic(transactions: Iterable[Transaction]) -> CheckResult:
    """And who saw one write of a transaction, saw all of them."""
    return isolation(transactions, "read atomic")


def parallel_snapshot_isolation(transactions: Iterable[Transaction]) -> CheckResult:
    """And nobody overwrote what it had not seen, nor missed what its sources had seen."""
    return isolation(transactions, "parallel snapshot isolation")


def snapshot_isolation(transactions: Iterable[Transaction]) -> CheckResult:
    """And all saw the writes in one order (without regard to real time)."""
    return isolation(transactions, "snapshot isolation")


def serializable(transactions: Iterable[Transaction]) -> CheckResult:
    """As if the transactions had run one after the other (Adya's PL-3, without predicates)."""
    return isolation(transactions, "serializable")


def strict_serializable(transactions: Iterable[Transaction]) -> CheckResult:
    """And in an order in which whatever had ended comes before what began later."""
    return isolation(transactions, "strict serializable")

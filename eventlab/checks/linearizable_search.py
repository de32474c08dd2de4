"""Is there an order? The search behind `linearizable`, for one subject.

Wing and Gong (1993) look for an order of operations, each at a moment between its invocation and its end, in which
every result is right; Lowe (Testing for linearizability, 2017) takes an operation only when some end needs it, and
remembers where one has been: at which end, with which pending operations done, in which state. The search is a loop
with a stack of its own, so that no history is too long for it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from ..history import Operation
from .models import Model, State, hashable
from .operations import begun_place, ended_place


class Problem(NamedTuple):
    """What is to be put in order.

    Of those *asked*, in which the operations of each process follow one another, what is ``ok`` happened between
    invocation and end, and what is ``unknown`` once at some time after its invocation, or never. *anyhow* may have
    happened at any time at all: of them nothing is asked, they only help.
    """

    asked: Sequence[Operation]
    anyhow: Sequence[Operation] = ()


class Answer(NamedTuple):
    """*found* is None if the search was given up after *states*. *stuck* is the operation whose end none gets past.

    *loose* is how many operations could help at any time; each of them is tried in every state.
    """

    found: bool | None
    states: int
    stuck: Operation | None = None
    loose: int = 0


class _Point(NamedTuple):
    """The end that is next, which pending operations are done, which possible ones, and the state that makes."""

    end: int
    done: int
    used: int
    state: State


class _Item:
    """An operation of the problem, with its bit among those that are pending or possible at the same time."""

    __slots__ = ("after", "after_end", "bit", "kind", "operation", "reads")

    def __init__(self, operation: Operation, kind: object, reads: bool) -> None:
        self.operation, self.kind, self.reads = operation, kind, reads
        self.bit = self.after = 0
        self.after_end = -1


def _places(operation: Operation) -> tuple[int, int]:
    return begun_place(operation), ended_place(operation)


def _no_places(_: Operation) -> tuple[int, int]:
    return 0, 0


def search(model: Model, problem: Problem, states_max: int) -> Answer:
    """Look for an order of *problem*, and give up after *states_max* states."""
    looking = _Search(model, problem)
    return looking.run(states_max)._replace(loose=looking.loose)


class _Search:
    def __init__(self, model: Model, problem: Problem) -> None:
        self.model, self.step = model, model.step
        self._kinds: dict[object, int] = {}
        certain = [each for each in problem.asked if each.outcome == "ok"]
        possible = [each for each in problem.asked if each.outcome != "ok"]
        helping = model.useful([*possible, *problem.anyhow], certain)
        wanted = {id(operation) for operation in helping}
        asked = [self._item(each) for each in problem.asked if each.outcome == "ok" or self._helps(each, wanted)]
        self.certain = [item for item in asked if item.operation.outcome == "ok"]
        anyhow = [each for each in problem.anyhow if self._helps(each, wanted)]
        self.free = list({self._kind(each): self._item(each) for each in anyhow}.values()) if model.repeatable else []
        always = [] if model.repeatable else anyhow
        self.possible = [*map(self._item, always), *(item for item in asked if item.operation.outcome != "ok")]
        for number, item in enumerate(self.possible):
            item.bit = 1 << number
        self.loose = len(self.free) + len(always)
        self._line_up(len(always))
        self._follow_processes(asked)

    def _helps(self, operation: Operation, wanted: Container[int]) -> bool:
        return id(operation) in wanted and not self.model.only_reads(operation)

    def _item(self, operation: Operation) -> _Item:
        return _Item(operation, self._kind(operation), self.model.only_reads(operation))

    def _kind(self, operation: Operation) -> int:
        """Operations of one kind can stand for each other: only the first of them need be tried."""
        told = None if operation.outcome == "unknown" else hashable(operation.result)
        key = operation.operation, hashable(operation.value), operation.outcome, told
        return self._kinds.setdefault(key, len(self._kinds))

    def _line_up(self, always: int) -> None:
        """The ends in order, with what is pending at each.

        At one moment they are as in the record, if all are of one; else invocations come before ends.
        """
        begun_items = self.possible[always:]
        places = _places if all(begun_place(each.operation) for each in (*self.certain, *begun_items)) else _no_places
        happenings = []
        for number, item in enumerate(self.certain):
            begun_at, ended_at = places(item.operation)
            happenings.append((item.operation.invoked, begun_at, 0, number, item))
            happenings.append((item.operation.ended or 0.0, ended_at, 1, number, item))
        happenings += [(item.operation.invoked, places(item.operation)[0], 0, -1, item) for item in begun_items]
        happenings.sort(key=lambda happening: happening[:4])
        self.ends: list[_Item] = []
        self.pending: list[list[_Item]] = []
        self.open_possible: list[int] = []
        pending: list[_Item] = []
        bits: list[int] = []
        begun = always
        for _, _, is_end, number, item in happenings:
            if number < 0:
                begun += 1
            elif not is_end:
                item.bit = bits.pop() if bits else 1 << len(pending)
                pending.append(item)
            else:
                self.ends.append(item)
                self.pending.append(sorted(pending, key=lambda each: each.operation.ended or 0.0))
                self.open_possible.append(begun)
                pending.remove(item)
                bits.append(item.bit)

    def _follow_processes(self, asked: Sequence[_Item]) -> None:
        """Where one operation of a process ends at the very moment at which the next is invoked, that comes after."""
        place = {id(item): number for number, item in enumerate(self.ends)}
        last: dict[str, _Item] = {}
        for item in asked:
            before = last.get(item.operation.process)
            if before is not None and before.operation.ended == item.operation.invoked:
                item.after, item.after_end = before.bit, place[id(before)]
                before.kind = before  # what another waits for stands for nobody else
            if id(item) in place:
                last[item.operation.process] = item

    def run(self, states_max: int) -> Answer:
        visited: set[_Point] = set()
        stack: list[Iterator[_Point]] = []
        furthest = 0
        point: _Point | None = self._settled(_Point(0, 0, 0, self.model.initial))
        while point is not None:
            if point.end == len(self.ends):
                return Answer(True, len(visited))
            if point not in visited:
                if len(visited) >= states_max:
                    return Answer(None, len(visited))
                visited.add(point)
                furthest = max(furthest, point.end)
                stack.append(self._choices(point))
            point = None
            while stack and point is None:
                point = next(stack[-1], None)
                if point is None:
                    stack.pop()
        return Answer(False, len(visited), self.ends[furthest].operation)

    def _settled(self, point: _Point) -> _Point:
        """Do every pending read that is right here, which costs no order anything; pass the ends of what is done."""
        end, done, used, state = point
        while end < len(self.ends):
            absorbed = True
            while absorbed:
                absorbed = False
                for item in self.pending[end]:
                    open_read = item.reads and not done & item.bit and self._may(item, end, done)
                    if open_read and self.step(state, item.operation) is not None:
                        done |= item.bit
                        absorbed = True
            bit = self.ends[end].bit
            if not done & bit:
                break
            done ^= bit
            end += 1
        return _Point(end, done, used, state)

    @staticmethod
    def _may(item: _Item, end: int, done: int) -> bool:
        return not item.after or end > item.after_end or bool(done & item.after)

    def _choices(self, point: _Point) -> Iterator[_Point]:
        """Where one more operation leads, the likeliest first."""
        due = self.ends[point.end]
        found: list[tuple[int, int, _Point]] = []
        for item, next_point in self._moves(point):
            if item is due:
                rank = 0
            elif due.reads and self.step(next_point.state, due.operation) is not None:
                rank = 1
            else:
                rank = 2
            found.append((rank, len(found), next_point))
        found.sort()
        for _, _, next_point in found:
            yield self._settled(next_point)

    def _moves(self, point: _Point) -> Iterator[tuple[_Item, _Point]]:
        end, done, used, state = point
        tried: set[object] = set()
        for item in self.pending[end]:
            if done & item.bit or item.kind in tried or not self._may(item, end, done):
                continue
            tried.add(item.kind)
            after = self.step(state, item.operation)
            if after is not None:
                yield item, _Point(end, done | item.bit, used, after)
        tried.clear()
        for item in self.possible[: self.open_possible[end]]:
            if not used & item.bit and item.kind not in tried and (not item.after or self._may(item, end, done)):
                tried.add(item.kind)
                after = self.step(state, item.operation)
                if after is not None:
                    yield item, _Point(end, done, used | item.bit, after)
        for item in self.free:
            after = self.step(state, item.operation)
            if after is not None and after != state:
                yield item, _Point(end, done, used, after)

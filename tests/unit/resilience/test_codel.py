"""A queue that stands is told from one that passes; while it stands, whoever is too old is dropped."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import pytest

from eventlab.errors import InvalidValue
from eventlab.resilience.codel import CoDel, ControlledLine


@dataclass(eq=False)
class One:
    came_s: float


def line_of(*came_s: float, newest_first: bool = False) -> ControlledLine[One]:
    """Those who came at these moments, in a line with a target of 1 s and an interval of 10 s."""
    line: ControlledLine[One] = ControlledLine(CoDel(1, 10), newest_first=newest_first)
    for at_s in came_s:
        line.put(One(at_s))
    return line


def shed(line: ControlledLine[One], now_s: float) -> list[float]:
    return [one.came_s for one in line.shed(now_s)]


def test_a_queue_stands_when_its_oldest_was_above_the_target_for_the_whole_interval() -> None:
    codel = CoDel(target_s=1, interval_s=10)
    looks = [(1, 0), (1, 9.9), (1, 10), (7, 11), (0.9, 12), (1, 13), (1, 22.9), (1, 23)]
    seen = [codel.look(oldest_s, 2, now_s) for oldest_s, now_s in looks]
    assert seen == [False, False, True, True, False, False, False, True]


def test_a_burst_that_passes_loses_nobody() -> None:
    line = line_of(*[0.0] * 50)
    assert [(shed(line, now_s), line.take().came_s) for now_s in (2, 5, 9)] == [([], 0)] * 3


def test_while_it_stands_whoever_waited_for_twice_the_target_goes() -> None:
    line = line_of(0, 3, 7, 8, 8.5, 9)
    assert (shed(line, 1), shed(line, 11)) == ([], [0, 3, 7, 8, 8.5])
    assert line.take().came_s == 9


def test_the_last_one_is_never_shed_so_that_no_server_idles() -> None:
    line = line_of(0, 0)
    assert (shed(line, 1), shed(line, 50), len(line)) == ([], [0], 1)


def test_a_queue_of_one_does_not_stand_however_slow_the_server_is() -> None:
    codel = CoDel(1, 10)
    assert [codel.look(100, 1, now_s) for now_s in (0, 50, 100)] == [False] * 3


def test_a_queue_that_was_empty_begins_anew_though_everybody_left_by_themselves() -> None:
    line = line_of(0, 0)
    shed(line, 1)
    for one in list(line):
        line.remove(one)
    line.put(One(100))
    line.put(One(100))
    assert (shed(line, 103), len(line)) == ([], 2)


def test_the_freshest_is_served_first_only_while_the_queue_stands() -> None:
    line = line_of(0, 0.5, 9.5, 10, 10.4, 10.6, newest_first=True)
    taken = []
    for now_s in (1, 11, 11.4, 11.5, 14):
        line.shed(now_s)
        taken.append(line.take().came_s)
    assert taken == [0, 10.6, 10.4, 10, 9.5]
    assert [line_of(0, 0.5, newest_first=True).take().came_s for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("settings", [{"target_s": 0}, {"interval_s": float("inf")}, {"target_s": float("nan")}])
def test_a_setting_outside_its_domain_is_named(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match=f"CoDel.{next(iter(settings))}"):
        CoDel(**settings)


class ByTheBook:
    """Drops as RFC 8289 does: one by one, the next ``interval / √count`` later, for as long as the queue stands."""

    def __init__(self) -> None:
        self.codel = CoDel()
        self.dropping, self.count, self.next_s = False, 0, 0.0

    def take(self, queue: deque[float], now_s: float) -> float | None:
        """When whoever is served now had come."""
        while queue:
            came_s = queue.popleft()
            stands = self.codel.look(now_s - came_s, len(queue) + 1, now_s)
            if not stands:
                self.dropping = False
                return came_s
            if not self.dropping:
                self.dropping, self.count, self.next_s = True, 1, now_s
            if now_s < self.next_s:
                return came_s
            self.next_s += self.codel.interval_s / math.sqrt(self.count)
            self.count += 1
        return None


class AtOnce:
    """Drops as `ControlledLine` does."""

    def __init__(self) -> None:
        self.line: ControlledLine[One] = ControlledLine(CoDel(), newest_first=False)

    def take(self, queue: deque[float], now_s: float) -> float | None:
        while queue:
            self.line.put(One(queue.popleft()))
        self.line.shed(now_s)
        return self.line.take().came_s if self.line else None


def waited_s(rule: ByTheBook | AtOnce, for_s: float) -> list[float]:
    """How long those had waited who were served, one in a millisecond, where three come in one."""
    queue: deque[float] = deque()
    waited: list[float] = []
    for now_ms in range(int(for_s * 1000)):
        queue.extend(now_ms / 1000 for _ in range(3))
        came_s = rule.take(queue, now_ms / 1000)
        if came_s is not None:
            waited.append(now_ms / 1000 - came_s)
    return waited


def test_drops_that_grow_slowly_come_too_late_for_callers_who_do_not_slow_down() -> None:
    by_the_book, at_once = (waited_s(rule, 5)[-1000:] for rule in (ByTheBook(), AtOnce()))
    assert min(by_the_book) > 1 and max(at_once) < 0.15

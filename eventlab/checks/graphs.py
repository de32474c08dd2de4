"""Cycles in directed graphs of numbered nodes, without recursion: which nodes lie on one, and a shortest one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple


class Edge(NamedTuple):
    """*target* comes after *source*, because of what happened in *stream*: see `dependencies` for the kinds."""

    source: int
    target: int
    kind: str
    stream: str = ""
    before: int = 0
    after: int = 0


def outgoing(nodes: int, edges: Iterable[Edge]) -> list[list[Edge]]:
    """The edges that leave each of so many nodes."""
    leaving: list[list[Edge]] = [[] for _ in range(nodes)]
    for edge in edges:
        leaving[edge.source].append(edge)
    return leaving


def components(leaving: Sequence[Sequence[Edge]]) -> list[int]:
    """A number for each node, the same for those that reach one another, and lower for what is reached.

    R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972), with a stack of its own.
    """
    index = [0] * len(leaving)
    low = [0] * len(leaving)
    component = [-1] * len(leaving)
    waiting: list[int] = []
    counted = found = 0
    for root in range(len(leaving)):
        if index[root]:
            continue
        path = [(root, iter(leaving[root]))]
        counted += 1
        index[root] = low[root] = counted
        waiting.append(root)
        while path:
            node, edges = path[-1]
            for edge in edges:
                target = edge.target
                if not index[target]:
                    counted += 1
                    index[target] = low[target] = counted
                    waiting.append(target)
                    path.append((target, iter(leaving[target])))
                    break
                if component[target] < 0:
                    low[node] = min(low[node], index[target])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == index[node]:
                    while component[node] < 0:
                        component[waiting.pop()] = found
                    found += 1
    return component


def shortest_path(
    leaving: Sequence[Sequence[Edge]], start: int, goal: int, allowed: Callable[[Edge], bool]
) -> list[Edge] | None:
    """The fewest allowed edges that lead from *start* to *goal*, none if they are one; None if nothing leads there."""
    came: dict[int, Edge | None] = {start: None}
    queue = deque([start])
    while queue and goal not in came:
        for edge in leaving[queue.popleft()]:
            if edge.target not in came and allowed(edge):
                came[edge.target] = edge
                queue.append(edge.target)
    if goal not in came:
        return None
    path: list[Edge] = []
    while (last := came[goal]) is not None:
        path.append(last)
        goal = last.source
    return path[::-1]


def reached(leaving: Sequence[Sequence[Edge]], pairs: Sequence[Edge], component: Sequence[int]) -> list[Edge]:
    """Those of *pairs* whose source is reached from their target along *leaving*.

    *component* is that of the graph *leaving*. Goals are asked for in blocks, one bit each, so that a question
    costs a bit of memory for each node and not a search of its own.
    """
    found: list[Edge] = []
    goals = list(dict.fromkeys(component[pair.source] for pair in pairs))
    arcs = sorted({(component[edge.source], component[edge.target]) for edges in leaving for edge in edges})
    for at in range(0, len(goals), _BLOCK):
        bit = {goal: 1 << number for number, goal in enumerate(goals[at : at + _BLOCK])}
        reach = [bit.get(node, 0) for node in range(max(component, default=-1) + 1)]
        for source, target in arcs:  # what is reached has the lower number, and so is complete by now
            if source != target:
                reach[source] |= reach[target]
        found += [
            pair for pair in pairs if component[pair.source] in bit
            and reach[component[pair.target]] & bit[component[pair.source]]
        ]  # fmt: skip
    return found


_BLOCK = 4096

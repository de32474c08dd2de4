"""Sets that remember the order of insertion, for the places where asyncio keeps tasks in sets.

A plain set orders tasks by memory address: the same seed, another order.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class OrderedSet(set[T]):
    """A set that is iterated, popped and combined in the order of insertion."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._order = dict.fromkeys(items)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[T]:
        return iter(self._order)

    def add(self, item: T) -> None:
        self._order[item] = None
        super().add(item)

    def discard(self, item: object) -> None:
        self._order.pop(item, None)  # type: ignore[arg-type]
        super().discard(item)

    def remove(self, item: T) -> None:
        super().remove(item)
        del self._order[item]

    def pop(self) -> T:
        if not self._order:
            raise KeyError("pop from an empty set")
        item = next(iter(self._order))
        self.remove(item)
        return item

    def clear(self) -> None:
        self._order.clear()
        super().clear()

    def copy(self) -> OrderedSet[T]:
        return OrderedSet(self)

    def update(self, *others: Iterable[T]) -> None:
        for other in others:
            for item in other:
                self.add(item)

    def difference_update(self, *others: Iterable[Any]) -> None:
        for other in others:
            for item in list(other):
                self.discard(item)

    def union(self, *others: Iterable[Any]) -> OrderedSet[Any]:
        joined: OrderedSet[Any] = OrderedSet(self)
        joined.update(*others)
        return joined

    def difference(self, *others: Iterable[Any]) -> OrderedSet[T]:
        left = self.copy()
        left.difference_update(*others)
        return left

    def intersection(self, *others: Iterable[Any]) -> OrderedSet[T]:
        kept = [set(other) for other in others]
        return OrderedSet(item for item in self if all(item in other for other in kept))

    def __or__(self, other: Iterable[Any]) -> OrderedSet[Any]:
        return self.union(other)

    def __sub__(self, other: Iterable[Any]) -> OrderedSet[T]:
        return self.difference(other)

    def __and__(self, other: Iterable[Any]) -> OrderedSet[T]:
        return self.intersection(other)

    def __ior__(self, other: Iterable[Any]) -> OrderedSet[T]:  # type: ignore[override]
        self.update(other)
        return self

    def __isub__(self, other: Iterable[Any]) -> OrderedSet[T]:
        self.difference_update(other)
        return self


class OrderedWeakSet:
    """The async generators of a loop, in the order in which they were first iterated."""

    def __init__(self) -> None:
        self._refs: dict[int, weakref.ref[AsyncGenerator[Any, Any]]] = {}

    def add(self, agen: AsyncGenerator[Any, Any]) -> None:
        self._refs[id(agen)] = weakref.ref(agen)

    def discard(self, agen: AsyncGenerator[Any, Any]) -> None:
        self._refs.pop(id(agen), None)

    def clear(self) -> None:
        self._refs.clear()

    def __len__(self) -> int:
        return len(self._refs)

    def __iter__(self) -> Iterator[AsyncGenerator[Any, Any]]:
        return iter([agen for ref in self._refs.values() if (agen := ref()) is not None])

"""Async generators in a world: each is closed by the node that first asked it, or never."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import Any

from .incarnation import INCARNATION
from .ordered import OrderedWeakSet

# The stubs hide half of BaseEventLoop and type the rest more strictly than a subclass can follow.
_BaseEventLoop: Any = asyncio.BaseEventLoop


class HomedGenerators(_BaseEventLoop):  # type: ignore[misc]
    """A loop that knows in whose context each async generator began."""

    graveyard: list[Any]

    def __init__(self) -> None:
        super().__init__()
        self._asyncgens: Any = OrderedWeakSet()
        self._generator_homes: dict[int, Context] = {}
        """In whose context each async generator of a node was first asked."""

    @contextmanager
    def _minding_generators(self) -> Iterator[None]:
        """Be told of every async generator that is first asked, or held no more, until the block ends."""
        before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
        try:
            yield
        finally:
            sys.set_asyncgen_hooks(*before)

    def _asyncgen_firstiter_hook(self, agen: Any) -> None:
        if INCARNATION.get() is None:
            self._generator_homes.pop(id(agen), None)  # an earlier one may have lain at the same address
        else:
            self._generator_homes[id(agen)] = copy_context()
        super()._asyncgen_firstiter_hook(agen)

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        """Nobody holds it any more: it is closed by the node that first asked it, or never, if that life has ended."""
        home = self._generator_homes.pop(id(agen), None)
        life = None if home is None else home.get(INCARNATION)
        if life is not None and life.dead:
            self.graveyard.append(agen)
        elif home is None:
            super()._asyncgen_finalizer_hook(agen)
        else:
            home.run(super()._asyncgen_finalizer_hook, agen)

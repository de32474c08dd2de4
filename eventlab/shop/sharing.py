"""What orders share with other processes on its store: the unfinished checkouts, and who drives which of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from eventlab.errors import LeaseLost, Retriable, StoreFailed, UnknownOutcome
from eventlab.runtime import monotonic, random_stream
from eventlab.sagas import SagaEngine, SagaState
from eventlab.sagas.log import drives_on
from eventlab.sagas.persisting import STORE_BACKOFF

LOOK_EVERY_S: Final = 0.05
"""However fast the log grows, a checkout that another process drives is looked at no more often."""

QUIET_S: Final = 10.0
"""Nobody drives a checkout in whose log nothing has happened for so long: it is driven here."""


async def at_rest(engine: SagaEngine, state: SagaState) -> SagaState:
    """The state of the saga once it has ended, or is stuck, whoever drives it: *state*, if that is so already."""
    while drives_on(state):
        latest = state
        try:
            async with asyncio.timeout(QUIET_S):
                while latest.version == state.version:
                    position = await engine.store.head()
                    latest = await engine.state(state.saga_id)
                    if latest.version == state.version:
                        await engine.store.changed(position)
                        await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            latest = await asyncio.shield(engine.go(state.saga_id))
        state = latest
    return state


class Background:
    """What orders does beside answering. It is kept going, and *warn* is told what stands in its way."""

    def __init__(self, name: str, worker: str | None, warn: Callable[[str], None]) -> None:
        self._name, self._worker, self._warn = name, worker, warn
        self._tasks: list[asyncio.Task[None]] = []
        self._trouble: dict[str, Exception] = {}

    def begin(self, what: str, do: Callable[[], Awaitable[Any]]) -> None:
        self._tasks.append(asyncio.create_task(self._keep(what, do), name=f"{self._name}: {what}"))

    def check(self) -> None:
        """Raises what stands in the way of any of it, now or for good."""
        for error in self._trouble.values():
            raise error

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Until all of it has ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, what: str, do: Callable[[], Awaitable[Any]]) -> None:
        """Until it is done, or can never be. A store that is away, or full, may come back."""
        failures = 0
        while True:
            began_s = monotonic()
            try:
                with self._telling_again() if failures else nullcontext():
                    await do()
            except (Retriable, UnknownOutcome, StoreFailed) as error:
                failures = 1 if monotonic() - began_s > QUIET_S else failures + 1
                if failures == 1:
                    self._warn(self._told(error))
                self._trouble[what] = error
            except Exception as error:
                self._warn(self._told(error))
                self._trouble[what] = error
                return
            else:
                return
            await asyncio.sleep(STORE_BACKOFF.delay_s(failures, random_stream("orders/background")))
            del self._trouble[what]

    @contextmanager
    def _telling_again(self) -> Iterator[None]:
        """Say that what was told stands in the way no more, once the work has gone on for a while."""
        said = f"{self._name}: takes up unfinished checkouts again"
        telling = asyncio.get_running_loop().call_later(QUIET_S, self._warn, said)
        try:
            yield
        finally:
            telling.cancel()

    def _told(self, error: Exception) -> str:
        return f"{self._name}: takes up no unfinished checkouts: {self._because(error)}"

    def _because(self, error: Exception) -> str:
        match error:
            case LeaseLost():
                return (
                    f"another process has come under its name, {self._worker}, on the same store. It still does what "
                    "it is asked. Stop one of the two, or start it with another --port or on another machine"
                )
            case Retriable() | UnknownOutcome() | StoreFailed():
                return f"{error}. It tries again, and answers as well as its store lets it"
            case _:
                return f"{type(error).__name__}: {error}. Start it again once that is mended"

"""What is closed at the end of a block."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, Self


class Closing(Protocol):
    """``async with`` gives it, and closes it when the block is left, however that comes about."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of files, connections and threads."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

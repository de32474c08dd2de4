"""Somebody else's service, an application of ten lines that answers as it is told, and a client for it in a world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from eventlab import runtime
from eventlab.services.external import ExternalServiceClient
from eventlab.simulation import World
from eventlab.simulation.http import SimulatedHttpTransport

T = TypeVar("T")


class Asked(NamedTuple):
    """What a request was like."""

    at_s: float
    path: str
    headers: Mapping[str, str]
    body: bytes


def said(status: int, body: object = None, **headers: str) -> Response:
    return JSONResponse(body, status, {name.replace("_", "-"): text for name, text in headers.items()})


class Bank:
    """Gives its *answers* one after the other, then 200; remembers what it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["POST", "DELETE"])])

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self.asked.append(Asked(runtime.monotonic(), request.url.path, dict(request.headers), body))
        return self.answers.pop(0) if self.answers else said(200, {"paid": True})

    @property
    def keys(self) -> list[str]:
        return [asked.headers["idempotency-key"] for asked in self.asked]

    @property
    def times_s(self) -> list[float]:
        return [asked.at_s for asked in self.asked]


class Town:
    """A world with a bank in it, and a client on another node."""

    def __init__(self, bank: Bank, **options: Any) -> None:
        self.bank, self.world = bank, World()
        self.world.node("bank")
        self.node = self.world.node("orders")
        transport = SimulatedHttpTransport(self.world, "orders", {"bank": bank.app})
        self.client = ExternalServiceClient("http://bank", target="bank", transport=transport, **options)

    def run(self, story: Callable[[ExternalServiceClient], Awaitable[T]]) -> T:
        async def main() -> T:
            async with self.client as client:
                return await story(client)

        with self.world:
            return self.world.run(main)

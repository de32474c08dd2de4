"""Unmodified asyncio code of others runs in the world."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
import tenacity
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from eventlab import runtime
from eventlab.simulation import Constant, World
from eventlab.simulation.http import SimulatedHttpTransport


def test_tenacity_waits_in_virtual_time() -> None:
    tries: list[float] = []

    @tenacity.retry(wait=tenacity.wait_exponential(multiplier=1), stop=tenacity.stop_after_attempt(5))
    async def flaky() -> str:
        tries.append(runtime.monotonic())
        if len(tries) < 4:
            raise ConnectionError("not yet")
        return "there"

    assert World().run(flaky) == "there"
    assert tries == [0, 1, 3, 7]


async def greet(request: Request) -> JSONResponse:
    await asyncio.sleep(0.25)
    body = await request.json()
    return JSONResponse({"hello": body["name"], "node": runtime.current_node(), "at": runtime.monotonic()})


def report(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{threading.get_ident()} {runtime.monotonic()}")


def broken(request: Request) -> PlainTextResponse:
    raise ZeroDivisionError("in the application")


def _world() -> tuple[World, Any]:
    world = World()
    world.network.set_latency(Constant(0.5))
    world.node("front")
    world.node("orders")
    app = Starlette(
        routes=[Route("/greet", greet, methods=["POST"]), Route("/report", report), Route("/broken", broken)]
    )
    return world, SimulatedHttpTransport(world, "front", {"orders": app})


def test_httpx_talks_to_an_async_endpoint_over_the_simulated_network() -> None:
    world, transport = _world()

    async def main() -> Any:
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            response = await client.post("/greet", json={"name": "Ada"})
            return response.status_code, response.json(), world.now_s

    assert world.run(main) == (200, {"hello": "Ada", "node": "orders", "at": 0.75}, 1.25)


def test_a_plain_def_endpoint_runs_inline() -> None:
    world, transport = _world()

    async def main() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            return (await client.get("/report")).text

    assert world.run(main) == f"{threading.get_ident()} 0.5"


def test_an_application_that_raises_answers_500() -> None:
    world, transport = _world()

    async def main() -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            return (await client.get("/broken")).status_code

    assert world.run(main) == 500


def test_httpx_timeouts_are_kept_when_the_network_is_silent() -> None:
    world, transport = _world()

    async def main() -> float:
        async with httpx.AsyncClient(transport=transport, base_url="http://orders", timeout=3) as client:
            with world.network.partition(["front"], ["orders"]), pytest.raises(httpx.ReadTimeout, match="orders"):
                await client.get("/report")
        return world.now_s

    assert world.run(main) == 6  # connecting and reading may take three seconds each


def test_a_crashed_node_is_silence_and_an_unknown_host_a_refused_connection() -> None:
    world, transport = _world()

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport, timeout=3) as client:
            world.nodes["orders"].crash()
            with pytest.raises(httpx.ReadTimeout):
                await client.get("http://orders/report")
            with pytest.raises(httpx.ConnectError, match="'nowhere'"):
                await client.get("http://nowhere/report")

    world.run(main)


def test_the_application_dies_with_its_node() -> None:
    world, transport = _world()

    async def main() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://orders", timeout=3) as client:
            request = asyncio.create_task(client.post("/greet", json={"name": "Ada"}))
            await asyncio.sleep(0.6)
            world.nodes["orders"].crash()
            with pytest.raises(httpx.ReadTimeout):
                await request
            await world.nodes["orders"].restart()
            return (await client.post("/greet", json={"name": "Bob"})).json()["hello"]

    assert world.run(main) == "Bob"

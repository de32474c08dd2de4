"""A service whose disk is full says so to whoever asks, is not ready, keeps what it said yes to, and recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from eventlab.services import Client
from eventlab.services.web import application
from eventlab.shop import OWNS, SERVICES, ServiceContext
from eventlab.simulation import SimulatedStore, World
from eventlab.simulation.http import SimulatedHttpTransport, http_between
from eventlab.store import MemoryStore

Story = Callable[[httpx.AsyncClient, SimulatedStore], Awaitable[Any]]
FULL = "StoreFailed: users: the disk is full; nothing was written"


def asked(story: Story, warned: list[str] | None = None) -> Any:
    """What *story* finds, asking the users service, which keeps its events on a simulated disk."""

    async def main() -> Any:
        store = SimulatedStore(MemoryStore("users", OWNS["users"]))
        client = Client(http_between(world, ["users"]), "users")
        warn = (warned if warned is not None else []).append
        service = SERVICES["users"](ServiceContext("users", store, client, warn=warn))
        transport = SimulatedHttpTransport(world, "front", {"users": application(service)})
        async with httpx.AsyncClient(transport=transport, base_url="http://users", timeout=60) as front:
            return await story(front, store)

    with World(1) as world:
        world.node("users")
        return world.run(main)


async def create(front: httpx.AsyncClient, user: str) -> httpx.Response:
    return await front.post("/CreateUser", json={"user_id": user, "email": f"{user}@example.org"})


async def ready(front: httpx.AsyncClient) -> tuple[int, str]:
    answer = await front.get("/health/ready")
    return answer.status_code, answer.json().get("reason", "")


def test_what_a_full_disk_refuses_is_a_503_with_the_reason_and_done_when_asked_again() -> None:
    async def story(front: httpx.AsyncClient, store: SimulatedStore) -> Any:
        statuses = [(await create(front, "ada")).status_code]
        with store.device.full():
            refused = await create(front, "bob")
            statuses += [refused.status_code, (await create(front, "ada")).status_code]
        statuses.append((await create(front, "bob")).status_code)
        kept = [stored.stream for stored in await store.read_all()]
        return statuses, refused.headers["eventlab-outcome"], refused.json(), kept

    statuses, outcome, said, kept = asked(story)
    assert statuses == [200, 503, 200, 200]  # what ada was told before is told again, and nothing need be written
    assert (outcome, said) == ("failed", {"code": "store_failed", "reason": FULL})
    assert kept == ["user-ada", "user-bob"]


def test_a_service_that_could_not_write_is_not_ready_until_it_can_again_and_asks_nothing_before() -> None:
    async def story(front: httpx.AsyncClient, store: SimulatedStore) -> Any:
        found = [await ready(front)]
        with store.device.full():
            found.append(await ready(front))  # nobody has noticed yet
            await create(front, "ada")
            found += [await ready(front), await ready(front)]
        found += [await ready(front), await ready(front)]
        return found, [record.version for record in await store.records.list("service")]

    found, written = asked(story)
    assert found == [(200, ""), (200, ""), (503, FULL), (503, FULL), (200, ""), (200, "")]
    assert written == [1]


def test_requests_that_fail_for_other_reasons_leave_it_ready() -> None:
    async def story(front: httpx.AsyncClient, store: SimulatedStore) -> Any:
        await front.post("/CreateUser", json={"user_id": "", "email": ""})
        return await ready(front), await store.records.list("service")

    assert asked(story) == ((200, ""), [])


@pytest.mark.parametrize(("pause_s", "told"), [(0.1, 1), (7.0, 4)])
def test_of_requests_that_fail_whoever_is_warned_is_told_once_a_minute(pause_s: float, told: int) -> None:
    async def story(front: httpx.AsyncClient, store: SimulatedStore) -> None:
        with store.device.full():
            for _ in range(30):
                await create(front, "ada")
                await asyncio.sleep(pause_s)

    warned: list[str] = []
    asked(story, warned)
    said = "users: a request has failed: users: the disk is full; nothing was written. "
    assert warned == [f"{said}It is not ready until its store can be written to"] * told

"""A service behind HTTP: what it says by its statuses, when it is ready, and what it lets in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest

from eventlab import runtime
from eventlab.errors import StoreUnavailable
from eventlab.services import Call, Reply
from eventlab.services.door import BODY_MAX, Door
from eventlab.services.web import application
from eventlab.simulation import World
from eventlab.simulation.http import SimulatedHttpTransport
from eventlab.store import MemoryStore, PassingStore
from eventlab.testing.transports import Parrot

T = TypeVar("T")
Story = Callable[[httpx.AsyncClient], Awaitable[T]]


def asked(app: Any, story: Story[T]) -> T:
    """What *story* finds, asking *app* over the network of a world."""

    async def main() -> T:
        transport = SimulatedHttpTransport(world, "front", {"parrot": app})
        async with httpx.AsyncClient(transport=transport, base_url="http://parrot", timeout=60) as client:
            return await story(client)

    with World() as world:
        world.node("parrot")
        return world.run(main)


async def say(client: httpx.AsyncClient, text: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/Say", json={"text": text}, headers=named)


def test_one_handler_answers_by_its_statuses() -> None:
    async def story(client: httpx.AsyncClient) -> list[tuple[int, str]]:
        answers = [await say(client, text) for text in ("hello", "rude", "mirror")]
        answers.append(await client.post("/Sing", json={}))
        answers.append(await client.post("/Say", json={"text": 7}))
        answers.append(await client.post("/Say", content=b"{", headers={"content-type": "application/json"}))
        answers.append(await say(client, "hello", eventlab_timeout="soon"))
        answers.append(await say(client, "hello", eventlab_timeout="0n"))
        answers.append(await client.get("/Say"))
        return [(answer.status_code, answer.headers.get("eventlab-outcome", "")) for answer in answers]

    parrot = Parrot()
    assert asked(application(parrot), story) == [
        (200, "ok"),
        (409, "refused"),
        (500, "failed"),
        (404, "unknown_operation"),
        (400, "failed"),
        (400, "failed"),
        (400, "failed"),
        (503, "unavailable"),
        (405, ""),
    ]
    assert parrot.heard == ["hello", "rude", "mirror"]


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/a/b", 404), ("GET", "/", 404), ("PUT", "/Say", 405)])
def test_a_path_or_a_method_that_there_is_not_is_told_in_json_with_what_would_do(
    method: str, path: str, status: int
) -> None:
    async def story(client: httpx.AsyncClient) -> tuple[int, str]:
        answer = await client.request(method, path)
        return answer.status_code, answer.json()["message"]

    assert asked(application(Parrot()), story) == (
        status,
        f"parrot has no {method} {path}: a request is POST /<its name>, and GET /health/ready tells how it is",
    )


def test_a_refusal_says_its_code_its_message_and_its_facts() -> None:
    async def story(client: httpx.AsyncClient) -> Any:
        return (await say(client, "rude")).json()

    expected = {"code": "rude", "message": "a parrot has manners", "facts": {"words": ["rude"]}}
    assert asked(application(Parrot()), story) == expected


def test_the_key_arrives_quoted_or_not() -> None:
    async def story(client: httpx.AsyncClient) -> list[str]:
        return [(await say(client, "x", idempotency_key=key)).json()["key"] for key in ("k-1", '"k-1"', "gr%C3%BCn")]

    assert asked(application(Parrot()), story) == ["k-1", "k-1", "grün"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_foreign_page_may_post_unasked_is_not_let_in(kind: str) -> None:
    async def story(client: httpx.AsyncClient) -> int:
        answer = await client.post("/Say", content=b'{"text":"hello"}', headers={"content-type": kind})
        return answer.status_code

    parrot = Parrot()
    assert (asked(application(parrot), story), parrot.heard) == (400, [])


def test_a_body_without_measure_is_not_read_to_its_end() -> None:
    async def story(client: httpx.AsyncClient) -> tuple[int, int, Any]:
        fits, too_large = [await say(client, "x" * size) for size in (BODY_MAX - 100, BODY_MAX)]
        return fits.status_code, too_large.status_code, too_large.json()

    said = {"code": "too_large", "reason": "a request has at most 1,000,000 bytes"}
    assert asked(application(Parrot()), story) == (200, 413, said)


def test_a_door_without_anybody_behind_it_says_that_nothing_was_done() -> None:
    async def story(client: httpx.AsyncClient) -> tuple[int, str, Any]:
        answer = await say(client, "hello")
        return answer.status_code, answer.headers["retry-after"], (await client.get("/health/ready")).json()

    door = Door("parrot")
    door.close("it is stopping")
    not_ready = {"service": "parrot", "ready": False, "reason": "it is stopping"}
    assert asked(door.application(), story) == (503, "1", not_ready)


async def health(client: httpx.AsyncClient) -> list[int]:
    return [(await client.get(f"/health/{which}")).status_code for which in ("live", "ready")]


def test_a_service_is_ready_when_its_store_answers() -> None:
    class Away(PassingStore):
        async def head(self) -> int:
            raise StoreUnavailable(self.name, "cable cut")

    class Slow(PassingStore):
        async def head(self) -> int:
            await asyncio.sleep(60)
            return 0

    stores = None, MemoryStore("parrot"), Away(MemoryStore("parrot")), Slow(MemoryStore("parrot"))
    found = []
    for store in stores:
        parrot = Parrot()
        parrot._store = store
        found.append(asked(application(parrot), health))
    assert found == [[200, 200], [200, 200], [200, 503], [200, 503]]


def test_it_is_not_ready_while_it_starts_or_stops_and_takes_nothing_in() -> None:
    class Late(Parrot):
        async def start(self) -> None:
            await asyncio.sleep(1)

        async def stop(self) -> None:
            await asyncio.sleep(1)

    parrot = Late()
    app = application(parrot)

    async def story(client: httpx.AsyncClient) -> list[list[int]]:
        found = []

        async def look() -> None:
            found.append([*await health(client), (await say(client, "hello")).status_code])

        async def living() -> None:
            async with app.router.lifespan_context(app):
                await look()

        life = asyncio.create_task(living())
        await asyncio.sleep(0.5)
        await look()  # while it starts
        await asyncio.sleep(1.0)
        await look()  # while it stops
        await life
        return found

    assert asked(app, story) == [[200, 503, 503], [200, 200, 200], [200, 503, 503]]
    assert parrot.heard == ["hello"]


@pytest.mark.parametrize(("pause_s", "status"), [(2.0, 200), (9.0, 504)])
def test_a_door_that_is_shut_lets_work_end_within_its_grace_and_then_says_that_nobody_knows(
    pause_s: float, status: int
) -> None:
    parrot, door = Parrot(), Door("parrot")
    door.open(parrot.receive)

    async def story(client: httpx.AsyncClient) -> list[int]:
        asked = asyncio.create_task(client.post("/Say", json={"text": "slow", "pause_s": pause_s}))
        await asyncio.sleep(1)
        shut = asyncio.create_task(door.shut("it is stopping", 5.0))
        await asyncio.sleep(1)
        late = await say(client, "late")
        await shut
        return [late.status_code, (await asked).status_code]

    assert asked(door.application(), story) == [503, status]
    assert parrot.heard == ["slow"]


def test_whoever_will_not_wait_for_the_grace_of_a_door_has_it_shut_at_once() -> None:
    parrot, door = Parrot(), Door("parrot")
    door.open(parrot.receive)

    async def story(client: httpx.AsyncClient) -> tuple[int, float]:
        asked = asyncio.create_task(client.post("/Say", json={"text": "slow", "pause_s": 50.0}))
        await asyncio.sleep(1)
        shut = asyncio.create_task(door.shut("it is stopping", 40.0))
        await asyncio.sleep(1)
        shut.cancel()
        answer = await asked
        return answer.status_code, runtime.monotonic()

    status, at_s = asked(door.application(), story)
    assert status == 504 and at_s < 3


@pytest.mark.parametrize("content", [b'{"text": "\xff"}', b'{"more": ' + b"[" * 100_000], ids=["no text", "no bottom"])
def test_a_body_that_is_no_text_or_nests_without_end_is_no_request(content: bytes) -> None:
    async def story(client: httpx.AsyncClient) -> tuple[int, str]:
        answer = await client.post("/Say", content=content, headers={"content-type": "application/json"})
        return answer.status_code, answer.json().get("code", "")

    assert asked(application(Parrot()), story) == (400, "unreadable")


def test_whoever_answers_in_a_way_of_their_own_is_answered_for() -> None:
    async def broken(call: Call) -> Reply:
        raise KeyError("cage")

    door = Door("parrot")
    door.open(broken)

    async def story(client: httpx.AsyncClient) -> tuple[int, str]:
        answer = await say(client, "hello")
        return answer.status_code, answer.json()["reason"]

    assert asked(door.application(), story) == (500, "KeyError: 'cage'")

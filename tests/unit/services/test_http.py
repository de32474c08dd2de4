"""Over real sockets: what a server does that hangs up, is not there, or is somebody else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest

from eventlab.errors import CallUnknown, ConnectionBroken, InvalidValue, Unavailable
from eventlab.resilience import Constant
from eventlab.services import Call, Client, Mail, Service, handles
from eventlab.services.external import ExternalServiceClient
from eventlab.services.http import POST_S, HttpTransport
from eventlab.services.serving import serving
from eventlab.services.web import application
from eventlab.simulation import World
from eventlab.simulation.http import http_between
from eventlab.testing import run
from eventlab.testing.transports import Parrot, Said, Say

Answer = Callable[[str], bytes | None]
"""From the key of a request to the bytes of the answer; None hangs up."""


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[str]:
    """A server made of a bare socket, which does what no well-behaved one does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(headers.get("content-length", "0")))
        said = answer(headers.get("idempotency-key", ""))
        if said is not None:
            writer.write(said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def say(url: str) -> Said:
    async with HttpTransport({"parrot": url}) as transport:
        return await Client(transport, "caller", timeout_s=10).call("parrot", Say("hello"))


def test_a_lost_answer_is_asked_for_again_and_the_work_is_done_once() -> None:
    """The server does the work and hangs up. The second request has the same key, and gets what the first one did."""
    paid: dict[str, int] = {}
    asked: list[str] = []

    def answer(key: str) -> bytes | None:
        asked.append(key)
        if key not in paid:
            paid[key] = 4200
            return None
        return ok(b'{"cents":%d}' % paid[key])

    async def main() -> object:
        async with listening(answer) as url, ExternalServiceClient(url, target="bank", backoff=Constant(0)) as bank:
            return await bank.post("/payments", {"cents": 4200}, key="order-7/pay")

    assert run(main()) == {"cents": 4200}
    assert (asked, paid) == (["order-7/pay"] * 2, {"order-7/pay": 4200})


@pytest.mark.parametrize("half", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", b"SMTP?\r\n\r\n"])
def test_a_connection_that_breaks_leaves_the_outcome_unknown(half: bytes) -> None:
    async def main() -> None:
        async with listening(lambda key: half) as url, ExternalServiceClient(url, target="x", attempts_max=1) as client:
            with pytest.raises(ConnectionBroken, match="the outcome is unknown"):
                await client.post("/x", key="k")
            with pytest.raises(ConnectionBroken):
                await say(url)

    run(main())


def test_where_nobody_listens_nothing_happened() -> None:
    async def main() -> None:
        async with nobody() as url, ExternalServiceClient(url, target="bank", attempts_max=1) as client:
            with pytest.raises(Unavailable):
                await client.post("/payments", key="k")
            with pytest.raises(Unavailable):
                await say(url)

    run(main())


def test_who_answers_in_the_place_of_a_service_leaves_the_outcome_unknown() -> None:
    async def main() -> None:
        async with listening(lambda key: ok(b"<html>It works!</html>")) as url:
            with pytest.raises(CallUnknown, match="status 200, which does not come from a service"):
                await say(url)

    run(main())


def test_a_name_without_an_address_is_not_reached_and_an_address_that_is_none_is_refused() -> None:
    async def main() -> None:
        async with HttpTransport({"cat": "http://127.0.0.1:1", "parrot": "parrot:8001"}) as transport:
            client = Client(transport, "caller")
            with pytest.raises(Unavailable, match="it has no address; there is cat, parrot"):
                await client.call("dog", Say("hello"))
            with pytest.raises(InvalidValue, match="address of parrot"):
                await client.call("parrot", Say("hello"))

    run(main())


class Witness(Parrot):
    """A parrot that writes down its life."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.fails = fails

    @handles(Say)
    async def say(self, request: Say, call: Call) -> Said:
        said = await super().say(request, call)
        await asyncio.sleep(0.05)
        self.heard.append("said")
        return said

    async def start(self) -> None:
        self.heard.append("start")
        if self.fails:
            raise RuntimeError("no cage")

    async def stop(self) -> None:
        self.heard.append("stop")


def test_serving_a_service_starts_it_and_lets_work_end_before_it_stops_it() -> None:
    parrot = Witness()

    async def main() -> tuple[Said, list[str]]:
        async with serving(application(parrot)) as url:
            asked = asyncio.create_task(say(url))
            while "hello" not in parrot.heard:  # noqa: ASYNC110 - a parrot has no event to wait for
                await asyncio.sleep(0.001)
        found = list(parrot.heard)
        return await asked, found

    said, found = run(main())
    assert (said.text, found) == ("hello", ["start", "hello", "said", "stop"])


def test_an_application_that_does_not_start_is_served_to_nobody() -> None:
    async def main() -> None:
        with pytest.raises(Unavailable, match="it did not start"):
            async with serving(application(Witness(fails=True))):
                raise AssertionError("it was served")

    run(main())


def test_an_address_that_another_has_is_refused_and_left_to_them() -> None:
    async def main() -> None:
        async with serving(application(Parrot())) as url:
            port = int(url.rpartition(":")[2])
            with pytest.raises(InvalidValue, match=f"127.0.0.1:{port}"):
                async with serving(application(Parrot()), port=port):
                    raise AssertionError("two at one address")
            await say(url)

    run(main())


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    async def main() -> None:
        with pytest.raises(InvalidValue, match=host):
            async with serving(application(Parrot()), host=host):
                raise AssertionError("served from afar")

    run(main())


def in_world(story: Callable[[World, HttpTransport], Awaitable[None]]) -> None:
    with World() as world:
        world.node("parrot")
        world.run(lambda: story(world, http_between(world, ["parrot"])))


def test_what_was_served_in_a_life_that_ended_answers_no_more() -> None:
    parrots = Parrot(), Parrot()

    async def story(world: World, transport: HttpTransport) -> None:
        client = Client(transport, "caller")
        transport.serve("parrot", parrots[0].receive)
        await client.call("parrot", Say("first life"))
        world.node("parrot").crash()
        await world.node("parrot").restart()
        with pytest.raises(Unavailable, match="nobody serves it"):
            await client.call("parrot", Say("between"))
        transport.serve("parrot", parrots[1].receive)
        await client.call("parrot", Say("second life"))

    in_world(story)
    assert [parrot.heard for parrot in parrots] == [["first life"], ["second life"]]


def test_the_network_knows_a_request_by_the_service_that_asks() -> None:
    async def story(world: World, transport: HttpTransport) -> None:
        parrot = Parrot()
        transport.serve("parrot", parrot.receive)
        for name in ("cut-off", "near"):
            world.node(name)
        with world.network.partition(["cut-off"], ["parrot"], seen_as="broken"):
            with pytest.raises(Unavailable):
                await Client(transport, "cut-off").call("parrot", Say("hello"))
            await Client(transport, "near").call("parrot", Say("hello"))

    in_world(story)


def test_a_posted_message_is_answered_before_the_work_and_only_with_that_it_is_here() -> None:
    async def main() -> tuple[int, bytes, list[str]]:
        parrot = Parrot()
        door = application(parrot)
        async with serving(door) as url, httpx.AsyncClient(base_url=url, trust_env=False) as anybody:
            body = msgspec.json.encode(Say("mirror", pause_s=0.01))
            headers = {"content-type": "application/json", "prefer": "respond-async"}
            response = await anybody.post("/Say", content=body, headers=headers)
        return response.status_code, response.content, parrot.heard

    assert run(main()) == (202, b"", ["mirror"])


def test_an_exchange_of_messages_is_two_requests_over_http() -> None:
    """On real sockets: who asks and who is asked are each behind a door, and no connection is held for the answer."""

    async def main() -> tuple[Said, int]:
        addresses: dict[str, str] = {}
        async with HttpTransport(addresses) as transport:
            mail, parrot = Mail(transport), Parrot()
            mail.serve("parrot", parrot.receive)
            mail.serve("caller", Service("caller").receive)
            async with (
                serving(transport.application("parrot")) as addresses["parrot"],
                serving(transport.application("caller")) as addresses["caller"],
            ):
                said = await Client(mail, "caller", timeout_s=10).call("parrot", Say("hello"), key="k")
            return said, mail.mailbox.waiting

    said, waiting = run(main())
    assert (said.text, said.key, said.node, waiting) == ("hello", "k", "parrot", 0)


def test_what_is_posted_and_never_arrives_is_given_up_and_leaves_nothing_behind() -> None:
    async def story(world: World, transport: HttpTransport) -> None:
        parrot = Parrot()
        transport.serve("parrot", parrot.receive)

        def post(number: int) -> None:
            transport.post(Call(number, "caller", "parrot", "Say", b'{"text":"hello"}'))

        with world.network.partition(["caller"], ["parrot"]):
            for number in range(20):
                post(number)
            await asyncio.sleep(POST_S - 0.1)
            assert len(transport._posting) == 20
            await asyncio.sleep(0.2)
            assert len(transport._posting) == 0
            post(20)
            await asyncio.sleep(0)
            await transport.close()
            assert (len(transport._posting), parrot.heard) == (0, [])

    with World() as world:
        world.node("parrot"), world.node("caller")
        world.run(lambda: story(world, http_between(world, ["parrot"])))

"""`eventlab shop`: what it refuses before anything is begun, and how one service lives and ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eventlab.cli.shop_checkout import CheckoutOptions, Front, Sold
from eventlab.cli.shop_serve import left_over
from eventlab.errors import Refused, StoreFailed
from eventlab.scenarios.orders import Order
from eventlab.services import Call, Client, InProcessTransport, Service, handles
from eventlab.shop import OWNS, Checkout, CheckoutResult
from eventlab.shop.claiming import claim
from eventlab.shop.profiles import CustomerProfileRecorded
from eventlab.store import open_store
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from tests.cli.commands import ended, eventlab, start, until
from tests.unit.store.postgres.servers import needs_postgres, sql

CSV = "date,customer_id,quantity,amount_cents\n1997-01-01,1,2,2933\n"
PEERS = [word for name in ("payments", "shipping") for word in ("--peer", f"{name}=http://127.0.0.1:9")]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["order"], "SERVICE order: the shop has no such service; did you mean 'orders'?"),
        (["till"], "there are users, orders, payments, inventory, shipping"),
        (["orders", *PEERS], "orders calls inventory: add --peer inventory=http://127.0.0.1:PORT"),
        (["orders", "--peer", "payments"], "--peer payments: expected NAME=URL"),
        (["orders", "--peer", "payment=http://x"], "--peer payment: the shop has no such service; did you mean"),
        (["orders", *PEERS, *PEERS], "--peer payments=http://127.0.0.1:9: payments is given twice"),
        (["orders", "--peer", "payments=127.0.0.1:9"], "--peer payments 127.0.0.1:9: expected a URL such as"),
        (["orders", "--peer", "payments=http://h:x"], "--peer payments http://h:x: expected a URL such as"),
        (["users", "--store", "memory:"], "a store that outlives the process"),
        (["users", "--store", "users.db"], "store URL is 'users.db'"),
        (["users", "--host", "no.such.host.invalid"], "no.such.host.invalid"),
    ],
)
def test_what_cannot_be_served_is_refused_with_what_would_do(args: list[str], says: str) -> None:
    told = eventlab("shop", "serve", "--port", "0", "--store", "sqlite:///x.db", *args)
    assert (told.code, told.out) == (2, "")
    assert says in told.err and "Traceback" not in told.err


def test_the_store_of_another_service_is_refused(here: Path) -> None:
    async def main() -> None:
        store = open_store("sqlite:///orders.db", owns=OWNS["orders"])
        await store.append([("customer-ada", CustomerProfileRecorded("ada", "ada@example.org", "", 1))])
        await store.close()

    run(main())
    told = eventlab("shop", "serve", "payments", "--port", "0", "--store", "sqlite:///orders.db")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "--store is 'sqlite:///orders.db'; expected the store of payments; orders has its events in this one\n"
    )


def test_a_port_that_another_has_is_refused_and_signals_are_left_as_they_were(here: Path) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = eventlab("shop", "serve", "users", "--port", port, "--store", "sqlite:///users.db")
    assert told.code == 2 and f"127.0.0.1:{port}" in told.err
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize("command", [["serve", "users", "--port", "0", "--store", "sqlite:///x.db"], ["checkout"]])
def test_without_the_extra_it_says_what_to_install(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    Path("orders.csv").write_text(CSV)
    more = ["--orders", "orders.csv", "--url", "http://127.0.0.1:9"] if command == ["checkout"] else []
    told = eventlab("shop", *command, *more)
    assert told.code == 2 and "pip install 'eventlab[http]'" in told.err


@pytest.mark.parametrize(
    ("csv", "url", "says"),
    [
        (CSV, "127.0.0.1:9", "--url 127.0.0.1:9: expected a URL such as"),
        (CSV.replace("2,2933", "no,2933"), "http://127.0.0.1:9", "orders.csv:2:14: quantity: expected a whole number"),
        ("date\n", "http://127.0.0.1:9", "no column 'customer_id'"),
        (CSV + "1997-01-01,1,1,1\n" * 60, "http://127.0.0.1:9", "has 61 titles; the shop has 50"),
    ],
)
def test_orders_that_cannot_be_placed_are_refused(here: Path, csv: str, url: str, says: str) -> None:
    Path("orders.csv").write_text(csv)
    told = eventlab("shop", "checkout", "--orders", "orders.csv", "--url", url, "--patience", "0.2")
    assert (told.code, told.out) == (2, "")
    assert says in told.err


def test_a_shop_that_is_not_reached_is_no_mistake_of_usage(here: Path) -> None:
    Path("orders.csv").write_text(CSV)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    told = eventlab("shop", "checkout", "--orders", "orders.csv", "--url", url, "--patience", "0.2")
    assert (told.code, told.out) == (4, "")
    assert told.err.startswith("the shop could not be made ready: orders was not reached")
    assert told.err.endswith("; no order was placed\n")


def test_a_shop_at_whose_address_another_service_is_is_a_mistake_of_usage(here: Path) -> None:
    Path("orders.csv").write_text(CSV)
    with serving_users(here) as (_, port):
        told = eventlab("shop", "checkout", "--orders", "orders.csv", "--url", f"http://127.0.0.1:{port}")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("the shop could not be made ready: ") and "CreateCustomerProfile" in told.err


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ({"completed": 3, "compensated": 1}, 0),
        ({"completed": 3, "stuck": 1}, 1),
        ({"refused": 1}, 1),
        ({"completed": 3, "unknown": 1}, 3),
        ({"unknown": 1, "refused": 1}, 1),
    ],
)
def test_the_exit_code_tells_how_the_orders_ended(statuses: dict[str, int], code: int) -> None:
    assert Sold(sum(statuses.values()), 1.0, statuses, {}).code == code


class Till(Service):
    """Refuses the first order, and has no room for the second."""

    @handles(Checkout)
    async def checkout(self, request: Checkout, call: Call) -> CheckoutResult:
        if request.order_id == "1":
            raise Refused("unknown_customer", "nobody knows customer ada")
        raise StoreFailed("sqlite:///orders.db", "the disk is full; nothing was written")


def test_it_is_told_why_nobody_knows_how_an_order_ends() -> None:
    async def main() -> dict[str, int]:
        transport = InProcessTransport()
        transport.serve("orders", Till("orders").receive)
        front = Front(Client(transport, "front"), CheckoutOptions(Path("orders.csv"), "http://orders"))
        for number in ("1", "2", "2"):
            await front.place(Order(number, "ada", 0.0, ()))
        return dict(front.reasons)

    full = "StoreFailed: sqlite:///orders.db: the disk is full; nothing was written"
    assert run(main()) == {
        "refused: refused (unknown_customer)": 1, f"unknown: orders failed in Checkout: {full}": 2,
    }  # fmt: skip


@contextmanager
def serving_users(here: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The users service in a process of its own, once it is ready, and its port."""
    process = start("shop", "serve", "users", "--port", "0", "--store", "sqlite:///users.db", *more, cwd=here)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("users is ready at http://") and line.endswith("its events in sqlite:///users.db\n")
        yield process, int(line.split(",")[0].rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


def test_an_empty_store_on_which_another_service_was_started_is_refused(here: Path) -> None:
    with serving_users(here):
        told = eventlab("shop", "serve", "payments", "--port", "0", "--store", "sqlite:///users.db")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "--store is 'sqlite:///users.db'; expected the store of payments; users was started on this one first, "
        "which is still empty; if that was a slip, delete it\n"
    )


@needs_postgres
def test_a_mark_on_a_server_goes_by_what_the_refusal_says() -> None:
    url = fresh_url()

    async def started(name: str) -> str:
        async with open_store(url) as store:
            return await claim(store, name)

    assert run(started("users")) == "users"
    told = eventlab("shop", "serve", "payments", "--port", "0", "--store", url)
    assert told.code == 2
    run(sql(url, told.err.rpartition("if that was a slip, run this on it: ")[2]))
    assert run(started("payments")) == "payments"


def nobody_listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_the_second_ctrl_c_waits_for_nothing(here: Path) -> None:
    with serving_users(here) as (process, port), socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"POST /CreateUser HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n")
        half.sendall(b"content-length: 9\r\nexpect: 100-continue\r\n\r\n")
        assert half.recv(100).startswith(b"HTTP/1.1 100")  # it waits for a body that never comes
        process.send_signal(signal.SIGINT)
        until(lambda: nobody_listens(port), process)
        process.send_signal(signal.SIGINT)
        assert ended(process).code == 130


def test_whoever_may_be_reached_from_elsewhere_is_warned(here: Path) -> None:
    with serving_users(here, "--host", "0.0.0.0") as (process, _):
        process.terminate()
        told = ended(process)
    assert (told.code, told.out) == (0, "users has stopped\n")
    assert told.err == "users listens on 0.0.0.0: whoever reaches it may ask anything of it\n"


def test_what_was_left_over_is_told_in_its_number() -> None:
    assert [left_over(checkouts) for checkouts in (0, 1, 2)] == [
        "",
        "; 1 unfinished checkout is taken up by the next start",
        "; 2 unfinished checkouts are taken up by the next start",
    ]

"""What no seed answers is found wherever a world asks for it, with the place; and nothing else is."""

from __future__ import annotations

import _thread
import asyncio
import datetime
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from os import urandom as urandom_imported
from pathlib import Path
from random import randint as randint_imported
from socket import getaddrinfo as getaddrinfo_bound_before
from socket import gethostbyname as gethostbyname_bound_before
from time import monotonic as clock_under_another_name
from time import sleep as sleep_under_another_name
from time import time as time_under_its_own_name
from typing import Any
from uuid import uuid4 as uuid4_imported

import pytest

from eventlab import runtime
from eventlab.errors import BudgetSpent, EntropyRead, InvalidValue, NotSimulated
from eventlab.scenarios import load
from eventlab.scenarios.virtual import VirtualRun
from eventlab.simulation import Leak, World

SCENARIOS = sorted((Path(__file__).parents[3] / "scenarios").glob("*.yaml"))


class Clock:
    """Of one's own, with names that others have too."""

    def now(self) -> float:
        return 0.0

    time = now


def leaks(ask: Callable[[], object]) -> tuple[Leak, ...]:
    """What a world lists of one call."""

    async def main() -> None:
        ask()

    with World(entropy="list") as world:
        world.run(main)
        return world.entropy


now_bound_before, random_bound_before = datetime.datetime.now, random.random
STATE = random.getstate()


class Moment(datetime.datetime):
    pass


SOURCES: list[tuple[Callable[[], Any], str]] = [
    (lambda: time.time(), "time.time()"),
    (lambda: time.time_ns(), "time.time_ns()"),
    (lambda: time.monotonic(), "time.monotonic()"),
    (lambda: time.monotonic_ns(), "time.monotonic_ns()"),
    (lambda: time.perf_counter(), "time.perf_counter()"),
    (lambda: time.perf_counter_ns(), "time.perf_counter_ns()"),
    (lambda: time.process_time(), "time.process_time()"),
    (lambda: time.process_time_ns(), "time.process_time_ns()"),
    (lambda: time.thread_time(), "time.thread_time()"),
    (lambda: time.thread_time_ns(), "time.thread_time_ns()"),
    (lambda: time.clock_gettime(0), "time.clock_gettime()"),
    (lambda: time.clock_gettime_ns(0), "time.clock_gettime_ns()"),
    (lambda: time.localtime(), "time.localtime()"),
    (lambda: time.gmtime(), "time.gmtime()"),
    (lambda: time.ctime(), "time.ctime()"),
    (lambda: time.asctime(), "time.asctime()"),
    (lambda: time.strftime("%H:%M"), "time.strftime()"),
    (lambda: os.times(), "os.times()"),
    (lambda: time_under_its_own_name(), "time.time()"),
    (lambda: clock_under_another_name(), "time.monotonic()"),
    (lambda: sleep_under_another_name(0), "time.sleep()"),
    (lambda: datetime.datetime.now(), "datetime.now()"),
    (lambda: datetime.datetime.now(tz=datetime.UTC), "datetime.now()"),
    (lambda: datetime.datetime.today(), "datetime.today()"),
    (lambda: datetime.datetime.utcnow(), "datetime.utcnow()"),
    (lambda: now_bound_before(), "datetime.now()"),
    (lambda: Moment.now(), "Moment.now()"),
    (lambda: datetime.date.today(), "date.today()"),
    (lambda: random.random(), "the global random"),
    (lambda: random_bound_before(), "the global random"),
    (lambda: randint_imported(1, 6), "the global random"),
    (lambda: random.choice([1, 2]), "the global random"),
    (lambda: random.randbytes(2), "the global random"),
    (lambda: random.getstate(), "the global random"),
    (lambda: random.setstate(STATE), "the global random"),
    (lambda: random.seed(), "the global random"),
    (lambda: random.Random(7).seed(), "random.Random() without a seed"),
    (lambda: random.shuffle([1, 2]), "the global random"),
    (lambda: random.gauss(0, 1), "the global random"),
    (lambda: random.seed(7), "the global random"),
    (lambda: random.Random(), "random.Random() without a seed"),
    (lambda: random.SystemRandom().random(), "os.urandom()"),
    (lambda: os.urandom(4), "os.urandom()"),
    (lambda: urandom_imported(4), "os.urandom()"),
    (lambda: os.getrandom(4), "os.getrandom()"),
    (lambda: secrets.token_bytes(4), "secrets.token_bytes()"),
    (lambda: secrets.token_hex(), "secrets.token_bytes()"),
    (lambda: secrets.randbelow(9), "os.urandom()"),
    (lambda: uuid.uuid1(), "uuid.uuid1()"),
    (lambda: uuid.uuid4(), "uuid.uuid4()"),
    (lambda: uuid4_imported(), "uuid.uuid4()"),
    (lambda: socket.socket().close(), "a socket"),
    (lambda: [*map(socket.socket.close, socket.socketpair())], "a socket"),
    (lambda: getaddrinfo_bound_before("127.0.0.1", 80), "socket.getaddrinfo()"),
    (lambda: gethostbyname_bound_before("127.0.0.1"), "socket.gethostbyname()"),
]


@pytest.mark.parametrize(("ask", "what"), SOURCES, ids=[f"{at}-{what}" for at, (_, what) in enumerate(SOURCES)])
def test_each_source_is_listed_once_by_the_line_that_asked(ask: Callable[[], Any], what: str) -> None:
    found = leaks(ask)
    line = ask.__code__.co_firstlineno
    assert {(leak.what, leak.place) for leak in found} >= {(what, f"{__file__}:{line} in <lambda>")}
    assert {leak.place for leak in found} == {f"{__file__}:{line} in <lambda>"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda: random.Random(7).random(),
        lambda: runtime.random_stream("x").gauss(0, 1),
        lambda: (runtime.now(), runtime.monotonic(), runtime.new_id(), runtime.secret_bytes(4)),
        lambda: datetime.datetime.fromtimestamp(0, datetime.UTC),
        lambda: (time.gmtime(0), time.ctime(0), time.strftime("%Y", time.gmtime(7)), time.asctime(time.localtime(7))),
        lambda: (datetime.datetime.combine(datetime.date(2000, 1, 1), datetime.time()), Clock().now(), Clock().time()),
        lambda: random.Random(7).getrandbits(9),
        lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "x"),
        lambda: uuid.UUID(int=7),
    ],
)
def test_what_a_seed_answers_is_not_listed(ask: Callable[[], object]) -> None:
    assert leaks(ask) == ()


@pytest.mark.parametrize(
    ("leave", "what"),
    [
        (lambda: _thread.start_new_thread(print, ()), "a thread"),
        (lambda: os.fork() or os._exit(0), "os.fork()"),
        (lambda: os.forkpty()[0] or os._exit(0), "os.forkpty()"),
        (lambda: os.posix_spawn("/bin/true", ["true"], {}), "os.posix_spawn()"),
        (lambda: os.spawnv(os.P_WAIT, "/bin/true", ["true"]), "os.fork()"),
        (lambda: os.execv("/no/such", ["such"]), "os.execv()"),
        (lambda: os.execve("/no/such", ["such"], {}), "os.execve()"),
        (lambda: os.execlp("/no/such", "such"), "os.execv()"),
        (lambda: socket.create_connection(("127.0.0.1", 9)), "looking up a host"),
    ],
)
def test_a_way_out_is_barred_before_it_is_taken(leave: Callable[[], object], what: str) -> None:
    """Each of them would do no harm if it were not: the test must live to tell."""

    async def main() -> None:
        leave()

    with pytest.raises((EntropyRead, NotSimulated)) as caught:  # by the audit, or by the fence that comes first
        World(entropy="raise").run(main)
    place = getattr(caught.value, "place", leave.__code__.co_name)
    assert (caught.value.what, leave.__code__.co_name in place) == (what, True)


def test_a_place_is_counted() -> None:
    (leak,) = leaks(lambda: [time.time() for _ in range(3)])
    assert str(leak).startswith("time.time() at ") and str(leak).endswith(
        ", 3 times; use runtime.now or runtime.monotonic"
    )


def test_raising_says_what_was_asked_and_where_also_after_it_was_caught() -> None:
    caught: list[EntropyRead] = []

    async def main() -> None:
        for _ in range(2):
            try:
                time.time()
            except EntropyRead as error:
                caught.append(error)
            await asyncio.sleep(1)
        time.perf_counter()

    world = World(entropy="raise")
    with pytest.raises(EntropyRead, match=r"time\.perf_counter\(\) .* at .*test_entropy\.py:\d+ in .*main"):
        world.run(main)
    assert [error.what for error in caught] == ["time.time()"] * 2


@pytest.mark.parametrize("fails", [False, True])
def test_after_the_run_whoever_profiled_before_goes_on(fails: bool) -> None:
    def profile(*_: object) -> None: ...

    async def main() -> None:
        if fails:
            time.time()

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        try:
            World(entropy="raise").run(main)
        except EntropyRead:
            assert fails
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(before)


def test_another_thread_may_ask_meanwhile() -> None:
    begun, asked = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def outside() -> None:
        begun.wait(5)
        try:
            time.time(), time.sleep(0), random.random()
        except BaseException as error:
            errors.append(error)
        asked.set()

    async def main() -> None:
        begun.set()
        asked.wait(5)

    thread = threading.Thread(target=outside)
    thread.start()
    with World(entropy="list") as world:
        world.run(main)
    thread.join()
    assert (errors, world.entropy) == ([], ())


def test_an_audit_is_off_unless_it_is_asked_for() -> None:
    seen: list[object] = []

    async def main() -> None:
        seen.append((time.time() > 0, sys.getprofile()))

    before = sys.getprofile()
    World().run(main)
    assert seen == [(True, before)]


def test_an_audit_and_a_budget_go_together() -> None:
    async def poll() -> None:
        for _ in range(1000):
            time.time()
            await asyncio.sleep(0)

    with World(entropy="list") as world:
        with pytest.raises(BudgetSpent, match="20 steps"):
            world.run(poll, steps_max=20)
        assert [(leak.what, leak.count) for leak in world.entropy] == [("time.time()", 20)]


def test_the_package_itself_may_ask_at_its_own_door_alone() -> None:
    asks: dict[str, Any] = {"__name__": "eventlab.shop.somewhere", "time": time}
    exec("def ask():\n    return time.time()", asks)
    assert [leak.what for leak in leaks(asks["ask"])] == ["time.time()"]
    asks["__name__"] = "eventlab.runtime"
    assert leaks(asks["ask"]) == ()


@pytest.mark.parametrize("name", ["asyncio.somewhere", "logging", "asynciology", "logging_of_ones_own"])
def test_what_may_ask_is_a_package_by_its_whole_name(name: str) -> None:
    asks: dict[str, Any] = {"__name__": name, "time": time}
    exec("def ask():\n    return time.time()", asks)
    assert bool(leaks(asks["ask"])) == (name.partition(".")[0] not in ("asyncio", "logging"))


def test_a_word_that_is_no_policy_is_refused() -> None:
    with pytest.raises(InvalidValue, match="entropy"):
        World(entropy="warn")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("block", "instead"),
    [
        (lambda: time.sleep(0), "use asyncio.sleep"),
        (lambda: os.system("true"), "model it as a node"),
        (lambda: subprocess.Popen(["true"]), "model it as a node"),
        (lambda: subprocess.run(["true"]), "model it as a node"),
    ],
)
def test_what_would_block_the_world_is_refused_in_every_world(block: Callable[[], object], instead: str) -> None:
    async def main() -> None:
        block()

    with pytest.raises(NotSimulated, match=instead):
        World().run(main)


def test_the_fences_come_down_also_after_an_error() -> None:
    before = time.sleep, os.system, subprocess.Popen.__init__
    with pytest.raises(NotSimulated):
        World().run(_blocking)
    assert (time.sleep, os.system, subprocess.Popen.__init__) == before


async def _blocking() -> None:
    subprocess.run(["true"])  # noqa: ASYNC221 — that is what is refused


SMALLER = {"payment-outage": ["load.orders.first=40", "faults.0.at=5s", "faults.0.for=6s"]}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_no_shipped_scenario_asks_for_what_its_seed_does_not_answer(path: Path) -> None:
    run = VirtualRun(load(path, SMALLER.get(path.stem, [])), entropy="list", steps_max=10_000)
    with run:
        run.drive()
    assert run.world.entropy == ()

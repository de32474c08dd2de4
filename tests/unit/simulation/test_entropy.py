"""What no seed answers is found wherever a world asks for it, with the place; and nothing else is."""

from __future__ import annotations

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
from pathlib import Path
from time import monotonic as clock_under_another_name
from time import sleep as sleep_under_another_name
from typing import Any

import pytest

from eventlab import runtime
from eventlab.errors import EntropyRead, InvalidValue, NotSimulated
from eventlab.scenarios import load
from eventlab.scenarios.virtual import VirtualRun
from eventlab.simulation import Leak, World

SCENARIOS = sorted((Path(__file__).parents[3] / "scenarios").glob("*.yaml"))


def leaks(ask: Callable[[], object]) -> tuple[Leak, ...]:
    """What a world lists of one call."""

    async def main() -> None:
        ask()

    with World(entropy="list") as world:
        world.run(main)
        return world.entropy


SOURCES: list[tuple[Callable[[], Any], str]] = [
    (lambda: time.time(), "time.time()"),
    (lambda: time.time_ns(), "time.time_ns()"),
    (lambda: time.monotonic(), "time.monotonic()"),
    (lambda: time.monotonic_ns(), "time.monotonic_ns()"),
    (lambda: time.perf_counter(), "time.perf_counter()"),
    (lambda: time.perf_counter_ns(), "time.perf_counter_ns()"),
    (lambda: time.process_time(), "time.process_time()"),
    (lambda: clock_under_another_name(), "time.monotonic()"),
    (lambda: sleep_under_another_name(0), "time.sleep()"),
    (lambda: datetime.datetime.now(), "datetime.now()"),
    (lambda: datetime.datetime.now(tz=datetime.UTC), "datetime.now()"),
    (lambda: datetime.datetime.today(), "datetime.today()"),
    (lambda: datetime.date.today(), "date.today()"),
    (lambda: random.random(), "the global random"),
    (lambda: random.shuffle([1, 2]), "the global random"),
    (lambda: random.gauss(0, 1), "the global random"),
    (lambda: random.seed(7), "the global random"),
    (lambda: random.Random(), "random.Random() without a seed"),
    (lambda: random.SystemRandom().random(), "os.urandom()"),
    (lambda: os.urandom(4), "os.urandom()"),
    (lambda: secrets.token_hex(), "secrets.token_bytes()"),
    (lambda: secrets.randbelow(9), "os.urandom()"),
    (lambda: uuid.uuid1(), "uuid.uuid1()"),
    (lambda: uuid.uuid4(), "uuid.uuid4()"),
    (lambda: socket.socket().close(), "a socket"),
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
        lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "x"),
        lambda: uuid.UUID(int=7),
    ],
)
def test_what_a_seed_answers_is_not_listed(ask: Callable[[], object]) -> None:
    assert leaks(ask) == ()


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

"""A scenario on the real clock: asyncio's own loop, sped up; real stores; the same services and the same outage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ..checks import CheckResult
from ..errors import RunRefused
from ..runtime import monotonic, on_node, seeded
from ..services import InProcessTransport
from ..simulation import Links, Recorder, play
from ..store import EventStore, open_store
from . import course
from .assembly import FRONT, AppFactory, Assembly
from .front import Progress
from .loading import Loaded
from .model import Crash, Scenario
from .realclock import run_scaled
from .resuming import Before, judge_resumed, look
from .runs import Run
from .speed import Pace, check_speed, commit_time_s
from .summarising import summarise


def run_real(
    loaded: Loaded,
    *,
    speed: float = 1.0,
    store_url: str = "memory:",
    resume: bool = False,
    apps: Mapping[str, AppFactory] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run the scenario on the real clock, *speed* times faster.

    *store_url* holds ``{service}`` where each service's name goes. With *resume* the stores of an
    interrupted run are gone on with: unfinished sagas first, then the orders that were not started.
    Raises RunRefused where the run would tell a false story, or would mix with an earlier one.
    """
    scenario = loaded.scenario
    _check(scenario, store_url)
    _check_speed(scenario, speed, store_url)
    before = asyncio.run(look(scenario.services, store_url, resume=resume))
    recorder = Recorder()
    with recorder.recording():
        invariants, ended_s = run_scaled(
            _main(loaded, store_url, before, apps, progress), speed=speed, seed=scenario.seed, start_s=before.clock_s
        )
    entries = recorder.entries
    summary = summarise(
        entries,
        scenario,
        name=loaded.name,
        seed=scenario.seed,
        clock="real",
        orders=len(loaded.orders),
        invariants=invariants,
        duration_s=ended_s,
    )
    return Run(scenario, entries, judge_resumed(summary, entries, scenario) if resume else summary)


async def _main(
    loaded: Loaded,
    store_url: str,
    before: Before,
    apps: Mapping[str, AppFactory] | None,
    progress: Progress | None,
) -> tuple[list[CheckResult], float]:
    scenario = loaded.scenario
    links = Links(lambda name: seeded(scenario.seed, f"network/{name}"))
    course.wire(links, scenario.network)
    transport = InProcessTransport(links)

    def open_one(name: str, owns: Sequence[str]) -> EventStore:
        return open_store(store_url.format(service=name), name=name, owns=owns)

    assembly = Assembly(scenario, transport, open_one, apps)
    faults = asyncio.create_task(play(course.faults_of(scenario), links, elapsed_s=before.clock_s), name="faults")
    try:
        for name in scenario.services:
            with on_node(name):
                await assembly.boot(name)
        with on_node(FRONT):
            await course.fill_shelves(loaded, assembly)
            await course.drive_load(loaded, assembly, started=before.sagas, progress=progress)
        await faults
        with suppress(TimeoutError):
            await course.settle(assembly)
        ended_s = monotonic()
        return await course.final_reads(assembly), ended_s
    finally:
        faults.cancel()
        for service in assembly.services.values():
            await service.stop()
        await transport.close()
        for store in assembly.stores.values():
            await store.close()


def _check(scenario: Scenario, store_url: str) -> None:
    for fault in scenario.faults:
        if isinstance(fault, Crash):
            raise RunRefused(
                f"the scenario crashes {fault.crash!r}; on the real clock all services share one process: "
                "use --clock virtual, or interrupt this command yourself and go on with --resume"
            )
    if not store_url.startswith("memory:") and "{service}" not in store_url:
        raise RunRefused(f"--store {store_url}: each service has a store of its own; put {{service}} into the URL")


def _check_speed(scenario: Scenario, speed: float, store_url: str) -> None:
    load = scenario.load.orders or scenario.load.open
    assert load is not None  # a scenario has exactly one kind of load
    pace = Pace(arrivals_per_s=load.rate_per_s, timeout_s=scenario.policies.call_timeout_s)
    flushes = store_url.startswith("sqlite:") and "synchronous=NORMAL" not in store_url
    check_speed(speed, pace, commit_time_s(store_url), flushes=flushes)

"""A scenario on the real clock: asyncio's own loop, sped up; real stores; the same services and the same outage."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from ..checks import CheckResult
from ..errors import InvalidValue, RunRefused
from ..runtime import monotonic, on_node, seeded
from ..services import InProcessTransport
from ..simulation import Links, Recorder, play
from ..simulation.workload import peak_per_s
from ..store import EventStore, open_store
from ..store.opening import without_secrets
from . import course
from .assembly import AppFactory, Assembly, check_apps
from .breaking import Links as LinkFault
from .front import Progress
from .kinds import FRONT
from .linking import wire
from .loading import Loaded
from .model import BoxOfficeService, ModelledService, Scenario
from .realclock import run_scaled
from .resuming import Before, judge_resumed, look
from .runfile import Identity, RunFile, held, identity
from .runs import Run
from .speed import WORK_PER_REQUEST_S, Pace, check_speed, commit_time_s
from .summarising import summarise
from .watching import Watch, WatchedStore

_INSTANT_S = 1e-6
"""A round that takes no time on the run's clock; then the machine alone sets the pace, and is found too slow."""


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
    with prepare_real(loaded, speed=speed, store_url=store_url, resume=resume, apps=apps) as run_it:
        return run_it(progress)


@contextmanager
def prepare_real(
    loaded: Loaded,
    *,
    speed: float = 1.0,
    store_url: str = "memory:",
    resume: bool = False,
    apps: Mapping[str, AppFactory] | None = None,
) -> Iterator[Callable[[Progress | None], Run]]:
    """What :func:`run_real` refuses is refused now, before anything is written; what comes back runs the rest.

    No other run may use the stores until the block ends.
    """
    check_apps(loaded, apps or {})
    _check(loaded.scenario, speed, store_url)
    with held(store_url) as run_file:
        earlier, now = run_file.earlier, identity(loaded)
        services = dict.fromkeys((*now.services, *(earlier.services if earlier else ())))
        before = asyncio.run(look(services, store_url, resume=resume))
        _check_same(loaded, before)
        if resume and earlier is not None:
            _check_identity(earlier, now, store_url)
        _check_pace(loaded, speed, store_url)
        yield partial(_run, run_file, loaded, speed, store_url, before, apps, resume)


def _run(
    run_file: RunFile,
    loaded: Loaded,
    speed: float,
    store_url: str,
    before: Before,
    apps: Mapping[str, AppFactory] | None,
    resume: bool,
    progress: Progress | None,
) -> Run:
    run_file.write(identity(loaded))
    scenario = loaded.scenario
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
        changed=loaded.changed,
        invariants=invariants,
        duration_s=ended_s,
    )
    return Run(scenario, entries, judge_resumed(summary, scenario, before.clock_s) if resume else summary)


def _check_same(loaded: Loaded, before: Before) -> None:
    foreign = before.sagas - {order.id for order in loaded.orders}
    if foreign:
        raise RunRefused(
            f"the stores hold {len(foreign)} checkouts that this scenario does not have, such as {min(foreign)}: "
            "resume with the file and the --set of the run that was interrupted, or choose another --store"
        )


def _check_identity(earlier: Identity, now: Identity, store_url: str) -> None:
    if differences := earlier.differences(now):
        raise RunRefused(
            f"the stores of {without_secrets(store_url)} are of another run: {', and '.join(differences)}. "
            "Resume with the file, the --set and the --seed of the run that was interrupted, or choose another --store"
        )


async def _main(
    loaded: Loaded,
    store_url: str,
    before: Before,
    apps: Mapping[str, AppFactory] | None,
    progress: Progress | None,
) -> tuple[list[CheckResult], float]:
    scenario = loaded.scenario
    links = Links(lambda name: seeded(scenario.seed, f"network/{name}"))
    wire(links, scenario.network)
    transport = InProcessTransport(links)

    watch = Watch()

    def open_one(name: str, owns: Sequence[str]) -> EventStore:
        return WatchedStore(open_store(store_url.format(service=name), name=name, owns=owns), watch)

    assembly = Assembly(scenario, transport, open_one, apps)
    faults = asyncio.create_task(play(course.faults_of(scenario), links), name="faults")
    try:
        with watch.kept():
            for name in scenario.services:
                with on_node(name):
                    await assembly.boot(name)
            inventory = assembly.of_shop("inventory")
            if inventory is not None:
                with on_node(inventory.name):
                    await course.fill_shelves(loaded, inventory)
            with on_node(FRONT):
                await course.drive_load(loaded, assembly, started=before.sagas, progress=progress)
            await faults
            await course.settle(assembly)
            if (orders := course.operated(assembly)) is not None:
                with on_node(orders.name):
                    await course.operate(assembly, orders)
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


def _check(scenario: Scenario, speed: float, store_url: str) -> None:
    if not 0 < speed < math.inf:
        raise InvalidValue("--speed", speed, "a finite number above zero; 10 is ten times faster than the wall clock")
    for index, fault in enumerate(scenario.faults):
        if not isinstance(fault, LinkFault):
            made = fault.as_fault()
            whom = (*made.nodes(), *made.disks(), *made.stores())[0]
            raise RunRefused(
                f"faults.{index} is a {made.name} of {whom!r}; on the real clock all services share one process, "
                "of which only the network can be cut or degraded: use --clock virtual, or for a crash interrupt this "
                "command yourself and go on with --resume"
            )
    for name, service in scenario.services.items():
        if not isinstance(service, ModelledService) and service.store.synchronous != "sound":
            raise RunRefused(
                f"services.{name}.store is written back later; on the real clock the stores flush as --store says: "
                "use --clock virtual"
            )
    if store_url in ("memory:", "memory://"):
        return
    shown = without_secrets(store_url)
    try:
        urls = [store_url.format(service=name) for name in ("one", "other")]
    except (LookupError, ValueError, AttributeError):
        raise RunRefused(f"--store {shown}: only {{service}} may stand in curly brackets") from None
    if urls[0] == urls[1]:
        raise RunRefused(f"--store {shown}: each service has a store of its own; put {{service}} into the URL")


def _check_pace(loaded: Loaded, speed: float, store_url: str) -> None:
    scenario = loaded.scenario
    load = scenario.load
    if load.orders is not None:
        pace = Pace(arrivals_per_s=load.orders.rate_per_s, timeout_s=scenario.policies.call_timeout_s)
    else:
        pace = Pace(
            arrivals_per_s=_requests_per_s(loaded),
            timeout_s=scenario.policies.call_timeout_s,
            commits_per_saga=any(isinstance(rule, BoxOfficeService) for rule in scenario.services.values()),
            work_per_saga_s=WORK_PER_REQUEST_S * len(scenario.services),
        )
    flushes = store_url.startswith("sqlite:") and "synchronous=NORMAL" not in store_url
    check_speed(speed, pace, commit_time_s(store_url), flushes=flushes)


def _requests_per_s(loaded: Loaded) -> float:
    """How often requests come, at most: in a round of who waits for answers lie a thought, the work and the way."""
    scenario = loaded.scenario
    load = scenario.load
    if load.open is not None:
        return peak_per_s(load.open.as_load(loaded.recorded))
    target = load.ushers.target if load.ushers is not None else load.closed.target if load.closed is not None else ""
    round_s = sum(scenario.network.link(*ends).latency.mean_s for ends in ((FRONT, target), (target, FRONT)))
    if load.ushers is not None:
        return 2 * load.ushers.count / max(round_s + load.ushers.working.mean_s, _INSTANT_S)
    assert load.closed is not None  # a scenario has exactly one kind of load
    match scenario.services[load.closed.target]:
        case ModelledService(model=model):
            round_s += model.latency.mean_s
        case BoxOfficeService(boxoffice=office):
            round_s += office.hold.mean_s
    return load.closed.clients / max(round_s + load.closed.thinking.mean_s, _INSTANT_S)

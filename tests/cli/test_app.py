"""A service of one's own comes in by ``--app module:function``, and no other way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .commands import Told, eventlab, names, spawned

LOYALTY = '''\
"""Points for whoever asks: kept in the service's own store, one event for each request."""

import msgspec

from eventlab.codec import event
from eventlab.services import Call, Service, handles
from eventlab.shop import ServiceContext
from eventlab.simulation.modelled import Done, Work


@event("PointsGiven", version=1)
class PointsGiven(msgspec.Struct, frozen=True):
    points: int


class Loyalty(Service):
    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context.name, context.store)

    @handles(Work)
    async def work(self, request: Work, call: Call) -> Done:
        await self.store.append([(f"points-{request.id}", PointsGiven(10))], command_id=call.key)
        return Done()


def services():
    return {"loyalty": Loyalty}


def nothing():
    return {}


def broken():
    raise OSError("no points left")


def no_service():
    return {"loyalty": lambda context: "a promise"}
'''

OWN_ALONE = """\
question: Does loyalty answer everybody?
services:
  loyalty:
    app: loyalty
    store: {append: 5ms}
load:
  open: {target: loyalty, rate: 20/s, for: 3s}
expectations:
  - calls.loyalty.ok >= 100%
  - latency.p50 >= 5ms
"""

OWN_BEHIND = """\
question: Does loyalty answer the page?
services:
  page:
    model: {latency: 1ms, calls: [points]}
  points: {app: loyalty}
load:
  open: {target: page, rate: 20/s, for: 3s}
faults:
  - crash: points
    at: 1s
    for: 500ms
expectations:
  - calls.points.ok >= 1
  - calls.points.unknown >= 1
"""


@pytest.fixture(autouse=True)
def module(here: Path) -> None:
    (here / "loyalty_lab.py").write_text(LOYALTY)
    (here / "alone.yaml").write_text(OWN_ALONE)
    (here / "behind.yaml").write_text(OWN_BEHIND)


def told_by(*args: str, cwd: Path) -> Told:
    return spawned("run", *args, cwd=cwd)


def test_an_own_service_takes_the_load(here: Path) -> None:
    told = told_by("alone.yaml", "--app", "loyalty_lab:services", "--format", "json", cwd=here)
    assert (told.code, told.err) == (0, "")
    assert json.loads(told.out)["calls"]["loyalty"]["ok"] > 30


def test_an_own_service_behind_a_modelled_one_crashes_and_comes_back(here: Path) -> None:
    told = told_by("behind.yaml", "--app", "loyalty_lab:services", "--quiet", "--out", "x", cwd=here)
    assert told == (0, "met: x\n", "")


def test_on_the_real_clock_an_own_service_has_a_real_store_of_its_own(here: Path) -> None:
    store = "sqlite:///own-{service}.db?synchronous=NORMAL"
    real = ["--clock", "real", "--store", store, "--set", "load.open.for=1s", "--quiet", "--out", "x"]
    args = ["alone.yaml", "--app", "loyalty_lab:services", *real, "--set", "expectations=[calls.loyalty.ok >= 100%]"]
    assert told_by(*args, cwd=here) == (0, "met: x\n", "")
    assert "own-loyalty.db" in names(here)
    assert told_by(*args, cwd=here).err.startswith("sqlite:///own-loyalty.db?")  # it holds an earlier run


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            ["behind.yaml"],
            "behind.yaml: services.points.app: nobody brought 'loyalty'; "
            "add --app module:function; the function returns {'loyalty': what builds the service}\n",
        ),
        (["behind.yaml", "--app", "json"], "--app json: expected module:function, as in myshop.lab:services\n"),
        (
            ["behind.yaml", "--app", "no_lab:services"],
            "--app no_lab:services: there is no module 'no_lab' on the path\n",
        ),
        (
            ["behind.yaml", "--app", "json:JSONEncodr"],
            "--app json:JSONEncodr: module 'json' has no function 'JSONEncodr'; did you mean 'JSONEncoder'?\n",
        ),
    ],
)
def test_a_service_that_nobody_brought_is_refused_with_what_to_add(here: Path, args: list[str], says: str) -> None:
    before = names(here)
    assert eventlab("run", *args) == (2, "", says)
    assert names(here) == before


@pytest.mark.parametrize(
    ("app", "says"),
    [
        (
            "loyalty_lab:nothing",
            "behind.yaml: services.points.app: nobody brought 'loyalty'; add --app module:function",
        ),
        ("loyalty_lab:broken", "--app loyalty_lab:broken failed: OSError: no points left ("),
        ("half_lab:services", "--app half_lab:services: importing 'half_lab' failed: SyntaxError: "),
        ("loyalty_lab:no_service", "--app: 'loyalty' must build an eventlab.services.Service; it built 'a promise'"),
    ],
)
def test_what_is_wrong_with_own_code_is_told_as_the_fault_of_that_code(here: Path, app: str, says: str) -> None:
    (here / "half_lab.py").write_text("def services(:\n")
    told = told_by("behind.yaml", "--app", app, cwd=here)
    assert told.code == 2 and told.out == ""
    assert told.err.startswith(says)
    assert len(told.err.splitlines()) == 1

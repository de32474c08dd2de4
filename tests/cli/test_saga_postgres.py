"""``eventlab saga`` on a PostgreSQL store: every command, in the order in which one would give them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from eventlab.sagas import SagaEngine, SagaState
from eventlab.store import open_store
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from tests.cli.commands import eventlab
from tests.cli.sagas import saga
from tests.unit.sagas.toys import Toys
from tests.unit.store.postgres.servers import needs_postgres

pytestmark = needs_postgres

WHO = ("--by", "ada", "--why", "the bank is back")


@pytest.fixture
def url(here: Path, made: Path) -> str:
    """The sagas of `make_sagas`, taken over from their file."""
    assert eventlab("store", "export", f"sqlite:///{made}", "sagas.jsonl").code == 0
    url = fresh_url()
    assert eventlab("store", "import", url, "sagas.jsonl").code == 0
    return url


def driven_on(url: str) -> dict[str, str]:
    """How all that somebody has to drive ends, now that nothing goes wrong."""

    async def main() -> list[SagaState]:
        store = open_store(url)
        try:
            return await SagaEngine(store, [Toys().trip()]).recover()
        finally:
            await store.close()

    return {state.saga_id: state.status.value for state in run(main())}


def listed(url: str, *args: str) -> dict[str, str]:
    told = saga("list", url, "--json", *args)
    assert told.code == 0, told.err
    return {each["saga"]: each["status"] for each in map(json.loads, told.out.splitlines())}


def test_they_are_listed_shown_helped_on_driven_to_their_end_and_set_aside(url: str) -> None:
    assert listed(url) == {
        "fine": "completed",
        "undone": "compensated",
        "refused-late": "stuck",
        "doubtful": "stuck",
        "half-undone": "stuck",
        "waiting": "running",
    }
    assert list(listed(url, "--stuck")) == ["refused-late", "doubtful", "half-undone"]
    assert "◆ p  in doubt" in saga("show", url, "doubtful").out
    verbs = [
        ("skip", url, "refused-late"),
        ("resolve", url, "doubtful", "succeeded"),
        ("retry", url, "half-undone"),
        ("cancel", url, "waiting"),
        ("cancel", url, "tomorrow", "--before-start"),
    ]
    assert [saga(*verb, *WHO)[::2] for verb in verbs] == [(0, "")] * 5
    refused = saga("compensate", url, "doubtful", *WHO)
    assert (refused.code, refused.out) == (1, "")
    assert list(listed(url, "--stuck")) == []
    assert driven_on(url) == {
        "refused-late": "completed",
        "doubtful": "completed",
        "half-undone": "compensated",
        "waiting": "compensated",
    }
    assert saga("purge", url, "fine", *WHO).code == 0
    assert list(listed(url, "--ended")) == ["undone", "refused-late", "doubtful", "half-undone", "waiting", "tomorrow"]


def test_what_it_advises_is_whole_for_a_shell_and_keeps_the_password(url: str) -> None:
    """The URL has characters that mean something to a shell, and perhaps a password, which is for nobody to read."""
    may = json.loads(saga("show", url, "doubtful", "--json").out)["may"]
    told = saga(*shlex.split(may[0]["command"].replace('"…"', "because"))[2:])
    assert (told.code, told.err) == (0, "")
    secret = url + ("&" if "?" in url else "?") + "password=hunter2"
    for args in (["show", secret, "half-undone"], ["show", secret, "nobody"], ["retry", secret, "nobody", *WHO]):
        told = saga(*args)
        assert "password=…" in told.out + told.err and "hunter2" not in told.out + told.err
        (line, *_) = [line for line in (told.out + told.err).splitlines() if "eventlab saga " in line]
        assert "password=…" in shlex.split(line)[3]


def test_a_server_that_is_away_is_said_without_a_traceback() -> None:
    told = saga("list", "postgresql://nobody@127.0.0.1:1/nothing")
    assert (told.code, told.out) == (4, "")
    assert "127.0.0.1:1/nothing" in told.err and "Traceback" not in told.err

"""Every command runs in an empty folder of its own, so that nothing it writes is missed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from eventlab.store import Metadata, archive, open_store
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Counted, Noted
from tests.cli.sagas import make_sagas
from tests.cli.stores import URL


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))  # --app adds the working directory
    return folder


@pytest.fixture
def shop(here: Path) -> Path:
    """Six events in three streams, one of them archived; two receipts."""

    async def write() -> None:
        store = open_store(URL)
        await store.append([("order-1", Noted("first")), ("order-2", Noted("second"))], command_id="c-1")
        await store.append([("order-1", Counted(3))], metadata=Metadata(actor="clerk"), command_id="c-2")
        await store.append([("stock-1", Noted("fourth")), ("order-2", Noted("fifth"))])
        await archive(store, "stock-1", reason="closed")
        await store.close()

    run(write())
    return here / "shop.db"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of `make_sagas`, made once."""
    return make_sagas(tmp_path_factory.mktemp("made"))


@pytest.fixture
def sagas(here: Path, made: Path) -> None:
    """Sagas that ended in every way, or have not, in ``trips.db``."""
    shutil.copy(made, here)

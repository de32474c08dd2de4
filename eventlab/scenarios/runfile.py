"""The file beside a run's stores that says whose they are, and is locked as long as the run lasts.

A resumed run must be the run that was interrupted: with another seed or
another stock, two worlds would be mixed in one log, and nobody could tell.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from ..errors import RunRefused, StoreFailed
from ..store.opening import without_secrets
from .loading import Loaded
from .locking import take

UNJUDGED = ("question", "expectations", "seed")
"""What a resumed run may say otherwise: it changes nothing that happens. The seed is compared by itself."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a run this run. *services* are those that have stores."""

    format: Literal["eventlab stores 1"] = "eventlab stores 1"
    seed: int
    digest: str
    services: tuple[str, ...]

    def differences(self, other: Identity) -> list[str]:
        """What the *other*, later run has otherwise, in words."""
        seed = f"the seed was {self.seed} and is {other.seed} now"
        return [
            *([seed] if self.seed != other.seed else []),
            *(["the scenario or its --set is another"] if self.digest != other.digest else []),
        ]


def identity(loaded: Loaded) -> Identity:
    """The same for every run of the scenario with this seed, whatever is expected of it."""
    document = {key: value for key, value in loaded.document.items() if key not in UNJUDGED}
    digest = blake2b(msgspec.json.encode(document, order="sorted"), digest_size=16).hexdigest()
    return Identity(seed=loaded.scenario.seed, digest=digest, services=tuple(loaded.scenario.services))


class RunFile:
    """Whose the stores are. *earlier* is who wrote there before; None if nobody did, or nobody said so."""

    def __init__(self, path: Path | None = None, file: BinaryIO | None = None) -> None:
        self.path = path
        self.earlier = _read(path, file) if path and file else None
        self._file = file

    def write(self, now: Identity) -> None:
        """Say whose the stores are from now on, so that it lasts before anything is stored."""
        if self._file is None or now == self.earlier:
            return
        try:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(msgspec.json.encode(now) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreFailed(str(self.path), f"cannot be written: {error.strerror}") from None


@contextmanager
def held(store_url: str) -> Iterator[RunFile]:
    """The run file of the stores at *store_url*, for this run alone. Stores in memory need none.

    Where nothing is written into it, nothing stays behind. Raises RunRefused if another run has it.
    """
    path = run_path(store_url)
    if path is None:
        yield RunFile()
        return
    file, ours = _open(path), False
    try:
        ours = take(file.fileno()) and _is(path, file)
        if not ours:
            raise RunRefused(
                f"another run is using the stores of {without_secrets(store_url)}: "
                "wait for its end, or choose another --store"
            )
        yield RunFile(path, file)
    finally:
        with suppress(OSError):
            if ours and os.fstat(file.fileno()).st_size == 0:
                path.unlink()
        with suppress(OSError):  # what could not be written has been told
            file.close()


def run_path(store_url: str) -> Path | None:
    """Where the run file of these stores is: `shop-run.db.json` for `sqlite:///shop-{service}.db`."""
    location = store_url.partition("?")[0]
    if not location.startswith("sqlite:///"):
        return None
    return Path(location.removeprefix("sqlite:///").format(service="run") + ".json")


def _open(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise RunRefused(f"the stores cannot be kept in {path.parent}: {error.strerror}") from None


def _is(path: Path, file: BinaryIO) -> bool:
    """Whether *path* still names the open file: another run may have removed it while this one came to lock it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _read(path: Path, file: BinaryIO) -> Identity | None:
    data = file.read()
    if not data.strip():
        return None
    try:
        return msgspec.json.decode(data, type=Identity)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RunRefused(
            f"{path} is where a run says whose its stores are, and holds something else: choose another --store"
        ) from None

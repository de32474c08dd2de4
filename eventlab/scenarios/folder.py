"""The folder that a run leaves behind, under fixed names.

The manifest is written first, and says *incomplete*; it is replaced last, at
one stroke, and says *complete*. Whatever happens between, a full disk, Ctrl-C,
a power cut, leaves a folder that does not look complete. Only the manifest
may differ between two runs of one seed.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from .. import __version__
from ..errors import RunRefused, StoreFailed
from ..runtime import Runtime
from .locking import alone_in

MANIFEST = "manifest.json"
HISTORY = "history.jsonl"
METRICS = "metrics.csv"
SUMMARY = "summary.json"
REPORT = "report.html"
FILES = (HISTORY, METRICS, SUMMARY, REPORT)
"""Everything but the manifest."""

_SYSTEM = Runtime()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """How a run came about. *document* is the scenario after every `--set`; *status_reason* is why it is incomplete."""

    format: Literal["eventlab run 1"] = "eventlab run 1"
    status: Literal["complete", "incomplete"] = "incomplete"
    status_reason: str = "the run has not ended"
    scenario: str
    scenario_path: str
    document: dict[str, Any]
    seed: int
    clock: Literal["virtual", "real"]
    speed: float = 0.0
    store: str = ""
    argv: list[str] = []
    started: str = ""
    ended: str = ""
    wall_s: float = 0.0
    versions: dict[str, str] = {}


class RunFolder:
    """A run folder that is being written. Make one with :func:`writing`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    def write(self, name: str, data: bytes) -> Path:
        """Put one of the fixed files in its place, whole or not at all. Raises StoreFailed if it cannot be."""
        path = self.path / name
        partial = self.path / f".{name}.partial"
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            _remove(partial)
            raise StoreFailed(str(path), f"cannot be written: {error.strerror}; the run is not complete") from None
        return path

    def note(self, **facts: Any) -> None:
        """Write the manifest again with some of its fields changed."""
        self.manifest = msgspec.structs.replace(self.manifest, **facts)
        self.write(MANIFEST, msgspec.json.format(msgspec.json.encode(self.manifest), indent=2) + b"\n")


@contextmanager
def writing(path: Path, manifest: Manifest) -> Iterator[RunFolder]:
    """A folder that is incomplete until the block ends well, and says why if it does not.

    A run folder that is there already is written anew. One of another scenario is refused, like any
    folder with something else in it, and one that another run is writing.
    """
    _make(path)
    with alone_in(path):
        _check(path, manifest.scenario)
        yield from _written(path, manifest)


def _written(path: Path, manifest: Manifest) -> Iterator[RunFolder]:
    began_s = _SYSTEM.monotonic()
    folder = RunFolder(path, manifest)
    folder.note(started=_SYSTEM.now().isoformat(timespec="seconds"), versions=versions(), ended="", status="incomplete")
    for name in FILES:
        _remove(path / name)
    try:
        yield folder
    except BaseException as error:
        _try_to_note(folder, _reason(error), began_s)
        raise
    folder.note(status="complete", status_reason="", **_ended(began_s))


def read_manifest(path: Path) -> Manifest:
    """The manifest of the run folder at *path*. Raises RunRefused if it is none."""
    try:
        return msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise RunRefused(f"{path} is no run folder: {MANIFEST} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunRefused(f"{path} is no run folder of this eventlab: {MANIFEST}: {error}") from None


def default_path(name: str, seed: int, runs: Path = Path("runs")) -> Path:
    """The first of `runs/NAME-seedSEED-1`, `-2`, … that is not there yet."""
    taken = set(os.listdir(runs)) if runs.is_dir() else set()
    number = 1
    while f"{name}-seed{seed}-{number}" in taken:
        number += 1
    return runs / f"{name}-seed{seed}-{number}"


def versions() -> dict[str, str]:
    """What the run was made with."""
    return {"eventlab": __version__, "python": platform.python_version(), "platform": sys.platform}


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunRefused(f"the run folder {path} cannot be made: {error.strerror}") from None


def _check(path: Path, scenario: str) -> None:
    try:
        there = sorted(os.listdir(path))
    except OSError as error:
        raise RunRefused(f"the run folder {path} cannot be read: {error.strerror}") from None
    if there and MANIFEST not in there:
        raise RunRefused(f"{path} holds {_named(there)} but no {MANIFEST}: it is no run folder; choose another --out")
    if there and (other := read_manifest(path).scenario) != scenario:
        raise RunRefused(f"{path} holds a run of {other!r}, not of {scenario!r}; choose another --out")


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _reason(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"


def _try_to_note(folder: RunFolder, reason: str, began_s: float) -> None:
    """The disk may be full; then the manifest of the beginning stays, and says incomplete as well."""
    with suppress(StoreFailed):
        folder.note(status_reason=reason, **_ended(began_s))


def _ended(began_s: float) -> dict[str, Any]:
    wall_s = round(_SYSTEM.monotonic() - began_s, 3)
    return {"ended": _SYSTEM.now().isoformat(timespec="seconds"), "wall_s": wall_s}


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)

"""A run folder looks complete only when it is."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import msgspec
import pytest

from eventlab.errors import RunRefused, StoreFailed
from eventlab.scenarios.folder import HISTORY, MANIFEST, SUMMARY, Manifest, default_path, read_manifest, writing

BEGUN = Manifest(
    scenario="x", scenario_path="x.yaml", document={"question": "?"}, seed=1, clock="virtual", argv=["eventlab", "run"]
)


def status(path: Path) -> tuple[str, str]:
    manifest = read_manifest(path)
    return manifest.status, manifest.status_reason


def test_a_folder_is_incomplete_until_its_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "x-1"
    with writing(path, BEGUN) as folder:
        assert status(path) == ("incomplete", "the run has not ended")
        folder.write(HISTORY, b"{}\n")
        folder.write(SUMMARY, b"{}\n")
        assert status(path)[0] == "incomplete"
    assert status(path) == ("complete", "")
    assert sorted(file.name for file in path.iterdir()) == [HISTORY, MANIFEST, SUMMARY]
    assert json.loads((path / MANIFEST).read_bytes())["versions"]["python"]


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "x", BEGUN) as folder:
        folder.note(store="noted")
        raise KeyboardInterrupt
    assert status(tmp_path / "x") == ("incomplete", "interrupted")
    assert read_manifest(tmp_path / "x").store == "noted"


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "x", BEGUN):
        raise ZeroDivisionError("by zero")
    assert status(tmp_path / "x") == ("incomplete", "ZeroDivisionError: by zero")


def test_a_full_disk_leaves_no_half_written_file_and_no_complete_folder(tmp_path: Path) -> None:
    path = tmp_path / "x"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(StoreFailed) as caught, writing(path, BEGUN) as folder:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # a file may not grow further
            folder.write(HISTORY, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == f"{path / HISTORY}: cannot be written: File too large; the run is not complete"
    assert [file.name for file in path.iterdir()] == [MANIFEST]
    assert status(path)[0] == "incomplete"


def test_a_place_where_no_folder_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunRefused, match="cannot be made: Not a directory"), writing(tmp_path / "file" / "x", BEGUN):
        pass


def test_somebody_elses_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(RunRefused) as caught, writing(tmp_path, BEGUN):
        pass
    assert str(caught.value) == (
        f"{tmp_path} holds thesis.txt but no manifest.json: it is no run folder; choose another --out"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_somebody_elses_manifest_does_not_make_a_run_folder(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"name": "a browser extension"}')
    with pytest.raises(RunRefused, match="is no run folder of this eventlab"), writing(tmp_path, BEGUN):
        pass


def test_a_run_folder_is_written_anew_without_the_earlier_runs_files(tmp_path: Path) -> None:
    with writing(tmp_path / "x", BEGUN) as folder:
        folder.write(HISTORY, b"old\n")
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "x", BEGUN):
        raise KeyboardInterrupt
    assert [file.name for file in (tmp_path / "x").iterdir()] == [MANIFEST]
    assert status(tmp_path / "x") == ("incomplete", "interrupted")


def test_a_run_of_another_scenario_is_refused_and_left_alone(tmp_path: Path) -> None:
    with writing(tmp_path / "x", BEGUN) as folder:
        folder.write(HISTORY, b"old\n")
    other = msgspec.structs.replace(BEGUN, scenario="y")
    with pytest.raises(RunRefused, match="holds a run of 'x', not of 'y'"), writing(tmp_path / "x", other):
        pass
    assert ((tmp_path / "x" / HISTORY).read_bytes(), status(tmp_path / "x")[0]) == (b"old\n", "complete")


def test_a_folder_that_another_run_is_writing_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with writing(path, BEGUN) as folder:
        folder.write(HISTORY, b"mine\n")
        with pytest.raises(RunRefused) as caught, writing(path, BEGUN):
            pass
        assert str(caught.value) == f"another run is writing into {path}: wait for its end, or choose another --out"
        assert (path / HISTORY).read_bytes() == b"mine\n"
    assert sorted(file.name for file in path.iterdir()) == [HISTORY, MANIFEST]
    with writing(path, BEGUN):  # nobody has it any more
        pass


def test_the_default_folder_is_the_first_free_one(tmp_path: Path) -> None:
    assert default_path("x", 7, tmp_path / "runs") == tmp_path / "runs" / "x-seed7-1"
    (tmp_path / "x-seed7-1").mkdir()
    assert default_path("x", 7, tmp_path) == tmp_path / "x-seed7-2"

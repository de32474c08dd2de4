"""Stores belong to one run, by its seed and its scenario, and to one process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab.errors import RunRefused
from eventlab.scenarios.loading import load
from eventlab.scenarios.runfile import Identity, held, identity, run_path

from .documents import SHOP, put


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/shop-{{service}}.db?synchronous=NORMAL"


def sure(path: Path | None) -> Path:
    assert path is not None
    return path


def of(folder: Path, *sets: str) -> Identity:
    return identity(load(put(folder, SHOP), sets))


def test_a_run_is_its_seed_and_its_scenario_whatever_is_asked_and_expected_of_it(tmp_path: Path) -> None:
    run = of(tmp_path)
    assert run.differences(of(tmp_path, "question=And now?", "expectations=[invariants hold]", "seed=1")) == []
    assert run.differences(of(tmp_path, "seed=5")) == ["the seed was 1 and is 5 now"]
    assert run.differences(of(tmp_path, "stock.opening=7")) == ["the scenario or its --set is another"]
    assert len(run.differences(of(tmp_path, "seed=5", "stock.opening=7"))) == 2


def test_who_comes_later_reads_whose_the_stores_are(tmp_path: Path) -> None:
    run = of(tmp_path)
    with held(url(tmp_path)) as file:
        assert file.earlier is None
        file.write(run)
    with held(url(tmp_path)) as file:
        assert file.earlier == run
        file.write(of(tmp_path, "seed=1234567"))
    with held(url(tmp_path)) as file:
        file.write(run)  # shorter than what was there
    with held(url(tmp_path)) as file:
        assert file.earlier == run


def test_a_second_run_on_the_same_stores_is_refused_and_takes_nothing_away(tmp_path: Path) -> None:
    path = sure(run_path(url(tmp_path)))
    with held(url(tmp_path)) as file:
        for _ in range(2):
            with pytest.raises(RunRefused, match="another run is using the stores of"), held(url(tmp_path)):
                pass
        assert path.exists()
        file.write(of(tmp_path))
    with held(url(tmp_path)) as file:
        assert file.earlier is not None


def test_where_nothing_was_written_nothing_stays_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(url(tmp_path)):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = sure(run_path(url(tmp_path)))
    path.write_text('{"name": "a browser extension"}')
    with pytest.raises(RunRefused, match="holds something else: choose another --store"), held(url(tmp_path)):
        pass
    assert path.read_text() == '{"name": "a browser extension"}'


def test_stores_in_memory_are_nobodys_but_their_run(tmp_path: Path) -> None:
    with held("memory:") as one, held("memory:") as other:
        one.write(of(tmp_path))
        assert other.earlier is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.csv", "x.yaml"]

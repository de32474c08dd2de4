"""One seed, one history: on a thread, in a process of its own, in a heap in disorder, after other runs."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from tests.scenarios.test_digests import FILE, digest

NAME = "write-skew"
DIGEST = json.loads(FILE.read_text())[NAME]


def test_on_a_worker_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(digest, NAME).result() == DIGEST


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_in_a_spawned_process_under_another_hash_seed(hash_seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(digest, NAME).result() == DIGEST


def test_in_a_heap_in_disorder() -> None:
    churned = [[object() for _ in range(size % 97)] for size in range(3000)]
    del churned[::2]
    assert digest(NAME) == DIGEST
    del churned[::3]
    assert digest(NAME) == DIGEST


def test_after_other_runs() -> None:
    digest("hot-stream"), digest(NAME, "seed=99")
    assert digest(NAME) == DIGEST

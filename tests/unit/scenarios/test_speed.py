"""A speed at which the machine would decide the outcome is refused, with one that would do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import RunRefused
from eventlab.scenarios.speed import Pace, check_speed, commit_time_s

PACE = Pace(arrivals_per_s=2.0, timeout_s=1.0, commits_per_saga=16, work_per_saga_s=0.01)


@given(st.floats(1e-5, 0.5), st.floats(0.1, 100), st.floats(0.1, 60))
def test_at_the_largest_speed_the_disk_is_half_busy_or_a_timeout_lasts_ten_commits(
    commit_s: float, arrivals_per_s: float, timeout_s: float
) -> None:
    pace = Pace(arrivals_per_s=arrivals_per_s, timeout_s=timeout_s)
    speed = pace.speed_max(commit_s)
    busy = arrivals_per_s * speed * max(pace.commits_per_saga * commit_s, pace.work_per_saga_s)
    commits = timeout_s / speed / commit_s
    assert busy <= 0.5001 and commits >= 9.999
    assert busy > 0.4999 or commits < 10.001


@given(st.floats(1e-5, 0.5))
def test_the_speed_that_is_named_would_do(commit_s: float) -> None:
    with pytest.raises(RunRefused) as caught:
        check_speed(1e6, PACE, commit_s, flushes=True)
    named = re.search(r"--speed ([\d.e-]+)", str(caught.value))
    assert named
    check_speed(float(named[1]), PACE, commit_s, flushes=True)


def test_a_refusal_says_why_and_what_would_do() -> None:
    with pytest.raises(RunRefused) as caught:
        check_speed(20, PACE, 0.010, flushes=True)
    assert str(caught.value) == (
        "at speed 20 this machine would decide the outcome: 40 arrivals a second, "
        "each 160 ms of work, would keep it 640 % busy, and at most 50 % does no harm. "
        "What would do: --speed 1.5, or a store URL that ends in ?synchronous=NORMAL, which does not wait for the disk"
    )


def test_a_timeout_of_few_commits_is_told_as_that() -> None:
    with pytest.raises(
        RunRefused, match=r"a timeout of 0\.2 s would last 2 commits of 10 ms, and at least 10 do no harm\."
    ):
        check_speed(10, Pace(arrivals_per_s=0.01, timeout_s=0.2), 0.010, flushes=True)


def test_leaving_out_the_flush_is_named_only_where_that_would_do() -> None:
    with pytest.raises(RunRefused, match=r"What would do: --speed 1\.5$"):
        check_speed(60, PACE, 0.010, flushes=True)


def test_without_a_flush_to_leave_out_only_a_speed_is_named() -> None:
    with pytest.raises(RunRefused, match=r"What would do: --speed 25$"):
        check_speed(60, PACE, 0.0, flushes=False)
    check_speed(25, PACE, 0.0, flushes=False)


def test_a_probe_measures_a_commit_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert commit_time_s(f"sqlite:///{tmp_path}/shop-{{service}}.db") > 0
    assert commit_time_s(f"sqlite:///{tmp_path}/shop-{{service}}.db?synchronous=NORMAL") > 0
    assert list(tmp_path.iterdir()) == []


def test_memory_commits_at_once() -> None:
    assert commit_time_s("memory:") == 0.0


def test_a_folder_that_is_not_there_is_told() -> None:
    with pytest.raises(RunRefused, match="the stores cannot be kept in /no/such/folder: No such file or directory"):
        commit_time_s("sqlite:////no/such/folder/shop-{service}.db")

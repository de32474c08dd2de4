"""While nobody listens, a command asks so a few times, and that is all telemetry costs it."""

from __future__ import annotations

from benchmarks.telemetry import asked


def test_a_command_asks_few_switches_and_each_of_them_where_it_tells_something() -> None:
    counts = asked()
    assert counts["listening"] >= 2  # its append, and its attempt
    assert sum(counts.values()) <= 6

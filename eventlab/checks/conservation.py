"""What may move but not vanish: sums that agree, per key and in total, and levels that never fall below zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from eventlab.checks.result import CheckResult, broken, held


def same_total(name: str, left: tuple[str, int], right: tuple[str, int], unit: str = "") -> CheckResult:
    """Two sums, each with its label, are one number."""
    (left_label, left_sum), (right_label, right_sum) = left, right
    tail = f" {unit}" if unit else ""
    if left_sum == right_sum:
        return held(name, f"{left_label} and {right_label} are both {left_sum}{tail}")
    return broken(
        name,
        f"{left_label} is {left_sum}{tail}, {right_label} is {right_sum}{tail}: "
        f"a difference of {abs(left_sum - right_sum)}",
        (),
    )


def same_per_key(
    name: str, left_label: str, left: Mapping[str, int], right_label: str, right: Mapping[str, int], unit: str = ""
) -> CheckResult:
    """Two ledgers agree on every key; a key that one lacks counts as 0 there.

    Sums can agree by luck, two errors cancelling out; keys cannot.
    """
    differing = [
        f"{key}: {left_label} {left.get(key, 0)}, {right_label} {right.get(key, 0)}"
        for key in sorted({**left, **right})
        if left.get(key, 0) != right.get(key, 0)
    ]
    tail = f" {unit}" if unit else ""
    if not differing:
        return held(name, f"{left_label} and {right_label} agree on every key, {sum(left.values())}{tail} in all")
    return broken(
        name,
        f"{left_label} ({sum(left.values())}{tail}) and {right_label} ({sum(right.values())}{tail}) "
        f"differ on {len(differing)} {'key' if len(differing) == 1 else 'keys'}",
        differing,
    )


def never_negative(name: str, levels: Iterable[tuple[str, int, int]]) -> CheckResult:
    """Of ``(subject, version, level)``, no level was ever below zero, at any version of the log."""
    seen = 0
    below = []
    for subject, version, level in levels:
        seen += 1
        if level < 0:
            below.append(f"{subject} stood at {level} at version {version}")
    if below:
        return broken(name, f"{len(below)} of {seen} levels are below zero", below)
    return held(name, f"none of {seen} levels is below zero")

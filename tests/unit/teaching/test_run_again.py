"""Run again, a first draft of a saga asks and ends once more; the sound one does what is still to be done."""

from __future__ import annotations

from eventlab.teaching.run_again import run_again


def test_what_becomes_of_either() -> None:
    assert run_again().rows == (
        ("5 times before the first answer", "4 steps asked for", "1 step asked for"),
        ("3 times after the end", "completed 4 times", "completed once"),
        ("with another amount", "payments is told 0.01", "refused; payments is told 34.99"),
        ("20 times, when shipping has said no", "16 undoings, ended never", "3 undoings, ended once"),
        (
            "by two workers at once",
            "4 requests under no keys, completed once",
            "5 requests under 4 keys, completed once",
        ),
        ("by a customer who clicks twice", "order created 2 times", "order created once"),
    )

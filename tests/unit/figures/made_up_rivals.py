"""A literal history of clerks who sell seats of one stream, at ease at first, in a crowd from a given time on."""

from __future__ import annotations

import random

from eventlab import hooks
from eventlab.history import Entry

from .made_up_run import MadeUpRun

SHOW, CLERKS = "show-lear", ("ada", "ben", "cleo", "dora", "emil")


def made_up_rivals(orders: int = 500, cut_s: tuple[float, float] = (60.0, 90.0)) -> MadeUpRun:
    """*orders* customers come one after the other, but inside *cut_s* five at a time. Nobody gives up."""
    chance, version, at, log = random.Random(7), 0, 0.0, list[Entry]()
    left = orders
    while left:
        crowd = min(left, len(CLERKS) if cut_s[0] <= at < cut_s[1] else 1)
        waiting = [(at + chance.uniform(0, 0.2), clerk, 1) for clerk in CLERKS[:crowd]]
        while waiting:
            ends = sorted((began + chance.uniform(0.2, 0.4), began, clerk, number) for began, clerk, number in waiting)
            read, waiting = version, []
            for ended, began, clerk, number in ends:
                streams, took = ((SHOW, read),), ended - began
                if version == read:
                    version += 1
                    log.append(Entry(ended, clerk, hooks.EventsAppended("s", version, ((SHOW, version, "SeatSold"),))))
                    what = hooks.CommandAttempted("SellSeat", number, "written", streams, duration_s=took)
                else:
                    pause = chance.uniform(0.05, 0.3)
                    conflicts = ((SHOW, read, version),)
                    what = hooks.CommandAttempted("SellSeat", number, "conflict", streams, conflicts, pause, took)
                    waiting.append((ended + pause, clerk, number + 1))
                log.append(Entry(ended, clerk, what))
            at = ends[-1][0]
        left -= crowd
        at += 0.3
    return MadeUpRun(sorted(log, key=lambda entry: entry.at))

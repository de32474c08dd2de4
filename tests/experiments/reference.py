"""The experiment as it was published, a queue of moments and nothing else: what our clients are held against."""

from __future__ import annotations

import random
from heapq import heappop, heappush
from itertools import count

BASE_MS, CAP_MS = 5.0, 2000.0


def reference(clients: int, jitter: str, seed: int) -> tuple[int, float]:
    """Writes that reached the row, and seconds until the last client had written (M. Brooker, 2015)."""
    chance = random.Random(seed)
    ages = count()
    version, writes, now_ms = 0, 0, 0.0
    failures, pauses_ms = [0] * clients, [BASE_MS] * clients
    due: list[tuple[float, int, int, int | None]] = []

    def hop_ms() -> float:
        return abs(chance.normalvariate(10, 2))

    def pause_ms(client: int) -> float:
        failures[client] += 1
        whole_ms = min(CAP_MS, BASE_MS * 2.0 ** failures[client])
        if jitter == "decorrelated":
            pauses_ms[client] = min(CAP_MS, chance.uniform(BASE_MS, 3 * pauses_ms[client]))
            return pauses_ms[client]
        low_ms = {"none": 0.0, "exponential": whole_ms, "equal": whole_ms / 2, "full": 0.0}[jitter]
        return chance.uniform(low_ms, 0.0 if jitter == "none" else whole_ms)

    def arrive(in_ms: float, client: int, read: int | None) -> None:
        heappush(due, (now_ms + in_ms, next(ages), client, read))

    for client in range(clients):
        arrive(hop_ms(), client, None)
    last_ms = 0.0
    while due:
        now_ms, _, client, read = heappop(due)
        if read is None:  # a read is answered, and the client writes at once
            arrive(hop_ms() + hop_ms(), client, version)
            continue
        writes += 1
        answered_in_ms = hop_ms()
        if read == version:
            version += 1
            last_ms = max(last_ms, now_ms + answered_in_ms)
        else:
            arrive(answered_in_ms + pause_ms(client) + hop_ms(), client, None)
    return writes, last_ms / 1000

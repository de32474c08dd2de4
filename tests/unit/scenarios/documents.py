"""Small scenarios for tests, as text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eventlab.errors import ScenarioInvalid
from eventlab.scenarios.loading import load

ORDERS_CSV = "date,customer_id,quantity,amount_cents\n" + "".join(
    f"1997-01-0{1 + number // 4},{number},{1 + number % 2},{100 * number}\n" for number in range(1, 13)
)

SHOP = """\
question: Does it hold?
services:
  users: {shop: users}
  orders: {shop: orders}
  payments: {shop: payments}
  inventory: {shop: inventory}
  shipping: {shop: shipping}
load:
  orders: {file: orders.csv, first: 6, rate: 2/s}
"""

MODELLED = """\
question: Does the queue stay short?
services:
  web:
    model: {latency: exponential(20ms), capacity: 4, calls: [db]}
  db:
    model:
      latency: lognormal(median 2ms, sigma 0.4)
load:
  open: {rate: 20/s, for: 60s, target: web}
"""


def put(folder: Path, text: str | bytes, name: str = "x.yaml", orders: str | None = ORDERS_CSV) -> Path:
    """Write a scenario, and the orders file beside it."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    if orders is not None:
        (folder / "orders.csv").write_text(orders)
    return path


def problems(path: Path, sets: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a file, with its name alone instead of its whole path."""
    with pytest.raises(ScenarioInvalid) as caught:
        load(path, sets)
    return [line.replace(f"{path.parent}{os.sep}", "") for line in caught.value.problems]

"""A number of seconds is looked at in one way, wherever it is given."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy
import pytest

from eventlab.errors import InvalidValue
from eventlab.errors.given import check_seconds
from eventlab.resilience import Bulkhead, CircuitBreakerConfig, CoDel, RateLimiter
from eventlab.services import Client
from eventlab.simulation import Capacity, Constant, Isolation, World, work_for
from eventlab.simulation.partitions import Flapping
from eventlab.simulation.workload import Ramp

NONE_AT_ALL = ["5", timedelta(seconds=5), math.nan, -0.1, True]


@pytest.mark.parametrize("seconds", [5, 0.1, Fraction(1, 3), numpy.float32(0.5), numpy.int64(2)])
def test_whatever_counts_is_a_number_of_seconds(seconds: Any) -> None:
    check_seconds("wait_s", seconds)


@pytest.mark.parametrize("seconds", NONE_AT_ALL)
@pytest.mark.parametrize("more", [{}, {"zero_too": True}, {"endless_too": True}])
def test_what_only_looks_like_one_is_refused_by_name(seconds: Any, more: dict[str, bool]) -> None:
    with pytest.raises(InvalidValue, match=r"wait_s is .*; expected a (finite )?number of seconds"):
        check_seconds("wait_s", seconds, **more)


def test_nothing_and_infinity_pass_only_where_they_may() -> None:
    check_seconds("wait_s", 0, zero_too=True)
    check_seconds("wait_s", math.inf, endless_too=True)
    with pytest.raises(InvalidValue, match=r"wait_s is 0; expected a number of seconds above 0$"):
        check_seconds("wait_s", 0, endless_too=True)
    with pytest.raises(InvalidValue, match=r"wait_s is inf; expected a finite number of seconds, 0 or more, or None$"):
        check_seconds("wait_s", math.inf, zero_too=True, otherwise="None")


@pytest.mark.parametrize("seconds", NONE_AT_ALL)
@pytest.mark.parametrize(
    "give",
    [
        lambda seconds: CircuitBreakerConfig(open_s=seconds),
        lambda seconds: Bulkhead("a", 1, wait_max_s=seconds),
        lambda seconds: CoDel(target_s=seconds),
        lambda seconds: RateLimiter("a", 1, wait_max_s=seconds),
        lambda seconds: Client(None, "a", timeout_s=seconds),  # type: ignore[arg-type]  # refused before it is looked at
        lambda seconds: Constant(seconds),
        lambda seconds: Flapping(Isolation("a"), seconds),
        lambda seconds: Ramp(1, 2, over_s=seconds),
        lambda seconds: World().run(work_for(seconds)),
        lambda seconds: World().run(Capacity(servers=1).serve(seconds)),
    ],
)
def test_every_room_asks_alike(give: Any, seconds: Any) -> None:
    with pytest.raises(InvalidValue, match="number of seconds"):
        give(seconds)

"""The ways in which the shop's services ask each other, as one parameter."""

from __future__ import annotations

import pytest

from tests.unit.shop.market import WAYS, Market


@pytest.fixture(params=WAYS)
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By calls, and by messages: every `Market` that does not say otherwise goes that way."""
    monkeypatch.setattr(Market, "usual_way", request.param)
    return str(request.param)

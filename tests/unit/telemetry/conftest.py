"""What is asked in these tests is theirs: stores and projections of other tests may not have been collected yet."""

from __future__ import annotations

import pytest

from eventlab.hooks import gauges


@pytest.fixture(autouse=True)
def no_gauges_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "_gauges", {})

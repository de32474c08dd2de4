"""Controls that look alike in every chapter: named, with their unit, usable by keyboard, quiet while dragged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]

_STYLE = {"description_width": "14em"}
_LAYOUT = {"width": "36em", "max_width": "100%"}


def slider(name: str, *, low: float, high: float, start: float, step: float = 1, unit: str = "") -> Any:
    """A number to choose. The picture follows when the handle is let go, or after an arrow key."""
    whole = all(float(value).is_integer() for value in (low, high, start, step))
    kind = widgets.IntSlider if whole else widgets.FloatSlider
    number = int if whole else float
    return kind(
        value=number(start),
        min=number(low),
        max=number(high),
        step=number(step),
        description=f"{name} ({unit})" if unit else name,
        continuous_update=False,  # a run takes longer than a pixel of dragging
        style=_STYLE,
        layout=_LAYOUT,
    )


def outage_slider(start: float = 30, *, low: float = 0, high: float = 60, step: float = 5) -> Any:
    """How long the network stays cut, in seconds of the run's clock."""
    return slider("outage", low=low, high=high, start=start, step=step, unit="s")


def choice(name: str, options: Sequence[str], start: str | None = None) -> Any:
    """One of several named settings."""
    return widgets.Dropdown(
        options=list(options), value=start or options[0], description=name, style=_STYLE, layout=_LAYOUT
    )

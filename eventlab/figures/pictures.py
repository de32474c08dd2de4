"""A drawing with its words: as a finished picture for a page, or shown in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from . import style
from .subject import RunLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Draw = Callable[..., "Axes"]
Describe = Callable[..., str]


class Picture(NamedTuple):
    """A figure rendered: its words are its alternative text."""

    svg: str
    png: bytes
    words: str


def describe_of(draw: Draw) -> Describe:
    """The ``describe_x`` that goes with ``draw_x``, from the same module."""
    name = draw.__name__
    describe = getattr(sys.modules[draw.__module__], name.replace("draw_", "describe_", 1), None)
    if not name.startswith("draw_") or describe is None:
        raise TypeError(f"{name} has no describe_… beside it in {draw.__module__}")
    found: Describe = describe
    return found


def picture(draw: Draw, run: RunLike, **options: Any) -> Picture:
    """Draw, describe, render, and let go of the figure."""
    words = describe_of(draw)(run, **options)
    figure = draw(run, **options).get_figure(root=True)
    assert figure is not None
    try:
        return Picture(style.svg(figure), style.png(figure), words)
    finally:
        style.close(figure)


def show(draw: Draw, run: RunLike, **options: Any) -> None:
    """Show the figure in a notebook as PNG, and print its words below it.

    PNG, because a notebook fresh from a clone is not trusted with SVG. The
    words are the alternative text as well.
    """
    from IPython.display import Image, display

    words = describe_of(draw)(run, **options)
    figure = draw(run, **options).get_figure(root=True)
    assert figure is not None
    try:
        display(Image(data=style.png(figure), alt=words))  # type: ignore[no-untyped-call]
    finally:
        style.close(figure)
    sys.stdout.write(words + "\n")

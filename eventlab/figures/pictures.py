"""A drawing with its words: to be rendered for a page, or shown in a notebook."""

from __future__ import annotations

import base64
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import style
from .subject import RunLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Draw = Callable[..., "Axes"]
Describe = Callable[..., str]

_LINE = 84
"""Columns that fit below a figure; a notebook would break longer lines inside a word."""


def describe_of(draw: Draw) -> Describe:
    """The ``describe_x`` that goes with ``draw_x``, from the same module."""
    name = draw.__name__
    describe = getattr(sys.modules[draw.__module__], name.replace("draw_", "describe_", 1), None)
    if not name.startswith("draw_") or describe is None:
        raise TypeError(f"{name} has no describe_… beside it in {draw.__module__}")
    found: Describe = describe
    return found


@contextmanager
def drawn(draw: Draw, run: RunLike, **options: Any) -> Iterator[Figure]:
    """The figure, to be rendered inside this block; it is let go of at the end."""
    figure = draw(run, **options).get_figure(root=True)
    assert figure is not None
    try:
        yield figure
    finally:
        style.close(figure)


def show(draw: Draw, run: RunLike, **options: Any) -> None:
    """Show the figure in a notebook, and print its words below it."""
    words = describe_of(draw)(run, **options)
    with drawn(draw, run, **options) as figure:
        display_with_words(figure, words)


def display_with_words(figure: Figure, words: str) -> None:
    """The figure as PNG with its words as what stands for it, and the words below, in lines.

    PNG, because a notebook fresh from a clone is not trusted with SVG.
    """
    from IPython.display import display

    image = base64.b64encode(style.png(figure)).decode("ascii")
    display(  # type: ignore[no-untyped-call]
        {"image/png": image, "text/plain": words or "a figure"}, raw=True, metadata={"image/png": {"alt": words}}
    )
    if words:
        sys.stdout.write(textwrap.fill(words, _LINE, break_on_hyphens=False) + "\n")

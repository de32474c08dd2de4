"""How every figure looks: one role, one colour and one second cue; the same bytes for the same data.

The hues are Okabe's and Ito's, which colour-blind readers tell apart. No role
rests on its hue alone: a marker, a dash or a hatch says the same in grey.
matplotlib is imported when something is drawn, so that the descriptions of
figures cost nothing and need nothing.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1a1a1a"
"""Text and the outline of pale marks: well over 4.5:1 on white."""

PALE_INK = "#595959"
"""Second-rank text, still 7:1 on white."""

DPI = 110


class Role(NamedTuple):
    """What one colour stands for, in every figure: its hue and the cues that survive without it."""

    colour: str
    marker: str
    line: str
    hatch: str
    edge: str
    filled: bool = True


OK = Role("#0072B2", "o", "-", "", "#0072B2")
FAILED = Role("#D55E00", "x", "--", "", "#D55E00")
COMPENSATION = Role("#E69F00", "<", "-", "////", "#333333")
REFUSED = Role("#666666", "s", ":", "", "#666666", filled=False)
UNKNOWN = Role("#CC79A7", "D", "-.", "..", "#7a2f5a")
OUTAGE = Role("#999999", "", "-", "\\\\", "#999999")

RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "hatch.linewidth": 0.7,
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "svg.hashsalt": "eventlab",
    "svg.fonttype": "path",  # glyphs as outlines: the labels keep their widths on machines without the font
    "path.simplify": True,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw and render inside this block; the reader's own settings come back after it."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams  # some releases of matplotlib list every key in its type
        settings.update(RC)
        yield


def tint(role: Role, share: float = 0.4) -> str:
    """The role's hue on white, opaque: a transparent one would fade its hatch and mix with what lies below."""
    parts = (int(role.colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)


HALO: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8}
"""White behind a label, so that it reads on bands and lines."""


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure of that size.

    pyplot is never imported here: a command line program has no use for its
    windows. Where the reader has imported it, the figure is one of pyplot's,
    so that a notebook shows it and ``plt.close`` knows it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (width_in, height_in)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        figure: Figure = pyplot.figure(figsize=size, dpi=DPI, layout="constrained")
        return figure
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def one_panel(ax: Axes | None, size_in: tuple[float, float]) -> Axes:
    """The axes to draw in: the given ones, or those of a new figure."""
    if ax is not None:
        return ax
    return new_figure(*size_in).subplots()


def stacked_panels(ax: Axes | None, size_in: tuple[float, float], heights: Sequence[float]) -> list[Axes]:
    """Panels over one time axis, top to bottom: in a new figure, or in the place that *ax* takes up."""
    ax = one_panel(ax, size_in)
    figure, place = ax.get_figure(), ax.get_subplotspec()
    if figure is None or place is None:
        raise TypeError("these axes have no place in a grid to be divided; make them with subplots()")
    ax.remove()
    grid = place.subgridspec(len(heights), 1, height_ratios=list(heights), hspace=0.02)
    first = figure.add_subplot(grid[0])
    panels = [first, *(figure.add_subplot(grid[row], sharex=first) for row in range(1, len(heights)))]
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
    return panels


_DIGEST = re.compile(r'(?<=["#])[a-z][0-9a-f]{10}(?=[")])')


def close(figure: Figure) -> None:
    """Let go of a figure, in pyplot's list as well if it is there."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def svg(figure: Figure) -> str:
    """The figure as SVG text: the same text for the same figure."""
    buffer = io.StringIO()
    with house_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return numbered(buffer.getvalue())


def numbered(svg: str) -> str:
    """*svg* with the ids that matplotlib makes from digests counted instead, in the order in which they come.

    Its digests are of the layout's floats to the last bit, and there the solver of the layout may differ from
    run to run, by less than any eye or any rounded coordinate shows.
    """
    names: dict[str, str] = {}
    return _DIGEST.sub(lambda found: names.setdefault(found[0], f"{found[0][0]}{len(names)}"), svg)


def png(figure: Figure) -> bytes:
    """The figure as PNG, opaque white: the same bytes for the same figure.

    With a palette, because a notebook carries its pictures: a third of the
    bytes, and no eye sees the difference.
    """
    from PIL import Image

    drawn, packed = io.BytesIO(), io.BytesIO()
    with house_style():
        figure.savefig(drawn, format="png", dpi=DPI, metadata={"Software": None})
    with Image.open(drawn) as full:
        few = full.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(packed, format="PNG", optimize=True)
    return packed.getvalue()

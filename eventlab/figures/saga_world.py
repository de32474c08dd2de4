"""The strip of laws below a saga: which of them did not hold while it was under way, and whether they do in the end.

It is drawn where the history tells it: `eventlab.shop.watching` looks at all books after every append.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventlab import hooks
from eventlab.history import of_kind

from .saga_story import SagaStory
from .style import FAILED, HALO, INK, OK, UNKNOWN, tint
from .subject import RunLike, clock, counted, end_s

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOOKS = "books"


class World(NamedTuple):
    """From when to when the same laws do not hold; *rests* once the saga has ended."""

    broken: tuple[str, ...]
    began_s: float
    ended_s: float
    rests: bool


def world_of(run: RunLike, story: SagaStory) -> list[World]:
    """The stretches from the saga's beginning on; none where nobody looked. Those after its end begin with it."""
    told = [(entry.at, tuple(seen.value["broken"])) for entry, seen in of_kind(run.entries, hooks.Observed)
            if seen.subject == BOOKS]  # fmt: skip
    if not told:
        return []
    last = max(end_s(run), story.ended_s)
    ends = [*(at for at, _ in told[1:]), last]
    found = []
    for (at, broken), end in zip(told, ends, strict=True):
        for began_s, ended_s, rests in ((at, min(end, story.ended_s), False), (max(at, story.ended_s), end, True)):
            if ended_s > max(began_s, story.began_s) or (rests and end == last and began_s == ended_s):
                found.append(World(broken, max(began_s, story.began_s), ended_s, rests))
    return found


def draw_world(ax: Axes, row: int, world: list[World]) -> None:
    """Blue where all hold, dotted in between, crossed and dashed where some are broken for good."""
    left, right = ax.get_xlim()
    if world and world[-1].rests:
        world = [*world[:-1], world[-1]._replace(ended_s=right)]
    for stretch in world:
        began_s, ended_s = max(stretch.began_s, left), min(stretch.ended_s, right)
        if ended_s <= began_s:
            continue
        role = OK if not stretch.broken else FAILED if stretch.rests else UNKNOWN
        ax.barh(
            row, ended_s - began_s, left=began_s, height=0.5, zorder=3, facecolor=tint(role, 0.3),
            edgecolor=role.edge, hatch="xx" if role is FAILED else role.hatch, linewidth=0.9,
            linestyle="--" if role is FAILED else "-",
        )  # fmt: skip
        _inside(ax, row, stretch, (began_s, ended_s))


def _inside(ax: Axes, row: int, stretch: World, span: tuple[float, float]) -> None:
    """The longest text that has room."""
    number = len(stretch.broken)
    if not number:
        texts = ["all hold"]
    elif stretch.rests:
        texts = [f"{counted(number, 'law')} broken", f"{number} broken", str(number)]
    else:
        texts = [f"{number} of them not yet", f"{number} not yet", str(number)]
    left, right = ax.get_xlim()
    share = (span[1] - span[0]) / (right - left)
    for text in texts:
        if share > 0.0105 * len(text) + 0.004:
            ax.text(
                sum(span) / 2, row, text, fontsize=7.5, color=INK, ha="center", va="center", zorder=6,
                bbox=HALO,
            )  # fmt: skip
            return


def world_in_words(world: list[World]) -> list[str]:
    """In between, from when to when, how many laws at most and which; and then what became of them."""
    if not world:
        return []
    between = [stretch for stretch in world if stretch.broken and not stretch.rests]
    said = []
    if between:
        most = max(len(stretch.broken) for stretch in between)
        names = list(dict.fromkeys(name for stretch in between for name in stretch.broken))
        said.append(
            f"In between, from {clock(between[0].began_s)} to {clock(between[-1].ended_s)}, up to "
            f"{counted(most, 'law')} did not hold ({', '.join(names)})."
        )
    last = world[-1]
    if not last.rests:
        return said
    if last.broken:
        return [*said, f"In the end {'is' if len(last.broken) == 1 else 'are'} broken: {', '.join(last.broken)}."]
    return [*said, "In the end every law holds."]

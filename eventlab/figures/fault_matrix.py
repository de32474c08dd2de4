"""The fault matrix: every step of the checkout against every fault, each field divided by how its runs ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventlab.shop.matrix import MARKS, Matrix, Outcome

from .style import COMPENSATION, FAILED, INK, OK, PALE_INK, UNKNOWN, Role, house_style, one_panel, tint
from .subject import counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (8.0, 3.9)
_ROLES: dict[Outcome, Role] = {"completed": OK, "compensated": COMPENSATION, "stuck": UNKNOWN, "broken": FAILED}
_WORDS: dict[Outcome, str] = {
    "completed": "carried through",
    "compensated": "undone",
    "stuck": "stuck, for all to see",
    "broken": "a law is broken",
}
_LOUD = ("broken",)
_SHOWN_LAWS = 3


def draw_fault_matrix(matrix: Matrix, *, ax: Axes | None = None) -> Axes:
    """Steps from top to bottom, faults from left to right; a field's parts, and their numbers, are how its runs ended.

    Each outcome has a hue, a hatch and a mark of its own. A field in which a law was broken has a heavy frame.
    """
    with house_style():
        ax = one_panel(ax, _SIZE_IN)
        for row, step in enumerate(matrix.steps):
            for column, fault in enumerate(matrix.faults):
                _field(ax, row, column, matrix.counts(step, fault))
        _axes(ax, matrix)
        _key(ax, matrix)
    return ax


def _field(ax: Axes, row: int, column: int, counts: dict[Outcome, int]) -> None:
    runs = sum(counts.values())
    left = column + 0.04
    for outcome, number in counts.items():
        role, width = _ROLES[outcome], 0.92 * number / runs
        ax.barh(
            row, width, height=0.84, left=left, facecolor=tint(role, 0.6 if outcome in _LOUD else 0.35),
            hatch="xx" if outcome in _LOUD else role.hatch, edgecolor=tint(role, 0.8), linewidth=0.4, zorder=2,
        )  # fmt: skip
        if number / runs >= 0.2:
            ax.plot(
                left + width / 2, row - 0.18, marker=role.marker, markersize=4.5, color=role.colour,
                markeredgecolor=INK if outcome in _LOUD else role.edge, zorder=4,
                markeredgewidth=1.6 if outcome in _LOUD else 0.7,
            )  # fmt: skip
            ax.text(left + width / 2, row + 0.2, str(number), fontsize=6.5, ha="center", va="center", zorder=4)
        left += width
    if "broken" in counts:
        ax.barh(
            row, 0.92, height=0.84, left=column + 0.04, facecolor="none", edgecolor=FAILED.colour, linewidth=1.4,
            zorder=3,
        )  # fmt: skip


def _axes(ax: Axes, matrix: Matrix) -> None:
    faults, steps = matrix.faults, matrix.steps
    ax.set_xlim(0, max(len(faults), 1))
    ax.set_ylim(max(len(steps), 1) - 0.5, -0.5)
    names = [fault.replace(", ", ",\n") if ", " in fault else fault.replace(" ", "\n", 1) for fault in faults]
    ax.set_xticks([at + 0.5 for at in range(len(faults))], names, fontsize=6.5)
    ax.set_yticks(range(len(steps)), [step.replace("_", " ") for step in steps], fontsize=8)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def _key(ax: Axes, matrix: Matrix) -> None:
    """Below: the marks that occur, each with its words and how many runs ended so."""
    left = 0.0
    for outcome, role in _ROLES.items():
        number = sum(cell.outcome == outcome for cell in matrix.cells)
        if not number:
            continue
        text = f"{_WORDS[outcome]} ({number:,})"
        ax.plot(
            left + 0.012, -0.06, marker=role.marker, markersize=5, color=role.colour, markeredgecolor=role.edge,
            linestyle="", transform=ax.transAxes, clip_on=False,
        )  # fmt: skip
        ax.text(left + 0.03, -0.06, text, transform=ax.transAxes, fontsize=7.5, va="center", color=INK)
        left += 0.055 + 0.0135 * len(text)
    runs = len({cell.seed for cell in matrix.cells})
    ax.text(1.0, -0.06, f"{counted(runs, 'seed')} each", transform=ax.transAxes, fontsize=7.5, ha="right",
            va="center", color=PALE_INK)  # fmt: skip


def describe_fault_matrix(matrix: Matrix) -> str:
    """How many runs ended how, the slowest end after healing, and where which law was broken."""
    runs = len(matrix.cells)
    if not runs:
        return "No step was struck by any fault: there are no runs."
    ended = ", ".join(
        f"{number:,} {outcome}" for outcome in MARKS if (number := sum(c.outcome == outcome for c in matrix.cells))
    )
    slowest = max(matrix.cells, key=lambda cell: cell.settled_s)
    sentences = [
        f"{counted(len(matrix.steps), 'step')} against {counted(len(matrix.faults), 'fault')}, {runs:,} runs: {ended}.",
        f"The slowest had come to rest {slowest.settled_s:.2f} s after its fault had healed "
        f"({slowest.step} under {slowest.fault}), and may take {slowest.bound_s:.2f} s.",
    ]
    return " ".join([*sentences, *_broken(matrix)])


def _broken(matrix: Matrix) -> list[str]:
    if not matrix.broken:
        return ["No law was broken."]
    laws: dict[str, int] = {}
    for cell in matrix.broken:
        for law in dict.fromkeys(broken.partition(":")[0] for broken in cell.broken):
            laws[law] = laws.get(law, 0) + 1
    worst = sorted(laws.items(), key=lambda law: -law[1])[:_SHOWN_LAWS]
    first = matrix.broken[0]
    witness = shortened(first.broken[0].partition(": ")[2], 120)
    told = ", ".join(f"“{law}” in {counted(number, 'run')}" for law, number in worst)
    return [f"Broken: {told}.", f"First {first.step} under {first.fault}, seed {first.seed}: {witness}."]

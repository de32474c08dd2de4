"""A comparison in words and columns: plain text of at most a hundred columns, the same on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from eventlab.scenarios.findings import Compared, Expected, Findings, Metric, MetShare
from eventlab.simulation.statistics.estimate import share

WIDTH_MAX = 100

_UNPARTED = "\0"
"""Stands for a space at which no line is to end."""


def comparison_text(findings: Findings) -> str:
    """The findings for people. No mean stands in it without its interval."""
    return "\n".join(line.rstrip() for line in _lines(findings)) + "\n"


def _lines(findings: Findings) -> Iterator[str]:
    yield from _paragraph(findings.question)
    yield ""
    yield from _paragraph(_heading(findings))
    yield ""
    for label, changed in findings.variants.items():
        yield from _paragraph(f"  {label}  {'  '.join(changed)}", "     ")
    yield ""
    yield f"Runs that met what was expected, and the share of all runs that would ({share(findings.confidence)})"
    yield from _expectations(findings.expectations)
    for metric in findings.metrics:
        yield ""
        yield from _metric(metric, len(findings.seeds))
    yield ""
    yield from _paragraph(_footing(findings))


def _heading(findings: Findings) -> str:
    parts = [
        f"{len(findings.variants)} variants of {findings.scenario} on the same {len(findings.seeds)} seeds, "
        f"which follow from {findings.seed}.",
        f"Each mean with its interval of {share(findings.confidence)}; each difference to a, seed by seed.",
    ]
    if len(findings.variants) > 2:
        parts.append(f"The differences in a block hold together with {share(findings.confidence)}.")
    if findings.warm_up_s:
        parts.append(f"What began in the first {findings.warm_up_s:g} s counts for expectations only.")
    return " ".join(parts)


def _expectations(expectations: Sequence[Expected]) -> Iterator[str]:
    """All together, then each that was not always met; what always was takes a line."""
    together, *single = expectations
    rows = {"all of it, and the invariants": _shares(together)}
    if _always(together):
        single = []
    rows |= {expected.text: _shares(expected) for expected in single if not _always(expected)}
    width = max(map(len, rows))
    lines = [f"  {text:<{width}}  {'   '.join(shares)}" for text, shares in rows.items()]
    if max(map(len, lines)) <= WIDTH_MAX:
        yield from lines
    else:
        for text, shares in rows.items():
            yield f"  {text}"
            yield from (f"    {found}" for found in shares)
    if always := [expected.text.replace(" ", _UNPARTED) for expected in single if _always(expected)]:
        yield from _paragraph(f"  met in every run: {'; '.join(always)}", "    ")


def _always(expected: Expected) -> bool:
    return all(found.met == found.n for found in expected.shares)


def _shares(expected: Expected) -> list[str]:
    """What came of it, each with the variants of which it is true."""
    alike: dict[str, list[str]] = {}
    for found in expected.shares:
        alike.setdefault(_share(found), []).append(found.variant)
    return [f"{', '.join(labels)}  {text}" for text, labels in alike.items()]


def _share(found: MetShare) -> str:
    unknown = f", {found.inconclusive} inconclusive" if found.inconclusive else ""
    return f"{found.met} of {found.n} ({100 * found.low:.0f} % to {100 * found.high:.0f} %){unknown}"


def _metric(metric: Metric, runs: int) -> Iterator[str]:
    yield f"{metric.name}, in {metric.unit}" if metric.unit else metric.name
    means = {mean.variant: mean for mean in metric.means}
    width = max((len(mean.text) for mean in metric.means), default=0)
    differences = {found.variant: found for found in metric.differences}
    for label, values in metric.values.items():
        had = len(values) - values.count(None)
        few = "" if had == runs else f"  (in {had} of {runs} runs)"
        if label not in means:
            yield f"  {label}  in {had} of {runs} runs: too few for an interval, so no mean"
            continue
        line = f"  {label}  {means[label].text:>{width}}{few}"
        yield from _with(line, differences.get(label))


def _with(line: str, found: Compared | None) -> Iterator[str]:
    """A mean, and beside it, or below it where it is long, what differs."""
    if found is None:
        yield line
        return
    correlation = "" if found.correlation is None else f"; correlation {_signed(found.correlation)}"
    text = f"{found.text}{correlation if found.mean or found.half_width else ''}"
    if len(line) + 3 + len(text) <= WIDTH_MAX:
        yield f"{line}   {text}"
    else:
        yield line
        yield from _paragraph(f"     {text}", "     ")


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _footing(findings: Findings) -> str:
    count = sum(len(metric.differences) for metric in findings.metrics)
    if count == 0:
        return "Nothing could be compared: no number came up in two runs of a and of another variant."
    luck = "one of them may seem real by luck: decide by the one that you asked about (--metric)"
    chance = f"{count} differences were looked at, and of so many {luck}. " if count > 1 else ""
    return f"{chance}Look at one run: eventlab run with the --set of a variant and --seed {findings.seeds[0]}."


def _paragraph(text: str, indent: str = "") -> list[str]:
    """Lines of at most a hundred columns, none of which parts a number from its interval or its unit."""
    lead = text[: len(text) - len(text.lstrip())]
    whole = text.strip().replace(" ± ", f"{_UNPARTED}±{_UNPARTED}").replace(" %", f"{_UNPARTED}%")
    lines = wrap(
        whole,
        WIDTH_MAX,
        initial_indent=lead,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNPARTED, " ") for line in lines]

"""The figures of a run inside its page: vector where that is small, and always with their words."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from eventlab.figures import (
    describe_of,
    draw_breaker_strip,
    draw_call_graph,
    draw_conflicts,
    draw_goodput,
    draw_outcomes,
    draw_saga_lanes,
    drawn,
    style,
)
from eventlab.figures.breaker_story import breakers
from eventlab.figures.conflicts import around_break
from eventlab.history import of_kind
from eventlab.hooks import BreakerChanged, CallStarted, CommandAttempted, EventsAppended, OperationInvoked, SagaMoved

from .facts import ReportedRun
from .markup import Html, text

SVG_BYTES_MAX = 400_000
_BREAKERS_MAX = 3


def illustrations(run: ReportedRun) -> Html:
    """Every figure that the run has the history for, each on a white card of its own."""
    parts = []
    for number, (draw, options) in enumerate(_wanted(run), start=1):
        subject = {"requests": run} if draw is draw_goodput else run  # one run of several, as far as that figure knows
        try:
            words = describe_of(draw)(subject, **options)
        except LookupError:
            continue  # no saga ran, so there is none to show
        parts.append(_figure(_image(draw, subject, options, f"f{number}", words), words))
    return Html("\n".join(parts))


def who_called_whom(run: ReportedRun) -> Html:
    """The call graph with its words; nothing where no call was made."""
    if not any(of_kind(run.entries, CallStarted)):
        return Html("")
    words = describe_of(draw_call_graph)(run)
    return _figure(_image(draw_call_graph, run, {}, "calls", words), words)


def _wanted(run: ReportedRun) -> Iterator[tuple[Any, dict[str, Any]]]:
    if any(of_kind(run.entries, SagaMoved)):
        yield draw_outcomes, {}
    elif any(of_kind(run.entries, CommandAttempted)):
        yield draw_conflicts, _broken_at(run)
    elif any(of_kind(run.entries, OperationInvoked)):
        yield draw_goodput, {}
    changed = {change.breaker for _, change in of_kind(run.entries, BreakerChanged)}
    # One that stayed closed has nothing to show, unless none has.
    for breaker in [name for name in breakers(run) if name in changed or not changed][:_BREAKERS_MAX]:
        yield draw_breaker_strip, {"breaker": breaker}
    yield draw_saga_lanes, {}


def _broken_at(run: ReportedRun) -> dict[str, Any]:
    """Where to look, if an invariant broke: at the append that its first witness names, or at the first blind one."""
    wrong = [line for line in run.summary.invariants if line.valid is False]
    if not wrong:
        return {}
    named = [re.findall(r"position (\d+)", str(witness)) for line in wrong for witness in line.witnesses]
    last = {int(found[-1]) for found in named if found}
    times = [entry.at for entry, what in of_kind(run.entries, EventsAppended) if what.position in last]
    return next(filter(None, (around_break(run, at_s) for at_s in times)), None) or around_break(run)


def _image(draw: Any, run: Any, options: dict[str, Any], prefix: str, words: str) -> Html:
    try:
        with drawn(draw, run, **options) as figure:
            svg = style.svg(figure)
            if len(svg.encode()) > SVG_BYTES_MAX:
                return _as_png(style.png(figure), words)
    except ModuleNotFoundError as missing:
        if missing.name != "matplotlib":
            raise
        return Html("<p>This picture was not drawn, because matplotlib is not installed; its words follow.</p>")
    return embedded(svg, words, prefix)


def _figure(image: Html, words: str) -> Html:
    return Html(f'<figure>\n<div class="card">{image}</div>\n<figcaption>{text(words)}</figcaption>\n</figure>')


def embedded(svg: str, words: str, prefix: str) -> Html:
    """The SVG without what only a file of its own needs, its ids made the page's own by *prefix*."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = (
        re.sub(r'\s(?:xmlns(?::xlink)?|version|width|height)="[^"]*"', "", svg[: svg.index(">") + 1])
        + (svg[svg.index(">") + 1 :])
    )
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'xlink:href="#', f'href="#{prefix}-', svg)
    svg = svg.replace("url(#", f"url(#{prefix}-")
    return Html(svg.replace("<svg", f'<svg role="img" aria-label="{text(words)}"', 1).strip())


def _as_png(png: bytes, words: str) -> Html:
    data = base64.b64encode(png).decode("ascii")
    return Html(f'<img alt="{text(words)}" src="data:image/png;base64,{data}">')

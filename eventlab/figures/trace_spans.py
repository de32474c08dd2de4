"""The spans of one trace, as a figure needs them: of a run that was traced, or as far as any history tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.hooks import SagaMoved, SpanEnded

from .saga_story import most_telling, saga_moves
from .subject import RunLike

_ENDS = ("succeeded", "failed", "timed_out", "unreached", "compensated", "compensation_failed")


class Bar(NamedTuple):
    """One piece of work: *kind* is ``saga``, ``step``, ``call``, ``work``, ``command`` or ``operation``.

    *outcome* is ``ok``, ``refused``, ``unknown``, ``failed`` or ``undone``. A work's message arrived *waited_s* before
    it began; within it, it stood in queues during *queued*.
    """

    id: str
    parent: str
    name: str
    kind: str
    service: str
    began_s: float
    ended_s: float
    outcome: str
    waited_s: float = 0.0
    queued: tuple[tuple[float, float], ...] = ()


def bars_of(run: RunLike, trace: str | None) -> tuple[str, bool, list[Bar]]:
    """The trace that was chosen, whether it was traced or is inferred, and its bars by when they began.

    *trace* is a trace's id or a saga's. Without it, the trace with a saga that has most spans; in a run that was not
    traced, the saga that shows most. Raises LookupError when there is nothing of the kind.
    """
    traces: dict[str, list[tuple[float, SpanEnded]]] = {}
    for entry, span in of_kind(run.entries, SpanEnded):
        traces.setdefault(span.trace_id, []).append((entry.at, span))
    if not traces:
        saga = most_telling(run) if trace is None else trace
        return saga, False, _inferred(run, saga)
    chosen = _most_telling(traces) if trace is None else _named(traces, trace)
    spans = traces[chosen]
    # Spans have the clock on the wall of their node, which may be wrong; the entry was written when its span ended, by
    # the clock of the run. Some are told late, but of each service one is not: the least difference is its clock's.
    ahead_s: dict[str, float] = {}
    for at, span in spans:
        found_s = at - span.ended_ns / 1e9
        ahead_s[span.service] = min(ahead_s.get(span.service, found_s), found_s)
    return chosen, True, _ordered([_bar(span, ahead_s[span.service]) for _, span in spans])


def _most_telling(traces: dict[str, list[tuple[float, SpanEnded]]]) -> str:
    def score(item: tuple[str, list[tuple[float, SpanEnded]]]) -> tuple[bool, int]:
        return any("saga.status" in span.attributes for _, span in item[1]), len(item[1])

    return max(traces.items(), key=score)[0]


def _named(traces: dict[str, list[tuple[float, SpanEnded]]], trace: str) -> str:
    if trace in traces:
        return trace
    for trace_id, spans in traces.items():
        if any(span.attributes.get("saga.id") == trace for _, span in spans):
            return trace_id
    raise LookupError(f"the run has no trace or saga {trace!r}; its first trace is {next(iter(traces))!r}")


def _bar(span: SpanEnded, offset_s: float) -> Bar:
    facts = span.attributes
    if "saga.step" in facts:
        kind = "step"
    elif "saga.id" in facts:
        kind = "saga"
    elif span.role == "internal":
        kind = "command" if "command.type" in facts else "operation"
    else:
        kind = "call" if span.role == "client" else "work"
    return Bar(
        span.span_id,
        span.parent_id,
        span.name,
        kind,
        span.service,
        span.began_ns / 1e9 + offset_s,
        span.ended_ns / 1e9 + offset_s,
        _outcome(span),
        float(facts.get("queue.wait_s", 0.0)),
        tuple(
            (at_ns / 1e9 + offset_s - noted["waited_s"], at_ns / 1e9 + offset_s)
            for name, at_ns, noted in span.events
            if name == "waited"
        ),
    )


def _outcome(span: SpanEnded) -> str:
    facts = span.attributes
    if facts.get("saga.undo") or facts.get("saga.status") == "compensated":
        return "undone"
    told = [facts.get(name) for name in ("call.outcome", "command.outcome", "saga.step.outcome", "operation.outcome")]
    if "unknown" in told or "in doubt" in told:
        return "unknown"
    if "refused" in told:
        return "refused"
    return "failed" if span.status == "error" else "ok"


def _inferred(run: RunLike, saga: str) -> list[Bar]:
    """A saga, its steps and their calls, from what every history tells. What the services did is not in it."""
    moves = saga_moves(run)
    if saga not in moves:
        raise LookupError(f"the run has no saga {saga!r}; its first one is {next(iter(moves), 'none')!r}")
    told = moves[saga]
    service = next((entry.node for entry, moved in of_kind(run.entries, SagaMoved) if moved.saga == saga), "")
    steps = list(_steps(told, service))
    ended = {"stuck": "failed", "compensation_completed": "undone"}.get(told[-1][1].phase, "ok")
    whole = Bar("saga", "", f"saga {told[0][1].definition}", "saga", service, told[0][0], told[-1][0], ended)
    return _ordered([whole, *steps, *_calls(run, saga, steps)])


def _ordered(bars: list[Bar]) -> list[Bar]:
    """By when they began; of two at one moment, the cause first."""
    parents = {bar.id: bar.parent for bar in bars}

    def depth(bar: Bar) -> int:
        found, at = 0, bar.parent
        while at in parents and found < len(parents):
            found, at = found + 1, parents[at]
        return found

    return sorted(bars, key=lambda bar: (bar.began_s, depth(bar)))


def _steps(moves: Iterable[tuple[float, SagaMoved]], service: str) -> Iterable[Bar]:
    began: dict[tuple[str, bool], float] = {}
    found: dict[tuple[str, bool], Bar] = {}
    for at_s, moved in moves:
        undo = moved.phase.startswith("compensat") and moved.step != ""
        key = moved.step, undo
        if moved.phase in ("requested", "compensation_requested"):
            began.setdefault(key, at_s)
        elif moved.phase in _ENDS and key in began:
            outcome = {"failed": "refused", "timed_out": "unknown", "unreached": "failed"}.get(moved.phase, "ok")
            name = f"{moved.definition}/{moved.step}" + (" undone" if undo else "")
            id_ = f"{moved.step}/{undo}"
            kind_of = "undone" if undo else outcome
            found[key] = Bar(id_, "saga", name, "step", service, began[key], at_s, kind_of)
    return found.values()


def _calls(run: RunLike, saga: str, steps: list[Bar]) -> Iterable[Bar]:
    """The calls that carry a key of the saga, each below the step during which it began."""
    under_way: dict[int, tuple[float, hooks.CallStarted]] = {}
    for entry in run.entries:
        what = entry.what
        if isinstance(what, hooks.CallStarted) and what.key.startswith(f"{saga}/"):
            under_way[what.id] = entry.at, what
        elif isinstance(what, hooks.CallEnded) and what.id in under_way:
            began_s, started = under_way.pop(what.id)
            undo = started.key.endswith("/backward")
            within = [
                step for step in steps if (step.outcome == "undone") is undo and step.began_s <= began_s <= step.ended_s
            ]
            if within:
                outcome = what.outcome if what.outcome in ("ok", "refused", "unknown") else "failed"
                name = f"{what.target}/{what.operation}"
                yield Bar(f"call {what.id}", within[-1].id, name, "call", what.source, began_s, entry.at, outcome)

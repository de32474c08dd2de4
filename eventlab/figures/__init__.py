"""Pictures of a run, each with its words: ``draw_x(run, *, ax=None) -> Axes`` and ``describe_x(run) -> str``.

A figure reads the run's history and nothing else, so it can be drawn of any
list of entries; but for those of many runs at once, which read what was
measured in them. Begin with :mod:`~eventlab.figures.saga_lanes`; the colours
and their second cues are in :mod:`~eventlab.figures.style`. Describing needs
no matplotlib; drawing does (the extra ``report``).
"""

from __future__ import annotations

from .backoffs import BackoffPoint, describe_backoffs, draw_backoffs, read_backoffs
from .breaker_strip import describe_breaker_strip, draw_breaker_strip
from .call_graph import describe_call_graph, draw_call_graph
from .conflicts import describe_conflicts, draw_conflicts
from .contention import describe_conflict_rates, draw_conflict_rates
from .contention_waits import describe_waits, draw_waits
from .fault_matrix import describe_fault_matrix, draw_fault_matrix
from .goodput import describe_goodput, draw_goodput
from .in_between import describe_in_between, draw_in_between
from .outcomes import describe_outcomes, draw_outcomes
from .pictures import describe_of, display_with_words, drawn, show
from .saga_diagram import describe_saga_diagram, draw_saga_diagram
from .saga_lanes import describe_saga_lanes, draw_saga_lanes
from .subject import RunLike
from .trace import describe_trace, draw_trace

__all__ = [
    "draw_saga_lanes",
    "describe_saga_lanes",
    "draw_saga_diagram",
    "describe_saga_diagram",
    "draw_breaker_strip",
    "describe_breaker_strip",
    "draw_outcomes",
    "describe_outcomes",
    "draw_goodput",
    "describe_goodput",
    "draw_call_graph",
    "describe_call_graph",
    "draw_trace",
    "describe_trace",
    "draw_conflicts",
    "describe_conflicts",
    "draw_conflict_rates",
    "describe_conflict_rates",
    "draw_backoffs",
    "describe_backoffs",
    "read_backoffs",
    "BackoffPoint",
    "draw_fault_matrix",
    "describe_fault_matrix",
    "draw_waits",
    "describe_waits",
    "draw_in_between",
    "describe_in_between",
    "show",
    "drawn",
    "display_with_words",
    "describe_of",
    "RunLike",
]

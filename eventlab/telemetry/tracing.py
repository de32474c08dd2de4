"""Tracing switched on: what happens within the block becomes spans, for whoever is to have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from .. import hooks, runtime
from ..errors import InvalidValue
from .exporters import NEEDS
from .tracelog import TraceLog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.sampling import Sampler

    from .tracer import Tracer


_tracers: list[Tracer] = []
"""The one that traces, if somebody does."""


@contextmanager
def tracing(
    *exporters: SpanExporter,
    service: str = "local",
    keep: int | None = None,
    sampler: Sampler | None = None,
    resource: Mapping[str, str] | None = None,
) -> Iterator[TraceLog]:
    """Trace everything until the block ends, and give it to *exporters*: OpenTelemetry's own, or any of its kind.

    Gives the `TraceLog` that gathers the spans, of the latest *keep* if that is said: a process that runs for long
    says 0. Spans of a simulated world carry its time, and are exported when the block ends, since nothing
    in a world opens a connection; those of the real clock go out in the background.
    Each exporter is shut down in the end.

    *service* is the name of the process, for what runs on no node and handles no call; *resource* is what else
    OpenTelemetry is to know of it. *sampler* is one of OpenTelemetry's; by default a trace is recorded if its parent
    was, and if it has none. Put the block around ``world.run``, and each run into a block of its own: ids follow
    from its seed.

    Raises InvalidValue without OpenTelemetry's SDK (the extra ``telemetry``), for exporters inside a world, and within
    another such block: the spans of one would be mistaken for the other's.
    """
    needs_opentelemetry()
    _refuse_inside_a_world(exporters)
    for exporter in exporters:
        if not callable(getattr(exporter, "export", None)) or isinstance(exporter, type):
            raise InvalidValue("an exporter", exporter, "one that is made already, such as otlp() or console()")
    if _tracers:
        raise InvalidValue("tracing", "asked for twice", "one block at a time")
    from .exporting import Outlet
    from .official import Spans, as_record
    from .tracer import Tracer

    log = TraceLog(keep=keep)
    outlet = Outlet(exporters)

    def ended(span: ReadableSpan) -> None:
        record = as_record(span)
        log.add(record)
        outlet.take(span)
        if hooks.listening:
            hooks.emit(record)

    tracer = Tracer(Spans(ended, sampler, service, resource))
    _tracers.append(tracer)
    try:
        with hooks.listen(tracer, traced=True):
            try:
                yield log
            finally:
                tracer.close()
    finally:
        _tracers.remove(tracer)
        outlet.close()


def needs_opentelemetry() -> None:
    """Raises InvalidValue, with what to install, where `tracing` would."""
    try:
        import_module("opentelemetry.sdk.trace")
    except ImportError as error:
        raise InvalidValue("tracing", "asked for", NEEDS) from error


def _refuse_inside_a_world(exporters: tuple[SpanExporter, ...]) -> None:
    if exporters and runtime.in_simulation():
        raise InvalidValue("tracing", "to exporters inside a world", "the block around world.run")

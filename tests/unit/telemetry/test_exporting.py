"""Spans reach whoever is to have them: a collector over HTTP, the console, any exporter of OpenTelemetry."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from eventlab.commands import execute
from eventlab.errors import InvalidValue
from eventlab.simulation import World
from eventlab.store import MemoryStore
from eventlab.telemetry import TraceLog, console, flaws, otlp, otlp_json, tracing
from eventlab.telemetry.official import Ids
from tests.sources import ROOT
from tests.unit.commands.bank import ALICE, BOB, Transfer
from tests.unit.shop.market import LINES, Market, in_market


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A real endpoint on this machine that reads what comes with the official protobufs."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            received.append(request)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told(requests: list[ExportTraceServiceRequest]) -> list[tuple[str, str, str, str, str, int, int]]:
    """What a collector has heard, each span as service, name, ids and times."""
    return sorted(
        (
            next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name"),
            *(span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()),
            *(span.start_time_unix_nano, span.end_time_unix_nano),
        )
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def known(log: TraceLog) -> list[tuple[str, str, str, str, str, int, int]]:
    return sorted(
        (span.service, span.name, span.trace_id, span.span_id, span.parent_id, span.began_ns, span.ended_ns)
        for span in log
    )


async def order(market: Market) -> None:
    await market.checkout()


def test_a_collector_hears_every_span_of_a_world_when_it_is_over() -> None:
    with collector() as (endpoint, received):
        with tracing(otlp(endpoint)) as log:
            in_market(order)
            assert received == []
    assert told(received) == known(log)
    assert {service for service, *_ in told(received)} == {
        "front",
        "orders",
        "payments",
        "inventory",
        "shipping",
        "users",
    }


def test_a_collector_hears_every_span_of_the_real_clock_of_many_tasks_at_once() -> None:
    async def story() -> None:
        market = Market()
        await market.open()
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(market.checkout(f"order-{number}", LINES[:1]))

    with collector() as (endpoint, received):
        with tracing(otlp(endpoint)) as log:
            asyncio.run(story())
    assert told(received) == known(log)
    assert (flaws(log), len(log.traces)) == ([], 8)


def test_any_exporter_does_and_the_console_prints() -> None:
    memory, out = InMemorySpanExporter(), io.StringIO()
    with tracing(memory, console(out)) as log:
        in_market(order)
    assert [span.name for span in memory.get_finished_spans()] == [span.name for span in log]
    first, _ = json.JSONDecoder().raw_decode(out.getvalue())
    assert first["context"]["trace_id"] == f"0x{log.spans[0].trace_id}"


def test_a_span_that_somebody_began_with_opentelemetry_is_in_between() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    tracer = TracerProvider().get_tracer("somebody")

    async def story() -> str:
        with tracer.start_as_current_span("theirs") as span:
            await execute(MemoryStore(), Transfer(ALICE, BOB, 0))
            assert api.get_current_span() is span
        return f"{span.get_span_context().span_id:016x}"

    with tracing() as log:
        theirs = asyncio.run(story())
    assert [span.parent_id for span in log] == [theirs]


def test_inside_a_command_opentelemetry_takes_its_span_for_the_current_one() -> None:
    seen: list[str] = []

    class Curious(MemoryStore):
        async def read_many(self, *args: object, **options: object) -> object:  # type: ignore[override]
            seen.append(f"{api.get_current_span().get_span_context().span_id:016x}")
            return await super().read_many(*args, **options)  # type: ignore[arg-type]

    with tracing() as log:
        asyncio.run(_execute(Curious()))
    assert seen == [log.spans[0].span_id]


async def _execute(store: MemoryStore) -> None:
    await execute(store, Transfer(ALICE, BOB, 0))


def test_a_sampler_decides_for_a_whole_trace() -> None:
    with tracing(sampler=ALWAYS_OFF) as log:
        in_market(order)
    assert log.spans == []


def test_exporters_are_refused_inside_a_world() -> None:
    async def main() -> None:
        with tracing(InMemorySpanExporter()):
            raise AssertionError("never")

    with World(1) as world, pytest.raises(InvalidValue, match=r"world\.run"):
        world.run(main)


def test_without_opentelemetry_its_package_is_named_and_traces_travel_all_the_same() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None
from eventlab.telemetry import SpanContext, current_context, otlp, tracing
from eventlab.metadata import carrying
for use in (lambda: tracing().__enter__(), otlp):
    try:
        use()
    except ValueError as error:
        print(error)
with carrying(traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
    print(current_context().span_id)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "tracing is 'asked for'; expected OpenTelemetry: pip install 'eventlab[telemetry]'",
        "otlp is 'asked for'; expected OpenTelemetry: pip install 'eventlab[telemetry]'",
        "00f067aa0ba902b7",
    ]


def test_the_file_for_other_tools_is_what_the_official_encoder_writes() -> None:
    memory = InMemorySpanExporter()
    with tracing(memory) as log:
        in_market(order)
    written = json.loads(otlp_json(log))
    for span in (span for resource in written["resourceSpans"] for span in resource["scopeSpans"][0]["spans"]):
        for name in ("traceId", "spanId", "parentSpanId"):  # JSON of protobufs has them in base64, OTLP in hex
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    ours, official = ParseDict(written, ExportTraceServiceRequest()), encode_spans(memory.get_finished_spans())
    assert told([ours]) == told([official])
    assert facts([ours]) == facts([official])


def facts(requests: list[ExportTraceServiceRequest]) -> list[tuple[str, int, int, str, list[str], list[str]]]:
    """Kind, status, attributes and events of each span, by its id."""
    return sorted(
        (
            span.span_id.hex(),
            *(span.kind, span.status.code, span.status.message),
            [str(attribute) for attribute in span.attributes],
            [str(event) for event in span.events],
        )
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def test_a_process_says_who_it_is() -> None:
    with collector() as (endpoint, received):
        with tracing(otlp(endpoint), service="box-office", resource={"deployment.environment.name": "test"}) as log:
            asyncio.run(_execute(MemoryStore()))
    assert [span.service for span in log] == ["box-office"]
    (resource,) = [resource.resource for request in received for resource in request.resource_spans]
    said = {attribute.key: attribute.value.string_value for attribute in resource.attributes}
    assert (said["service.name"], said["deployment.environment.name"]) == ("box-office", "test")


def test_what_one_thread_is_told_to_be_the_next_id_another_does_not_take() -> None:
    ids, taken = Ids(), []
    ids.told_span = 5
    thread = threading.Thread(target=lambda: taken.append(ids.generate_span_id()))
    thread.start()
    thread.join()
    assert (taken == [5], ids.generate_span_id()) == (False, 5)


def test_one_block_traces_at_a_time() -> None:
    with tracing(), pytest.raises(InvalidValue, match="one block at a time"), tracing():
        raise AssertionError("never")
    with tracing():
        pass

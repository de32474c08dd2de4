"""What would spoil a log, a trace or a number one day is refused where it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import ConsoleSpanExporter

from eventlab import hooks
from eventlab.errors import InvalidValue
from eventlab.hooks.gauges import gauge
from eventlab.telemetry import Consumer, JsonLines, Metrics, RedactingFilter, Redactor, console, tracing


def trace_to(exporter: Any) -> None:
    with tracing(exporter):
        pass


MISTAKES: dict[str, Callable[[], object]] = {
    "Redactor.names is .* a list of texts": lambda: Redactor(names="shoe_size"),
    "Redactor.secrets is .* a list of texts": lambda: Redactor(secrets="hunter2"),
    "Redactor.secrets is 'of a NoneType'": lambda: Redactor(secrets=[None]),  # type: ignore[list-item]
    "Redactor.secrets is 'of a bytes'": lambda: Redactor(secrets=[b"hunter2"]),  # type: ignore[list-item]
    "no other format": lambda: JsonLines("%(message)s"),  # type: ignore[arg-type]
    "a Redactor": lambda: RedactingFilter("app"),  # type: ignore[arg-type]
    r"otlp\(\) or console\(\)": lambda: trace_to(console),
    "an exporter is 'http": lambda: trace_to("http://localhost:4318/v1/traces"),
    "an exporter is <class": lambda: trace_to(ConsoleSpanExporter),
    "Metrics.consumers is 'mailer'": lambda: Metrics("orders", consumers=["mailer"]),  # type: ignore[list-item]
    "Metrics.registry is .*Consumer": lambda: Metrics("orders", [Consumer("mailer", store="orders")]),  # type: ignore[arg-type]
    "the gauge eventcore_outbox_depth is 3": lambda: gauge("eventcore_outbox_depth", 3, queue="mail"),  # type: ignore[arg-type]
}
"""By what the error says."""


@pytest.mark.parametrize("says", MISTAKES)
def test_what_could_not_work_later_is_refused_now_and_tells_no_secret(says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as caught:
        MISTAKES[says]()
    assert "hunter2" not in str(caught.value)


def test_an_option_hides_what_follows_it_and_no_more() -> None:
    told = Redactor().value(["login", "--password", "hunter2", "--token", "--verbose", "--password-stdin", "a.txt"])
    assert told == ["login", "--password", "[redacted]", "--token", "--verbose", "--password-stdin", "a.txt"]


def test_a_named_value_is_judged_by_its_name_and_one_without_stays() -> None:
    env = [{"value": "hunter2", "key": "DB_PASSWORD"}, {"key": "PORT", "value": "5432"}, {"value": 3}]
    told = [{"value": "[redacted]", "key": "DB_PASSWORD"}, {"key": "PORT", "value": "5432"}, {"value": 3}]
    assert Redactor().value(env) == told


@pytest.mark.parametrize("names", [(), ("name",)])
def test_a_named_value_is_judged_by_its_name_in_a_text_too_whatever_is_personal(names: tuple[str, ...]) -> None:
    told = Redactor(names=names).text("""{'name': 'DB_PASSWORD', 'value': 'hunter2'} and {"port": 5432}""")
    assert "hunter2" not in told and told.endswith('and {"port": 5432}')


def test_what_happens_is_counted_once_however_many_blocks_there_are() -> None:
    metrics = Metrics("bank")
    with metrics.listening(), pytest.raises(InvalidValue, match="asked for twice"), metrics.scraping_every(5):
        pass
    for block in (metrics.scraping_every(5), metrics.listening(), metrics.listening(node="local")):
        with block:
            hooks.emit(hooks.EventsAppended("bank", 1, (("acc-1", 1, "Opened"),)))
    assert [each.value for each in metrics.samples() if each.name == "eventcore_events_published_total"] == [3]

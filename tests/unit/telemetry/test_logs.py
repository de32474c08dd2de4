"""What happens is logged as it happened, at its level; and no secret comes out, wherever it was planted."""

from __future__ import annotations

import io
import json
import logging
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.codec import EVENTS, Personal, event
from eventlab.commands import execute
from eventlab.errors import InvalidValue
from eventlab.metadata import carrying
from eventlab.runtime import on_node
from eventlab.simulation import World
from eventlab.store import MemoryStore
from eventlab.telemetry import JsonLines, RedactingFilter, Redactor, logging_happenings, tracing
from eventlab.telemetry.levels import level_of
from tests.unit.commands.bank import ALICE, BOB, Deposited, Transfer


@event("tests.logs.CustomerMoved")
@dataclass(frozen=True, slots=True)
class CustomerMoved:
    customer: str
    street: Annotated[str, Personal("customer", erased="")]


@dataclass(frozen=True)
class Login:
    user: str
    password: str


class Card(msgspec.Struct):
    holder: str
    card_number: str


Pair = namedtuple("Pair", ["id", "api_key"])


@contextmanager
def logged(
    *filters: logging.Filter, formatter: logging.Formatter | None = None
) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger and what comes out of it."""
    out, log = io.StringIO(), logging.Logger("tests", logging.DEBUG)
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter or JsonLines())
    for each in filters:
        handler.addFilter(each)
    log.addHandler(handler)
    yield log, out


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


SECRET = st.text("abcdefXYZ0123456789", min_size=6).map(lambda text: f"pl4nted{text}")
ANY_SECRET = st.text(min_size=3).map(lambda text: f"pl4nted{text}")

FIRST = ["password", "PASSWORD", "dbPassword", "api-key", "api_key", "Authorization", "set-cookie", "refresh_token"]
NAMES = st.sampled_from([*FIRST, "email", "street", "iban"])


def planted(secrets: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, Any]]:
    """A secret, and a nested value in which it stands under a telling name."""

    def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(
            st.builds(lambda value, key: {key: value, "other": 1}, inner, st.sampled_from(["order", "items", "a b"])),
            st.builds(lambda value: [1, value], inner),
            st.builds(lambda value: (value, None), inner),
            st.builds(lambda value: Pair(value, "k"), inner),
        )

    def values(secret: str) -> st.SearchStrategy[Any]:
        leaves = st.one_of(
            st.builds(lambda name: {name: secret}, NAMES),
            st.builds(lambda name: {name: [secret, {"deep": secret}]}, NAMES),
            st.builds(lambda name: [(name, secret)], NAMES),
            st.builds(lambda name: {"name": name, "value": secret}, NAMES),
            st.builds(lambda name: [{"key": name, "value": {"stringValue": secret}}], NAMES),
            st.just(["mysql", "--db-password", secret, "-h", "db"]),
            st.just(Login("ada", secret)),
            st.just(Card("ada", secret)),
            st.just(Pair(1, secret)),
            st.just(CustomerMoved("c-1", secret)),
        )
        return st.recursive(leaves, around, max_leaves=3)

    return secrets.flatmap(lambda secret: st.tuples(st.just(secret), values(secret)))


@given(planted(ANY_SECRET))
def test_what_stands_under_a_telling_name_never_comes_out_as_argument_extra_or_message(
    planting: tuple[str, Any],
) -> None:
    _, value = planting
    with logged() as (log, out):
        log.info("here %s and %r and %d", value, value, 3)
        log.info(value)
        log.info("here", extra={"order": value})
        if isinstance(value, dict):
            log.info("here %(other)s" if "other" in value else "here %(x)s", {**value, "x": 1})
    assert "pl4nted" not in out.getvalue()
    assert all(isinstance(line["message"], str) for line in lines(out))


@given(planted(SECRET))
def test_nor_does_it_as_the_text_of_a_record(planting: tuple[str, Any]) -> None:
    """Somebody else made a text of it already."""
    _, value = planting
    with logged() as (log, out):
        log.info(f"here {value!r}")
        try:
            raise InvalidValue("order", value, "another")
        except InvalidValue:
            log.exception("it failed")
    assert "pl4nted" not in out.getvalue()


SENTENCES = [
    "cannot reach postgresql://shop:{}@localhost/shop?sslmode=require",
    "https://{}@example.org/a",
    "https://example.org/a?token={}&page=2",
    "password={}",
    "password: {}",
    'the "secret": "{}", and more',
    "Authorization: Bearer {}",
    "curl -H 'authorization: basic {}'",
    "with bearer {}",
    "mail to {}@example.org",
    "DB_PASSWORD='{}' run",
    "Login(user='ada', password='{}')",
    "{{'api_key' => '{}'}}",
    "Login(password=b'{}')",
    '"{{\\"password\\": \\"{}\\"}}"',
    "password='{}",
    "password='it\\'s {}'",
    "moved to street={}",
    "Authorization: Token {}",
    "Proxy-Authorization: Negotiate {}==",
    'Authorization: Digest username="ada", response="{}"',
    "Authorization: AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host, Signature={}",
    "Cookie: theme=dark; sid={}",
    "curl -H 'Authorization: ApiKey {}' https://example.org",
    "[('x-api-key', '{}')]",
    '[{{"name": "DB_PASSWORD", "value": "{}"}}]',
    "ValueError('password', '{}')",
    "-----BEGIN RSA PRIVATE KEY-----\nMII{}\n-----END RSA PRIVATE KEY-----",
    "https://example.org/a?X-Amz-Signature={}",
    "mysqldump --password {} --user ada",
    "run: login --db-password '{}' now",
    "<login><user>ada</user><password>{}</password></login>",
    '<ns:Password type="text">{}</ns:Password>',
    "<token><![CDATA[{}]]></token>",
    "next=%2Flogin%3Fpassword%3D{}%26page%3D2",
    "%7B%22password%22%3A%22{}%22%7D",
    'Content-Disposition: form-data; name="password"\r\n\r\n{}\r\n--b--',
    "b'Content-Disposition: form-data; name=\"password\"\\r\\n\\r\\n{}\\r\\n--b--'",
    "DB_PASS={}",
]


@given(SECRET, st.sampled_from(SENTENCES))
def test_nor_within_a_sentence_that_names_it(secret: str, sentence: str) -> None:
    with logged() as (log, out):
        log.warning(sentence.replace("{{", "{").replace("}}", "}").replace("{}", secret))
        log.warning("at %s", sentence.format(secret))
        log.warning("x", extra={"detail": sentence.format(secret)}, stack_info=False)
        try:
            raise OSError(sentence.format(secret))
        except OSError:
            log.exception("it failed")
    assert "pl4nted" not in out.getvalue()
    assert len(lines(out)) == 4


@given(ANY_SECRET)
def test_a_secret_that_is_given_by_value_comes_out_nowhere(secret: str) -> None:
    redactor = Redactor(secrets=[secret])
    for text in (secret, f"a{secret}b", repr(secret), quote(secret, safe="")):
        assert "pl4nted" not in redactor.text(text)
    assert "pl4nted" not in str(redactor.value({secret: [secret]}))


def test_what_is_not_secret_stays() -> None:
    with logged() as (log, out):
        log.info(
            "order %s of %d cents at %.1f",
            "o-1",
            350,
            0.5,
            extra={"order": {"id": 7, "author": "ada", "n": [1.5, None]}},
        )
        log.info("50% done, key=a1, see https://example.org/a?page=2")
    first, second = lines(out)
    assert (first["message"], first["order"]) == (
        "order o-1 of 350 cents at 0.5",
        {"id": 7, "author": "ada", "n": [1.5, None]},
    )
    assert second["message"] == "50% done, key=a1, see https://example.org/a?page=2"


@pytest.fixture
def nothing_personal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event of another test declares, say, a ``name`` to be personal, which stands in a form as well."""
    monkeypatch.setattr(EVENTS, "personal_names", lambda: ())


@pytest.mark.usefixtures("nothing_personal")
@pytest.mark.parametrize(
    "text",
    [
        "--password is needed, or --token",
        "usage: login --token <token> [--password-stdin] FILE",
        "--password --user ada",
        "login <password> and go on",
        "<password></password><user>ada</user>",
        "done 50%3D, bypass=1, compass=3, first pass: 2 of 3",
        'form-data; name="picture"\r\n\r\nGIF\r\n--b',
    ],
)
def test_nor_does_what_only_speaks_of_secrets_go(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.usefixtures("nothing_personal")
def test_what_comes_after_a_secret_in_a_form_stays() -> None:
    redactor = Redactor()
    for before, after in [
        ("mysqldump --password ", " --user ada"),
        ("<password>", "</password><user>ada</user>"),
        ("password%3D", "%26page%3D2"),
        ('form-data; name="token"\r\n\r\n', "\r\n--b\r\nContent: 1"),
    ]:
        assert redactor.text(f"{before}hunter2{after}") == f"{before}[redacted]{after}"


@given(st.sampled_from(SENTENCES), SECRET)
def test_to_redact_twice_is_to_redact_once(sentence: str, secret: str) -> None:
    redactor = Redactor()
    once = redactor.text(f"{sentence.format(secret)} and the rest")
    assert redactor.text(once) == once


def test_the_filter_serves_any_formatter_and_a_queue() -> None:
    with logged(RedactingFilter(), formatter=logging.Formatter("%(message)s")) as (log, out):
        queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
        handler = QueueHandler(queue)
        handler.addFilter(RedactingFilter())
        log.addHandler(handler)
        with on_node("orders"):
            log.info("login %s", Login("ada", "pl4nted"))
        later = json.loads(JsonLines().format(queue.get()))
    assert out.getvalue() == 'login {"user":"ada","password":"[redacted]"}\n'
    assert (later["node"], later["message"]) == ("orders", 'login {"user":"ada","password":"[redacted]"}')


def test_a_record_whose_arguments_do_not_fit_is_told_without_them() -> None:
    with logged() as (log, out):
        log.info("two %s %s", "pl4nted")
    assert [line["message"] for line in lines(out)] == ["two %s %s [its arguments do not fit]"]


def test_each_happening_is_a_record_at_its_level_with_time_and_node() -> None:
    async def main() -> None:
        with on_node("orders"):
            hooks.emit(hooks.BreakerChanged("payments", "closed", "open", "5 of 10 failed; password=pl4nted"))
            hooks.emit(hooks.LeaseChanged("bank", "mailer", "a", 7, "lost"))

    with World(seed=1) as world, logged() as (log, out), logging_happenings(log):
        world.run(main)
    opened, lost = lines(out)
    assert opened == {
        "at": "2026-01-01T00:00:00+00:00",
        "level": "WARNING",
        "logger": "tests",
        "node": "orders",
        "message": "breaker changed: breaker payments, before closed, after open, "
        "reason 5 of 10 failed; password=[redacted]",
        "kind": "breaker_changed",
        "fields": {
            "breaker": "payments",
            "before": "closed",
            "after": "open",
            "reason": "5 of 10 failed; password=[redacted]",
        },
    }
    assert lost["fields"]["token"] == 7  # a fencing token is no secret


def test_what_a_client_asked_is_redacted_like_anything_else() -> None:
    with logged() as (log, out), logging_happenings(log):
        hooks.emit(hooks.OperationInvoked(1, "c", "login", "ada@example.org", {"password": "pl4nted", "seat": 3}))
    (line,) = lines(out)
    assert (line["fields"]["value"], line["fields"]["subject"]) == ({"password": "[redacted]", "seat": 3}, "[redacted]")


def test_a_record_within_a_trace_names_it() -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    with logged() as (log, out), logging_happenings(log), carrying(traceparent=f"00-{trace_id}-{span_id}-01"):
        log.info("by hand")
        hooks.emit(hooks.FaultBegan("outage", "of payments"))
    assert [(line["trace_id"], line["span_id"]) for line in lines(out)] == [(trace_id, span_id)] * 2


def test_an_attempt_is_logged_within_the_span_of_its_command() -> None:
    async def main() -> None:
        store = MemoryStore("bank")
        await store.append([(ALICE, Deposited(10))])
        await execute(store, Transfer(ALICE, BOB, 1))

    with World(seed=1) as world, tracing() as traces, logged() as (log, out), logging_happenings(log):
        world.run(main)
    (span,) = traces.spans
    attempts = [line for line in lines(out) if line["kind"] == "command_attempted"]
    assert [(line["trace_id"], line["span_id"]) for line in attempts] == [(span.trace_id, span.span_id)]


def test_what_a_handler_makes_happen_is_not_logged() -> None:
    class Echo(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            hooks.emit(hooks.FaultEnded("a", "b"))

    with logged() as (log, out), logging_happenings(log):
        log.addHandler(Echo())
        hooks.emit(hooks.FaultBegan("a", "b"))
    assert [line["kind"] for line in lines(out)] == ["fault_began"]


def attempted(outcome: str, backoff_s: float | None = None) -> hooks.CommandAttempted:
    return hooks.CommandAttempted("Reserve", 1, outcome, backoff_s=backoff_s)


@pytest.mark.parametrize(
    ("what", "level"),
    [
        (attempted("written"), "DEBUG"),
        (attempted("conflict", 0.1), "DEBUG"),
        (attempted("conflict"), "WARNING"),
        (attempted("refused"), "INFO"),
        (attempted("failed"), "ERROR"),
        (hooks.BreakerChanged("a", "closed", "open", ""), "WARNING"),
        (hooks.BreakerChanged("a", "open", "half-open", ""), "INFO"),
        (hooks.SagaMoved("s", "checkout", "stuck"), "ERROR"),
        (hooks.SagaMoved("s", "checkout", "requested"), "DEBUG"),
        (hooks.SagaParked("s", "checkout", 1, "no definition", "give it"), "WARNING"),
        (hooks.CallEnded(1, "a", "b", "c", "unknown", 0.1), "WARNING"),
        (hooks.ProjectionStopped("p", 1, "a-1", "t", "no"), "ERROR"),
        (hooks.NodeChanged("orders", "crashed", 1), "WARNING"),
        (hooks.MessageArrived(1), "DEBUG"),
    ],
)
def test_a_happening_is_as_loud_as_it_matters(what: hooks.Happening, level: str) -> None:
    assert logging.getLevelName(level_of(what)) == level


@pytest.mark.parametrize(
    ("make", "name"),
    [(lambda: Redactor(names=["-"]), "Redactor.names"), (lambda: Redactor(secrets=[""]), "Redactor.secrets")],
)
def test_what_would_be_found_everywhere_is_refused(make: Callable[[], object], name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.name == name


def test_further_names_are_left_out_and_events_to_come_are_known() -> None:
    redactor = Redactor(names=["shoe size"])
    assert redactor.value({"Shoe_Size": 43, "nickname_of": "al"}) == {"Shoe_Size": "[redacted]", "nickname_of": "al"}

    @event("tests.logs.Named")
    @dataclass(frozen=True, slots=True)
    class Named:
        customer: str
        nickname_of: Annotated[str, Personal("customer", erased="")]

    assert redactor.value(Named("c", "al")) == {"customer": "c", "nickname_of": "[redacted]"}

"""What an error code of the server says about what the caller may do."""

from __future__ import annotations

import pytest

psycopg = pytest.importorskip("psycopg")

from eventlab.errors import (  # noqa: E402  # after the reason to skip
    AppendUnknown,
    EventlabError,
    StoreBusy,
    StoreFailed,
    StoreUnavailable,
)
from eventlab.store.postgres.trouble import explained, unreached  # noqa: E402


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("53100", StoreFailed),  # the disk is full
        ("53200", StoreFailed),
        ("25006", StoreFailed),
        ("42501", StoreFailed),
        ("XX001", StoreFailed),
        ("55P03", StoreBusy),
        ("57014", StoreBusy),
        ("40P01", StoreBusy),
        ("40001", StoreBusy),
        ("23505", StoreBusy),
        ("53300", StoreUnavailable),
        ("57P01", StoreUnavailable),
        ("57P03", StoreUnavailable),
        ("57P02", AppendUnknown),  # it crashed: its last words do not say how far it had come
        ("08006", AppendUnknown),
    ],
)
def test_an_answer_of_the_server_says_what_happened(code: str, kind: type[EventlabError]) -> None:
    error = psycopg.errors.lookup(code)("said the server")
    assert type(explained("postgresql://h/shop", error, appending=True, waited_s=1.0)) is kind


def test_where_no_answer_came_an_append_is_unknown_and_a_read_is_only_unavailable() -> None:
    lost = psycopg.OperationalError("server closed the connection unexpectedly\n\tThis probably means …")
    assert type(explained("u", lost, appending=True)) is AppendUnknown
    assert type(explained("u", lost)) is StoreUnavailable
    assert "probably" not in str(explained("u", lost))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('connection failed: FATAL:  password authentication failed for user "x"', StoreFailed),
        ('connection failed: FATAL:  database "x" does not exist', StoreFailed),
        ("connection failed: Connection refused", StoreUnavailable),
        ("connection failed: FATAL:  the database system is starting up", StoreUnavailable),
        ("connection timeout expired", StoreUnavailable),
    ],
)
def test_what_no_later_attempt_changes_is_told_from_what_one_may(said: str, kind: type[EventlabError]) -> None:
    assert type(unreached("u", psycopg.OperationalError(said))) is kind

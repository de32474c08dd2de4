"""Structured logs by the standard library: what happens as records, records as lines of JSON, without secrets."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Number
from typing import Any, Final

import msgspec

from .. import hooks, runtime
from ..errors import InvalidValue
from ..hooks import Happening
from .context import current_context
from .levels import level_of
from .redaction import REDACTED, Plain, Redactor

LOGGER: Final = "eventlab"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_STAMP = "eventlab_stamp"
_BARE = logging.Formatter()


@contextmanager
def logging_happenings(
    logger: logging.Logger | str = LOGGER, *, redactor: Redactor | None = None
) -> Iterator[logging.Logger]:
    """Log what happens until the block ends, each happening at its level (`eventlab.telemetry.levels`).

    A record's message is the happening in words; its ``kind`` and ``fields`` are the same as data. Both are redacted
    already, whatever handlers there are. What a handler itself makes happen is not logged.
    """
    log = logging.getLogger(logger) if isinstance(logger, str) else logger
    redacting, busy = redactor or Redactor(), threading.local()

    def hear(what: Happening) -> None:
        level = level_of(what)
        if not log.isEnabledFor(level) or getattr(busy, "now", False):
            return
        busy.now = True
        try:
            fields = Plain({name: redacting.value(getattr(what, name)) for name in what.__struct_fields__})
            kind = str(what.__struct_config__.tag)
            log.log(level, "%s", _in_words(kind, fields), extra={"kind": kind, "fields": fields, _STAMP: _stamp()})
        finally:
            busy.now = False

    with hooks.listen(hear):
        yield log


class RedactingFilter(logging.Filter):
    """Leaves out of every record what *redactor* leaves out: of its message, its arguments, its extras, its traceback.

    Add it to a handler. It also notes time, node and trace of where the record was made, for `JsonLines` behind a
    queue. The record is changed for whoever gets it next.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        super().__init__()
        if redactor is not None and not isinstance(redactor, Redactor):
            raise InvalidValue("what a log is redacted by", redactor, "a Redactor; lines of JSON take no other format")
        self.redactor = redactor or Redactor()

    def filter(self, record: logging.LogRecord) -> bool:
        redact = self.redactor
        record.msg, record.args = redact.text(self._message(record)), ()
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            record.exc_text = _BARE.formatException(record.exc_info)
        record.exc_info = None
        if record.exc_text:
            record.exc_text = redact.text(record.exc_text)
        if record.stack_info:
            record.stack_info = redact.text(record.stack_info)
        for name, value in _extras(record).items():
            vars(record)[name] = REDACTED if redact.is_telling(name) else redact.value(value)
        if not hasattr(record, _STAMP):
            setattr(record, _STAMP, _stamp())
        return True

    def _message(self, record: logging.LogRecord) -> str:
        message = record.msg if isinstance(record.msg, str) else _text_of(self.redactor.value(record.msg))
        if not record.args:
            return message
        named = isinstance(record.args, Mapping)
        args = self._named(record.args) if named else tuple(map(self._shown, record.args))
        try:
            return message % args
        except (TypeError, ValueError, KeyError):
            return f"{message} [its arguments do not fit]"

    def _named(self, args: Any) -> dict[Any, Any]:
        """The one dictionary that ``%(name)s`` takes its values from."""
        telling = self.redactor.is_telling
        return {name: REDACTED if telling(str(name)) else self._shown(each) for name, each in args.items()}

    def _shown(self, value: object) -> object:
        """Numbers as they are, for ``%d``; all else as text."""
        return value if isinstance(value, Number) else _text_of(self.redactor.value(value))


class JsonLines(logging.Formatter):
    """A record as one line of JSON.

    It has ``at``, ``level``, ``logger``, ``node``, within a trace ``trace_id`` and ``span_id``, then ``message``, what
    was given as ``extra``, and ``error`` with a traceback.

    ``at`` is the runtime's: in a world the node's own clock. Everything is redacted once more by *redactor*.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        super().__init__()
        self._filter = RedactingFilter(redactor)

    def format(self, record: logging.LogRecord) -> str:
        copy = logging.makeLogRecord(vars(record))
        self._filter.filter(copy)
        stamp = vars(copy)[_STAMP]
        line = {"at": stamp["at"], "level": copy.levelname, "logger": copy.name, **stamp, "message": copy.msg}
        line |= {name: value for name, value in _extras(copy).items() if name not in line}
        if copy.exc_text or copy.stack_info:
            line["error"] = "\n".join(filter(None, (copy.exc_text, copy.stack_info)))
        return json.dumps(line, default=str)


def _stamp() -> dict[str, str]:
    context = current_context()
    trace = {} if context is None else {"trace_id": context.trace_id, "span_id": context.span_id}
    return {"at": runtime.now().isoformat(), "node": runtime.current_node(), **trace}


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD and name != _STAMP}


def _in_words(kind: str, fields: Mapping[str, Any]) -> str:
    told = [f"{name} {_text_of(value)}" for name, value in fields.items() if value not in ("", None, [], {})]
    return f"{kind.replace('_', ' ')}: {', '.join(told)}"


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()

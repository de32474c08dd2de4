"""Operations of a history as checks take them: by subject, and told in a line; and a file that holds them."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import msgspec

from .. import hooks
from ..errors import InvalidValue
from ..history import Entry, Operation, operations
from .models import value_of

TELLING = ("read", "dequeue", "contains")
"""Operations that say nothing without a result: in a file it has to be there, null if that is what they found."""

FIELDS = tuple(field.name for field in msgspec.structs.fields(Operation))

_entry = msgspec.json.Decoder(Entry)
_operation = msgspec.json.Decoder(Operation)
_anything = msgspec.json.Decoder()


def by_subject(given: Iterable[Operation]) -> dict[str, list[Operation]]:
    """The operations on each subject, in the order of invocation."""
    subjects: dict[str, list[Operation]] = {}
    for each in given:
        subjects.setdefault(each.subject, []).append(each)
    for of_subject in subjects.values():
        of_subject.sort(key=lambda each: (each.invoked, begun_place(each)))
    return subjects


def begun_place(operation: Operation) -> int:
    """Where in its record it was invoked; 0 if nothing tells."""
    return operation.places[0] if isinstance(operation.places, tuple) else 0


def ended_place(operation: Operation) -> int:
    """Where in its record it ended; 0 if nothing tells."""
    return operation.places[1] if isinstance(operation.places, tuple) else 0


def ended_before(one: Operation, other: Operation) -> bool:
    """Whether *one* ended before *other* was invoked. At one moment its process says so, or else the record.

    One with an unknown outcome never did: it may still happen after its client has given up. Nor does anything tell of
    two of a process that took no time at one moment, without a record.
    """
    if one.outcome == "unknown":
        return False
    if one.ended is None or one.ended != other.invoked:
        return one.ended is not None and one.ended < other.invoked
    if one.process == other.process:
        if begun_place(one) != begun_place(other):
            return begun_place(one) < begun_place(other)
        return one.invoked < one.ended or other.ended is None or other.invoked < other.ended
    return 0 < ended_place(one) < begun_place(other)


def told(operation: Operation) -> str:
    """One operation in a line: who, from when until when, what, and what came of it."""
    ended = "…" if operation.ended is None else f"{operation.ended:g}"
    what = operation.operation if operation.value is None else f"{operation.operation} {_shown(operation.value)}"
    line = f"{operation.process} [{operation.invoked:g} s, {ended} s] {operation.subject}: {what}"
    if operation.outcome != "ok":
        return f"{line}, outcome {operation.outcome}"
    if operation.result is None and operation.operation not in ("read", "dequeue"):
        return line
    return f"{line} → {_shown(operation.result)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:40]} … {text[-18:]}"


def entries_of(given: Iterable[Operation]) -> list[Entry]:
    """A history in which these operations happened, and nothing else.

    At one moment they are as their `places` say, if all have them. Else everything is invoked before anything ends, so
    that those of two processes are concurrent there too.
    """
    operations = list(given)
    of_record = all(begun_place(each) and (each.ended is None or ended_place(each)) for each in operations)
    happened: list[tuple[float, int, bool, int, Entry]] = []
    for number, each in enumerate(operations, start=1):
        begun_at, ended_at = (begun_place(each), ended_place(each)) if of_record else (0, 0)
        begun = hooks.OperationInvoked(number, each.process, each.operation, each.subject, each.value)
        happened.append((each.invoked, begun_at, False, number, Entry(each.invoked, each.process, begun)))
        if each.ended is not None:
            ended = hooks.OperationEnded(number, each.outcome, each.result)
            happened.append((each.ended, ended_at, True, number, Entry(each.ended, each.process, ended)))
    return [entry for *_, entry in sorted(happened, key=lambda each: each[:4])]


def history_of(data: bytes, where: str = "history") -> list[Entry]:
    """The history in a JSON Lines text: entries as a run writes them, or whole operations, one in a line.

    Raises InvalidValue that names the line which is neither, has a field that operations have not, or a read without a
    result, or ends before it begins; for a record whose operations cannot be paired; and for an empty text.
    """
    text = data.removeprefix(BOM_UTF8)  # as some editors write it
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        raise InvalidValue(
            f"{where}: the number of lines", 0, "a history of JSON Lines, an entry or an operation in each"
        )
    entries: list[Entry] = []
    whole: list[Operation] = []
    asked: dict[int, str] = {}
    for number, line in lines:
        place = f"{where}, line {number}"
        try:
            found = _anything.decode(line)
            if _is_operation(found):
                _check_fields(place, found)
                whole.append(_operation.decode(line))
                check_swap(place, whole[-1])
            else:
                entries.append(_entry.decode(line))
                _check_told(place, found, entries[-1], asked)
        except RecursionError:
            raise InvalidValue(place, line[:60].decode(errors="replace"), "values that are nested less deep") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if isinstance(refused := error.__cause__, InvalidValue):
                raise InvalidValue(f"{place}: {refused.name}", refused.value, refused.expected) from None
            expected = f"an entry of a run, or a whole operation, as a JSON object; {_lowered(str(error))}"
            raise InvalidValue(place, line[:60].decode(errors="replace"), expected) from None
    if entries and whole:
        raise InvalidValue(where, "entries and whole operations", "lines of one kind")
    try:
        operations(entries)
    except InvalidValue as error:
        raise InvalidValue(f"{where}, {error.name}", error.value, error.expected) from None
    return entries or entries_of(whole)


def _is_operation(found: Any) -> bool:
    return isinstance(found, dict) and "what" not in found and not found.keys().isdisjoint(FIELDS)


def _lowered(sentence: str) -> str:
    """As the second half of a sentence; a word in capitals (JSON) stays as it is."""
    return sentence if sentence[1:2].isupper() else f"{sentence[:1].lower()}{sentence[1:]}"


def _check_fields(place: str, found: dict[str, Any]) -> None:
    """Nothing beside the fields of an operation, which would otherwise be passed over, and a result where it tells."""
    for name in found:
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidValue(f"{place}: unknown field", name, f"one of {', '.join(FIELDS)}{hint}")
    asked = found.get("operation")
    if asked in TELLING and found.get("outcome") == "ok" and "result" not in found:
        raise InvalidValue(f"{place}: result", "left out", f"what the {asked} found, which may be null")


def _check_told(place: str, found: dict[str, Any], entry: Entry, asked: dict[int, str]) -> None:
    """What tells something was told in so many words, also where an entry ends what another one *asked*."""
    what = entry.what
    if isinstance(what, hooks.OperationInvoked):
        asked[what.id] = what.operation
    elif isinstance(what, hooks.OperationEnded):
        name = asked.get(what.id)
        if name in TELLING and what.outcome == "ok" and "value" not in found["what"]:
            raise InvalidValue(f"{place}: value", "left out", f"what the {name} found, which may be null")


def check_swap(place: str, operation: Operation) -> None:
    """Raises InvalidValue for a cas that succeeded and does not tell whether it swapped: anything else is a guess."""
    result = operation.result
    is_versioned = isinstance(result, dict) and result.keys() == {"value", "version"}
    is_told = isinstance(result, bool) or (is_versioned and value_of(result) is not False)
    if operation.operation == "cas" and operation.outcome == "ok" and not is_told:
        raise InvalidValue(f"{place}: result", result, "true if the cas swapped, false if it found another value")

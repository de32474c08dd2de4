"""The rows of an orders file, read with every problem in its place: file, line and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from .tree import Place, Problem
from .units import shown
from .walking import nearest

PROBLEMS_MAX = 20
"""How many bad rows are told one by one; the rest are counted."""


class Row(NamedTuple):
    """One line of an order: what *customer_id* bought that day of one title."""

    date: date
    customer_id: str
    quantity: int
    amount_cents: int


def _date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError
    return date.fromisoformat(text)


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,40}", text):
        raise ValueError
    return text


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,15}", text) or int(text) < least:
            raise ValueError
        return int(text)

    return read


COLUMNS: dict[str, tuple[Callable[[str], Any], str]] = {
    "date": (_date, "a date such as 1997-01-31"),
    "customer_id": (_name, "a customer of letters, digits and _"),
    "quantity": (_whole(1), "a whole number of at least 1"),
    "amount_cents": (_whole(0), "whole cents, 0 or more"),
}


def read_rows(path: Path, source: str) -> tuple[list[Row], list[Problem]]:
    """The rows of the file, and what is wrong with it. *source* is how the file is named to the reader."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [], [Problem(Place(source, line, 1), (), f"not UTF-8: byte 0x{data[error.start]:02x}")]
    except OSError as error:
        return [], [Problem(Place(source), (), f"cannot be read: {error.strerror}")]
    return parse_rows(text, source)


def parse_rows(text: str, source: str) -> tuple[list[Row], list[Problem]]:
    """The rows of a CSV text with a header line. Columns may stand in any order, and others beside them."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    problems: list[Problem] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            return [], [_missing(source, name, header) for name in missing]
        at = [header.index(name) for name in COLUMNS]
        for fields in reader:
            if not fields:
                continue
            place = Place(source, reader.line_num, 1)
            if len(fields) != len(header):
                problems.append(Problem(place, (), f"expected {len(header)} fields, found {len(fields)}"))
                continue
            values = []
            for column, (name, (read, expected)) in zip(at, COLUMNS.items(), strict=True):
                try:
                    values.append(read(fields[column].strip()))
                except ValueError:
                    there = place.shifted(_columns_before(fields, column))
                    problems.append(Problem(there, (name,), f"expected {expected}; found {shown(fields[column])}"))
            if len(values) == len(COLUMNS):
                rows.append(Row(*values))
    except csv.Error as error:
        problems.append(Problem(Place(source, max(reader.line_num, 1), 1), (), f"not CSV: {error}"))
    if not rows and not problems:
        problems.append(Problem(Place(source), (), "holds no orders"))
    return rows, _capped(problems, source)


def _columns_before(fields: list[str], column: int) -> int:
    """Where a field begins; exact unless an earlier field is quoted."""
    return sum(len(field) + 1 for field in fields[:column])


def _missing(source: str, name: str, header: list[str]) -> Problem:
    if not header:
        return Problem(Place(source, 1, 1), (), f"no column {name!r}; the file is empty")
    return Problem(Place(source, 1, 1), (), f"no column {name!r}; {nearest(name, header, 'its columns are')}")


def _capped(problems: list[Problem], source: str) -> list[Problem]:
    more = len(problems) - PROBLEMS_MAX
    if more <= 0:
        return problems
    return [*problems[:PROBLEMS_MAX], Problem(Place(source), (), f"and {more} more problems like these")]

"""Rows that follow from events, with the checkpoint in the same transaction.

A `Projection` has tables and a handler for each event that changes them, a
`ReadModel` is the database they live in, and a `ProjectionRunner` keeps the
rows up to date: live, from the beginning, or beside themselves.
"""

from __future__ import annotations

from ..store.parking import Parked, Redriven
from ..store.sharing import Failing, Park, Retrying, Stop
from .database import ReadModel
from .definition import Handler, Projection
from .gauging import ProjectionGauges
from .progress import Progress, progress_of
from .runner import ProjectionRunner

__all__ = [
    "Projection",
    "Handler",
    "ReadModel",
    "ProjectionRunner",
    "ProjectionGauges",
    "Progress",
    "progress_of",
    "Failing",
    "Stop",
    "Retrying",
    "Park",
    "Parked",
    "Redriven",
]

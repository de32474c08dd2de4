"""For chapters: predict before you run, and exercises that say which law broke on what input."""

from __future__ import annotations

from .exercise import Checked, Exercise
from .laws import Law, examples
from .predict import Prediction, predict
from .said import Said
from .table import Table

__all__ = ["predict", "Prediction", "Exercise", "Checked", "Law", "examples", "Said", "Table"]

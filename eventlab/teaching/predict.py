"""Predict first, then run: a guess is recorded, and later held against what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .said import Said

Guess = float | str


class Prediction:
    """A guess, in a field that the reader may change until it is revealed; the default where nobody can type."""

    def __init__(self, question: str, default: Guess, unit: str, field: Any | None) -> None:
        self.question, self.default, self.unit = question, default, unit
        self._field = field

    @property
    def guess(self) -> Guess:
        """What the reader thinks now."""
        return self.default if self._field is None else self._field.value

    def reveal(self, actual: Guess) -> Said:
        """The guess against the result, in words."""
        guess, found = self._with_unit(self.guess), self._with_unit(actual)
        if isinstance(actual, str) or isinstance(self.guess, str):
            guess, found = f"“{guess}”", f"“{found}”"
            same = str(actual) == str(self.guess)
            verdict = "as it came out" if same else f"but it was {found}"
            return Said(f"Your guess was {guess}, {verdict}.", "good" if same else "neutral")
        return Said(f"Your guess was {guess}; it was {found}: {self._how_far(self.guess, actual)}.", "neutral")

    def _how_far(self, guess: float, actual: float) -> str:
        """Between percentages the distance is one of points: 67 % is 17 points above 50 %, not 34 %."""
        points = abs(guess - actual)
        if self.unit != "%" or not points:
            return how_far(guess, actual)
        amount = f"{points:,.3g} {'point' if points == 1 else 'points'}"
        return f"{amount} too {'high' if guess > actual else 'low'}"

    def _with_unit(self, value: Guess) -> str:
        number = value if isinstance(value, str) else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
        return f"{number} {self.unit}".strip()

    def __repr__(self) -> str:
        return f"? {self.question} Your guess: {self._with_unit(self.guess)}."


def how_far(guess: float, actual: float) -> str:
    """The distance in words: ``right``, ``12 % too high``, ``a third of it``, ``20 times as much``."""
    if guess == actual:
        return "exactly right"
    if actual == 0 or guess == 0 or (guess < 0) != (actual < 0):
        return f"off by {abs(guess - actual):,.4g}"
    ratio = guess / actual
    if ratio >= 2.5:
        return f"{ratio:.2g} times too high"
    if ratio <= 0.4:
        return f"{1 / ratio:.2g} times too low"
    percent = abs(ratio - 1) * 100
    amount = f"{percent:.0f} %" if percent >= 1 else "less than 1 %"
    return f"{amount} too {'high' if ratio > 1 else 'low'}"


def predict(question: str, *, default: Guess, unit: str = "", options: Sequence[str] = ()) -> Prediction:
    """Ask for a guess. In a live notebook a field appears; elsewhere the default is the guess.

    With *options* the guess is one of those words. Keep what this returns and
    call its ``reveal(actual)`` after the run.
    """
    if options and default not in options:
        raise ValueError(f"the default {default!r} is none of the options {list(options)}")
    field = _field(default, unit, options) if _live() else None
    prediction = Prediction(question, default, unit, field)
    if field is None:
        print(prediction)
    else:
        _ask(prediction, field)
    return prediction


def _live() -> bool:
    """Whether somebody could type into a field: there is a kernel, and the widgets are installed."""
    try:
        import ipywidgets  # type: ignore[import-untyped]  # noqa: F401  # asked for its presence alone
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


def _field(default: Guess, unit: str, options: Sequence[str]) -> Any:
    import ipywidgets as widgets

    style = {"description_width": "initial"}
    name = f"your guess ({unit})" if unit else "your guess"
    if options:
        return widgets.Dropdown(options=list(options), value=default, description=name, style=style)
    kind = widgets.Text if isinstance(default, str) else widgets.FloatText
    return kind(value=default, description=name, style=style)


def _ask(prediction: Prediction, field: Any) -> None:
    """The field, and for readers without a kernel the words that stand in its place."""
    import ipywidgets as widgets
    from IPython.display import display

    form = widgets.VBox([widgets.Label(prediction.question), field])
    display({**form._repr_mimebundle_(), "text/plain": repr(prediction)}, raw=True)  # type: ignore[no-untyped-call]

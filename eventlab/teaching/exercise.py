"""An exercise: the laws to satisfy, hints folded away, and an answer to whatever the reader tries."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Literal

from .laws import Broken, Law
from .said import Said, Tone, folded, marked
from .unanswered import unanswered

Status = Literal["not yet", "broken", "held"]

_TONES: dict[Status, Tone] = {"not yet": "neutral", "broken": "bad", "held": "good"}


class Checked(Said):
    """What a check found. True when every law held."""

    def __init__(self, status: Status, text: str, broken: Broken | None = None) -> None:
        super().__init__(text, _TONES[status])
        self.status, self.broken = status, broken

    def __bool__(self) -> bool:
        return self.status == "held"


class Exercise:
    """A task, shown with its laws and the size of our own solution. Hints and solution are folded away."""

    def __init__(
        self, task: str, *, laws: Sequence[Law], solution: Callable[..., Any] | type, hints: Sequence[str] = ()
    ) -> None:
        if not laws:
            raise ValueError("an exercise needs a law to satisfy")
        self.task, self.laws, self.hints = task, tuple(laws), tuple(hints)
        self.solution = solution

    @property
    def solution_lines(self) -> int:
        """The size of our own solution, without blank lines and comments."""
        lines = (line.strip() for line in self._source().splitlines())
        return sum(1 for line in lines if line and not line.startswith("#"))

    def check(self, answer: Any = None) -> Checked:
        """Which law the answer breaks, and on what input. No answer is *not yet*; no answer ever raises here."""
        not_yet = Checked("not yet", "Not yet answered. The laws and hints are above.")
        if unanswered(answer):
            return not_yet
        for law in self.laws:
            try:
                broken = law.broken_by(answer)
            except NotImplementedError:
                return not_yet
            if broken:
                return Checked("broken", str(broken), broken)
        laws = "The law holds" if len(self.laws) == 1 else f"All {len(self.laws)} laws hold"
        tried = sum(len(law.inputs) for law in self.laws)
        return Checked("held", f"{laws}, tried on {tried} {'input' if tried == 1 else 'inputs'}.")

    def _source(self) -> str:
        return textwrap.dedent(inspect.getsource(self.solution))

    def _size(self) -> str:
        lines = self.solution_lines
        return f"Our solution takes {lines} {'line' if lines == 1 else 'lines'}."

    def __repr__(self) -> str:
        laws = "\n".join(f"  {number}. {law.text}" for number, law in enumerate(self.laws, start=1))
        return f"Exercise: {self.task}\nLaws:\n{laws}\n{self._size()}"

    def _repr_html_(self) -> str:
        laws = "".join(f"<li>{marked(law.text)}</li>" for law in self.laws)
        hints = "".join(
            folded(f"Hint {number} of {len(self.hints)}", f"<p>{marked(hint)}</p>")
            for number, hint in enumerate(self.hints, start=1)
        )
        solution = folded("Our solution", f"<pre><code>{escape(self._source())}</code></pre>")
        return (
            f"<div><p><strong>Exercise.</strong> {marked(self.task)}</p>"
            f"<ol>{laws}</ol><p>{self._size()}</p>{hints}{solution}</div>"
        )

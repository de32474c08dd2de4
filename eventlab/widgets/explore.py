"""A picture that follows its controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]

from eventlab.figures import display_with_words, style


class Explorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls above, the picture and its words below.

    The first picture is drawn at once; each change draws the next. What goes
    wrong in *draw* is printed as one line in the picture's place, because an
    exception in a callback would vanish without a trace.
    """

    def __init__(self, draw: Callable[..., Any], controls: dict[str, Any]) -> None:
        self.draw = draw
        self.controls = dict(controls)
        self.out = widgets.Output()
        self.status = widgets.HTML()
        super().__init__([*self.controls.values(), self.status, self.out])
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        self.redraw()

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say now, by the names that *draw* takes."""
        return {name: control.value for name, control in self.controls.items()}

    def redraw(self) -> None:
        """Draw for the present values. The old picture stays until the new one is there."""
        self.status.value = '<span role="status">computing …</span>'
        self.out.clear_output(wait=True)
        with self.out:
            try:
                self._show(self.draw(**self.values))
            except Exception as error:
                print(f"This did not work: {type(error).__name__}: {' '.join(str(error).split())}")  # noqa: T201
        self.status.value = ""

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """With words for readers without a kernel, who see no control."""
        names = ", ".join(control.description for control in self.controls.values())
        words = f"[{names}: to be moved where a kernel runs; the figure for the value it starts from is below]"
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": words}

    def _changed(self, _change: Any) -> None:
        self.redraw()

    @staticmethod
    def _show(drawn: Any) -> None:
        picture, words = drawn if isinstance(drawn, tuple) else (drawn, "")
        figure = picture.get_figure(root=True)
        try:
            display_with_words(figure, words)
        finally:
            style.close(figure)


def explore(draw: Callable[..., Any], **controls: Any) -> Explorer:
    """Call *draw* with the controls' values, now and whenever one changes, and show what it gives.

    *draw* returns axes or a figure, or a pair of that and its words::

        def outage(length_s):
            run = checkout(outage_s=length_s)
            return draw_saga_lanes(run), describe_saga_lanes(run)

        explore(outage, length_s=outage_slider(30))
    """
    return Explorer(draw, controls)

"""Controls for notebooks: a slider, and the picture that follows it.

Needs the extra ``lab``. A reader without a kernel sees none of it, so a
static figure at the default values stands below every control.
"""

from __future__ import annotations

from .explore import Explorer, explore
from .sliders import choice, outage_slider, slider

__all__ = ["explore", "Explorer", "slider", "outage_slider", "choice"]

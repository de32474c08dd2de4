"""Statistics of runs that one may believe: no mean without its interval.

One run of one seed is one draw. :func:`replicate` takes many, each with a seed of its own, and
an :class:`Estimate` says what they have in common, and how surely. :func:`compare` runs several policies
on the same seeds, and a :class:`Difference` says whether one is better, or whether it was luck.
"""

from .comparing import Comparison, compare
from .estimate import Estimate
from .pairing import Difference, difference
from .planning import replications_needed
from .replicating import SINGLE, Replications, replicate, seed_of
from .shares import Share
from .student import t_quantile

__all__ = [
    "SINGLE",
    "Comparison",
    "Difference",
    "Estimate",
    "Replications",
    "Share",
    "compare",
    "difference",
    "replicate",
    "replications_needed",
    "seed_of",
    "t_quantile",
]

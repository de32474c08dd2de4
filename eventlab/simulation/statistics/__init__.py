"""Statistics of runs that one may believe: no mean without its interval.

One run of one seed is one draw. :func:`replicate` takes many, each with a seed of its own, and
an :class:`Estimate` says what they have in common, and how surely.
"""

from .estimate import Estimate
from .replicating import SINGLE, Replications, replicate, seed_of
from .student import t_quantile

__all__ = [
    "SINGLE",
    "Estimate",
    "Replications",
    "replicate",
    "seed_of",
    "t_quantile",
]

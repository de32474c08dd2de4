"""Statistics of runs that one may believe: no mean without its interval.

One run of one seed is one draw. :func:`replicate` takes many, each with a seed of its own, and
an :class:`Estimate` says what they have in common, and how surely. :func:`compare` runs several policies
on the same seeds, and a :class:`Difference` says whether one is better, or whether it was luck.

For one long run: :func:`warm_up` finds what to leave out, :func:`batch_means` gives the rest its interval, and
:class:`TimeWeighted` averages over time. :class:`Quantile` and :class:`Share` are for what is no mean.
"""

from .batches import Batches, batch_means
from .comparing import Comparison, compare
from .estimate import Estimate
from .pairing import Difference, difference
from .planning import replications_needed
from .quantiles import Quantile
from .replicating import SINGLE, Replications, replicate, seed_of
from .shares import Share
from .student import t_quantile
from .warmup import WarmUp, warm_up, welch
from .weighted import TimeWeighted

__all__ = [
    "SINGLE",
    "Batches",
    "Comparison",
    "Difference",
    "Estimate",
    "Quantile",
    "Replications",
    "Share",
    "TimeWeighted",
    "WarmUp",
    "batch_means",
    "compare",
    "difference",
    "replicate",
    "replications_needed",
    "seed_of",
    "t_quantile",
    "warm_up",
    "welch",
]

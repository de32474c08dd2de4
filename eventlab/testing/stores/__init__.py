"""What every event store promises, as checks that run against anyone's store.

Each law is a coroutine function that takes an *open*: ``await open()`` gives a
fresh and empty store, ``await open(owns=("order",))`` one that owns only these
categories. A law returns when it holds and raises AssertionError when it does
not; it needs no test framework::

    @pytest.mark.parametrize("law", STORE_LAWS, ids=law_name)
    def test_my_store(law):
        run(law(open_my_store))
"""

from __future__ import annotations

from .appending import APPENDING
from .archiving import ARCHIVING
from .conflicts import CONFLICTS
from .evolving import EVOLVING
from .filtering import FILTERING
from .following import FOLLOWING
from .leasing import LEASING
from .reading import READING
from .receipts import RECEIPTS
from .records import RECORDS
from .restoring import RESTORING
from .subscribing import SUBSCRIBING
from .vocabulary import Law, OpenStore
from .windows import WINDOWS

PORTABLE_LAWS: tuple[Law, ...] = RESTORING
"""What is promised only by a store whose whole content can be taken out and put into another one."""

STORE_LAWS: tuple[Law, ...] = (
    *APPENDING,
    *CONFLICTS,
    *RECEIPTS,
    *ARCHIVING,
    *READING,
    *WINDOWS,
    *FILTERING,
    *FOLLOWING,
    *SUBSCRIBING,
    *LEASING,
    *EVOLVING,
    *RECORDS,
    *PORTABLE_LAWS,
)


def law_name(law: Law) -> str:
    """How a test that runs a law may be called."""
    return law.__name__


__all__ = ["STORE_LAWS", "PORTABLE_LAWS", "Law", "OpenStore", "law_name"]

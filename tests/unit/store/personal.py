"""Events about people, and a search for what they say in files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from eventlab.codec import Personal, event


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    city: str


@dataclass(frozen=True, slots=True)
class Guest:
    guest: str
    name: Annotated[str, Personal("guest", erased="(erased)")]
    diets: tuple[Annotated[str, Personal("customer", erased="")], ...] = ()


@event("tests.sealing.Registered")
@dataclass(frozen=True, slots=True)
class Registered:
    customer: str
    email: Annotated[str, Personal("customer", erased="(erased)")]
    born: Annotated[date, Personal("customer", erased=date(1900, 1, 1))] = date(1900, 1, 1)
    visits: Annotated[int, Personal("customer", erased=-1)] = 0
    phone: Annotated[str | None, Personal("customer")] = None
    address: Annotated[Address, Personal("customer", erased=Address("(erased)", ""))] = Address("", "")
    tags: Annotated[list[str] | None, Personal("customer")] = None
    plan: str = "basic"


@event("tests.sealing.TableBooked")
@dataclass(frozen=True, slots=True)
class TableBooked:
    customer: str
    guests: tuple[Guest, ...]
    notes: dict[str, Annotated[str, Personal("customer", erased="-")]]
    host: Guest | None = None


def ann(customer: str = "ann") -> Registered:
    return Registered(
        customer,
        f"{customer}@example.org",
        date(1984, 6, 4),
        31337,
        "+44-1632-960001",
        Address("Smith Street 4", "London"),
        ["gluten-free-secret"],
        "gold",
    )


SECRETS = (
    b"ann@example.org",
    b"1984-06-04",
    b"31337",
    b"1632-960001",
    b"Smith Street",
    b"London",
    b"gluten-free-secret",
)


def found_in(folder: Path, *needles: bytes) -> list[tuple[str, bytes]]:
    """Where in the files of *folder* any of *needles* stands: the database, what is written ahead, the keys."""
    return [
        (path.name, needle)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for needle in needles
        if needle in path.read_bytes()
    ]

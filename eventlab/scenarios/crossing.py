"""What one section of a scenario demands of another. Works on whatever could be read, so that nothing hides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from .. import simulation
from .breaking import Timed
from .kinds import FRONT, Known
from .linking import NetworkRules
from .model import SHOP, ModelledService
from .tree import Item, Path, Problem
from .walking import Walker, nearest

Finding = tuple[Path, str]


def check(walker: Walker, root: Item) -> list[Problem]:
    """Problems between sections, each at the value that is most likely wrong."""
    problems = []
    for find in (
        _names,
        _shop_names,
        _whole_shop,
        _ushers,
        _circles,
        _placement,
        _links,
        _disks,
        _fifo,
        _faults_overlap,
    ):
        for path, message in find(walker, root):
            item = walker.items[path]
            place = item.place
            if find is _names or find is _shop_names:
                place = walker.items[path[:-1]].key_places.get(str(path[-1]), place)
            problems.append(Problem(place, path, message))
    return problems


def known_services(root: Item) -> Known:
    """What may be referred to in the document, as far as that can be told."""
    services = root.value.get("services") if isinstance(root.value, dict) else None
    names, modelled = service_names(root)
    if services is None or not isinstance(services.value, dict):
        return Known(names, modelled, whole=False)
    of_the_shop = [
        name for name, item in services.value.items() if isinstance(item.value, dict) and "shop" in item.value
    ]
    unread = [name for name in names if name not in modelled and name not in of_the_shop]
    return Known(names, modelled, tuple(unread), services.whole)


def service_names(root: Item) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All services that the document declares, and those that are none of the shop's.

    Read before anything refers to them.
    """
    services = root.value.get("services") if isinstance(root.value, dict) else None
    if services is None or not isinstance(services.value, dict):
        return (), ()
    declared = services.value
    of_ones_own = ("model", "app", "boxoffice")
    modelled = [
        name
        for name, item in declared.items()
        if isinstance(item.value, dict) and any(key in item.value for key in of_ones_own)
    ]
    return tuple(declared), tuple(modelled)


def _names(walker: Walker, root: Item) -> Iterator[Finding]:
    for name in service_names(root)[0]:
        if name == FRONT:
            yield ("services", name), "is where load comes from; give the service another name"
        elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", name):
            yield ("services", name), "expected a name of letters, digits, - and _, beginning with a letter"


def _shop_names(walker: Walker, root: Item) -> Iterator[Finding]:
    for name in service_names(root)[0]:
        shop = walker.built.get(("services", name, "shop"), name)
        if shop != name:
            yield ("services", name), f"the shop's services call one another by name; call this one {shop!r}"


def _whole_shop(walker: Walker, root: Item) -> Iterator[Finding]:
    names = service_names(root)[0]
    missing = [name for name in SHOP if name not in names]
    if ("services",) not in walker.items or not walker.items["services",].whole:
        return
    has_shop = any(("services", name, "shop") in walker.built for name in names)
    if ("load", "orders") in walker.items and missing:
        hints = "".join(f"; {hint}" for name in missing if (hint := nearest(name, names, "")).startswith("did"))
        yield ("services",), f"orders need the whole shop; missing {', '.join(missing)}{hints}"
    for kind, article in (("open", "an open"), ("closed", "a closed"), ("ushers", "an ushers'")):
        if ("load", kind) in walker.items and has_shop:
            yield ("load", kind), f"the shop's services take orders; {article} load needs modelled services alone"


def _ushers(walker: Walker, root: Item) -> Iterator[Finding]:
    path = ("load", "ushers", "target")
    target = walker.built.get(path)
    services = walker.items.get(("services",))
    if not isinstance(target, str) or services is None or not isinstance(services.value, dict):
        return
    service = services.value.get(target)
    if service is not None and isinstance(service.value, dict) and "boxoffice" not in service.value and service.whole:
        yield path, f"ushers work at a box office; {target!r} is none"


def _circles(walker: Walker, root: Item) -> Iterator[Finding]:
    names = service_names(root)[1]
    calls = {name: [target for key in CALLING for target in _called(walker, name, key)] for name in names}
    for name in names:
        chain = _way_back(name, calls)
        if chain and min(chain) == name:  # each circle once, at its first name
            key = next(key for key in CALLING if [*chain, name][1] in _called(walker, name, key))
            path = ("services", name, "model", key)
            yield path, f"{' → '.join([*chain, name])} would call one another without end"


CALLING = ("calls", "shards", "optional")
"""The keys of a model that name services which it calls."""


def _called(walker: Walker, name: str, key: str) -> tuple[str, ...]:
    found: tuple[str, ...] = walker.built.get(("services", name, "model", key), ())
    return found


def _way_back(name: str, calls: dict[str, list[str]]) -> list[str]:
    """A shortest way from *name* along calls that leads back to it, without its end."""
    ways, seen = [[name]], {name}
    while ways:
        way = ways.pop(0)
        for target in calls.get(way[-1], ()):
            if target == name:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


def _placement(walker: Walker, root: Item) -> Iterator[Finding]:
    path = ("network", "placement")
    placed, services = walker.built.get(path), walker.items.get(("services",))
    if not isinstance(placed, dict) or services is None or not services.whole:
        return
    names = (*service_names(root)[0], FRONT)
    for name in placed:
        if name not in names:
            yield (*path, name), f"no service {name!r}; {nearest(name, names, 'there are')}"
    if missing := [name for name in names if name not in placed]:
        yield path, f"does not say where {', '.join(missing)} {'is' if len(missing) == 1 else 'are'}"


def _links(walker: Walker, root: Item) -> Iterator[Finding]:
    rules = walker.built.get(("network",))
    if not isinstance(rules, NetworkRules):
        return
    for at, rule in enumerate(rules.links):
        path = ("network", "links", at)
        for key, message in rule.clashes(rules.base(*rule.ways[0])):
            yield ((*path, key) if (*path, key) in walker.items else path), message


def _faults(walker: Walker) -> list[tuple[Path, simulation.Fault]]:
    return [
        (path, fault.as_fault())
        for path, fault in walker.built.items()
        if len(path) == 2 and path[0] == "faults" and isinstance(fault, Timed)
    ]


def _disks(walker: Walker, root: Item) -> Iterator[Finding]:
    for path, fault in _faults(walker):
        for name in (*fault.disks(), *fault.stores()):
            if isinstance(walker.built.get(("services", name)), ModelledService):
                yield path, f"{name!r} is a modelled service, which keeps nothing on a disk"


def _fifo(walker: Walker, root: Item) -> Iterator[Finding]:
    """On a link that keeps its order a degradation neither doubles nor holds back: it would be said in vain."""
    rules = walker.built.get(("network",), NetworkRules())
    if not isinstance(rules, NetworkRules):
        return
    nodes = (*service_names(root)[0], FRONT)
    for path, fault in _faults(walker):
        if not isinstance(fault, simulation.DegradationFault) or not (fault.duplication or fault.reordering):
            continue
        concerned = [way for way in product(nodes, repeat=2) if fault.degradation().concerns(*way)]
        if all(rules.link(*way).fifo for way in concerned):
            key = "duplicate" if fault.duplication else "reorder"
            yield (*path, key), "links that are fifo neither duplicate nor reorder"


def _faults_overlap(walker: Walker, root: Item) -> Iterator[Finding]:
    """Each by itself is right; the first to end would lift the other."""
    faults = _faults(walker)
    for at, (path, later) in enumerate(faults):
        for _, earlier in faults[:at]:
            both = simulation.Schedule((earlier, later))
            stores = (*earlier.stores(), *later.stores())
            if overlapping := both.problems(
                (*earlier.nodes(), *later.nodes()), (*earlier.disks(), *later.disks()), stores
            ):
                yield path, overlapping[0]
                break


_DEMANDS = (
    *(_names, _shop_names, _whole_shop, _ushers, _circles, _placement, _links),
    *(_disks, _fifo, _faults_overlap),
)

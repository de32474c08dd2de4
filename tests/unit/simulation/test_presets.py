"""Ready-made networks: round trips as their source tells them, and nodes where they were placed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest

from eventlab.errors import InvalidValue
from eventlab.simulation import MOBILE, ONE_DATA_CENTRE, ONE_HOST, REGIONS, Constant, Link, Preset, World
from eventlab.simulation.presets import round_trips_s

PLACES = {
    "us-south": (32.8, -96.8),
    "ca-tor": (43.7, -79.4),
    "us-east": (38.9, -77.0),
    "eu-de": (50.1, 8.7),
    "eu-gb": (51.5, -0.1),
    "eu-es": (40.4, -3.7),
    "ca-mon": (45.5, -73.6),
    "jp-osa": (34.7, 135.5),
    "au-syd": (-33.9, 151.2),
    "jp-tok": (35.7, 139.7),
    "br-sao": (-23.6, -46.6),
}


def light_s(one: str, other: str) -> float:
    """How long light takes in glass from one region to the other and back, along the shortest way over the globe."""
    (a, b), (c, d) = ([math.radians(degrees) for degrees in PLACES[name]] for name in (one, other))
    angle = math.acos(math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d))
    return 2 * 6371 * angle / 200_000


def test_no_round_trip_between_regions_is_faster_than_light_nor_absurdly_slow() -> None:
    trips = round_trips_s()
    assert len(trips) == 11 * 10
    wrong = {ends: trip_s for ends, trip_s in trips.items() if not 1 <= trip_s / light_s(*ends) < 4}
    assert wrong == {}


def test_there_and_back_between_regions_takes_a_round_trip_on_average() -> None:
    for (here, there), trip_s in round_trips_s().items():
        both = REGIONS.links[here, there].latency.mean_s + REGIONS.links[there, here].latency.mean_s
        assert math.isclose(both, trip_s)


@pytest.mark.parametrize("preset", [ONE_HOST, ONE_DATA_CENTRE, REGIONS, MOBILE], ids=lambda preset: preset.name)
def test_a_preset_links_all_its_places_and_the_farther_is_the_slower(preset: Preset) -> None:
    assert set(preset.links) == set(itertools.product(preset.places, repeat=2))
    for here, there in preset.links:
        assert preset.links[here, here].latency.mean_s <= preset.links[here, there].latency.mean_s or here == "phone"


def test_nodes_have_the_links_of_the_places_where_they_are() -> None:
    world = World(1)
    for name in ("orders", "stock", "users"):
        world.node(name)
    world.network.set_latency(Constant(7))
    world.network.use(REGIONS, {"orders": "eu-de", "stock": "jp-tok"})
    way = world.network.links.way
    assert [way(*ends).link for ends in (("orders", "stock"), ("stock", "orders"), ("orders", "users"))] == [
        REGIONS.links["eu-de", "jp-tok"],
        REGIONS.links["jp-tok", "eu-de"],
        Link(Constant(7)),
    ]


def test_up_and_down_are_different_links() -> None:
    world = World(1)
    world.node("app"), world.node("shop")
    world.network.use(MOBILE, {"app": "phone", "shop": "server"})
    up, down = (world.network.links.way(*ends).link for ends in (("app", "shop"), ("shop", "app")))
    assert (up.bandwidth_bytes_s, down.bandwidth_bytes_s) == (625_000, 2_000_000)


def test_a_preset_of_one_place_is_for_all_nodes_also_for_later_ones() -> None:
    world = World(1)
    world.network.use(ONE_HOST)
    world.node("late")
    assert world.network.links.way("late", "later").link == ONE_HOST.links["anywhere", "anywhere"]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda network: network.use(REGIONS), "placement in regions is None; expected where each node is: one of us-"),
        (lambda network: network.use(REGIONS, {"x": "eu-de"}), "placement is 'x'; expected one of the nodes a, b"),
        (
            lambda network: network.use(MOBILE, {"a": "phone", "b": "moon"}),
            "placement of b is 'moon'; expected a place of mobile: server, phone",
        ),
    ],
)
def test_a_placement_that_cannot_be_is_refused_and_changes_nothing(use: Callable[..., None], message: str) -> None:
    world = World(1)
    world.node("a"), world.node("b")
    with pytest.raises(InvalidValue) as caught:
        use(world.network)
    assert message in str(caught.value)
    assert world.network.links.way("a", "b").link == Link()

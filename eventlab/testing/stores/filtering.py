"""Laws of filters by stream pattern: every character but ``*`` and ``?`` stands for itself."""

from __future__ import annotations

from eventlab.store import EventStore, Filter

from .vocabulary import Counted, Law, Noted, OpenStore, opened, places, texts

NOTED, COUNTED = "eventlab.testing.Noted", "eventlab.testing.Counted"


async def a_pattern_stands_for_whole_names(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _named(store, "order-1", "order-12", "reorder-1", "order-1-b", "border-1x")
        assert await _matching(store, "order-1") == ["order-1"]
        assert await _matching(store, "order-*") == ["order-1", "order-12", "order-1-b"]
        assert await _matching(store, "*order-1") == ["order-1", "reorder-1"]
        assert await _matching(store, "*order*1*") == ["order-1", "order-12", "reorder-1", "order-1-b", "border-1x"]
        assert await _matching(store, "rder") == await _matching(store, "order") == []


async def a_star_stands_for_nothing_too_and_a_question_mark_for_one(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _named(store, "ab", "a-b", "a--b", "a\U0001f680b", "aéb")
        assert await _matching(store, "a*b") == ["ab", "a-b", "a--b", "a\U0001f680b", "aéb"]
        assert await _matching(store, "a?b") == ["a-b", "a\U0001f680b", "aéb"]
        assert await _matching(store, "a??b") == ["a--b"]
        assert await _matching(store, "?") == []
        assert len(await _matching(store, "*")) == 5


async def a_pattern_minds_capitals_and_accents(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _named(store, "order-a", "Order-a", "ORDER-A", "ördér-a", "ÖRDÉR-a")
        assert await _matching(store, "order-*") == ["order-a"]
        assert await _matching(store, "O*") == ["Order-a", "ORDER-A"]
        assert await _matching(store, "ö*") == ["ördér-a"]


SPECIAL = (
    "a%b",
    "a_b",
    "a\\b",
    "a.b",
    "a+b",
    "a^b",
    "a$b",
    "a(b",
    "a)b",
    "a{b",
    "a|b",
    "a'b",
    'a"b',
    "a!b",
    "a b",
    "a~b",
)


async def characters_that_are_special_elsewhere_stand_for_themselves(open_store: OpenStore) -> None:
    """Those of LIKE, GLOB, regular expressions and quotation, each of which a backend might let through."""
    async with opened(open_store) as store:
        await _named(store, "axb", "ab", "axxb", *SPECIAL)
        for name in SPECIAL:
            assert await _matching(store, name) == [name]
        assert await _matching(store, "a?b") == ["axb", *SPECIAL]
        assert await _matching(store, "?%?") == ["a%b"]
        assert await _matching(store, "*_*") == ["a_b"]
        assert await _matching(store, "*\\b") == ["a\\b"]


async def a_pattern_goes_together_with_categories_and_types(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1")), ("a-2", Counted(2)), ("b-1", Noted("3")), ("a-11", Noted("4"))])
        await store.append([("a-1", Counted(5)), ("b-1", Counted(6))])
        assert await _found(store, Filter(streams="*-1*", categories=["a"])) == [("a-1", 1), ("a-11", 1), ("a-1", 2)]
        assert await _found(store, Filter(streams="*-1", types=[COUNTED])) == [("a-1", 2), ("b-1", 2)]
        assert await _found(store, Filter(streams="a*", categories=["b"])) == []
        assert await _found(store, Filter(streams="*1", categories=["a", "b"], types=[NOTED])) == [
            ("a-1", 1),
            ("b-1", 1),
            ("a-11", 1),
        ]


async def a_pattern_filters_before_the_limit(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number in range(6):
            await store.append([("a-1", Noted(f"a{number}")), ("b-1", Noted(f"b{number}"))])
        assert texts(await store.read_all(where=Filter(streams="b*"), limit=4)) == ["b0", "b1", "b2", "b3"]
        page = await store.read_all(where=Filter(streams="b*"), limit=2)
        following = await store.read_all(page[-1].position, where=Filter(streams="?-1", categories=["b"]), limit=2)
        assert texts(following) == ["b2", "b3"]


async def several_categories_and_types_let_any_of_them_through(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a%-1", Noted("1")), ("a_-1", Noted("2")), ("ab-1", Noted("3")), ("A_-1", Noted("4"))])
        assert texts(await store.read_all(where=Filter(categories=["a%", "a_"]))) == ["1", "2"]
        assert texts(await store.read_all(where=Filter(categories=("ab", "ab", "missing")))) == ["3"]
        assert texts(await store.read_all(where=Filter(types=(NOTED, NOTED, "it's")))) == ["1", "2", "3", "4"]


async def any_number_of_categories_and_types_may_be_named(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _named(store, "c7-1", "c7", "c77-1", "-c7", "c1999-x-y", "d-1")
        many = [f"c{number}" for number in range(2000)]
        found = texts(await store.read_all(where=Filter(categories=many, types=[*many, NOTED])))
        assert found == ["c7-1", "c7", "c77-1", "c1999-x-y"]


async def _named(store: EventStore, *names: str) -> None:
    await store.append([(name, Noted(name)) for name in names])


async def _matching(store: EventStore, pattern: str) -> list[str]:
    return texts(await store.read_all(where=Filter(streams=pattern)))


async def _found(store: EventStore, where: Filter) -> list[tuple[str, int]]:
    return places(await store.read_all(where=where))


FILTERING: tuple[Law, ...] = (
    a_pattern_stands_for_whole_names,
    a_star_stands_for_nothing_too_and_a_question_mark_for_one,
    a_pattern_minds_capitals_and_accents,
    characters_that_are_special_elsewhere_stand_for_themselves,
    a_pattern_goes_together_with_categories_and_types,
    a_pattern_filters_before_the_limit,
    several_categories_and_types_let_any_of_them_through,
    any_number_of_categories_and_types_may_be_named,
)

"""The diagram of a saga: of its definition, and of what became of a run of it."""

from __future__ import annotations

import inspect
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.figures import describe_saga_diagram, draw_saga_diagram, style
from eventlab.figures.diagram_places import places
from eventlab.figures.diagram_story import story_of
from eventlab.figures.pictures import drawn
from eventlab.figures.style import COMPENSATION, FAILED, OK, REFUSED, UNKNOWN
from eventlab.sagas import Saga, StepContext, parallel, pivot, retriable, savepoint, step, subsaga
from eventlab.sagas.events import StepOutline
from eventlab.sagas.timeline import Timeline, read_timeline
from tests.unit.sagas.toys import Bench, Toys, in_world


async def act(ctx: StepContext) -> None: ...


async def undo(ctx: StepContext, result: Any) -> None: ...


def tour() -> Saga:
    """Every sort of step, with names as long as they come."""
    return Saga(
        "tour",
        [
            step("reserve_the_customers_money", act, undo),
            savepoint("priced"),
            parallel(
                step("book_flight", act, undo),
                step("book_hotel", act, undo),
                step("book_car_at_the_hotel", act, undo, after=("book_hotel",)),
                step("insure", act, when=lambda ctx: True),
            ),
            subsaga("visa", Saga("papers", [step("apply", act, undo)]), lambda ctx: ctx.input),
            pivot("pay", act),
            parallel(retriable("send_tickets", act), retriable("send_mail", act)),
        ],
        version=3,
    )


def run(**trouble: Any) -> Timeline:
    bench = Bench(Toys(**deepcopy(trouble)))  # toys count their troubles down
    in_world(bench.run)
    return in_world(lambda: read_timeline(bench.store, "1"))


UNDONE = {"refuse": "c", "lose_replies": {"b": 1}, "unreachable": {"undo a": 2}}
STUCK_UNDOING = {"refuse": "c", "unreachable": {"undo b": 999}}
STUCK_IN_DOUBT = {"lose_replies": {"p": 999}}

SUBJECTS = {
    "definition": tour,
    "completed": run,
    "undone": lambda: run(**UNDONE),
    "stuck undoing": lambda: run(**STUCK_UNDOING),
    "in doubt": lambda: run(**STUCK_IN_DOUBT),
}


def test_a_definition_shows_groups_side_by_side_and_what_waits_for_what() -> None:
    story = story_of(tour())
    assert [(cell.step.step, cell.column, cell.row) for cell in story.cells] == [
        ("reserve_the_customers_money", 0, 1.0),
        ("book_flight", 1, 0.0),
        ("book_hotel", 1, 1.0),
        ("book_car_at_the_hotel", 2, 1.0),
        ("insure", 1, 2.0),
        ("visa", 3, 1.0),
        ("pay", 4, 1.0),
        ("send_tickets", 5, 0.5),
        ("send_mail", 5, 1.5),
    ]
    assert ("book_hotel", "book_car_at_the_hotel") in [(a.step.step, b.step.step) for a, b in story.arrows]
    assert (story.savepoints, story.pivot and story.pivot.step.step) == ((("priced", 1),), "pay")


def test_the_way_back_leads_over_what_can_be_undone_alone() -> None:
    """Nothing is undone for the insurance; and the hotel follows from the car, the money from both."""
    back = [(first.step.step, then.step.step) for first, then in story_of(tour()).arrows_back]
    assert back == [
        ("book_flight", "reserve_the_customers_money"),
        ("book_hotel", "reserve_the_customers_money"),
        ("book_car_at_the_hotel", "book_hotel"),
        ("visa", "book_flight"),
        ("visa", "book_car_at_the_hotel"),
    ]


def test_a_run_shows_outcomes_attempts_and_what_was_undone() -> None:
    cells = story_of(run(**UNDONE)).cells
    assert [(cell.step.step, cell.step.role, cell.step.ticks) for cell in cells] == [
        ("a", OK, (OK,)),
        ("b", OK, (UNKNOWN, OK)),
        ("c", REFUSED, (REFUSED,)),
        ("p", None, ()),
        ("z", None, ()),
    ]
    undone = [(cell.step.step, cell.undo.role, cell.undo.ticks) for cell in cells if cell.undo]
    assert undone == [("a", COMPENSATION, (FAILED, FAILED, COMPENSATION)), ("b", COMPENSATION, (COMPENSATION,))]


@pytest.mark.parametrize(("trouble", "where"), [(STUCK_UNDOING, "b"), (STUCK_IN_DOUBT, "p"), (UNDONE, None)])
def test_where_a_saga_is_stuck_is_marked(trouble: dict[str, Any], where: str | None) -> None:
    assert [cell.step.step for cell in story_of(run(**trouble)).cells if cell.is_stuck] == ([where] if where else [])


def test_the_words_tell_what_the_picture_shows() -> None:
    assert describe_saga_diagram(run(**UNDONE)) == (
        "Saga 1 (trip v1): compensated after 0.30 s, 5 steps. Because of c: refused (no): c said no. "
        "Forward: a (done at +0.00 s); b (done at +0.10 s, 2 attempts); c (refused at +0.10 s); p (not begun); "
        "z (not begun). Undone, last step first: b (undone in 1 attempt); a (undone in 3 attempts). "
        "Nothing is undone once p has happened."
    )
    assert describe_saga_diagram(tour()) == (
        "Saga tour v3, 9 steps. Forward: reserve_the_customers_money; book_flight; book_hotel (beside book_flight); "
        "book_car_at_the_hotel; insure (beside book_flight, if wanted); visa (saga papers); pay; send_tickets; "
        "send_mail (beside send_tickets). Can be undone, last step first: visa, book_car_at_the_hotel, book_hotel, "
        "book_flight, reserve_the_customers_money. Nothing is undone once pay has happened."
    )


@st.composite
def outlines(draw: st.DrawFn) -> list[StepOutline]:
    """Groups one after another, in which some steps build upon others of their group."""
    outline: list[StepOutline] = []
    before: tuple[str, ...] = ()
    for _ in range(draw(st.integers(1, 4))):
        group: list[str] = []
        for _ in range(draw(st.integers(1, 5))):
            name = f"s{len(outline)}"
            after = draw(st.lists(st.sampled_from(group), max_size=2, unique=True)) if group else []
            outline.append(StepOutline(name, "compensatable", tuple(after) or before))
            group.append(name)
        before = tuple(group)
    return outline


@given(outlines())
def test_no_step_stands_on_another_and_each_stands_to_the_right_of_what_it_needs(outline: list[StepOutline]) -> None:
    at = places(outline)
    assert list(at) != [] and min(row for _, row in at.values()) == 0
    for each in outline:
        column, row = at[each.name]
        assert all(at[need][0] < column for need in each.needs)
        assert all(abs(row - r) >= 1 for name, (c, r) in at.items() if c == column and name != each.name)


def test_what_builds_upon_one_step_of_a_group_stands_in_its_row() -> None:
    """So that the way from the others past it is free."""
    needs: dict[str, tuple[str, ...]] = {"b": (), "d": (), "c": ("b",), "f": ("d",), "e": ("c", "f")}
    at = places([StepOutline(name, "", needed) for name, needed in needs.items()])
    assert at == {"b": (0, 0.0), "d": (0, 1.0), "c": (1, 0.0), "f": (1, 1.0), "e": (2, 0.5)}


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_same_saga_gives_the_same_bytes(name: str) -> None:
    def rendered() -> str:
        with drawn(draw_saga_diagram, SUBJECTS[name]()) as figure:  # type: ignore[arg-type]
            return style.svg(figure)

    assert rendered() == rendered()


@pytest.mark.parametrize("name", SUBJECTS)
def test_labels_stay_inside_the_picture_and_beside_one_another(name: str) -> None:
    ax = draw_saga_diagram(SUBJECTS[name]())
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts if text.get_text()]
    for at, (one, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width + 1 and box.y1 <= height, one
        for other, beside in boxes[at + 1 :]:
            apart = box.x1 <= beside.x0 or beside.x1 <= box.x0 or box.y1 <= beside.y0 or beside.y1 <= box.y0
            assert apart, f"{one!r} lies on {other!r}"


def test_a_diagram_fits_into_given_axes_and_takes_the_options_of_its_words() -> None:
    with style.house_style():
        left, right = style.new_figure(8, 6).subplots(1, 2)
    assert draw_saga_diagram(tour(), ax=left) is left
    assert right in left.figure.axes
    drawing = list(inspect.signature(draw_saga_diagram).parameters)
    assert [name for name in drawing if name != "ax"] == list(inspect.signature(describe_saga_diagram).parameters)

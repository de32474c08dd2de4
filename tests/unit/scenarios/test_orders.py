"""Orders are made of real rows, and what the file lacks of seeded chance."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from eventlab.scenarios.asking import OrdersLoad
from eventlab.scenarios.model import Stock
from eventlab.scenarios.orders import Order, opening_stock, plan_orders, title_name
from eventlab.scenarios.rows import PROBLEMS_MAX, Row, parse_rows, read_rows

from .documents import ORDERS_CSV

ROWS, _ = parse_rows(ORDERS_CSV, "orders.csv")
DATA = Path(__file__).parents[3] / "data" / "cdnow_orders.csv"
REAL, _ = read_rows(DATA, "cdnow_orders.csv")
STOCK = Stock()


def plan(rows: list[Row] = REAL, first: int = 500, seed: int = 1, stock: Stock = STOCK) -> tuple[Order, ...]:
    return plan_orders(rows, OrdersLoad(file="x.csv", first=first, rate_per_s=2.0), stock, seed)


def test_all_rows_of_a_customer_on_a_day_are_one_order() -> None:
    rows, _ = parse_rows(
        "date,customer_id,quantity,amount_cents\n1997-01-02,7,1,500\n1997-01-01,7,2,0\n1997-01-02,7,3,900\n", "x.csv"
    )
    orders = plan(rows, first=2)
    assert [(order.id, len(order.lines), order.total_cents) for order in orders] == [
        ("1997-01-01-0007", 1, 0),
        ("1997-01-02-0007", 2, 1400),
    ]
    assert orders[1].lines[0].title != orders[1].lines[1].title


def test_the_real_file_holds_every_row_once() -> None:
    orders = plan(first=6696)
    assert sum(len(order.lines) for order in orders) == len(REAL) == 6919
    assert sum(order.total_cents for order in orders) == sum(row.amount_cents for row in REAL)
    assert len({order.id for order in orders}) == 6696


def test_orders_come_in_time_order_at_the_rate_of_the_load() -> None:
    orders = plan()
    arrivals = [order.arrives_s for order in orders]
    assert arrivals == sorted(arrivals)
    assert 240 < arrivals[-1] < 250
    days = [order.id[:10] for order in orders]
    assert days == sorted(days)


def test_one_seed_gives_one_plan_and_another_seed_another() -> None:
    assert plan(first=50) == plan(first=50)
    assert plan(first=50) != plan(first=50, seed=2)


def test_running_fewer_orders_moves_no_draw_of_the_others() -> None:
    few, many = plan(first=50), plan(first=500)
    lines = {order.id: order.lines for order in many}
    assert all(lines[order.id] == order.lines for order in few)


def test_titles_are_wanted_by_a_zipf_law() -> None:
    stock = Stock(titles=50, zipf=1.0)
    wanted = Counter(line.title for order in plan(first=6696, stock=stock) for line in order.lines)
    whole = sum(1 / rank for rank in range(1, 51))
    for rank in (1, 2, 5, 10):
        assert wanted[title_name(rank)] == pytest.approx(6919 / rank / whole, rel=0.15)


def test_an_order_of_as_many_lines_as_there_are_titles_holds_each_once() -> None:
    text = "date,customer_id,quantity,amount_cents\n" + "1997-01-01,1,1,5\n" * 8
    (order,) = plan(parse_rows(text, "x.csv")[0], first=1, stock=Stock(titles=8, zipf=4.0, scarce=0))
    assert sorted(line.title for line in order.lines) == [title_name(rank) for rank in range(1, 9)]


def test_exactly_the_scarce_titles_run_out_and_none_is_a_best_seller() -> None:
    orders, stock = plan(), Stock(scarce=3)
    opening = opening_stock(orders, stock, seed=1)
    wanted: Counter[str] = Counter()
    for order in orders:
        for line in order.lines:
            wanted[line.title] += line.quantity
    short = [title for title in opening if wanted[title] > opening[title]]
    assert len(opening) == 50
    assert len(short) == 3
    assert not {title for title, _ in wanted.most_common(5)} & set(short)


BAD = [
    ("1997-13-01,1,1,5", "x.csv:2:1: date: expected a date such as 1997-01-31; found '1997-13-01'"),
    ("970101,1,1,5", "x.csv:2:1: date: expected a date such as 1997-01-31; found '970101'"),
    ("1997-01-01,,1,5", "x.csv:2:12: customer_id: expected a customer of letters, digits and _; found ''"),
    ("1997-01-01,1,0,5", "x.csv:2:14: quantity: expected a whole number of at least 1; found '0'"),
    ("1997-01-01,1,1.5,5", "x.csv:2:14: quantity: expected a whole number of at least 1; found '1.5'"),
    ("1997-01-01,1,1,-5", "x.csv:2:16: amount_cents: expected whole cents, 0 or more; found '-5'"),
    ("1997-01-01,1,1,٣", "x.csv:2:16: amount_cents: expected whole cents, 0 or more; found '٣'"),
    ("1997-01-01,1,1", "x.csv:2:1: expected 4 fields, found 3"),
    ('1997-01-01,1,1,"5', "x.csv:2:1: not CSV: unexpected end of data"),
]


@pytest.mark.parametrize(("row", "message"), BAD)
def test_a_bad_row_is_told_with_its_line_and_column(row: str, message: str) -> None:
    _, problems = parse_rows(f"date,customer_id,quantity,amount_cents\n{row}\n", "x.csv")
    assert [str(problem) for problem in problems] == [message]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", [f"x.csv:1:1: no column {name!r}; the file is empty" for name in Row._fields]),
        (
            "date,customer_id,quantities,amount\n",
            [
                "x.csv:1:1: no column 'quantity'; did you mean 'quantities'?",
                "x.csv:1:1: no column 'amount_cents'; did you mean 'amount'?",
            ],
        ),
        ("date,customer_id,quantity,amount_cents\n", ["x.csv: holds no orders"]),
    ],
)
def test_a_missing_column_is_told_with_the_nearest_name(text: str, messages: list[str]) -> None:
    assert [str(problem) for problem in parse_rows(text, "x.csv")[1]] == messages


def test_many_bad_rows_are_told_up_to_a_limit_and_then_counted() -> None:
    text = "date,customer_id,quantity,amount_cents\n" + "yesterday,1,1,5\n" * 100
    problems = [str(problem) for problem in parse_rows(text, "x.csv")[1]]
    assert len(problems) == PROBLEMS_MAX + 1
    assert problems[-1] == "x.csv: and 80 more problems like these"


def test_columns_may_stand_in_any_order_and_others_beside_them() -> None:
    text = 'note,amount_cents,quantity,customer_id,date\n"a, b",5,1,9,1997-01-01\n'
    rows, problems = parse_rows(text, "x.csv")
    assert (rows[0].customer_id, rows[0].amount_cents, problems) == ("9", 5, [])


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"date\n\xff\n")
    assert [str(problem) for problem in read_rows(path, "x.csv")[1]] == ["x.csv:2:1: not UTF-8: byte 0xff"]

"""The page of a run: whole, the same every time, and safe to open."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from eventlab import hooks
from eventlab.figures import drawn, style
from eventlab.figures.outcomes import draw_outcomes
from eventlab.history import Entry
from eventlab.reports import illustrations, write_report
from eventlab.reports.markup import Column, Html, table
from tests.unit.reports.made_up_summary import MadeUpReport, failed_report, made_up_report

VOID = ("meta", "img", "br", "hr", "link", "input", "path", "use", "circle", "rect", "line")


class Page(HTMLParser):
    """What a browser and a screen reader would find."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.ids += [attributes["id"]] if attributes.get("id") else []  # type: ignore[list-item]
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def run() -> MadeUpReport:
    return made_up_report(orders=150)


@pytest.fixture(scope="module")
def html(run: MadeUpReport) -> str:
    return write_report(run).decode()


def test_only_in_virtual_time_the_page_promises_itself_again() -> None:
    run = made_up_report(20)
    real = MadeUpReport(run.entries, msgspec.structs.replace(run.summary, clock="real"))
    again = "The same scenario, with the same --set and seed 7, gives this same page."
    pages = [write_report(each).decode() for each in (run, real)]
    assert [again in page for page in pages] == [True, False]
    assert "Another run on the real clock has other times" in pages[1]


def test_the_page_says_what_is_not_as_the_file_has_it() -> None:
    run = made_up_report(20)
    changed = msgspec.structs.replace(run.summary, changed=["policies.retry.attempts=1", "question=<b>?"])
    pages = [write_report(MadeUpReport(run.entries, summary)).decode() for summary in (run.summary, changed)]
    assert ["Changed from its file" in page for page in pages] == [False, True]
    assert "<code>--set policies.retry.attempts=1</code>, <code>--set question=&lt;b&gt;?</code>" in pages[1]


def test_the_same_run_gives_the_same_bytes(run: MadeUpReport, html: str) -> None:
    assert write_report(run).decode() == html


def test_the_page_asks_for_nothing_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert "http" not in html and "//" not in html.replace("/* ", "")
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe|\son\w+=", html)
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href"):
            address = attributes.get(name)
            assert address is None or address.startswith(("#", "data:image/png;base64,")), (tag, address)


def test_headings_descend_one_at_a_time_and_ids_are_unique(html: str) -> None:
    page = Page(html)
    assert page.headings[0] == "h1" and page.headings.count("h1") == 1
    assert set(page.headings[1:]) == {"h2"}
    assert len(page.ids) == len(set(page.ids))


def test_tables_have_captions_and_scoped_headers(html: str) -> None:
    page = Page(html)
    assert len(page.attributes("caption")) == len(page.attributes("table")) >= 5
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.attributes("th"))


def test_every_picture_is_an_image_with_its_words(html: str) -> None:
    page = Page(html)
    pictures = page.attributes("svg") + page.attributes("img")
    assert len(pictures) == 4
    for attributes in pictures:
        words = attributes.get("aria-label") or attributes.get("alt")
        assert words and words in page.said


def test_references_inside_a_picture_reach_what_they_name(html: str) -> None:
    page = Page(html)
    targets = {attributes["href"] for _, attributes in page.tags if attributes.get("href")}
    named = re.findall(r"url\((#[^)]+)\)", html)
    assert {str(target)[1:] for target in [*targets, *named]} <= set(page.ids)


def test_the_page_of_a_failed_run_tells_everything_and_escapes_it() -> None:
    html = write_report(failed_report()).decode()
    assert "<script" not in html and "<b>9</b>" not in html
    said = " ".join(Page(html).said.split())
    for text in (
        "✗ failed: 2 of 4 expectations met, 1 of 3 invariants hold",
        "payment-<b>9</b> & more",
        "no money stays reserved",
        "5,770 cents",
        "? inconclusive",
        "3 payments are still reserved for orders that were cancelled",
        "payment-order-00147: 1,400 cents",
        "half-open",
        "38 conflicts, 37 command retries, 487 call retries",
        "p50 171 ms, p95 303 ms, p99 1.73 s",
    ):
        assert text in said, text


def test_light_dark_and_paper_each_have_their_colours(html: str) -> None:
    assert "prefers-color-scheme: dark" in html and "@media print" in html


def test_a_picture_too_big_as_vectors_comes_as_png(run: MadeUpReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(illustrations, "SVG_BYTES_MAX", 1000)
    page = Page(illustrations.illustrations(run))
    assert len(page.attributes("img")) == 3 and not page.attributes("svg")
    assert all(attributes["alt"] for attributes in page.attributes("img"))


def test_an_embedded_picture_keeps_its_marks() -> None:
    with drawn(draw_outcomes, made_up_report(orders=60)) as figure:
        svg = style.svg(figure)
    assert illustrations.embedded(svg, "words", "f1").count("<path") == svg.count("<path") > 20


def test_a_run_without_sagas_or_breakers_still_has_its_page(run: MadeUpReport) -> None:
    summary = msgspec.structs.replace(run.summary, breakers=[], calls={}, faults=[], latency_ms={}, invariants=[])
    page = Page(write_report(MadeUpReport([], summary)).decode())
    assert page.open == []
    assert "no invariants stated" in page.said
    assert "Who called whom" not in page.said


def test_the_page_says_who_called_whom_where_somebody_did() -> None:
    calls = [
        Entry(1, "front", hooks.CallStarted(1, "front", "desk <1>", "Work")),
        Entry(2, "front", hooks.CallEnded(1, "front", "desk <1>", "Work", "ok", 1.0)),
    ]
    page = Page(write_report(MadeUpReport(calls, made_up_report(orders=60).summary)).decode())
    assert page.open == []
    assert "Who called whom" in page.said
    assert "front called desk <1> 1 time: 1 ok" in page.said


def test_cells_are_escaped_unless_they_are_markup() -> None:
    made = table("c", (Column("a"), Column("b", number=True)), [("<i>", Html("<i>1</i>"))])
    assert '<th scope="row">&lt;i&gt;</th><td class="number"><i>1</i></td>' in made


def test_what_was_asked_and_answered_is_shown_over_time_where_neither_saga_nor_command_ran() -> None:
    asked = [
        Entry(float(at), "front", hooks.OperationInvoked(at, "shop", "work", f"request-{at}", None)) for at in range(9)
    ]
    answered = [Entry(at + 0.5, "front", hooks.OperationEnded(at, "ok", None)) for at in range(3)]
    entries = sorted([*asked, *answered], key=lambda entry: entry.at)
    page = illustrations.illustrations(MadeUpReport(entries, made_up_report(20).summary))
    assert page.count("<figure>") == 1
    assert "requests: 3 of 9 answered, under 90 % from 3.00 s to the end" in page

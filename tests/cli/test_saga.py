"""``eventlab saga``: how the sagas of a store stand, step by step, and what may be done about them."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from eventlab.cli.saga_marks import coloured, span
from eventlab.codec import Encoded
from eventlab.sagas import Saga, SagaEngine
from eventlab.store import open_store
from tests.cli.commands import eventlab
from tests.cli.sagas import URL, saga, story
from tests.unit.sagas.test_timeline_rich import rich
from tests.unit.sagas.toys import Toys, in_world

pytestmark = pytest.mark.usefixtures("sagas")


def ids(*args: str) -> list[str]:
    return [json.loads(line)["saga"] for line in saga("list", URL, "--json", *args).out.splitlines()]


def test_a_list_is_oldest_first_with_how_each_stands_and_why() -> None:
    told = saga("list", URL)
    assert (told.code, told.err) == (0, "")
    rows = [re.split(r"  +", line) for line in told.out.splitlines()]
    assert [(row[0], *row[2:4]) for row in rows] == [
        ("completed", "trip v1", "fine"),
        ("compensated", "trip v1", "undone"),
        ("stuck", "trip v1", "refused-late"),
        ("stuck", "trip v1", "doubtful"),
        ("stuck", "trip v1", "half-undone"),
        ("running", "trip v1", "waiting"),
    ]
    assert [row[4] for row in rows[1:3]] == [
        "c: refused (no): c said no",
        "z: refused (no): z said no, after 301 attempts in 30 s",
    ]


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["--stuck"], ["refused-late", "doubtful", "half-undone"]),
        (["--running"], ["waiting"]),
        (["--ended"], ["fine", "undone"]),
        (["--ended", "--running"], ["fine", "undone", "waiting"]),
        (["--definition", "trip", "--limit", "1"], ["fine"]),
        (["--definition", "tour"], []),
        (["--older-than", "1h", "--stuck", "--limit", "2"], ["refused-late", "doubtful"]),
        (["--older-than", "999999h"], []),
    ],
)
def test_a_list_may_be_of_some(args: list[str], wanted: list[str]) -> None:
    assert ids(*args) == wanted


def test_a_list_that_was_cut_and_one_that_is_empty_say_so() -> None:
    assert (
        saga("list", URL, "--limit", "2").err
        == "there are more than these 2; a larger --limit shows them, oldest first\n"
    )
    assert saga("list", URL, "--limit", "6").err == ""
    assert saga("list", URL, "--definition", "tour").err == "there is no such saga\n"


def test_show_draws_each_step_with_its_mark_attempts_and_what_came_of_it() -> None:
    told = saga("show", URL, "undone")
    assert told.code == 0
    head, why, began, _, *rest = told.out.splitlines()
    assert re.fullmatch(r"saga undone of trip v1: compensated after 0\.30 s, since 2026-01-01 .* UTC \(.* ago\)", head)
    assert (why, began.partition("; ")[2]) == (
        "turned back because of c: refused (no): c said no",
        "its log is at version 18",
    )
    assert rest == [
        '  ✓ a  done          1 attempt     at +0.00 s for 0.00 s   {"made":"a"}',
        '  ✓ b  done          2 attempts    at +0.00 s for 0.10 s   {"made":"b"}',
        "  ✗ c  refused       1 attempt     at +0.10 s for 0.00 s   no: c said no",
        "══ pivot: once it has happened nothing is undone ═══════════════════════",
        "  · p  not begun",
        "  · z  not begun",
        "",
        "undone, in this order",
        "  ↩ b  undone        1 attempt     at +0.10 s for 0.00 s",
        "  ↩ a  undone        3 attempts    at +0.10 s for 0.20 s",
        "",
        "what you may do now",
        '  eventlab saga purge sqlite:///trips.db undone --why "…"',
        "      set it aside for good: it can be read, and is not listed any more",
    ]


def test_show_says_what_is_in_doubt_and_which_commands_would_do() -> None:
    out = saga("show", URL, "doubtful").out
    assert "◆ p  in doubt      301 attempts" in out
    assert "in doubt: p. It may have happened or not" in out
    commands = [line.split(" ", 4)[-1] for line in out.splitlines() if line.startswith("  eventlab saga ")]
    assert commands == [
        'retry sqlite:///trips.db doubtful --why "…"',
        'resolve sqlite:///trips.db doubtful succeeded --why "…"',
        'resolve sqlite:///trips.db doubtful failed --why "…"',
        'purge sqlite:///trips.db doubtful --force --why "…"',
    ]


@pytest.mark.parametrize("saga_id", ["fine", "undone", "refused-late", "doubtful", "half-undone", "waiting"])
def test_whatever_show_advises_is_accepted_when_it_is_typed(saga_id: str, here: Path, made: Path) -> None:
    advised = [each["command"] for each in json.loads(saga("show", URL, saga_id, "--json").out)["may"]]
    assert advised
    for command in advised:
        shutil.copy(made, here)
        told = saga(*command.removeprefix("eventlab saga ").replace('"…"', "because").split())
        assert (told.code, told.err) == (0, ""), command


def test_an_id_that_looks_like_an_option_is_advised_so_that_it_is_taken(here: Path) -> None:
    async def main() -> None:
        store = open_store(f"sqlite:///{here}/odd.db")
        await SagaEngine(store, [Toys(lose_replies={"p": 999}).trip()]).run("trip", "-rf", {"size": 3})
        await store.close()

    in_world(main)
    shutil.copy(here / "odd.db", here / "kept.db")
    may = json.loads(saga("show", "--json", "--", "sqlite:///odd.db", "-rf").out)["may"]
    assert [each["verb"] for each in may] == ["retry", "resolve", "resolve", "purge"]
    for command in [each["command"] for each in may]:
        shutil.copy(here / "kept.db", here / "odd.db")
        told = saga(*command.removeprefix("eventlab saga ").replace('"…"', "because").split())
        assert (told.code, told.err) == (0, ""), command


def test_show_at_a_version_of_the_past_is_as_it_was_and_advises_nothing() -> None:
    out = saga("show", URL, "undone", "--at-version", "6").out
    assert "saga undone of trip v1: running, since" in out
    assert "◆ b  asked         2 attempts" in out
    assert "in doubt: b." in out and "you may do" not in out
    assert saga("show", URL, "undone", "--at", "2020-01-01").code == 1


@pytest.mark.parametrize("at", ["yesterday", "", "2026-13-01", "12:00"])
@pytest.mark.parametrize("command", [["saga", "show", URL, "undone"], ["store", "read", URL, "saga-undone"]])
def test_a_moment_that_is_none_is_refused_with_one_that_would_do(command: list[str], at: str) -> None:
    told = eventlab(*command, "--at", at)
    assert (told.code, told.out) == (2, "")
    said = " ".join(told.err.replace("│", " ").split())
    assert f"{at!r} is no moment; expected one such as 2026-01-31T12:00:00" in said


def test_a_moment_may_name_its_offset_and_is_in_utc_without() -> None:
    begun = datetime.fromisoformat(json.loads(saga("show", URL, "undone", "--json").out)["started_at"])
    for at, code in ((begun, 0), (begun - timedelta(seconds=1), 1)):
        for zone in (UTC, timezone(timedelta(hours=2))):
            assert saga("show", URL, "undone", "--at", at.astimezone(zone).isoformat()).code == code
        assert saga("show", URL, "undone", "--at", at.replace(tzinfo=None).isoformat(" ")).code == code


@pytest.mark.parametrize("args", [["show"], ["diagram", "--svg", "x.svg"]])
def test_a_version_that_the_log_has_not_come_to_is_refused_with_where_it_ends(args: list[str], here: Path) -> None:
    (at,) = [json.loads(saga("show", URL, "undone", "--json").out)["version"]]
    told = saga(args[0], URL, "undone", *args[1:], "--at-version", str(at + 1))
    assert (told.code, told.out, (here / "x.svg").exists()) == (2, "", False)
    assert f"at most {at}, where the log of this saga ends" in told.err
    assert saga(args[0], URL, "undone", *args[1:], "--at-version", str(at)).code == 0


def test_a_folder_that_is_not_there_is_told_by_the_name_that_was_asked_for() -> None:
    told = saga("diagram", URL, "undone", "--svg", "no/dir/x.svg")
    assert (told.code, told.out, ".part-" in told.err) == (2, "", False)
    assert "no/dir/x.svg" in told.err


def test_show_for_programs_has_every_attempt() -> None:
    facts = json.loads(saga("show", URL, "undone", "--json").out)
    assert facts == json.loads(saga("show", URL, "undone", "--format", "json").out)
    assert (facts["status"], facts["failed_step"], facts["version"]) == ("compensated", "c", 18)
    by_name = {step["name"]: step for step in facts["steps"]}
    assert [tried["outcome"] for tried in by_name["b"]["attempts"]] == ["timed out", "succeeded"]
    assert [tried["outcome"] for tried in by_name["a"]["undo_attempts"]] == ["failed", "failed", "succeeded"]
    assert (by_name["p"]["kind"], by_name["p"]["status"]) == ("pivot", None)


def test_a_terminal_with_few_signs_is_shown_other_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventlab.cli.saga_marks._can_show", lambda signs: False)
    lines = saga("show", URL, "half-undone").out.splitlines()
    assert [line[:6] for line in lines if line.startswith("  ") and "attempt" in line] == [
        "  + a ",
        "  + b ",
        "  x c ",
        "  x b ",
    ]
    assert any(line.startswith("== pivot") for line in lines)


def test_colours_are_for_terminals_and_only_if_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert coloured("done", "blue").startswith("\x1b[34m")
    assert "\x1b" not in saga("show", URL, "fine").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("done", "blue") == "done"


def test_what_a_service_said_cannot_steer_the_terminal() -> None:
    saga("cancel", URL, "waiting", "--why", "no\x1b[2J\nway", "--by", "ada")
    assert "SagaTurnedBack by ada: no [2J way" in saga("show", URL, "waiting").out


def test_a_diagram_goes_into_a_new_file_and_is_told_in_words(here: Path) -> None:
    told = saga("diagram", URL, "undone", "--svg", "undone.svg")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("Saga undone (trip v1): compensated after 0.30 s, 5 steps. Because of c: refused (no)")
    drawn = (here / "undone.svg").read_text()
    assert drawn.startswith("<?xml")
    saga("diagram", URL, "undone", "--svg", "again.svg")
    assert (here / "again.svg").read_text() == drawn
    told = saga("diagram", URL, "undone", "--svg", "undone.svg")
    assert (told.code, told.err.strip()) == (
        2,
        "undone.svg is there already, and is not overwritten: name another file",
    )


@pytest.mark.parametrize(
    "args", [["show"], ["diagram", "--svg", "x.svg"], ["retry", "--why", "x"], ["purge", "--why", "x"]]
)
def test_a_saga_that_is_not_there_is_said_with_where_to_look(args: list[str], here: Path) -> None:
    told = saga(args[0], URL, "nobody", *args[1:])
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "unknown saga: no saga 'nobody' was started in store 'trips'\n"
        "eventlab saga list sqlite:///trips.db shows which there are\n"
    )
    assert not (here / "x.svg").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["list", URL, "--older-than", "soon"], "--older-than is 'soon'; expected a duration such as 90s, 15min or 2h"),
        (["list", "sqlite:///gone.db"], "there is no file 'gone.db'"),
        (["show", URL, "fine", "--import", "no.such.module"], "--import no.such.module: ModuleNotFoundError"),
        (["retry", URL, "doubtful", "--why", " "], "--why is ' '; expected a reason"),
        (["retry", URL, "doubtful"], "Missing option '--why'"),
        (["retry", URL, "doubtful", "--why", "x", "--by", ""], "--by is ''; expected the name of whoever does it"),
        (
            ["resolve", URL, "doubtful", "done", "--why", "x"],
            "'done' is not one of 'succeeded', 'failed', 'compensated'",
        ),
        (["resolve", URL, "doubtful", "succeeded", "--why", "x", "--result", "{"], "--result is '{'; expected JSON"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(args: list[str], says: str) -> None:
    told = saga(*args)
    assert (told.code, told.out) == (2, "")
    assert says in " ".join(told.err.replace("│", " ").split())
    assert "Traceback" not in told.err


def test_an_intent_of_ones_own_has_to_be_imported_and_that_is_said() -> None:
    async def main() -> None:
        store = open_store(URL)
        await store.append([("saga-waiting", Encoded("bank.PaymentAsked", 1, b"{}"))])
        await store.close()

    in_world(main)
    for args in (["show"], ["cancel", "--why", "x"], ["purge", "--why", "x"]):
        told = saga(args[0], URL, "waiting", *args[1:])
        assert (told.code, told.out) == (2, "")
        assert told.err.startswith("no event is registered as 'bank.PaymentAsked' version 1")
        assert told.err.endswith("; --import the module that declares it\n")
    listed = saga("list", URL, "--running")
    assert (listed.code, listed.out.split()[:2]) == (0, ["unreadable", "waiting"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.349, "0.35 s"), (12.3, "12 s"), (300, "5 min"), (3600, "1 h"), (11_520, "3 h 12 min"), (345_600, "4 days")],
)
def test_a_span_of_time_reads_at_a_glance(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_show_tells_who_holds_what_and_who_waits() -> None:
    async def main() -> None:
        store, toys = open_store(URL), Toys()
        sale = Saga("sale", [toys.step("a")], locks=lambda wish: ["seat-12"])
        for who in ("ada", "grace"):
            await SagaEngine(store, [sale]).start("sale", who, {})
        await store.close()

    in_world(main)
    assert "holds seat-12; grace waits for it" in saga("show", URL, "ada").out.splitlines()
    assert "waits for seat-12, behind ada" in saga("show", URL, "grace").out.splitlines()
    assert json.loads(saga("show", URL, "grace", "--json").out)["locks"] == {"seat-12": ["ada", "grace"]}


def test_show_tells_of_skipped_steps_and_of_returns_to_a_savepoint() -> None:
    async def main() -> None:
        store, toys = open_store(URL), Toys(unreachable={"d": 3})
        await SagaEngine(store, [rich(toys)]).run("trip", "rich", {})
        await store.close()

    in_world(main)
    lines = saga("show", URL, "rich").out.splitlines()
    assert lines[1] == "went back to save-point chosen once"
    marks = [" ".join(line.split()[:4]) for line in lines if line.startswith("  ")]
    assert marks[:9] == [
        "✓ a done 1",
        "✓ b done 2",
        "✓ c done 2",
        "✓ ‖ d done",
        "– gift skipped its",
        "✓ p done 1",
        "↩ c undone 1",
        "↩ b undone 1",
        "eventlab saga purge sqlite:///trips.db",
    ]


def test_looking_changes_nothing() -> None:
    before = story("doubtful").version
    saga("show", URL, "doubtful")
    saga("list", URL)
    assert story("doubtful").version == before

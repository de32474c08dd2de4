"""`eventlab check`: a history from a file or a run folder, and what its exit code says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from eventlab import history
from eventlab.checks.operations import entries_of
from eventlab.history import Operation

from .commands import eventlab

WRITE = Operation("a", "write", "x", 0, 1, "ok", 1)
STALE = Operation("b", "read", "x", 2, None, "ok", 3)
FRESH = Operation("b", "read", "x", 2, None, "ok", 3, 1)


def written(here: Path, *operations: Operation) -> str:
    (here / "history.jsonl").write_bytes(history.to_lines(entries_of(operations)))
    return "history.jsonl"


def test_an_invalid_history_is_told_with_its_witness(here: Path) -> None:
    told = eventlab("check", written(here, WRITE, STALE), "--as", "linearizable")
    assert told == (
        1,
        "linearizable: invalid, because 'x' has no order: 2 operations of 2 contradict one another\n"
        "  a [0 s, 1 s] x: write 1\n"
        "  b [2 s, 3 s] x: read → null\n",
        "",
    )


def test_a_valid_one_in_a_run_folder_as_json(here: Path) -> None:
    written(here, WRITE, FRESH)
    told = eventlab("check", ".", "--as", "linearizable", "--format", "json")
    (answer,) = json.loads(told.out)
    assert (told.code, answer["name"], answer["valid"]) == (0, "linearizable", True)


def test_lines_may_be_whole_operations_and_the_first_value_is_given(here: Path) -> None:
    found = msgspec.json.encode(Operation("b", "read", "x", 0, None, "ok", 1, 5))
    (here / "mine.jsonl").write_bytes(found + b"\n")
    assert eventlab("check", "mine.jsonl", "--as", "linearizable").code == 1
    assert eventlab("check", "mine.jsonl", "--as", "linearizable", "--initial", "5").code == 0


def test_what_cannot_be_decided_is_unknown(here: Path) -> None:
    told = eventlab("check", written(here, WRITE, FRESH), "--as", "linearizable", "--as", "serializable")
    assert told.code == 3 and "unknown, because the history has no transaction" in told.out


@pytest.mark.parametrize(
    ("text", "args", "says"),
    [
        ("{}\n", ["--as", "linearizable"], "bad.jsonl, line 1 is '{}'; expected "),
        ("\n\nnonsense\n", ["--as", "linearizable"], "bad.jsonl, line 3 is 'nonsense'"),
        ("nonsense\n", ["--as", "linearizable"], "as a JSON object; JSON is malformed: "),
        pytest.param("[" * 9_000, ["--as", "linearizable"], "expected values that are nested less deep", id="nested"),
        ("{}\n", ["--as", "linearizable", "--states", "0"], "--states is 0; expected a number of states from 1"),
        ("{}\n", ["--as", "no-gaps", "--states", "0"], "--states is 0; expected a number of states from 1"),
        (
            "[]\n",
            ["--as", "linearizable"],
            "line 1 is '[]'; expected an entry of a run, or a whole operation, as a JSON object; ",
        ),
        ("", ["--as", "linearizable"], "bad.jsonl: the number of lines is 0; expected a history of JSON Lines"),
        ("{}\n", [], "checks given by --as is 0; expected at least one, as in --as linearizable, of linearizable, "),
        ("{}\n", ["--as", "linearisable"], "did you mean 'linearizable'?"),
        ("{}\n", ["--as", "linearizable", "--initial", "nil"], "--initial is 'nil'; expected JSON"),
        (
            '{"process":"b","operation":"write","subject":"x","invoked":2,"value":1,"outcome":"ok","ended":1}\n',
            ["--as", "linearizable"],
            "bad.jsonl, line 1: ended of write on 'x' by b is 1.0; expected a moment not before 2",
        ),
        (
            '{"process":"b","operation":"read","subject":"x","invoked":0,"value":null,"outcome":"ok","ended":1,"reslut":1}\n',
            ["--as", "linearizable"],
            "bad.jsonl, line 1: unknown field is 'reslut'; expected one of process, ",
        ),
        (
            '{"process":"b","operation":"read","subject":"x","invokd":0,"value":null,"outcome":"ok","ended":1,"result":1}\n',
            ["--as", "linearizable"],
            "; did you mean 'invoked'?",
        ),
        (
            '{"process":"b","operation":"read","subject":"x","invoked":0,"value":null,"outcome":"ok","ended":1}\n',
            ["--as", "linearizable"],
            "line 1: result is 'left out'; expected what the read found, which may be null",
        ),
        (
            '{"at":0,"node":"n","what":{"kind":"operation_invoked","id":1,"process":"p","operation":"read","subject":"x"}}\n'
            '{"at":1,"node":"n","what":{"kind":"operation_ended","id":1,"outcome":"ok","result":1}}\n',
            ["--as", "linearizable"],
            "line 2: value is 'left out'; expected what the read found, which may be null",
        ),
        (
            '{"process":"b","operation":"cas","subject":"x","invoked":0,"value":[1,2],"outcome":"ok","ended":1,"result":"yes"}\n',
            ["--as", "linearizable"],
            "line 1: result is 'yes'; expected true if the cas swapped, false if it found another value",
        ),
        (
            '{"at":5,"node":"n","what":{"kind":"operation_invoked","id":1,"process":"p","operation":"write","subject":"x","value":1}}\n'
            '{"at":3,"node":"n","what":{"kind":"operation_ended","id":1,"outcome":"ok","value":null}}\n',
            ["--as", "linearizable"],
            "bad.jsonl, entry 2: ended of write on 'x' by p is 3.0; expected a moment not before 5",
        ),
    ],
)
def test_bad_input_is_told_with_its_line(here: Path, text: str, args: list[str], says: str) -> None:
    (here / "bad.jsonl").write_text(text)
    told = eventlab("check", "bad.jsonl", *args)
    assert told.code == 2 and told.out == ""
    assert says in told.err


def test_a_file_may_begin_with_the_mark_that_some_editors_write(here: Path) -> None:
    path = here / written(here, WRITE, FRESH)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert eventlab("check", "history.jsonl", "--as", "linearizable").code == 0


def test_a_model_that_is_none_and_a_file_that_is_none(here: Path) -> None:
    assert (
        "expected one of register"
        in eventlab("check", written(here, WRITE), "--as", "linearizable", "--model", "row").err
    )
    assert eventlab("check", "nowhere.jsonl", "--as", "linearizable").code == 2


def test_the_checks_can_be_listed() -> None:
    told = eventlab("check", "--list")
    assert told.code == 0
    assert re.search(r"^no-gaps +versions follow one another", told.out, re.MULTILINE)

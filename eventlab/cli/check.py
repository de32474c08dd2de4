"""``eventlab check``: what a history is held to, and what the answer is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InvalidValue
from .exits import FAILED, INCONCLUSIVE, MET, guarded
from .formats import Format

CODES = {True: MET, False: FAILED, None: INCONCLUSIVE}


def check(
    history: Annotated[
        Path | None,
        typer.Argument(metavar="HISTORY", help="A file of JSON Lines, or a run folder.", show_default=False),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="CHECK", help="What it is held to, as in linearizable; may be repeated."),
    ] = None,
    model: Annotated[str, typer.Option(help="What a subject is: register, counter, stream, set or queue.")] = (
        "register"
    ),
    initial: Annotated[
        str | None,
        typer.Option(
            metavar="JSON", help="What a subject holds before the first operation.", show_default="null, 0 or empty"
        ),
    ] = None,
    states_max: Annotated[int, typer.Option("--states", help="Look through at most so many states of a subject.")] = (
        1_000_000
    ),
    list_: Annotated[bool, typer.Option("--list", help="Say which checks there are, and what each says.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="The answers for people, or as JSON.")] = Format.text,
) -> None:
    """Hold a history to what it should keep to; --list names the checks.

    Exit code: 0 valid, 1 invalid, 2 usage or a file that is no history, 3 unknown, 4 internal error, 130 interrupted.
    """
    with guarded():
        if list_:
            code = _list(as_json=format_ is Format.json)
        else:
            settings = {"model": model, "initial": _decoded(initial), "states_max": states_max}
            code = _judge(history, names or [], settings, as_json=format_ is Format.json)
    raise typer.Exit(code)


def _list(*, as_json: bool) -> int:
    import msgspec

    from ..checks.catalogue import CATALOGUE
    from .opened import print_line, printing

    with printing():
        if as_json:
            print_line(msgspec.json.encode({name: each.says for name, each in CATALOGUE.items()}).decode())
        else:
            width = max(map(len, CATALOGUE))
            for name, each in CATALOGUE.items():
                print_line(f"{name:<{width}}  {each.says}")
    return MET


def _judge(history: Path | None, names: Sequence[str], settings: dict[str, Any], *, as_json: bool) -> int:
    import msgspec

    from ..checks.catalogue import CATALOGUE, Settings, named
    from ..checks.result import verdict
    from .opened import print_line, printing

    if history is None:
        raise InvalidValue("HISTORY", None, "a file of JSON Lines, or a run folder")
    if not names:
        expected = f"at least one, as in --as linearizable, of {', '.join(CATALOGUE)}"
        raise InvalidValue("the number of checks given by --as", 0, expected)
    if settings["states_max"] < 1:
        raise InvalidValue("--states", settings["states_max"], "a number of states from 1")
    checks = [named(name) for name in names]
    entries = _read(history)
    results = [each.judge(entries, Settings(**settings)) for each in checks]
    with printing():
        if as_json:
            print_line(msgspec.json.encode(results).decode())
        else:
            for result in results:
                print_line(str(result))
    return CODES[verdict(results)]


def _read(path: Path) -> Any:
    from ..checks.operations import history_of
    from ..scenarios.folder import HISTORY

    file = path / HISTORY if path.is_dir() else path
    return history_of(file.read_bytes(), str(file))


def _decoded(text: str | None) -> Any:
    import msgspec

    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidValue("--initial", text, f"JSON, as in 0 or '\"a\"' ({error})") from None

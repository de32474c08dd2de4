"""Exit codes, and errors said in one breath instead of a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ..errors import (
    EventlabError,
    ExportInvalid,
    InvalidStreamId,
    InvalidValue,
    RunRefused,
    ScenarioInvalid,
    StoreFailed,
    WrongKeys,
)

MET, FAILED, INVALID, INCONCLUSIVE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 130

VERDICTS = {"met": MET, "failed": FAILED, "inconclusive": INCONCLUSIVE}


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what the body raises into a message on stderr and an exit code.

    ``EVENTLAB_TRACEBACK=1`` lets errors through as they are, for whoever mends them.
    """
    if os.environ.get("EVENTLAB_TRACEBACK") == "1":
        yield
        return
    try:
        yield
    except (ScenarioInvalid, RunRefused, InvalidValue, InvalidStreamId, ExportInvalid, WrongKeys) as error:
        _leave(str(error), INVALID)
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED)
    except StoreFailed as error:  # a full disk is nobody's fault, and says so by itself
        _leave(str(error), INTERNAL)
    except EventlabError as error:
        _leave("\n".join([f"{type(error).__name__}: {error}", *_notes(error)]), INTERNAL)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _leave(f"{place}{error.strerror or error}", INVALID)
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        _leave(
            "\n".join([f"internal error: {type(error).__name__}: {error}", *_notes(error)]) + "\n"
            "This is a fault of eventlab. EVENTLAB_TRACEBACK=1 shows where it happened.",
            INTERNAL,
        )


def _notes(error: BaseException) -> list[str]:
    """What was added on the way up, such as with which seed it happened."""
    return list(getattr(error, "__notes__", []))


def _leave(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)

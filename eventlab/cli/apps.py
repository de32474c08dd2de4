"""Somebody's own services for a scenario: named on the command line only, never by a file."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from ..errors import RunRefused
from ..scenarios.assembly import AppFactory


def load_apps(target: str) -> Mapping[str, AppFactory]:
    """What ``--app module:function`` gives: names of `app:` entries, and what builds each service."""
    module_name, colon, function_name = target.partition(":")
    if not (module_name and colon and function_name):
        raise RunRefused(f"--app {target}: expected module:function, as in myshop.lab:services")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module beside the working directory, as `python -m` would find it
    function = _find(target, module_name, function_name)
    try:
        apps = function()
    except Exception as error:
        raise RunRefused(f"--app {target} failed: {_told(error)}") from error
    if not isinstance(apps, Mapping) or not all(callable(factory) for factory in apps.values()):
        raise RunRefused(f"--app {target} must give a dict from names to what builds each service; it gave {apps!r}")
    return apps


def _find(target: str, module_name: str, function_name: str) -> Callable[[], object]:
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise RunRefused(f"--app {target}: there is no module {error.name!r} on the path") from None
    except Exception as error:
        raise RunRefused(f"--app {target}: importing {module_name!r} failed: {_told(error)}") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        callables = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        near = get_close_matches(function_name, callables, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RunRefused(f"--app {target}: module {module_name!r} has no function {function_name!r}{hint}")
    found: Callable[[], object] = function
    return found


def _told(error: Exception) -> str:
    """The error of somebody's own code, with the place in it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames and not isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {error}{place}"

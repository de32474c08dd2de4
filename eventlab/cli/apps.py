"""Somebody's own services for a scenario: named on the command line only, never by a file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

from ..errors import RunRefused
from ..scenarios.assembly import AppFactory


def load_apps(target: str) -> Mapping[str, AppFactory]:
    """What ``--app module:function`` gives: names of `app:` entries, and what builds each service."""
    module_name, colon, function_name = target.partition(":")
    if not (module_name and colon and function_name):
        raise RunRefused(f"--app {target}: expected module:function, as in myshop.lab:services")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module beside the working directory, as `python -m` would find it
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except ModuleNotFoundError as error:
        raise RunRefused(f"--app {target}: there is no module {error.name!r} on the path") from None
    except AttributeError:
        raise RunRefused(f"--app {target}: module {module_name!r} has no {function_name!r}") from None
    apps = function()
    if not isinstance(apps, Mapping) or not all(callable(factory) for factory in apps.values()):
        raise RunRefused(f"--app {target} must give a dict from service names to what builds them; it gave {apps!r}")
    return apps

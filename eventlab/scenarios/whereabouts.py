"""Where the files are that a scenario names."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path


def find_file(name: str, scenario_path: Path) -> tuple[Path | None, list[Path]]:
    """Where a file that a scenario names is: beside the scenario, in the folder above, or in the working directory.

    Also every place that was looked at, in this order.
    """
    folder = scenario_path.absolute().parent
    tried = list(dict.fromkeys(base / name for base in (folder, folder.parent, Path.cwd())))
    return next((place for place in tried if _is_file(place)), None), tried


def not_there(name: str, tried: list[Path]) -> str:
    """That no such file was found, in a sentence, with the nearest name or the places that were looked at."""
    near = get_close_matches(Path(name).name, [entry for place in tried for entry in names_beside(place)], 1, 0.75)
    hint = (
        f"did you mean {str(Path(name).with_name(near[0]))!r}?"
        if near
        else f"looked in {', '.join(str(place.parent) for place in tried)}"
    )
    return f"there is no file {name!r}; {hint}"


def names_beside(path: Path) -> list[str]:
    """The files in the folder of *path*, by name; nothing where there is none that can be read."""
    try:
        return sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except OSError:
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for the file system names no file
        return False

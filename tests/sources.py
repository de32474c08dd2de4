"""Reading Python source for the tests that hold the house together."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "eventlab"


@dataclass(frozen=True, slots=True)
class Module:
    """One file of the package: its dotted name, its tree, and whether it is a package's ``__init__``."""

    name: str
    tree: ast.Module
    is_package: bool = False

    @classmethod
    def planted(cls, name: str, source: str) -> Module:
        """A module that exists only in a test."""
        return cls(name, ast.parse(source))

    @property
    def room(self) -> str:
        """``store`` for ``eventlab.store.sqlite``; empty for the package itself."""
        return (*self.name.split("."), "")[1]

    def absolute(self, node: ast.ImportFrom) -> str:
        """The module that a ``from … import`` names, relative or not."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        here = parts if self.is_package else parts[:-1]
        base = here[: len(here) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])


def modules() -> Iterator[Module]:
    """Every module of the package, in the order of their names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        yield Module(name, ast.parse(path.read_text(encoding="utf-8"), str(path)), is_package)


def imported(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that *module* imports, wherever in the file, also by string."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = module.absolute(node)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def at_import_time(tree: ast.Module) -> Iterator[ast.stmt]:
    """What runs when the module is imported: not the bodies of functions, nor what only type checkers read."""
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending = node.orelse + pending
            continue
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.ExceptHandler)]
            for child in inner:
                pending = (child.body if isinstance(child, ast.ExceptHandler) else [child]) + pending

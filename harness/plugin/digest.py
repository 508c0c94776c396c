"""A hash of the code that a plugin's results come from: its file and what that imports."""

import ast
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from harness.plugin.metric import AbstractMetric
from harness.plugin.registry import nested

SHOWN = ("sections", "headline")
"""Methods of a metric that show its numbers: what only they import changes none of these."""


def source_digest(instance: Any) -> str:
    """Return a hash of the source of a plugin and of the plugins that are its parameters.

    The source is the plugin's file with every module of its own package that it imports, directly
    or through another one, at the top of a file or inside a function. A one-file plugin's package
    is its folder. Not followed: other packages, whose versions a run records, modules whose names
    are known only when the code runs (`importlib.import_module`), and imports in `SHOWN`.
    """
    digest = hashlib.sha256()
    for file in sorted(_files(type(instance)), key=lambda file: (file.name, file)):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    for field in nested(type(instance)):
        digest.update(source_digest(getattr(instance, field)).encode())
    return digest.hexdigest()[:16]


def _files(plugin: type[Any]) -> set[Path]:
    """The file of a plugin, and those of its package that it imports."""
    start = Path(inspect.getfile(plugin))
    package = sys.modules[plugin.__module__].__package__ or ""
    # The folder of the outermost package, which may have another name than the package.
    home = start.parents[package.count(".")]
    found, waiting = set(), [start]
    passed_over = SHOWN if issubclass(plugin, AbstractMetric) else ()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file, home, package.partition(".")[0], passed_over)
    return found


def _imported(file: Path, home: Path, top: str, passed_over: Collection[str]) -> Iterator[Path]:
    """The files below `home`, the folder of the package `top`, that a file of it imports."""
    within = ".".join(filter(None, (top, *file.relative_to(home).parent.parts)))
    for node in _code(ast.parse(file.read_bytes()), passed_over):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), within)
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if not top or parts[0] == top:
                yield from _place(home, parts[1:] if top else parts)


def _code(node: ast.AST, passed_over: Collection[str]) -> Iterator[ast.AST]:
    """A node and all below it, without the methods that are passed over."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.FunctionDef) and child.name in passed_over):
            yield from _code(child, passed_over)


def _place(home: Path, parts: list[str]) -> Iterator[Path]:
    """The file of a module below a folder; else that of the module which holds the name."""
    for known in (parts, parts[:-1]):
        place = home.joinpath(*known)
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                yield file
                return

"""A hash of the code behind a plugin's results: its file and what that imports."""

import ast
import functools
import hashlib
import inspect
import itertools
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.plugin.metric import AbstractMetric
from harness.plugin.registry import nested

SHOWN = ("sections", "headline")
"""Methods of a metric that only show its numbers; imports in them do not affect results."""


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
    """Return the file of a plugin, and those of its package that it imports."""
    start = Path(inspect.getfile(plugin))
    # The folders from which modules are imported, by the name of their package.
    homes = {}
    if package := sys.modules[plugin.__module__].__package__:
        # The folder of the outermost package, which may have another name than the package.
        homes[package.partition(".")[0]] = start.parents[package.count(".")]
    else:
        homes[""] = start.parent
        # The file may still lie in a package, and import from it by its name.
        for folder in itertools.takewhile(
            lambda one: (one / "__init__.py").is_file(), start.parents
        ):
            homes[folder.name] = folder
    found, waiting = set(), [start]
    passed_over = SHOWN if issubclass(plugin, AbstractMetric) else ()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file, homes, passed_over)
    return found


def _imported(
    file: Path, homes: Mapping[str, Path], passed_over: tuple[str, ...]
) -> Iterator[Path]:
    """Yield the files below the homes that a file there imports."""
    for up, names in _imports(file.read_bytes(), passed_over):
        if up:
            yield from _places(file.parents[up - 1], names)
            continue
        for top, home in homes.items():
            below = [name[1:] for name in names if name[0] == top] if top else names
            yield from _places(home, below)


@functools.lru_cache(maxsize=1024)  # a plan asks for every plugin; parsing takes its time
def _imports(
    source: bytes, passed_over: tuple[str, ...]
) -> list[tuple[int, list[tuple[str, ...]]]]:
    """Return what each import of a source names, and how many packages further up it begins."""
    found: list[tuple[int, list[tuple[str, ...]]]] = []
    for node in _code(ast.parse(source), passed_over):
        if isinstance(node, ast.Import):
            found.append((0, [tuple(alias.name.split(".")) for alias in node.names]))
        elif isinstance(node, ast.ImportFrom):
            base = node.module.split(".") if node.module else []
            found.append((node.level, [(*base, alias.name) for alias in node.names]))
    return found


def _places(home: Path, names: Iterable[Sequence[str]]) -> Iterator[Path]:
    """Yield the file of each module below a folder; else that of the module with the name."""
    for parts in names:
        modules = [home.joinpath(*known) for known in (parts, parts[:-1])]
        files = [file for one in modules for file in (one / "__init__.py", one.with_suffix(".py"))]
        yield from [file for file in files if file.is_file() and file.is_relative_to(home)][:1]


def _code(node: ast.AST, passed_over: Collection[str]) -> Iterator[ast.AST]:
    """Yield a node and all below it, except the methods that are passed over."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.FunctionDef) and child.name in passed_over):
            yield from _code(child, passed_over)

"""A hash of the code that a plugin's results come from: its file and what that imports."""

import ast
import hashlib
import inspect
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.plugin.registry import nested


def source_digest(instance: Any) -> str:
    """Return a hash of the source of a plugin and of the plugins that are its parameters.

    The source is the plugin's file with every module of its own package that it imports, directly
    or through another one, at the top of a file or inside a function. A one-file plugin's package
    is its folder. It leaves out other packages, whose versions a run records, and modules whose
    names are known only when the code runs (`importlib.import_module`).
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
    # The folders that modules are imported from, by the first part of the module's name.
    homes = {}
    if package := sys.modules[plugin.__module__].__package__:
        # The folder of the outermost package, which may have another name than the package.
        homes[package.partition(".")[0]] = start.parents[package.count(".")]
    else:
        homes[""] = start.parent
        # The file may still lie in a package, and import from it by the package's name.
        for folder in itertools.takewhile(
            lambda one: (one / "__init__.py").is_file(), start.parents
        ):
            homes[folder.name] = folder
    found, waiting = set(), [start]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file, homes)
    return found


def _imported(file: Path, homes: Mapping[str, Path]) -> Iterator[Path]:
    """Yield the files below the homes that a file imports."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module.split(".") if node.module else []
            names = [[*base, alias.name] for alias in node.names]
            if node.level:
                yield from _places(file.parents[node.level - 1], names)
                continue
        else:
            continue
        for top, home in homes.items():
            below = [name[1:] for name in names if name[0] == top] if top else names
            yield from _places(home, below)


def _places(home: Path, names: Iterable[Sequence[str]]) -> Iterator[Path]:
    """Yield the file of each module below a folder, or of the module that holds the name."""
    for parts in names:
        modules = [home.joinpath(*known) for known in (parts, parts[:-1])]
        files = [file for one in modules for file in (one / "__init__.py", one.with_suffix(".py"))]
        yield from [file for file in files if file.is_file() and file.is_relative_to(home)][:1]

"""What `harness list` shows, and a copy on disk: making it imports every plugin, and so JAX.

The copy belongs to the code as it is: to all files of the harness and of the packages that offer
plugins, and to what is installed. It is used for nothing else.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness import cache, files
from harness.errors import CannotWriteError

if TYPE_CHECKING:
    from harness.plugin.registry import Registry


@dataclass(frozen=True)
class Line:
    """A plugin: the first line of its docstring, its owner, and its parameters' defaults."""

    name: str
    description: str
    owner: str
    parameters: dict[str, str]


Listing: TypeAlias = dict[str, list[Line]]
"""Plugins by the plural of their kind."""


def listing(registry: "Registry") -> Listing:
    """Return the lines of all plugins."""
    from harness.plugin.parameters import described
    from harness.plugin.registry import KINDS, PLURALS, describe

    return {
        PLURALS[kind]: [
            Line(one.name, describe(one.factory), one.owner, described(one.factory))
            for one in registry.of(kind)
        ]
        for kind in KINDS
    }


def kept() -> Listing | None:
    """Return the copy that was kept for the code as it is now, or None.

    There is none where HARNESS_PLUGINS names files, which can import anything.
    """
    if os.environ.get("HARNESS_PLUGINS"):
        return None
    with suppress(files.DamagedFileError, OSError, KeyError, TypeError, AttributeError):
        found = files.read_json(_path())
        return {kind: [Line(**line) for line in lines] for kind, lines in found.items()}
    return None


def keep(lines: Listing) -> None:
    """Keep a copy in the user's cache folder, in place of older ones, if it can be written."""
    path = _path()
    with suppress(CannotWriteError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for older in path.parent.glob("*.json"):
            older.unlink(missing_ok=True)
        content = {kind: [asdict(line) for line in of_kind] for kind, of_kind in lines.items()}
        files.write_json(path, content)


def _path() -> Path:
    return cache.listing() / f"{files.fingerprint(_code())}.json"


def _code() -> dict[str, Any]:
    """Return what the listing follows from: versions, folders of packages, and files of code."""
    points = sorted(entry_points(group="harness"), key=lambda point: point.name)
    owners = [(point.name, point.value, getattr(point.dist, "version", "")) for point in points]
    packages = {"harness", *(point.value.partition(":")[0].split(".")[0] for point in points)}
    folders = [Path(entry) for entry in sys.path if entry]
    return {
        "python": sys.version,
        "plugins": owners,
        # The folder of packages changes when one is installed or goes.
        "installed": [_state(folder) for folder in folders if folder.is_dir()],
        "files": [_state(file) for name in sorted(packages) for file in _files(name)],
    }


def _files(package: str) -> Iterator[Path]:
    """Yield the files of a package or module, without importing it."""
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        yield from sorted(Path(folder).rglob("*.py"))
    if spec and spec.origin:
        yield Path(spec.origin)


def _state(path: Path) -> tuple[str, int, int]:
    state = path.stat()
    return str(path), state.st_mtime_ns, state.st_size

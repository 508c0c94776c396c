"""Finds plugins, records who brought each, and keeps a broken one from harming the others."""

import functools
import hashlib
import importlib.util
import inspect
import os
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from harness.errors import UserError, unknown
from harness.files import expanded
from harness.machine import settings
from harness.plugin import hookspecs
from harness.plugin.registry import KINDS, PLURALS, Failure, Plugin, Registry

ONE_FILE = "_harness_plugin_"
"""The prefix of the module names of one-file plugins."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
"""The names that a plugin may have."""


class _Loader:
    """Collects modules into a pluggy manager, one failure at a time."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager("harness")
        self.manager.add_hookspecs(hookspecs)
        self.owners: dict[str, str] = {}
        self.failures: list[Failure] = []

    def add(self, owner: str, source: str, load: Any) -> None:
        """Import a module and register it, or record why that failed."""
        if self.manager.has_plugin(source):
            return
        try:
            with settings.guarded(lambda: "when it is imported"):
                self.manager.register(load(), name=source)
            self.manager.check_pending()
            self.owners[source] = owner
        except (Exception, SystemExit) as error:
            if self.manager.has_plugin(source):
                self.manager.unregister(name=source)
            self.fail(owner, source, _plainly(error))

    def fail(self, owner: str, source: str, error: BaseException) -> None:
        """Record a failure with its traceback."""
        lines = traceback.format_exception(error)
        message = f"{type(error).__name__}: {error}"
        self.failures.append(Failure(owner, source, message, "".join(lines)))

    def collect(self) -> Iterable[Plugin]:
        """Yield what each module registers; each hook of each module is called alone."""
        modules = dict(self.manager.list_name_plugin())
        for source, owner in self.owners.items():
            others = [module for name, module in modules.items() if name != source]
            for kind, abstract in KINDS.items():
                try:
                    caller = self.manager.subset_hook_caller(f"register_{PLURALS[kind]}", others)
                    for factory in (one for answer in caller() for one in _listed(answer)):
                        name = name_of(factory, abstract)
                        yield Plugin(kind, name, owner, factory, source)
                except (Exception, SystemExit) as error:
                    self.fail(owner, source, error)


def _plainly(error: BaseException) -> BaseException:
    """Return a plainer error for an unknown hook, with the nearest name; others unchanged."""
    found = re.match(r"unknown hook '(\w+)'", str(error))
    if not isinstance(error, pluggy.PluginValidationError) or not found:
        return error
    hooks = [f"register_{plural}" for plural in PLURALS.values()]
    plain = TypeError(str(unknown("hook", found[1], hooks)))
    return plain.with_traceback(error.__traceback__)


def _listed(answer: Any) -> Any:
    if inspect.isclass(answer):
        raise TypeError(
            f"a hook returns {answer.__name__}: return a list of classes, [{answer.__name__}]"
        )
    return answer


def name_of(factory: Any, abstract: type[Any]) -> str:
    """Return the name of a plugin class. Raises `TypeError` unless it implements its kind."""
    if not inspect.isclass(factory) or not issubclass(factory, abstract):
        which = (
            f"{factory!r} is an instance: return the class. It"
            if is_dataclass(factory) and not inspect.isclass(factory)
            else f"{factory!r}"
        )
        raise TypeError(f"{which} is not a subclass of harness.{abstract.__name__}")
    missing = ", ".join(sorted(getattr(factory, "__abstractmethods__", ())))
    if missing:
        raise TypeError(f"{factory.__name__} does not implement {missing}")
    if not is_dataclass(factory) or not factory.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise TypeError(f"{factory.__name__} is not a frozen dataclass")
    name = getattr(factory, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise TypeError(
            f"{factory.__name__}.name is {name!r}: set `name: ClassVar[str]` to lower-case "
            "letters, digits, - and _"
        )
    return name


def _import_file(path: Path) -> ModuleType:
    """Import a one-file plugin under a module name that nothing else has."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    name = f"{ONE_FILE}{digest}_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{path}' is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _on_path() -> list[Path]:
    """Return the files that HARNESS_PLUGINS names, and the Python files of its folders."""
    found: list[Path] = []
    for entry in filter(None, os.environ.get("HARNESS_PLUGINS", "").split(os.pathsep)):
        path = expanded(entry)
        found += sorted(path.glob("[!_]*.py")) if path.is_dir() else [path]
    return found


def _owner(point: Any) -> str:
    # Not `EntryPoint`: with the backport `importlib_metadata` imported, points are of its class.
    return _named(point.dist) if point.dist is not None else point.name


@functools.cache  # Each reading parses the whole metadata; a package has an entry point a plugin.
def _named(distribution: Any) -> str:
    return str(distribution.name)


def load(files: Sequence[Path | str] = ()) -> Registry:
    """Return the plugins of all entry points, of HARNESS_PLUGINS, and of the files named.

    A file named here that fails raises `UserError`; any other failure is listed among
    `failures`.
    """
    loader = _Loader()
    for point in sorted(entry_points(group="harness"), key=lambda point: point.name):
        loader.add(_owner(point), f"{_owner(point)}/{point.name}", point.load)
    named = [expanded(file).resolve() for file in files]
    for path in [*named, *(path.resolve() for path in _on_path())]:
        owner = path.stem if path.stem not in loader.owners.values() else str(path)
        loader.add(owner, str(path), lambda path=path: _import_file(path))
    plugins = tuple(loader.collect())
    for failure in loader.failures:
        if failure.source in {str(path) for path in named}:
            raise UserError(
                f"plugin '{failure.source}' failed to load: {failure.error}\n"
                f"{_last_place(failure)}Fix the file, or leave it out."
            )
    return Registry(plugins, tuple(loader.failures))


def _last_place(failure: Failure) -> str:
    """Return the last line of the traceback that lies in the plugin's own file."""
    places = [line.strip() for line in failure.traceback.splitlines() if failure.source in line]
    return f"{places[-1]}\n" if places else ""

"""All plugins that were found, by kind and name, made with their parameters."""

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_type_hints

from harness.errors import UserError, unknown
from harness.plugin.architecture import AbstractArchitecture
from harness.plugin.executor import AbstractExecutor
from harness.plugin.exporter import AbstractExporter
from harness.plugin.intervention import AbstractIntervention
from harness.plugin.metric import AbstractMetric
from harness.plugin.null import AbstractNull
from harness.plugin.observer import AbstractObserver
from harness.plugin.parameters import Selection, build, parse
from harness.plugin.pruner import AbstractPruner
from harness.plugin.schedule import AbstractSchedule
from harness.plugin.study import AbstractStudy
from harness.plugin.task import AbstractTask

Kind: TypeAlias = Literal[
    "task",
    "architecture",
    "pruner",
    "intervention",
    "metric",
    "schedule",
    "study",
    "executor",
    "observer",
    "exporter",
    "null",
]

KINDS: dict[Kind, type[Any]] = {
    "task": AbstractTask,
    "architecture": AbstractArchitecture,
    "pruner": AbstractPruner,
    "intervention": AbstractIntervention,
    "metric": AbstractMetric,
    "schedule": AbstractSchedule,
    "study": AbstractStudy,
    "executor": AbstractExecutor,
    "observer": AbstractObserver,
    "exporter": AbstractExporter,
    "null": AbstractNull,
}
PLURALS: dict[Kind, str] = {kind: f"{kind}s" for kind in KINDS} | {"study": "studies"}


@dataclass(frozen=True)
class Plugin:
    """One registered class: what it is, its name, and who brought it."""

    kind: Kind
    name: str
    owner: str
    factory: type[Any]
    source: str
    """The entry point or the file that it came from."""


@dataclass(frozen=True)
class Failure:
    """A plugin that could not be loaded, or whose hook failed."""

    owner: str
    source: str
    error: str
    traceback: str


@dataclass(frozen=True)
class Registry:
    """All plugins that were found, and those that failed."""

    plugins: tuple[Plugin, ...]
    failures: tuple[Failure, ...]

    def of(self, kind: Kind) -> list[Plugin]:
        """Return the plugins of a kind, by name."""
        found = (plugin for plugin in self.plugins if plugin.kind == kind)
        return sorted(found, key=lambda plugin: (plugin.name, plugin.owner))

    def named(self, name: str) -> list[Plugin]:
        """Return the plugins of any kind called `name`, or `owner:name`."""
        owner, _, short = name.rpartition(":")
        return [
            plugin
            for kind in KINDS
            for plugin in self.of(kind)
            if plugin.name == short and (not owner or plugin.owner == owner)
        ]

    def find(self, kind: Kind, name: str) -> Plugin:
        """Return the plugin called `name` or `owner:name`.

        Raises `UserError` where there is none, or more than one.
        """
        short = name.rpartition(":")[2]
        found = [plugin for plugin in self.named(name) if plugin.kind == kind]
        if len(found) > 1:
            owners = " and ".join(f"'{plugin.owner}'" for plugin in found)
            choices = " or ".join(f"'{plugin.owner}:{short}'" for plugin in found)
            raise UserError(f"{kind} '{short}' is registered by {owners}: write {choices}.")
        if not found:
            broken = [failure.owner for failure in self.failures]
            note = f" (failed to load: {', '.join(broken)}; see `harness list`)" if broken else ""
            names = [plugin.name for plugin in self.of(kind)]
            raise UserError(str(unknown(kind, name, names)) + note)
        return found[0]

    def plugin_of(self, instance: Any) -> Plugin:
        """Return the plugin that an instance is of."""
        return next(plugin for plugin in self.plugins if plugin.factory is type(instance))

    def make(self, kind: Kind, selection: Selection) -> Any:
        """Return an instance of the plugin that a selection names, its parameters checked.

        A parameter that is itself a plugin is given as a selection, a text or a table.
        """
        factory = self.find(kind, selection.name).factory
        return build(factory, self.parameters(kind, selection), kind=kind)

    def parameters(self, kind: Kind, selection: Selection) -> dict[str, Any]:
        """Return the parameters of a selection, with instances of those that are plugins."""
        factory = self.find(kind, selection.name).factory
        parameters = dict(selection.parameters)
        for field, inner in nested(factory).items():
            given = parameters.get(field)
            if not isinstance(given, str | dict):
                continue
            chosen = selections(inner, given)
            if len(chosen) > 1:
                raise UserError(
                    f"{kind} '{selection.name}': {field} = {given!r} names {len(chosen)} {inner}s. "
                    f"A bar outside the quotes makes a grid: {selection.name}[{field}=A|B]."
                )
            parameters[field] = self.make(inner, chosen[0])
        return parameters


def nested(factory: type[Any]) -> dict[str, Kind]:
    """Return the parameters of a plugin that are themselves plugins, with their kinds."""
    hints = get_type_hints(factory)
    return {
        field.name: kind
        for field in dataclasses.fields(factory)
        for kind, abstract in KINDS.items()
        if inspect.isclass(hints[field.name]) and issubclass(hints[field.name], abstract)
    }


def selections(kind: Kind, entry: object) -> list[Selection]:
    """Return what a text or a table selects. Raises `UserError` where it names no plugin."""
    if isinstance(entry, str):
        return parse(entry)
    if not isinstance(entry, Mapping):
        raise UserError(
            f"{kind} = {entry!r}: give its name, with parameters as in name[field=value], or a "
            "table with its `name`."
        )
    name = entry.get("name")
    if not isinstance(name, str):
        raise UserError(f"a {kind} table needs `name`, the {kind}'s name; it has {dict(entry)!r}.")
    return [Selection(name, {field: value for field, value in entry.items() if field != "name"})]


def describe(plugin: type[Any]) -> str:
    """Return the first line of a plugin's docstring, which `harness list` shows."""
    lines = (plugin.__doc__ or "").strip().splitlines()
    return lines[0] if lines else ""

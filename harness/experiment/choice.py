"""One plugin of an experiment with its parameters."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.errors import UserError
from harness.files import fingerprint
from harness.plugin.digest import source_digest
from harness.plugin.metric import AbstractMetric
from harness.plugin.parameters import Selection, changed, label, parse, values
from harness.plugin.registry import Kind, Registry, selections


@dataclass(frozen=True)
class Choice:
    """One plugin with its parameters, made: as the experiment uses it."""

    kind: Kind
    name: str
    owner: str
    instance: Any
    source: str
    follows: "Choice | None" = None
    """The pruner whose masks this one is given, where it follows one."""

    @property
    def chain(self) -> "tuple[Choice, ...]":
        """What it follows, what that follows, and so on, the first first; then itself."""
        return (*(self.follows.chain if self.follows else ()), self)

    @cached_property
    def label(self) -> str:
        """Its name, with the parameters that differ from their defaults."""
        return label(self.name, changed(self.instance))

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides what it does: name, every parameter, source."""
        return {"name": self.name, "parameters": values(self.instance), "source": self.source}

    def table(self) -> dict[str, Any]:
        """As an experiment file holds it, complete."""
        given = {name: value for name, value in values(self.instance).items() if value is not None}
        return {"name": f"{self.owner}:{self.name}", **given}  # TOML has no null


def metric_identity(choice: Choice) -> dict[str, Any]:
    """What a measurement is: the metric with its parameters and source."""
    metric: AbstractMetric = choice.instance
    return {**choice.identity, "needs": sorted(metric.needs)}


def metric_key(choice: Choice) -> str:
    """The name of a measurement within its cell."""
    return f"{choice.name}-{fingerprint(metric_identity(choice))}"


def choices(
    registry: Registry, kind: Kind, asked: Sequence[str | Mapping[str, Any]]
) -> Iterable[Choice]:
    """The plugins of a kind that an experiment asks for, each once, after what it follows."""
    seen: set[str] = set()
    for place, selection in _placed(kind, asked):
        try:
            choice = choice_of(registry, kind, registry.make(kind, selection))
        except UserError as error:
            raise UserError(f"{place}{error}") from None
        # What a pruner follows comes first, asked for or not.
        for one in choice.chain:
            identity = fingerprint({**one.identity, "owner": one.owner})
            if identity not in seen:
                seen.add(identity)
                yield one


def choice_of(registry: Registry, kind: Kind, instance: Any) -> Choice:
    """A plugin that is made, as a choice, with what it follows."""
    plugin = registry.plugin_of(instance)
    follows = getattr(instance, "follows", None)
    return Choice(
        kind,
        plugin.name,
        plugin.owner,
        instance,
        source_digest(instance),
        choice_of(registry, kind, follows) if follows is not None else None,
    )


def _placed(
    kind: Kind, asked: Sequence[str | Mapping[str, Any]]
) -> Iterable[tuple[str, Selection]]:
    """Each selection with its place in the experiment, where that is a table."""
    for number, entry in enumerate(asked):
        place = "" if isinstance(entry, str) else f"{kind}s.{number}: "
        for selection in selections(kind, entry):
            yield place, selection


def pairs(
    registry: Registry,
    tasks: Sequence[str | Mapping[str, Any]],
    architectures: Sequence[str | Mapping[str, Any]],
) -> Iterable[tuple[Choice, Choice]]:
    """Each task with each architecture; with its own where none is named.

    A task's own architecture is `architecture` in its table, or its default. Parameters that it
    had before architectures were plugins, such as `sizes`, are its own architecture's.

    Raises `UserError` where a task with an architecture of its own is given others.
    """
    asked = list(choices(registry, "architecture", architectures))
    seen: set[str] = set()
    for place, selection in _placed("task", tasks):
        try:
            task, own = _apart(registry, selection)
            if asked and own is not None:
                raise UserError(
                    f"task '{task.name}' names an architecture of its own: leave that out, or "
                    "--architecture."
                )
            chosen = choice_of(registry, "task", registry.make("task", task))
            default = parse(chosen.instance.architecture)[0]
            one = registry.make("architecture", own or default)
            beside = asked or [choice_of(registry, "architecture", one)]
        except UserError as error:
            raise UserError(f"{place}{error}") from None
        for architecture in beside:
            identity = fingerprint([chosen.identity, architecture.identity, chosen.owner])
            if identity not in seen:
                seen.add(identity)
                yield chosen, architecture


def _apart(registry: Registry, selection: Selection) -> tuple[Selection, Selection | None]:
    """A task's selection without what is its architecture's, and that one's, if it says any."""
    factory = registry.find("task", selection.name).factory
    values = dict(selection.parameters)
    own = values.pop("architecture", None)
    known = {field.name for field in dataclasses.fields(factory)}
    (default,) = parse(factory.architecture)
    its = registry.find("architecture", default.name).factory
    fields = {field.name for field in dataclasses.fields(its)} - known
    moved = {name: values.pop(name) for name in list(values) if name in fields}
    task = Selection(selection.name, values)
    if own is not None:
        (named,) = selections("architecture", own)
        return task, Selection(named.name, {**named.parameters, **moved})
    if moved:
        return task, Selection(default.name, {**default.parameters, **moved})
    return task, None

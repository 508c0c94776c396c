"""Factors of an experiment that go together: task and architecture, pruner and interventions."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.errors import UserError
from harness.experiment.choice import Choice, choice_of, choices, placed
from harness.files import fingerprint
from harness.plugin.parameters import Selection, changed, label, parse
from harness.plugin.registry import Registry, selections
from harness.plugin.task import AbstractTask


def pairs(
    registry: Registry,
    tasks: Sequence[str | Mapping[str, Any]],
    architectures: Sequence[str | Mapping[str, Any]],
) -> Iterable[tuple[Choice, Choice]]:
    """Yield each task with each architecture, or with its own where none is named.

    A task's own architecture is `architecture` in its table, or its default. Parameters that it
    had before architectures were plugins, such as `sizes`, are its own architecture's. The bare
    name of its default, as `mlp` of `digits`, means the default with its parameters.

    Raises `UserError` where a task with an architecture of its own is given others.
    """
    asked = list(choices(registry, "architecture", architectures))
    bare = {one.name for _, one in placed("architecture", architectures) if not one.parameters}
    seen: set[str] = set()
    for place, selection in placed("task", tasks):
        try:
            task, own = _apart(registry, selection)
            if asked and own is not None:
                raise UserError(
                    f"task '{task.name}' names an architecture of its own: give either that or "
                    "--architecture."
                )
            chosen = choice_of(registry, "task", registry.make("task", task))
            default = parse(chosen.instance.architecture)[0]
            one = registry.make("architecture", own or default)
            its = choice_of(registry, "architecture", one)
            beside = [
                its if one.name in bare & {its.name} and not changed(one.instance) else one
                for one in asked
            ] or [its]
        except UserError as error:
            raise UserError(f"{place}{error}") from None
        for architecture in beside:
            identity = fingerprint([chosen.identity, architecture.identity, chosen.owner])
            if identity not in seen:
                seen.add(identity)
                yield chosen, architecture


def default_schedule(tasks: Iterable[Choice]) -> str:
    """Return the schedule that all tasks name, or `AbstractTask`'s where they name several.

    All get the same, so that no schedule makes tasks differ.
    """
    named = {task.instance.schedule for task in tasks}
    return named.pop() if len(named) == 1 else AbstractTask.schedule


def _apart(registry: Registry, selection: Selection) -> tuple[Selection, Selection | None]:
    """Split off the selection of a task's architecture; None where it has none."""
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
        named, *others = selections("architecture", own)
        if others:
            raise UserError(
                f"task '{task.name}': architecture = {own!r} names {1 + len(others)} "
                "architectures. Give them by --architecture."
            )
        return task, Selection(named.name, {**named.parameters, **moved})
    if moved:
        return task, Selection(default.name, {**default.parameters, **moved})
    return task, None


@dataclass(frozen=True)
class Pruning:
    """A pruner, and the interventions on its masks in the order in which they act."""

    pruner: Choice
    interventions: tuple[Choice, ...] = ()

    @property
    def source(self) -> "Pruning | None":
        """The pruning whose masks the last intervention changes; None without one."""
        if not self.interventions:
            return None
        return dataclasses.replace(self, interventions=self.interventions[:-1])

    @cached_property
    def label(self) -> str:
        """The pruner's label, or the last intervention's with its source as `of` in brackets."""
        if not (source := self.source):
            return self.pruner.label
        last = self.interventions[-1]
        of = {} if source.label == last.instance.of else {"of": source.label}
        return label(last.name, {**changed(last.instance), **of})

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides what it does, as parts of a trial's identity."""
        changes = [one.identity for one in self.interventions]
        return {"pruner": self.pruner.identity, **({"interventions": changes} if changes else {})}

    def table(self) -> dict[str, Any]:
        """Return it as an experiment file holds it, with all parameters."""
        if not (source := self.source):
            return self.pruner.table()
        return {**self.interventions[-1].table(), "of": source.table()}


def prunings(
    registry: Registry,
    pruners: Sequence[str | Mapping[str, Any]],
    interventions: Sequence[str | Mapping[str, Any]],
) -> Iterable[Pruning]:
    """Yield each pruner alone, then with each intervention, each after its source.

    A pruner may be written as an intervention `of` one: `shuffled[of=snip]`.
    """
    asked = list(choices(registry, "intervention", interventions))
    seen: set[str] = set()
    for place, selection in placed("pruner", pruners):
        try:
            whole = _pruning(registry, selection)
        except UserError as error:
            raise UserError(f"{place}{error}") from None
        chain = [
            dataclasses.replace(whole, interventions=whole.interventions[:number])
            for number in range(len(whole.interventions) + 1)
        ]
        more = [
            dataclasses.replace(whole, interventions=(*whole.interventions, one)) for one in asked
        ]
        for one in (*chain, *more):
            identity = fingerprint([one.identity, one.pruner.owner])
            if identity not in seen:
                seen.add(identity)
                yield one


def _pruning(registry: Registry, selection: Selection) -> Pruning:
    """Return the pruner that a selection names, with the interventions written around it."""
    kinds = {plugin.kind for plugin in registry.named(selection.name)}
    if "pruner" in kinds or "intervention" not in kinds:
        return Pruning(choice_of(registry, "pruner", registry.make("pruner", selection)))
    values = dict(selection.parameters)
    of = values.pop("of", registry.find("intervention", selection.name).factory.of)
    if not of:
        raise UserError(
            f"intervention '{selection.name}' changes the masks of a pruner: name it, as in "
            f"{selection.name}[of=random]."
        )
    inner = selections("pruner", of)
    if len(inner) > 1:
        raise UserError(
            f"intervention '{selection.name}': of = {of!r} names {len(inner)} pruners. "
            f"A bar outside the quotes makes a grid: {selection.name}[of=A|B]."
        )
    source = _pruning(registry, inner[0])
    made = registry.make("intervention", Selection(selection.name, values))
    last = choice_of(registry, "intervention", made)
    return dataclasses.replace(source, interventions=(*source.interventions, last))

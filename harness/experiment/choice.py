"""One plugin of an experiment with its parameters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.errors import UserError
from harness.files import fingerprint
from harness.plugin.digest import source_digest
from harness.plugin.metric import AbstractMetric
from harness.plugin.parameters import Selection, changed, label, values
from harness.plugin.registry import Kind, Registry, nested, selections


@dataclass(frozen=True)
class Choice:
    """One plugin made with its parameters, as the experiment uses it."""

    kind: Kind
    name: str
    owner: str
    instance: Any
    source: str
    files: tuple[str, ...] = ()
    """The files that registered it and the plugins within it, where no package did."""

    @cached_property
    def label(self) -> str:
        """Its name, with the parameters that differ from their defaults."""
        return label(self.name, changed(self.instance))

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides what it does: name, every parameter, source."""
        return {"name": self.name, "parameters": values(self.instance), "source": self.source}

    def table(self) -> dict[str, Any]:
        """Return it as an experiment file holds it, with all parameters."""
        given = {name: value for name, value in values(self.instance).items() if value is not None}
        return {"name": f"{self.owner}:{self.name}", **given}  # TOML has no null


def metric_identity(choice: Choice) -> dict[str, Any]:
    """Return what identifies a measurement: the metric with its parameters and source."""
    metric: AbstractMetric = choice.instance
    return {**choice.identity, "needs": sorted(metric.needs)}


def metric_key(choice: Choice) -> str:
    """Return the name of a measurement within its trial."""
    return f"{choice.name}-{fingerprint(metric_identity(choice))}"


def choices(
    registry: Registry, kind: Kind, asked: Sequence[str | Mapping[str, Any]]
) -> Iterable[Choice]:
    """Yield the plugins of a kind that an experiment asks for, each once."""
    seen: set[str] = set()
    for place, selection in placed(kind, asked):
        try:
            choice = choice_of(registry, kind, registry.make(kind, selection))
        except UserError as error:
            raise UserError(f"{place}{error}") from None
        identity = fingerprint({**choice.identity, "owner": choice.owner})
        if identity not in seen:
            seen.add(identity)
            yield choice


def choice_of(registry: Registry, kind: Kind, instance: Any) -> Choice:
    """Return the choice of a plugin's instance."""
    plugin = registry.plugin_of(instance)
    inner = (getattr(instance, field) for field in nested(type(instance)))
    sources = {plugin.source, *(registry.plugin_of(one).source for one in inner)}
    files = tuple(sorted(source for source in sources if source.endswith(".py")))
    return Choice(kind, plugin.name, plugin.owner, instance, source_digest(instance), files)


def placed(kind: Kind, asked: Sequence[str | Mapping[str, Any]]) -> Iterable[tuple[str, Selection]]:
    """Yield each selection, with its place in the experiment where it is a table."""
    for number, entry in enumerate(asked):
        place = "" if isinstance(entry, str) else f"{kind}s.{number}: "
        for selection in selections(kind, entry):
            yield place, selection

"""One plugin of an experiment with its parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.files import fingerprint
from harness.plugin.metric import AbstractMetric
from harness.plugin.parameters import changed, label, values
from harness.plugin.registry import Kind


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

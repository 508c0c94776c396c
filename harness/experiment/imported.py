"""Networks that somebody else's code trained and pruned, as the plan of a run without training.

An import owns its task, architecture, pruners and levels: `imported-DIGEST:NAME`. The digest is of
its networks and losses, so that trials of different files have different keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree

from harness.errors import NoDataError, UserError
from harness.experiment.choice import Choice, choices
from harness.experiment.config import Experiment
from harness.experiment.factors import Pruning
from harness.experiment.plan import Plan
from harness.machine.devices import use_cores
from harness.plugin.architecture import AbstractArchitecture
from harness.plugin.evidence import Evidence
from harness.plugin.parameters import build
from harness.plugin.pruner import AbstractPruner, Update
from harness.plugin.registry import Kind, Registry
from harness.plugin.schedule import AbstractSchedule
from harness.plugin.task import AbstractTask
from harness.sparse.graph import LayeredGraph, layered
from harness.types import Batch, Key, Level, Masks, Network, Shape, Target, TaskData, When

OWNER = "imported-"
"""How the names of the owners of imports begin."""

_UNTRAINED = "networks are imported, without their data and their training"


@dataclass(frozen=True)
class ImportedTask(AbstractTask):
    """A task of which only the name is known."""

    name: ClassVar[str] = "imported"

    @property
    def shape(self) -> Shape:
        """One input and one output: no architecture depends on it."""
        return Shape((1,), 1)

    def data(self, *, seed: int) -> TaskData:
        """Raise `NoDataError`."""
        raise NoDataError(_UNTRAINED)

    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Raise `NoDataError`."""
        raise NoDataError(_UNTRAINED)

    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        """Raise `NoDataError`."""
        raise NoDataError(_UNTRAINED)

    @property
    def units(self) -> Mapping[str, str]:
        """No figures."""
        return {}


@dataclass(frozen=True)
class ImportedArchitecture(AbstractArchitecture):
    """Layers of weights whose forward pass is unknown.

    **Parameters:**

    - `arrays`: the names of the weights, input layer first
    - `sizes`: nodes in each layer, inputs first
    """

    name: ClassVar[str] = "imported"
    arrays: tuple[str, ...]
    sizes: tuple[int, ...]

    def network(self, shape: Shape, *, key: Key) -> Network:
        """Return weights of zero, by name, each out x in."""
        shapes = zip(self.sizes[1:], self.sizes[:-1], strict=True)
        return {name: jnp.zeros(one) for name, one in zip(self.arrays, shapes, strict=True)}

    def prunable(self, network: Network) -> Masks:
        """Return masks of all weights."""
        return {name: jnp.ones(network[name].shape, bool) for name in self.arrays}

    def graph(self, network: Network, masks: Masks, view: str) -> LayeredGraph:
        """Return the nodes by layer, without biases."""
        return layered([masks[name] for name in self.arrays])

    def forward(self, network: Network, inputs: Array) -> Array:
        """Raise `NoDataError`."""
        raise NoDataError(_UNTRAINED)


@dataclass(frozen=True)
class ImportedPruner(AbstractPruner):
    """A pruner of which only the results are known."""

    name: ClassVar[str] = "imported"
    when: ClassVar[When] = "level"

    def step(
        self, evidence: Evidence, target: Target, state: PyTree, *, key: Key
    ) -> tuple[Update, PyTree]:
        """Raise `NoDataError`."""
        raise NoDataError(_UNTRAINED)


@dataclass(frozen=True)
class ImportedLevels(AbstractSchedule):
    """The densities of networks whose training is unknown.

    **Parameters:**

    - `densities`: kept / all weights at each level, falling
    """

    name: ClassVar[str] = "imported"
    densities: tuple[float, ...]
    batch_size: int = 0

    def levels(self) -> tuple[Level, ...]:
        """Return the levels, of no steps."""
        return tuple(Level(density, 0) for density in self.densities)

    def optimizer(self) -> optax.GradientTransformation:
        """Raise `NoDataError`."""
        raise NoDataError(_UNTRAINED)


_CLASSES: dict[Kind, type[Any]] = {
    "task": ImportedTask,
    "architecture": ImportedArchitecture,
    "pruner": ImportedPruner,
    "schedule": ImportedLevels,
}


def experiment(
    digest: str,
    name: str,
    layers: Mapping[str, Sequence[Any]],
    pruners: Sequence[str],
    densities: Sequence[float],
    metrics: Sequence[str | Mapping[str, Any]],
    networks: int,
    *,
    keep_weights: bool,
) -> Experiment:
    """Return the experiment of an import; `layers` are the parameters of its architecture."""

    def owned(named: str, **parameters: Any) -> dict[str, Any]:
        return {"name": f"{OWNER}{digest}:{named}", **parameters}

    return Experiment(
        tasks=(owned(name),),
        architectures=(owned("layers", **layers),),
        pruners=tuple(map(owned, pruners)),
        schedules=(owned("levels", densities=list(densities)),),
        metrics=tuple(one if isinstance(one, str) else dict(one) for one in metrics),
        networks=networks,
        block_width=networks,
        keep_weights=keep_weights,
    )


def is_import(asked: Experiment) -> bool:
    """Return whether an experiment is that of an import."""
    names = [one if isinstance(one, str) else str(one.get("name")) for one in asked.tasks]
    return all(name.startswith(OWNER) for name in names)


def plan(asked: Experiment, registry: Registry) -> Plan:
    """Return the plan of an import; `registry` has its metrics."""
    use_cores()
    one_each = (asked.tasks, asked.architectures, asked.schedules)
    if any(len(tables) != 1 for tables in one_each):
        raise UserError("the experiment of an import has one task, architecture and schedule.")
    (task,), (architecture,), (levels,) = one_each
    return Plan(
        asked,
        ((_choice("task", task), _choice("architecture", architecture)),),
        tuple(Pruning(_choice("pruner", one)) for one in asked.pruners),
        (_choice("schedule", levels),),
        tuple(choices(registry, "metric", asked.metrics)),
        asked.networks,
    )


def _choice(kind: Kind, table: Any) -> Choice:
    parameters = {} if isinstance(table, str) else dict(table)
    owner, _, name = str(parameters.pop("name", "")).rpartition(":")
    if not owner.startswith(OWNER):
        raise UserError(f"{kind} '{table}' is of no import, unlike the task. Import again.")
    return Choice(kind, name, owner, build(_CLASSES[kind], parameters, kind=kind), source=owner)

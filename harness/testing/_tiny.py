"""Tasks, a schedule and a pruner so small that a contract is checked in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from annotated_types import Ge
from jaxtyping import Array, Float

from harness.plugin.evidence import Evidence
from harness.plugin.pruner import ScorePruner
from harness.plugin.schedule import AbstractSchedule
from harness.plugin.task import AbstractTask
from harness.sparse.graph import Digraph, LayeredGraph, layered
from harness.sparse.masks import leaf_map
from harness.types import Batch, Key, Level, Masks, Network, Quantity, TaskData, Weights, When


class TinyNetwork(eqx.Module):
    """Two dense layers; weights are out x in."""

    first: Float[Array, "hidden inputs"]
    second: Float[Array, "outputs hidden"]
    bias: Float[Array, " hidden"]
    linear: bool = eqx.field(static=True, default=False)


@dataclass(frozen=True)
class TinyTask(AbstractTask):
    """A smooth function of five numbers, learnt by a network of 5-12-3 nodes.

    **Parameters:**

    - `rows`: of all three splits together
    """

    name: ClassVar[str] = "tiny"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations", "output-loss"})
    rows: Annotated[int, Ge(20)] = 200

    def data(self, *, seed: int) -> TaskData:
        """Rows drawn at random, split 60/20/20 %."""
        draws = np.random.default_rng(seed)
        inputs = draws.uniform(-1, 1, (self.rows, 5)).astype(np.float32)
        targets = np.sin(inputs[:, :3] * 2 + inputs[:, 2:]).astype(np.float32)
        first, second = 3 * self.rows // 5, 4 * self.rows // 5
        train, validation, test = (
            Batch(inputs[part], targets[part])
            for part in (slice(first), slice(first, second), slice(second, None))
        )
        return TaskData(
            train,
            validation,
            test,
            inputs=tuple(Quantity(f"x{index}", "1") for index in range(5)),
            outputs=tuple(Quantity(f"y{index}", "1") for index in range(3)),
        )

    def network(self, *, key: Key) -> TinyNetwork:
        """Normal weights, no biases to begin with."""
        return _initial(12, key)

    def _hidden(self, network: TinyNetwork, inputs: Array) -> Array:
        entering = inputs @ network.first.T + network.bias[None, :]
        return entering if network.linear else jnp.tanh(entering)

    def forward(self, network: TinyNetwork, inputs: Array) -> Array:
        """Outputs, rows first."""
        return self._hidden(network, inputs) @ network.second.T

    def loss(self, network: TinyNetwork, batch: Batch) -> Float[Array, ""]:
        """Mean squared error."""
        outputs = self.forward(network, jnp.asarray(batch.inputs))
        return self.output_loss(outputs, jnp.asarray(batch.targets))

    def output_loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Mean squared error."""
        return jnp.mean((outputs - targets) ** 2)

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """The mean squared error of the mean targets."""
        return float(np.mean((held_out.targets - np.mean(train.targets, axis=0)) ** 2))

    def evaluate(
        self, network: TinyNetwork, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Root mean squared error."""
        return {"rmse": jnp.sqrt(self.loss(network, batch))}

    @property
    def units(self) -> Mapping[str, str]:
        """No units."""
        return {"rmse": "1"}

    def prunable(self, network: TinyNetwork) -> Masks:
        """Both weight matrices."""
        return {
            "first": jnp.ones_like(network.first, bool),
            "second": jnp.ones_like(network.second, bool),
        }

    def wiring(self, network: Network, masks: Masks) -> LayeredGraph:
        """Three layers of nodes."""
        return layered([masks["first"], masks["second"]])

    def linearised(self, network: TinyNetwork) -> TinyNetwork:
        """Without the tanh."""
        return TinyNetwork(network.first, network.second, network.bias, linear=True)

    def activations(self, network: TinyNetwork, inputs: Array) -> dict[str, Array]:
        """Inputs of both layers."""
        return {"first": inputs, "second": self._hidden(network, inputs)}


def _initial(hidden: int, key: Key) -> TinyNetwork:
    one, two = jax.random.split(key)
    first, second = jax.random.normal(one, (hidden, 5)), jax.random.normal(two, (3, hidden))
    return TinyNetwork(first / 2, second / 2, jnp.zeros(hidden))


@dataclass(frozen=True)
class DigraphTask(TinyTask):
    """The same task, its wiring seen as a digraph without layers."""

    name: ClassVar[str] = "tiny-digraph"

    def wiring(self, network: Network, masks: Masks) -> Digraph:  # type: ignore[override]
        """All nodes in one adjacency matrix, source x target."""
        first, second = masks["first"].swapaxes(-1, -2), masks["second"].swapaxes(-1, -2)
        (inputs, hidden), outputs = first.shape[-2:], second.shape[-1]
        nodes = inputs + hidden + outputs
        adjacency = jnp.zeros((nodes, nodes), bool)
        adjacency = adjacency.at[:inputs, inputs : inputs + hidden].set(first)
        adjacency = adjacency.at[inputs : inputs + hidden, inputs + hidden :].set(second)
        places = np.arange(nodes)
        return Digraph(adjacency, places < inputs, places >= inputs + hidden)


@dataclass(frozen=True)
class OtherTask(TinyTask):
    """The same task for smaller networks: what else may run in the process of a check."""

    name: ClassVar[str] = "tiny-other"

    def network(self, *, key: Key) -> TinyNetwork:
        """Seven hidden nodes in place of twelve."""
        return _initial(7, key)


@dataclass(frozen=True)
class Largest(ScorePruner):
    """Keep the largest weights: the pruner of the networks that metrics are checked on."""

    name: ClassVar[str] = "largest"
    when: ClassVar[When] = "level"

    def score(self, evidence: Evidence, *, key: Key) -> Weights:
        """|w|."""
        return leaf_map(jnp.abs, evidence.weights)


@dataclass(frozen=True)
class TinySchedule(AbstractSchedule):
    """Four levels of few steps.

    **Parameters:**

    - `batch_size`: rows of a step
    - `steps`: of each level
    """

    name: ClassVar[str] = "tiny"
    batch_size: Annotated[int, Ge(1)] = 16
    steps: Annotated[int, Ge(1)] = 20

    def levels(self) -> tuple[Level, ...]:
        """From dense to an eighth."""
        return tuple(Level(density, self.steps) for density in (1.0, 0.6, 0.3, 0.125))

    def optimizer(self) -> optax.GradientTransformation:
        """Adam."""
        return optax.adam(1e-2)

"""Tiny plugins, on which contracts are checked in seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from annotated_types import Ge, Len
from jaxtyping import Array, Float

from harness.datasets import split
from harness.plugin.architecture import AbstractArchitecture
from harness.plugin.evidence import Evidence
from harness.plugin.model import Model
from harness.plugin.pruner import ScorePruner
from harness.plugin.schedule import AbstractSchedule
from harness.plugin.task import AbstractTask
from harness.sparse.graph import Digraph, LayeredGraph, layered
from harness.sparse.masks import leaf_map
from harness.types import (
    Batch,
    InputKind,
    Key,
    Level,
    Masks,
    Quantity,
    Shape,
    TaskData,
    Weights,
    When,
)


class TinyNetwork(eqx.Module):
    """Two dense layers; weights are out x in. Inputs of several axes are flattened."""

    first: Float[Array, "hidden inputs"]
    second: Float[Array, "outputs hidden"]
    bias: Float[Array, " hidden"]
    linear: bool = eqx.field(static=True, default=False)

    def hidden(self, inputs: Array) -> Array:
        """Signals of the hidden nodes for a batch."""
        entering = inputs.reshape(len(inputs), -1) @ self.first.T + self.bias[None, :]
        return entering if self.linear else jnp.tanh(entering)


@dataclass(frozen=True)
class TinyTask(AbstractTask):
    """A smooth function of five numbers, or of a sequence or an image of numbers.

    **Parameters:**

    - `rows`: number of rows of all three splits together
    - `inputs`: the shape of one input
    """

    name: ClassVar[str] = "tiny"
    architecture: ClassVar[str] = "tiny"
    rows: Annotated[int, Ge(20)] = 200
    inputs: Annotated[tuple[Annotated[int, Ge(1)], ...], Len(1, 3)] = (5,)

    @property
    def shape(self) -> Shape:
        """Three outputs."""
        return Shape(self.inputs, 3)

    def data(self, *, seed: int) -> TaskData:
        """Rows drawn at random, split 60/20/20 %."""
        draws = np.random.default_rng(seed)
        inputs = draws.uniform(-1, 1, (self.rows, *self.inputs)).astype(np.float32)
        flat = inputs.reshape(self.rows, -1)
        targets = np.sin(flat[:, :3] * 2 + flat[:, 2:5]).astype(np.float32)
        return TaskData(
            *split(inputs, targets, (0.6, 0.2)),
            inputs=tuple(Quantity(f"x{index}", "1") for index in range(flat.shape[1])),
            outputs=tuple(Quantity(f"y{index}", "1") for index in range(3)),
        )

    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Mean squared error."""
        return jnp.mean((outputs - targets) ** 2)

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """The mean squared error of the mean targets."""
        return float(np.mean((held_out.targets - np.mean(train.targets, axis=0)) ** 2))

    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        """Root mean squared error."""
        return {"rmse": jnp.sqrt(self.loss(outputs, jnp.asarray(batch.targets)))}

    @property
    def units(self) -> Mapping[str, str]:
        """No units."""
        return {"rmse": "1"}


@dataclass(frozen=True)
class TinyArchitecture(AbstractArchitecture):
    """One hidden layer.

    **Parameters:**

    - `hidden`: number of its nodes
    """

    name: ClassVar[str] = "tiny"
    takes: ClassVar[frozenset[InputKind]] = frozenset({"vector", "sequence", "image"})
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
    hidden: Annotated[int, Ge(1)] = 12

    def network(self, shape: Shape, *, key: Key) -> TinyNetwork:
        """Normal weights, no biases to begin with."""
        one, two = jax.random.split(key)
        first = jax.random.normal(one, (self.hidden, math.prod(shape.inputs)))
        second = jax.random.normal(two, (shape.outputs, self.hidden))
        return TinyNetwork(first / 2, second / 2, jnp.zeros(self.hidden))

    def forward(self, network: TinyNetwork, inputs: Array) -> Array:
        """Outputs, rows first."""
        return network.hidden(inputs) @ network.second.T

    def prunable(self, network: TinyNetwork) -> Masks:
        """Both weight matrices."""
        return {
            "first": jnp.ones_like(network.first, bool),
            "second": jnp.ones_like(network.second, bool),
        }

    def graph(self, network: TinyNetwork, masks: Masks, view: str) -> LayeredGraph | Digraph:
        """Three layers of nodes."""
        return layered([masks["first"], masks["second"]])

    def linearised(self, network: TinyNetwork) -> TinyNetwork:
        """Without the tanh."""
        return TinyNetwork(network.first, network.second, network.bias, linear=True)

    def activations(self, network: TinyNetwork, inputs: Array) -> dict[str, Array]:
        """Inputs of both layers."""
        return {"first": inputs.reshape(len(inputs), -1), "second": network.hidden(inputs)}


@dataclass(frozen=True)
class TinyDigraph(TinyArchitecture):
    """The same network, its graph without layers."""

    name: ClassVar[str] = "tiny-digraph"
    views: ClassVar[Mapping[str, str]] = {"digraph": "all nodes in one adjacency matrix"}

    def graph(self, network: TinyNetwork, masks: Masks, view: str) -> Digraph:
        """All nodes in one adjacency matrix, source x target."""
        first, second = masks["first"].swapaxes(-1, -2), masks["second"].swapaxes(-1, -2)
        (inputs, hidden), outputs = first.shape[-2:], second.shape[-1]
        nodes = inputs + hidden + outputs
        adjacency = jnp.zeros((nodes, nodes), bool)
        adjacency = adjacency.at[:inputs, inputs : inputs + hidden].set(first)
        adjacency = adjacency.at[inputs : inputs + hidden, inputs + hidden :].set(second)
        places = np.arange(nodes)
        return Digraph(adjacency, places < inputs, places >= inputs + hidden)


def tiny_model(hidden: int = 12) -> Model:
    """Return a tiny network on the tiny task, with this number of hidden nodes."""
    return Model(TinyTask(), TinyArchitecture(hidden))


@dataclass(frozen=True)
class Largest(ScorePruner):
    """Keep the largest weights; metrics are checked on networks that this pruner made."""

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
    - `steps`: steps of each level
    """

    name: ClassVar[str] = "tiny"
    batch_size: Annotated[int, Ge(1)] = 16
    steps: Annotated[int, Ge(1)] = 20

    def levels(self) -> tuple[Level, ...]:
        """From dense to an eighth."""
        first = Level(1.0, self.steps, snapshots=(0,))  # for metrics that read initial weights
        return (first, *(Level(density, self.steps) for density in (0.6, 0.3, 0.125)))

    def optimizer(self) -> optax.GradientTransformation:
        """Adam."""
        return optax.adam(1e-2)

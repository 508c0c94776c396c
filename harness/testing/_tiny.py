"""A task and a schedule so small that a contract is checked in seconds."""

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

from harness.abstract import AbstractSchedule, AbstractTask
from harness.graph import LayeredGraph, layered
from harness.types import Batch, Key, Level, Masks, Network, Quantity, TaskData


class TinyNetwork(eqx.Module):
    """Two dense layers; weights are out x in."""

    first: Float[Array, "hidden inputs"]
    second: Float[Array, "outputs hidden"]
    bias: Float[Array, " hidden"]
    linear: bool = eqx.field(static=True, default=False)


@dataclass(frozen=True)
class TinyTask(AbstractTask):
    """A smooth function of five numbers, learnt by a network of 5-12-3 nodes."""

    name: ClassVar[str] = "tiny"
    offers: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})
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
        one, two = jax.random.split(key)
        return TinyNetwork(
            jax.random.normal(one, (12, 5)) / 2, jax.random.normal(two, (3, 12)) / 2, jnp.zeros(12)
        )

    def _hidden(self, network: TinyNetwork, inputs: Array) -> Array:
        entering = inputs @ network.first.T + network.bias[None, :]
        return entering if network.linear else jnp.tanh(entering)

    def forward(self, network: TinyNetwork, inputs: Array) -> Array:
        """Outputs, rows first."""
        return self._hidden(network, inputs) @ network.second.T

    def loss(self, network: TinyNetwork, batch: Batch) -> Float[Array, ""]:
        """Mean squared error."""
        return jnp.mean((self.forward(network, jnp.asarray(batch.inputs)) - batch.targets) ** 2)

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


@dataclass(frozen=True)
class TinySchedule(AbstractSchedule):
    """Four levels of few steps."""

    name: ClassVar[str] = "tiny"
    batch_size: Annotated[int, Ge(1)] = 16
    steps: Annotated[int, Ge(1)] = 20

    def levels(self) -> tuple[Level, ...]:
        """From dense to an eighth."""
        return tuple(Level(density, self.steps) for density in (1.0, 0.6, 0.3, 0.125))

    def optimizer(self) -> optax.GradientTransformation:
        """Adam."""
        return optax.adam(1e-2)

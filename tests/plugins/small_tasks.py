"""A one-file plugin for tests: a convolutional and a recurrent task, and the tiny one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness import (
    AbstractTask,
    Batch,
    Digraph,
    LayeredGraph,
    Quantity,
    TaskData,
    hookimpl,
    layered,
)
from harness.testing import TinySchedule, TinyTask
from harness.types import Key, Masks


def rows(inputs: np.ndarray, targets: np.ndarray) -> TaskData:
    """Inputs and targets as data of a task, split 60/20/20 %."""
    first, second = 3 * len(inputs) // 5, 4 * len(inputs) // 5
    parts = (slice(first), slice(first, second), slice(second, None))
    splits = (Batch(inputs[part], targets[part]) for part in parts)
    return TaskData(*splits, inputs=(Quantity("x", "1"),), outputs=(Quantity("y", "1"),))


class Convolution(eqx.Module):
    """One convolution of 2 -> 4 channels over 8 places, and a dense layer of its channel means."""

    convolution: eqx.nn.Conv1d
    head: eqx.nn.Linear


@dataclass(frozen=True)
class SmallConvolution(AbstractTask):
    """Tell rising from falling ramps in noise."""

    name: ClassVar[str] = "small-convolution"

    def data(self, *, seed: int) -> TaskData:
        draws = np.random.default_rng(seed)
        slope = draws.choice([-1.0, 1.0], 120)
        inputs = slope[:, None, None] * np.linspace(-1, 1, 8) + draws.normal(size=(120, 2, 8))
        return rows(inputs.astype(np.float32), slope[:, None].astype(np.float32))

    def network(self, *, key: Key) -> Convolution:
        one, two = jax.random.split(key)
        return Convolution(eqx.nn.Conv1d(2, 4, 3, key=one), eqx.nn.Linear(4, 1, key=two))

    def forward(self, network: Convolution, inputs: Array) -> Array:
        def one(row: Array) -> Array:
            return network.head(jnp.mean(jnp.tanh(network.convolution(row)), axis=-1))

        return jax.vmap(one)(inputs)

    def loss(self, network: Convolution, batch: Batch) -> Float[Array, ""]:
        return jnp.mean((self.forward(network, jnp.asarray(batch.inputs)) - batch.targets) ** 2)

    def evaluate(
        self, network: Convolution, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        right = jnp.sign(self.forward(network, jnp.asarray(batch.inputs))) == batch.targets
        return {"accuracy": jnp.mean(right.astype(jnp.float32))}

    @property
    def units(self) -> Mapping[str, str]:
        return {"accuracy": "1"}

    def prunable(self, network: Convolution) -> Masks:
        kernel = jnp.ones_like(network.convolution.weight, bool)
        # The middle tap of the first filter always acts: prunable entries, not only leaves.
        return {
            "convolution.weight": kernel.at[0, :, 1].set(False),
            "head.weight": jnp.ones_like(network.head.weight, bool),
        }

    def wiring(self, network: Convolution, masks: Masks) -> LayeredGraph:
        """Channels are nodes; two channels are connected where any tap between them is."""
        return layered([masks["convolution.weight"].any(axis=-1), masks["head.weight"]])


class Recurrence(eqx.Module):
    """Elman's network: inputs, six recurrent nodes, one output."""

    entering: Float[Array, "hidden inputs"]
    recurrent: Float[Array, "hidden hidden"]
    leaving: Float[Array, "outputs hidden"]


@dataclass(frozen=True)
class SmallRecurrence(AbstractTask):
    """Add up a sequence of five numbers."""

    name: ClassVar[str] = "small-recurrence"

    def data(self, *, seed: int) -> TaskData:
        inputs = np.random.default_rng(seed).uniform(-0.5, 0.5, (120, 5, 1)).astype(np.float32)
        return rows(inputs, inputs.sum(axis=1))

    def network(self, *, key: Key) -> Recurrence:
        keys = jax.random.split(key, 3)
        shapes = ((6, 1), (6, 6), (1, 6))
        return Recurrence(
            *(jax.random.normal(own, shape) / 3 for own, shape in zip(keys, shapes, strict=True))
        )

    def forward(self, network: Recurrence, inputs: Array) -> Array:
        def step(state: Array, now: Array) -> tuple[Array, None]:
            return jnp.tanh(now @ network.entering.T + state @ network.recurrent.T), None

        first = jnp.zeros((inputs.shape[0], 6), inputs.dtype)
        last, _ = jax.lax.scan(step, first, jnp.swapaxes(inputs, 0, 1))
        return last @ network.leaving.T

    def loss(self, network: Recurrence, batch: Batch) -> Float[Array, ""]:
        return jnp.mean((self.forward(network, jnp.asarray(batch.inputs)) - batch.targets) ** 2)

    def evaluate(
        self, network: Recurrence, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        return {"rmse": jnp.sqrt(self.loss(network, batch))}

    @property
    def units(self) -> Mapping[str, str]:
        return {"rmse": "1"}

    def prunable(self, network: Recurrence) -> Masks:
        names = ("entering", "recurrent", "leaving")
        return {name: jnp.ones_like(getattr(network, name), bool) for name in names}

    def wiring(self, network: Recurrence, masks: Masks) -> Digraph:
        """Eight nodes: the input, six recurrent ones, the output."""
        wires = jnp.zeros((8, 8), bool)
        wires = wires.at[:1, 1:7].set(masks["entering"].T)
        wires = wires.at[1:7, 1:7].set(masks["recurrent"].T)
        wires = wires.at[1:7, 7:].set(masks["leaving"].T)
        places = np.arange(8)
        return Digraph(wires, places == 0, places == 7)


@hookimpl
def register_tasks() -> list[type[AbstractTask]]:
    """Offer the tasks to the harness."""
    return [SmallConvolution, SmallRecurrence, TinyTask]


@hookimpl
def register_schedules() -> list[type[TinySchedule]]:
    """Offer a schedule of four short levels."""
    return [TinySchedule]

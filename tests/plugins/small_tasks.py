"""A one-file plugin for tests: two tasks with architectures for them, and the tiny ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness import (
    AbstractArchitecture,
    AbstractTask,
    Batch,
    Digraph,
    LayeredGraph,
    Quantity,
    Shape,
    TaskData,
    hookimpl,
    layered,
    split,
)
from harness.testing import TinyArchitecture, TinyDigraph, TinySchedule, TinyTask
from harness.types import InputKind, Key, Masks


def rows(inputs: np.ndarray, targets: np.ndarray) -> TaskData:
    """Inputs and targets as data of a task, split 60/20/20 %."""
    names = ((Quantity("x", "1"),), (Quantity("y", "1"),))
    return TaskData(*split(inputs, targets, (0.6, 0.2)), *names)


@dataclass(frozen=True)
class Ramps(AbstractTask):
    """Tell rising from falling ramps in noise."""

    name: ClassVar[str] = "small-convolution"
    architecture: ClassVar[str] = "small-convolution"

    @property
    def shape(self) -> Shape:
        return Shape((8, 2), 1)

    def data(self, *, seed: int) -> TaskData:
        draws = np.random.default_rng(seed)
        slope = draws.choice([-1.0, 1.0], 120)
        inputs = slope[:, None, None] * np.linspace(-1, 1, 8) + draws.normal(size=(120, 2, 8))
        signals = inputs.swapaxes(1, 2).astype(np.float32)
        return rows(signals, slope[:, None].astype(np.float32))

    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        return jnp.mean((outputs - targets) ** 2)

    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        right = jnp.sign(outputs) == batch.targets
        return {"accuracy": jnp.mean(right.astype(jnp.float32))}

    @property
    def units(self) -> Mapping[str, str]:
        return {"accuracy": "1"}


class Convolution(eqx.Module):
    """One convolution into 4 channels over the steps, and a dense layer of its channel means."""

    convolution: eqx.nn.Conv1d
    head: eqx.nn.Linear

    def __call__(self, sequence: Array) -> Array:
        return self.head(jnp.mean(jnp.tanh(self.convolution(sequence.T)), axis=-1))


@dataclass(frozen=True)
class SmallConvolution(AbstractArchitecture):
    """A convolution with a kernel of three steps."""

    name: ClassVar[str] = "small-convolution"
    takes: ClassVar[frozenset[InputKind]] = frozenset({"sequence"})
    views: ClassVar[Mapping[str, str]] = {"channels": "a node is a channel"}

    def network(self, shape: Shape, *, key: Key) -> Convolution:
        one, two = jax.random.split(key)
        kernel = eqx.nn.Conv1d(shape.inputs[1], 4, 3, key=one)
        return Convolution(kernel, eqx.nn.Linear(4, shape.outputs, key=two))

    def prunable(self, network: Convolution) -> Masks:
        kernel = jnp.ones_like(network.convolution.weight, bool)
        # The middle tap of the first filter always acts: prunable entries, not only leaves.
        return {
            "convolution.weight": kernel.at[0, :, 1].set(False),
            "head.weight": jnp.ones_like(network.head.weight, bool),
        }

    def graph(self, network: Convolution, masks: Masks, view: str) -> LayeredGraph:
        """Two channels are connected where any tap between them is."""
        return layered([masks["convolution.weight"].any(axis=-1), masks["head.weight"]])


@dataclass(frozen=True)
class Sums(AbstractTask):
    """Add up a sequence of five numbers."""

    name: ClassVar[str] = "small-recurrence"
    architecture: ClassVar[str] = "small-recurrence"

    @property
    def shape(self) -> Shape:
        return Shape((5, 1), 1)

    def data(self, *, seed: int) -> TaskData:
        inputs = np.random.default_rng(seed).uniform(-0.5, 0.5, (120, 5, 1)).astype(np.float32)
        return rows(inputs, inputs.sum(axis=1))

    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        return jnp.mean((outputs - targets) ** 2)

    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        return {"rmse": jnp.sqrt(self.loss(outputs, jnp.asarray(batch.targets)))}

    @property
    def units(self) -> Mapping[str, str]:
        return {"rmse": "1"}


class Recurrence(eqx.Module):
    """Elman's network: inputs, six recurrent nodes, outputs."""

    entering: Float[Array, "hidden inputs"]
    recurrent: Float[Array, "hidden hidden"]
    leaving: Float[Array, "outputs hidden"]

    def __call__(self, sequence: Array) -> Array:
        def step(state: Array, now: Array) -> tuple[Array, None]:
            return jnp.tanh(self.entering @ now + self.recurrent @ state), None

        last, _ = jax.lax.scan(step, jnp.zeros(len(self.recurrent), sequence.dtype), sequence)
        return self.leaving @ last


@dataclass(frozen=True)
class SmallRecurrence(AbstractArchitecture):
    """Six recurrent nodes."""

    name: ClassVar[str] = "small-recurrence"
    takes: ClassVar[frozenset[InputKind]] = frozenset({"sequence"})
    views: ClassVar[Mapping[str, str]] = {"digraph": "inputs, recurrent nodes, outputs"}

    def network(self, shape: Shape, *, key: Key) -> Recurrence:
        shapes = ((6, shape.inputs[1]), (6, 6), (shape.outputs, 6))
        keys = zip(jax.random.split(key, 3), shapes, strict=True)
        return Recurrence(*(jax.random.normal(own, shape) / 3 for own, shape in keys))

    def prunable(self, network: Recurrence) -> Masks:
        names = ("entering", "recurrent", "leaving")
        return {name: jnp.ones_like(getattr(network, name), bool) for name in names}

    def graph(self, network: Recurrence, masks: Masks, view: str) -> Digraph:
        entering, leaving = masks["entering"].T, masks["leaving"].T
        first, last = len(entering), len(entering) + 6
        nodes = last + leaving.shape[1]
        wires = jnp.zeros((nodes, nodes), bool)
        wires = wires.at[:first, first:last].set(entering)
        wires = wires.at[first:last, first:last].set(masks["recurrent"].T)
        wires = wires.at[first:last, last:].set(leaving)
        places = np.arange(nodes)
        return Digraph(wires, places < first, places >= last)


@hookimpl
def register_tasks() -> list[type[AbstractTask]]:
    """Offer the tasks to the harness."""
    return [Ramps, Sums, TinyTask]


@hookimpl
def register_architectures() -> list[type[AbstractArchitecture]]:
    """Offer the architectures to the harness."""
    return [SmallConvolution, SmallRecurrence, TinyArchitecture, TinyDigraph]


@hookimpl
def register_schedules() -> list[type[TinySchedule]]:
    """Offer a schedule of four short levels."""
    return [TinySchedule]

"""The adding problem, and a vanilla recurrent network with two graphs."""

from dataclasses import dataclass, replace
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import harness
from harness import Quantity, Shape


class RNN(eqx.Module):
    """h' = tanh(U x + W h + b), y = V h."""

    into: jax.Array
    recurrent: jax.Array
    out: jax.Array
    bias: jax.Array
    steps: int = eqx.field(static=True)
    linear: bool = eqx.field(static=True, default=False)

    def states(self, sequence):
        """The units before the first step and after each, (steps + 1, units)."""

        def step(h, x):
            h = self.into @ x + self.recurrent @ h + self.bias
            return (h if self.linear else jnp.tanh(h),) * 2

        start = jnp.zeros_like(self.bias)
        return jnp.concatenate([start[None], jax.lax.scan(step, start, sequence)[1]])

    def __call__(self, sequence):
        return self.out @ self.states(sequence)[-1]


@dataclass(frozen=True)
class Vanilla(harness.AbstractArchitecture):
    """A vanilla recurrent network with tanh.

    **Parameters:** `width`: its units.
    """

    name: ClassVar[str] = "rnn"
    takes: ClassVar = frozenset({"sequence"})
    offers: ClassVar = frozenset({"linear", "activations"})
    views: ClassVar = {"recurrent": "inputs, units, outputs", "unrolled": "a layer for each step"}
    width: int = 24

    def network(self, shape, *, key):
        (steps, inputs), n, keys = shape.inputs, self.width, jax.random.split(key, 3)
        pairs = zip(keys, ((n, inputs), (n, n), (shape.outputs, n)), strict=True)
        weights = [jax.random.normal(k, size) / size[1] ** 0.5 for k, size in pairs]
        return RNN(*weights, jnp.zeros(n), steps)

    def graph(self, network, masks, view):
        u, w, v = (masks[name] for name in ("into", "recurrent", "out"))
        if view == "unrolled":  # only the first inputs: later ones have no place in layers
            return harness.layered([u, *[w] * (network.steps - 1), v])
        return harness.recurrent(u, w, v)

    def linearised(self, network):
        return replace(network, linear=True)

    def activations(self, network, inputs):
        states = jax.vmap(network.states)(inputs).swapaxes(1, 2)
        entering = inputs.swapaxes(1, 2)
        return {"into": entering, "recurrent": states[..., :-1], "out": states[..., -1]}


@dataclass(frozen=True)
class Adding(harness.RegressionTask):
    """The adding problem: the sum of two marked numbers of a sequence.

    Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735. **Parameters:** `time`: steps
    of a sequence; `rows` of all splits.
    """

    name: ClassVar[str] = "adding"
    architecture: ClassVar[str] = "rnn"
    inputs: ClassVar = (Quantity("number", "1"), Quantity("mark", "1"))
    outputs: ClassVar = (Quantity("sum", "1"),)
    time: int = 8
    rows: int = 4000

    @property
    def shape(self):
        return Shape((self.time, 2), 1)

    def data(self, *, seed):
        draws, half = np.random.default_rng(seed), self.time // 2
        numbers = draws.uniform(-0.5, 0.5, (self.rows, self.time)).astype(np.float32)
        places = draws.integers(0, half, (self.rows, 2)) + np.array([0, half])  # one in each half
        marks = (np.arange(self.time) == places[..., None]).any(1).astype(np.float32)
        sums = (numbers * marks).sum(1, keepdims=True)
        splits = harness.split(np.stack([numbers, marks], axis=-1), sums)
        return harness.TaskData(*splits, self.inputs, self.outputs)


@harness.hookimpl
def register_tasks():
    return [Adding]


@harness.hookimpl
def register_architectures():
    return [Vanilla]

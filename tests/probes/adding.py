"""The adding problem, and a vanilla recurrent network with two graphs."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import harness
from harness import Quantity, Shape


class Cell(eqx.Module):
    """h' = tanh(U x + W h + b)."""

    into: jax.Array
    recurrent: jax.Array
    bias: jax.Array

    def __call__(self, x, h):
        return jnp.tanh(self.into @ x + self.recurrent @ h + self.bias)


@dataclass(frozen=True)
class Vanilla(harness.RecurrentArchitecture):
    """A vanilla recurrent network with tanh.

    **Parameters:** `width`: its units.
    """

    name: ClassVar[str] = "own-rnn"
    into: ClassVar = "cell.into"
    within: ClassVar = "cell.recurrent"
    width: int = 24

    def cell(self, inputs, *, key):
        draws = [jax.random.normal(key, (self.width, n)) / n**0.5 for n in (inputs, self.width)]
        return Cell(*draws, jnp.zeros(self.width))


@dataclass(frozen=True)
class Adding(harness.RegressionTask):
    """The adding problem: the sum of two marked numbers of a sequence.

    Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735. **Parameters:** `time`: steps
    of a sequence; `rows` of all splits.
    """

    name: ClassVar[str] = "own-adding"
    architecture: ClassVar[str] = "own-rnn"
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

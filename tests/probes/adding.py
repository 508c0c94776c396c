"""The adding problem, and a recurrent network of Equinox's own cell with two graphs."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import numpy as np

import harness
from harness import Quantity, Shape


@dataclass(frozen=True)
class Gated(harness.RecurrentArchitecture):
    """A gated recurrent network, whose edges are kept by any gate.

    **Parameters:** `width`: its units.
    """

    name: ClassVar[str] = "own-rnn"
    width: int = 24

    def cell(self, inputs, *, key):
        return eqx.nn.GRUCell(inputs, self.width, key=key)


@dataclass(frozen=True)
class Adding(harness.RegressionTask):
    """The adding problem: the sum of two marked numbers of a sequence.

    Hochreiter and Schmidhuber (1997). **Parameters:** `time`: steps; `rows` of all splits.
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
    return [Gated]

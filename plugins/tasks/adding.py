"""The adding problem: a memory task for recurrent networks."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import jax
import numpy as np
from annotated_types import Ge

from harness import Quantity, RegressionTask, Shape, TaskData, hookimpl, split, stream


@dataclass(frozen=True)
class Adding(RegressionTask):
    """The adding problem: add up the two marked numbers of a sequence.

    Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735, in the form of Arjovsky, Shah
    and Bengio (2016), arXiv 1511.06464: numbers are uniform in [0, 1], and one number in each half
    of a sequence has the mark 1, the others 0. The best constant, 1, has a mean squared error of
    1/6.

    **Parameters:**

    - `steps`: numbers in a sequence
    - `rows`: sequences in all three splits together
    """

    name: ClassVar[str] = "adding"
    architecture: ClassVar[str] = "rnn"
    inputs: ClassVar[tuple[Quantity, ...]] = (Quantity("number", "1"), Quantity("mark", "1"))
    outputs: ClassVar[tuple[Quantity, ...]] = (Quantity("sum", "1"),)
    steps: Annotated[int, Ge(2)] = 10
    rows: Annotated[int, Ge(100)] = 20_000

    @property
    def shape(self) -> Shape:
        """Return the shape of a sequence of numbers with their marks, and one output."""
        return Shape((self.steps, len(self.inputs)), len(self.outputs))

    def data(self, *, seed: int) -> TaskData:
        """Return sequences drawn from the seed, split 64/16/20 % in the order of drawing."""
        draws = np.random.default_rng(np.asarray(jax.random.key_data(stream(seed, "data"))))
        numbers = draws.random((self.rows, self.steps), np.float32)
        half = self.steps // 2
        first, second = (draws.integers(low, high, (self.rows, 1))
                         for low, high in ((0, half), (half, self.steps)))  # fmt: skip
        place = np.arange(self.steps)
        marks = ((place == first) | (place == second)).astype(np.float32)
        sums = (numbers * marks).sum(axis=1, keepdims=True)
        splits = split(np.stack([numbers, marks], axis=-1), sums)
        return TaskData(*splits, self.inputs, self.outputs)


@hookimpl
def register_tasks() -> list[type[Adding]]:
    """Offer the task to the harness."""
    return [Adding]

"""Memorising: any task with the targets of its training rows shuffled."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Array, Float
from pydantic import InstanceOf

from harness import AbstractTask, Batch, Shape, TaskData, hookimpl, stream

from .digits import Digits


@dataclass(frozen=True)
class ShuffledTargets(AbstractTask):
    """Memorise: another task's training rows, with targets that do not follow from the inputs.

    Zhang, Bengio, Hardt, Recht and Vinyals (2017), arXiv 1611.03530: targets are permuted among the
    training rows, which keeps how inputs and targets are distributed, each by itself. Nothing can
    be learnt for other rows, so that validation and test are memorised rows too, with the targets
    that were given for them: a network is judged by what it still recalls. Figures of the
    other task that need more than targets, such as the flight errors of `moth`, judge its true
    relation, not what is recalled.

    **Parameters:**

    - `of`: the task whose targets are shuffled
    """

    name: ClassVar[str] = "shuffled-targets"
    of: InstanceOf[AbstractTask] = field(default_factory=Digits)

    def __post_init__(self) -> None:
        object.__setattr__(self, "architecture", self.of.architecture)

    @property
    def shape(self) -> Shape:
        """The other task's shape."""
        return self.of.shape

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The other task's shapes."""
        return self.of.shapes

    def data(self, *, seed: int) -> TaskData:
        """Return the other task's training rows with targets permuted by the seed.

        The first of them are for validation and the last for the test, as many as the other task
        has where there are enough.
        """
        data = self.of.data(seed=seed)
        inputs, targets = data.train
        key = stream(seed, "shuffled targets")
        targets = targets[np.asarray(jax.random.permutation(key, len(targets)))]
        validation, test = len(data.validation.targets), len(data.test.targets)
        return dataclasses.replace(
            data,
            train=Batch(inputs, targets),
            validation=Batch(inputs[:validation], targets[:validation]),
            test=Batch(inputs[-test:], targets[-test:]),
        )

    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Return the other task's loss."""
        return self.of.loss(outputs, targets)

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """Return the loss of the constant output that is best for the other task."""
        return self.of.constant_loss(train, held_out)

    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        """Return the other task's figures, against the targets as they were permuted."""
        return self.of.evaluate(outputs, batch, data)

    @property
    def units(self) -> Mapping[str, str]:
        """The other task's units."""
        return self.of.units


@hookimpl
def register_tasks() -> list[type[ShuffledTargets]]:
    """Offer the task to the harness."""
    return [ShuffledTargets]

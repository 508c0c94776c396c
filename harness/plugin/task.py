"""The interface of a task: data, loss, and the evaluation of outputs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.types import Batch, Quantity, Shape, TaskData

Route = Float[Array, "points paths 2"]
Steering = Callable[[Callable[[Array], Array], TaskData], tuple[Route, Route]]
"""Of a network's outputs for inputs, rows first, and the data: paths to follow and paths taken."""


class AbstractTask(ABC):
    """Data, a loss and an evaluation of outputs. Networks come from an architecture.

    `loss` and `evaluate` are traced, under `jit` and `vmap`, for the outputs of one network.
    """

    name: ClassVar[str]
    architecture: ClassVar[str] = "mlp"
    """The architecture of its networks where none is named, as `name[field=value]`."""
    schedule: ClassVar[str] = "quick"
    """The schedule of their training where none is named, as `name[field=value]`."""

    travels: ClassVar[str] = ""
    """The unit of length of the plane in which networks steer something; empty if nothing moves."""

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """The shape of one input, and the number of outputs."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes that one input can be given in, its own first.

        All hold the same numbers in the same order: an architecture gets the first that it takes.
        """
        return (self.shape,)

    @abstractmethod
    def data(self, *, seed: int) -> TaskData:
        """Return the data set of a data seed. Called once a trial, before training, on the host."""

    @abstractmethod
    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Return the training loss of a network's outputs, a mean over their rows."""

    @abstractmethod
    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        """Return figures of merit of the outputs for held-out rows, by the names in `units`.

        The loss need not be among them. Where it is, as `loss`, it is not computed a second time.
        """

    @property
    @abstractmethod
    def units(self) -> Mapping[str, str]:
        """The name of every figure that `evaluate` returns, with its unit ("1" if it has none)."""

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """Return the loss on `held_out` of the best constant output, chosen on `train`.

        A network that is no better has learnt nothing from its inputs. Called
        once a trial, on the host, with NumPy arrays. NaN, the default, means unknown.
        """
        return float("nan")

    def steering(self, number: int) -> Steering:
        """Return how a network steers along at most so many paths, the same for every network.

        Called on the host where `travels` is set. What it returns is traced, and gives places in
        the unit `travels`, from the start on; NaN after a motion that could not be solved.
        """
        raise NotImplementedError(f"task '{self.name}' has nothing that moves")


class RegressionTask(AbstractTask):
    """A task whose targets are numbers, with the mean squared error as its loss.

    Where `data.scales` has a `target_range`, as `harness.scaled` gives it, errors have units.
    """

    inputs: ClassVar[tuple[Quantity, ...]]
    outputs: ClassVar[tuple[Quantity, ...]]

    @property
    def shape(self) -> Shape:
        """A vector of the inputs, and all outputs."""
        return Shape((len(self.inputs),), len(self.outputs))

    def loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Return the mean squared error of the scaled outputs."""
        return jnp.mean((outputs - targets) ** 2)

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """Return the loss of the mean targets, which minimise it on the training rows."""
        best = np.mean(train.targets, axis=0, dtype=np.float64)
        return float(np.mean((held_out.targets - best) ** 2))

    def evaluate(self, outputs: Array, batch: Batch, data: TaskData) -> dict[str, Float[Array, ""]]:
        """Return the root mean squared error of each output, in its unit."""
        errors = jnp.sqrt(jnp.mean((outputs - batch.targets) ** 2, axis=0))
        errors = errors * data.scales.get("target_range", np.ones(len(self.outputs), np.float32))
        return {f"rmse {out.name}": errors[i] for i, out in enumerate(self.outputs)}

    @property
    def units(self) -> Mapping[str, str]:
        """The units of the outputs."""
        return {f"rmse {out.name}": out.unit for out in self.outputs}

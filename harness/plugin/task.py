"""The interface of a task: data, loss, evaluation, and the network that it trains."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from jaxtyping import Array, Float

from harness.sparse.graph import Digraph, LayeredGraph
from harness.types import Batch, Key, Masks, Network, TaskData


class AbstractTask(ABC):
    """Data, a network architecture, a loss and an evaluation.

    All methods but `data` are traced: called inside `jit` and `vmap`, on one network.
    """

    name: ClassVar[str]
    offers: ClassVar[frozenset[str]] = frozenset()
    """What the task can give pruners beyond a loss: "linear", "activations" and "output-loss"."""

    @abstractmethod
    def data(self, *, seed: int) -> TaskData:
        """The data set of a data seed. Called once for each cell, before training, on the host."""

    @abstractmethod
    def network(self, *, key: Key) -> Network:
        """One network with its initial weights. Its inexact arrays are trained."""

    @abstractmethod
    def forward(self, network: Network, inputs: Array) -> Array:
        """Outputs of the network for a batch of inputs, both with the rows first."""

    @abstractmethod
    def loss(self, network: Network, batch: Batch) -> Float[Array, ""]:
        """The training loss, a mean over the rows of the batch."""

    @abstractmethod
    def evaluate(
        self, network: Network, batch: Batch, data: TaskData
    ) -> dict[str, Float[Array, ""]]:
        """Figures of merit on held-out rows, by the names that `units` lists.

        The loss need not be among them. Where it is, as `loss`, it is not computed a second time.
        """

    def constant_loss(self, train: Batch, held_out: Batch) -> float:
        """The loss on `held_out` of the best output that ignores its input, chosen on `train`.

        A network that is no better has learnt nothing of its inputs, whatever its wiring. Called
        once for each cell, on the host, with NumPy arrays. NaN, the default, means unknown.
        """
        return float("nan")

    @property
    @abstractmethod
    def units(self) -> Mapping[str, str]:
        """The name of every figure that `evaluate` returns, with its unit ("1" if it has none)."""

    @abstractmethod
    def prunable(self, network: Network) -> Masks:
        """Which entries of which leaves may be pruned. Entries that are False always act."""

    @abstractmethod
    def wiring(self, network: Network, masks: Masks) -> LayeredGraph | Digraph:
        """The graph that metrics see, given the masks of one network."""

    def linearised(self, network: Network) -> Network:
        """The same network without its nonlinearities. Called where `offers` has "linear"."""
        raise NotImplementedError(f"task '{self.name}' offers no linear network")

    def activations(self, network: Network, inputs: Array) -> dict[str, Array]:
        """What enters each prunable weight, rows first. Called where `offers` has "activations".

        For a weight (out, in): (rows, in). For a kernel (out, in, *size) of a convolution: what it
        slides over, (rows, in, *places), padding left out. For a weight that is used several times
        for a row, as at each step of a sequence: (rows, in, times). Leaves of one axis, such as
        biases, need not be there.
        """
        raise NotImplementedError(f"task '{self.name}' offers no activations")

    def output_loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """The loss, given the outputs of `forward`. Called where `offers` has "output-loss"."""
        raise NotImplementedError(f"task '{self.name}' offers no loss of outputs")

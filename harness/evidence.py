"""What a pruner may look at: one network, at one moment."""

from functools import cached_property
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from harness import masks as mask_algebra
from harness.types import Batch, Key, Masks, Network, Weights

if TYPE_CHECKING:
    from harness.abstract import AbstractTask


class Evidence:
    """One network with its mask, its past and its training data.

    Lives inside `jit` and `vmap`; what is not read is not computed. `weights` arguments are what
    acts: pass `evidence.effective` for the network as it is, anything else for what-ifs. The
    gradient of `loss` with respect to them is therefore dense, also where the mask is False.
    """

    def __init__(
        self,
        task: "AbstractTask",
        network: Network,
        *,
        mask: Masks,
        initial: Network,
        rewind_point: Network,
        train: Batch,
        batch_size: int,
        batch_key: Key,
        gathered: PyTree = (),
        progress: Float[Array, ""] | float = 0.0,
        gathered_steps: Int[Array, ""] | int = 0,
    ) -> None:
        self.network = network
        self.mask = mask
        self.initial = initial
        self.rewind_point = rewind_point
        self.gathered = gathered
        self.gathered_steps = gathered_steps
        self.progress = progress
        self._task = task
        self._train = train
        self._batch_size = batch_size
        self._batch_key = batch_key

    @cached_property
    def prunable(self) -> Masks:
        """Which entries may be pruned, as the task says."""
        return self._task.prunable(self.network)

    @cached_property
    def weights(self) -> Weights:
        """Raw values of the prunable leaves: pruned weights keep the value they had."""
        return mask_algebra.select(self.network, self.mask)

    @cached_property
    def effective(self) -> Weights:
        """The prunable leaves as they act: zero where pruned."""
        return mask_algebra.apply(self.weights, self.mask)

    @cached_property
    def initial_weights(self) -> Weights:
        """The prunable leaves before training."""
        return mask_algebra.select(self.initial, self.mask)

    def batches(self, number: int) -> Batch:
        """`number` batches of training rows, drawn at random, the same for all networks.

        Arrays have shape (number, batch, ...).
        """
        rows = self._train.inputs.shape[0]
        indices = jax.random.randint(self._batch_key, (number, self._batch_size), 0, rows)
        return Batch(
            jnp.asarray(self._train.inputs)[indices], jnp.asarray(self._train.targets)[indices]
        )

    def loss(self, weights: Weights, batch: Batch) -> Float[Array, ""]:
        """The task's loss with `weights` acting."""
        return self._task.loss(mask_algebra.replace(self.network, weights), batch)

    def forward(self, weights: Weights, inputs: Array) -> Array:
        """The network's outputs with `weights` acting."""
        return self._task.forward(mask_algebra.replace(self.network, weights), inputs)

    def linear_forward(self, weights: Weights, inputs: Array) -> Array:
        """Outputs without nonlinearities. The pruner's `needs` must have "linear"."""
        network = self._task.linearised(mask_algebra.replace(self.network, weights))
        return self._task.forward(network, inputs)

    def activations(self, weights: Weights, inputs: Array) -> dict[str, Array]:
        """What enters each prunable leaf. The pruner's `needs` must have "activations"."""
        return self._task.activations(mask_algebra.replace(self.network, weights), inputs)

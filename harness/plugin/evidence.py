"""What a pruner may look at: one network, at one moment."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from harness.plugin.model import Model
from harness.sparse import masks as mask_algebra
from harness.sparse.graph import Digraph, LayeredGraph
from harness.types import Batch, Frozen, Key, Masks, Network, Weights


class Evidence:
    """One network with its mask, its past and its training data.

    It is used inside `jit` and `vmap`; only what is read is computed. `weights` arguments replace
    the network's own: pass `evidence.effective` for the network as it is, other weights to ask what
    if; trained arrays that they do not name stay as they are. No mask is applied to them, so the
    gradient of `loss` is dense. Nothing is cached: all may be read inside `scan` and `grad` too.
    """

    def __init__(
        self,
        model: Model,
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
        frozen: Frozen | None = None,
    ) -> None:
        self.network = network
        self.mask = mask
        self.initial = initial
        self.rewind_point = rewind_point
        self.gathered = gathered
        self.gathered_steps = gathered_steps
        self.progress = progress
        self._frozen = frozen
        self._model = model
        self._train = train
        self._batch_size = batch_size
        self._batch_key = batch_key

    @property
    def prunable(self) -> Masks:
        """Which entries may be pruned, as the architecture says."""
        return self._model.prunable(self.network)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the prunable leaves in the order in which signals pass them."""
        return tuple(self._model.prunable(self.network))

    def graph(self, masks: Masks, view: str | None = None) -> LayeredGraph | Digraph:
        """Return the wiring of the network under these masks, in a view of its architecture."""
        return self._model.graph(self.network, masks, view)

    @property
    def free(self) -> Masks:
        """What is prunable of leaves that the level has not frozen.

        Whatever a pruner does to frozen leaves is undone.
        """
        if self._frozen is None:
            return self.prunable
        still = self._frozen
        return {name: may & ~still[name] for name, may in self.prunable.items()}

    @property
    def candidates(self) -> Masks:
        """The prunable entries not yet pruned: a mask that only shrinks chooses among them."""
        return mask_algebra.leaf_map(jnp.logical_and, self.mask, self.prunable)

    @property
    def weights(self) -> Weights:
        """Raw values of the prunable leaves: pruned weights keep the value they had."""
        return mask_algebra.select(self.network, self.mask)

    @property
    def effective(self) -> Weights:
        """The masked values of the prunable leaves: zero where pruned."""
        return mask_algebra.apply(self.weights, self.mask)

    @property
    def parameters(self) -> Weights:
        """Raw values of all trained arrays by name, including those that may not be pruned."""
        trained = eqx.filter(self.network, eqx.is_inexact_array)
        return mask_algebra.select(trained, mask_algebra.leaf_names(trained))

    @property
    def initial_weights(self) -> Weights:
        """The prunable leaves before training."""
        return mask_algebra.select(self.initial, self.mask)

    def batches(self, number: int) -> Batch:
        """Return `number` random batches of training rows, the same for all networks.

        Arrays have shape (number, batch, ...).
        """
        return self._rows(number, self._batch_size)

    def examples(self, number: int) -> Batch:
        """Return `number` random training rows, each a batch of one: (number, 1, ...)."""
        return self._rows(number, 1)

    def _rows(self, number: int, size: int) -> Batch:
        rows = self._train.inputs.shape[0]
        chosen = jax.random.randint(self._batch_key, (number, size), 0, rows)
        return Batch(
            jnp.asarray(self._train.inputs)[chosen], jnp.asarray(self._train.targets)[chosen]
        )

    def mean(self, function: Callable[[Any], PyTree], stacked: PyTree) -> PyTree:
        """Return the mean of `function` over a stack, such as `batches(8)`, one at a time."""

        def add(total: PyTree, one: PyTree) -> tuple[PyTree, None]:
            return jax.tree.map(jnp.add, total, function(one)), None

        number = jax.tree.leaves(stacked)[0].shape[0]
        first = jax.eval_shape(function, jax.tree.map(lambda leaf: leaf[0], stacked))
        nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), first)
        total, _ = jax.lax.scan(add, nothing, stacked)
        return jax.tree.map(lambda leaf: leaf / number, total)

    def gradient(self, weights: Weights, batch: Batch) -> Weights:
        """Return the gradient of `loss` with respect to the weights, also where masked."""
        return jax.grad(self.loss)(weights, batch)

    def loss(self, weights: Weights, batch: Batch) -> Float[Array, ""]:
        """Return the task's loss of the network with these weights."""
        return self._model.loss(mask_algebra.replace(self.network, weights), batch)

    def output_loss(self, outputs: Array, targets: Array) -> Float[Array, ""]:
        """Return the loss of these outputs. The pruner's `needs` must have "output-loss"."""
        return self._model.output_loss(outputs, targets)

    def forward(self, weights: Weights, inputs: Array) -> Array:
        """Return the outputs of the network with these weights."""
        return self._model.forward(mask_algebra.replace(self.network, weights), inputs)

    def linear_forward(self, weights: Weights, inputs: Array) -> Array:
        """Return outputs without nonlinearities. The pruner's `needs` must have "linear"."""
        network = self._model.linearised(mask_algebra.replace(self.network, weights))
        return self._model.forward(network, inputs)

    def activations(self, weights: Weights, inputs: Array) -> dict[str, Array]:
        """Return what enters each leaf. The pruner's `needs` must have "activations"."""
        return self._model.activations(mask_algebra.replace(self.network, weights), inputs)

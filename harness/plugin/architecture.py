"""The interface of an architecture: a network, what of it is prunable, its graphs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from harness.networks import Stateful, called
from harness.sparse.graph import Digraph, LayeredGraph
from harness.sparse.masks import leaf_names
from harness.types import InputKind, Key, Masks, Network, Shape


class AbstractArchitecture(ABC):
    """Builds networks from one input of a task to its outputs, and says what their wiring is.

    A network is an Equinox module; its inexact arrays are trained. All methods are traced, under
    `jit` and `vmap`, for one network.
    """

    name: ClassVar[str]
    takes: ClassVar[frozenset[InputKind]] = frozenset({"vector"})
    """The kinds of input that its networks take. On other tasks it is skipped, with that reason."""
    offers: ClassVar[frozenset[str]] = frozenset()
    """What it can give pruners: "linear" and "activations"."""
    views: ClassVar[Mapping[str, str]] = {"layers": "nodes by layer"}
    """The graphs of one network by name, each with what its nodes are; the first is the default."""

    @property
    def stochastic(self) -> bool:
        """Whether its networks draw in training, as dropout does: they get a `key` then."""
        return False

    def reason_not_to_fit(self, shape: Shape) -> str | None:
        """Return why it cannot take inputs of a kind that it takes, and what would fit, or None."""
        return None

    @abstractmethod
    def network(self, shape: Shape, *, key: Key) -> Network:
        """Return one network with its initial weights."""

    @abstractmethod
    def graph(self, network: Network, masks: Masks, view: str) -> LayeredGraph | Digraph:
        """Return the wiring of one network under these masks, as the view of that name shows it."""

    def prunable(self, network: Network) -> Masks:
        """Return which entries of which leaves may be pruned. Entries that are False always act.

        The leaves stand in the order in which signals pass them, inputs first. By default: all
        entries of trained arrays of two axes or more, except what Equinox keeps as `bias`, in the
        order of the network's fields.
        """
        named = zip(leaf_names(network), jax.tree.leaves(network), strict=True)
        return {
            name: jnp.ones(leaf.shape, bool)
            for name, leaf in named
            if eqx.is_inexact_array(leaf) and leaf.ndim > 1 and not name.endswith("bias")
        }

    def forward(self, network: Network, inputs: Array) -> Array:
        """Return the outputs for a batch of inputs, both with the rows first, as evaluated.

        The default calls the network on each row, in Equinox's inference mode: without dropout, and
        with the running means of a `harness.Stateful` network.
        """
        quiet = eqx.nn.inference_mode(network)
        return jax.vmap(lambda row: called(quiet, row))(inputs)

    def train_forward(
        self, network: Network, inputs: Array, *, key: Key
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the outputs in training, and the memory of a stateful network after the batch.

        Called where `stochastic` is set or the network is `harness.Stateful`. The default calls it
        on each row, with `key=` where it is stochastic, and with its state where it has one; the
        rows share the axis name "batch". The memory of other networks is empty.
        """
        drawn = jax.random.split(key, len(inputs)) if self.stochastic else None

        def call(row: Array, own: Key | None, *state: eqx.nn.State) -> Any:
            module = network.network if state else network
            return module(row, *state) if own is None else module(row, *state, key=own)

        if not isinstance(network, Stateful):
            return jax.vmap(call)(inputs, drawn), ()
        by_row = jax.vmap(call, (0, 0, None), (0, None), axis_name="batch")
        outputs, state = by_row(inputs, drawn, network.state)
        return outputs, Stateful.of(network.network, state).memory

    def linearised(self, network: Network) -> Network:
        """Return the network without its nonlinearities. Called where `offers` has "linear"."""
        raise NotImplementedError(f"architecture '{self.name}' offers no linear network")

    def activations(self, network: Network, inputs: Array) -> dict[str, Array]:
        """Return what enters each prunable weight, rows first. Called where `offers` has it.

        For a weight (out, in): (rows, in). For a kernel (out, in, *size) of a convolution: what it
        slides over, (rows, in, *places), padding left out. For a weight that is used several times
        for a row, as at each step of a sequence: (rows, in, times). Leaves of one axis, such as
        biases, may be left out.
        """
        raise NotImplementedError(f"architecture '{self.name}' offers no activations")

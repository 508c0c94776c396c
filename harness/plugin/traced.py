"""An architecture whose leaves, order, graphs and activations are read off its network's calls."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from harness.networks import Stateful, called
from harness.networks.convolution import convolved
from harness.networks.signals import (
    Layer,
    Signals,
    Sized,
    Use,
    entering,
    signals,
    tapped,
    weights,
    wired,
)
from harness.plugin.architecture import AbstractArchitecture
from harness.sparse.graph import Digraph, LayeredGraph, layered
from harness.types import Key, Masks, Network, Shape

_AVERAGES = {
    eqx.nn.MaxPool1d: eqx.nn.AvgPool1d,
    eqx.nn.MaxPool2d: eqx.nn.AvgPool2d,
    eqx.nn.MaxPool3d: eqx.nn.AvgPool3d,
}


class TracedArchitecture(AbstractArchitecture):
    """An architecture given by its module alone.

    For any Equinox module whose weights are in `equinox.nn.Linear` and `equinox.nn.Conv` layers,
    which it calls: `equinox.nn.MLP`, `equinox.nn.Sequential`, or your own modules. Between layers
    there may be activations, pooling, normalisation, sums: no other weights of two axes or more.

    There are three views. In "channels" and "units" each layer reads only the one before it; where
    some layer reads more, as after a skip connection, name "digraph" in `views` instead. Biases
    are not part of the wiring. A layer that is called several times is wired once for each call.
    """

    offers: ClassVar[frozenset[str]] = frozenset({"activations"})
    """Add "linear" where every activation is a field of the module, so that it can be replaced."""
    views: ClassVar[Mapping[str, str]] = {
        "channels": "a node is an input, a channel of a convolution, or a unit",
        "units": "a node is an input, a channel at a place, or a unit",
    }

    @abstractmethod
    def module(self, shape: Shape, *, key: Key) -> Any:
        """Return one module with its initial weights, or `eqx.nn.make_with_state`'s pair."""

    def network(self, shape: Shape, *, key: Key) -> Network:
        """Return the module with the shape of its inputs, and with its state where it has one."""
        made = self.module(shape, key=key)
        if isinstance(made, tuple):
            module, state = made
            return Stateful.of(Sized(module, shape.inputs), state)
        return Sized(made, shape.inputs)

    def forward(self, network: Network, inputs: Array) -> Array:
        """Return the outputs for a batch, convolutions taken as matrix products."""
        return super().forward(tapped(network, _product), inputs)

    def train_forward(
        self, network: Network, inputs: Array, *, key: Key
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the outputs in training, convolutions taken as matrix products."""
        return super().train_forward(tapped(network, _product), inputs, key=key)

    def prunable(self, network: Network) -> Masks:
        """Return all weights of the layers, in the order of their calls."""
        quiet = eqx.nn.inference_mode(network)
        shapes = weights(called, quiet, _inputs(network))
        return {name: jnp.ones(shape, bool) for name, shape in shapes.items()}

    def graph(self, network: Network, masks: Masks, view: str) -> LayeredGraph | Digraph:
        """Return the wiring in one of the three views.

        **Errors:** ValueError where a layer reads more than the one before it and the view is not
        "digraph": the nodes then form no layers.
        """
        found = signals(called, eqx.nn.inference_mode(network), _inputs(network))
        if view == "digraph":
            return _digraph(found, masks)
        if not found.is_chain:
            raise ValueError(
                f"in the network of '{self.name}' some layer reads more than the layer before it: "
                f"name the view 'digraph' in `views`, not '{view}'"
            )
        return _layers(found, masks, by_channel=view == "channels")

    def linearised(self, network: Network) -> Network:
        """Return the same weights without activations, and with means in place of maxima."""

        def pools(part: Any) -> bool:
            return isinstance(part, eqx.nn.Pool)

        def plain(part: Any) -> Any:
            if pools(part):
                mean = _AVERAGES.get(type(part))
                return mean(part.kernel_size, part.stride, part.padding) if mean else part
            return jax.nn.identity if _is_activation(part) else part

        return jax.tree.map(plain, network, is_leaf=pools)

    def activations(self, network: Network, inputs: Array) -> dict[str, Array]:
        """Return what enters each weight, rows first."""
        quiet = eqx.nn.inference_mode(network)
        return jax.vmap(lambda row: entering(called, quiet, row))(inputs)


def _is_activation(part: Any) -> bool:
    """Return whether it is a function that keeps the shape of its argument."""
    if eqx.is_array(part) or not callable(part):
        return False
    block = jax.ShapeDtypeStruct((2, 3), jnp.float32)
    return bool(jax.eval_shape(part, block).shape == block.shape)


def _product(name: str, layer: Layer, x: Array) -> Array:
    return convolved(layer, x) if isinstance(layer, eqx.nn.Conv) else layer(x)


def _inputs(network: Network) -> tuple[int, ...]:
    sized: Sized = network.network if isinstance(network, Stateful) else network
    return sized.inputs


def _layers(found: Signals, masks: Masks, *, by_channel: bool) -> LayeredGraph:
    """Return the uses of layers as layers of nodes: channels or units."""
    sizes = [found.inputs, *(use.outputs for use in found.uses)]
    wires = []
    for use, before in zip(found.uses, sizes, strict=False):
        reads = use.reads[-1]
        if not by_channel:
            wires.append(_wired(use, masks, reads).swapaxes(-1, -2))
            continue
        sources = np.any(reads.reshape(before[0], -1, reads.shape[-1]), axis=1)
        joined = _wired(use, masks, sources)
        wires.append(joined.reshape(before[0], use.outputs[0], -1).any(axis=-1).T)
    return layered(wires)


def _wired(use: Use, masks: Masks, reads: Bool[np.ndarray, "_sources _inputs"]) -> Array:
    mask = masks[use.name]
    if isinstance(use.layer, eqx.nn.Linear) and _is_identity(reads):
        return mask.T
    return wired(use, mask, reads)


def _is_identity(reads: np.ndarray) -> bool:
    return reads.shape[0] == reads.shape[1] and bool(
        (reads == np.eye(len(reads), dtype=bool)).all()
    )


def _digraph(found: Signals, masks: Masks) -> Digraph:
    """Return all units in one graph: the inputs, then the outputs of each use of a layer."""
    sizes = [int(np.prod(found.inputs)), *(int(np.prod(use.outputs)) for use in found.uses)]
    starts = np.cumsum([0, *sizes])
    wires = jnp.zeros((starts[-1], starts[-1]), bool)
    for number, use in enumerate(found.uses, start=1):
        for place, reads in enumerate(use.reads):
            if reads.any():
                rows = slice(starts[place], starts[place + 1])
                columns = slice(starts[number], starts[number + 1])
                wires = wires.at[rows, columns].set(_wired(use, masks, reads))
    ends = np.concatenate([reached.any(axis=1) for reached in found.ends])
    return Digraph(wires, np.arange(starts[-1]) < sizes[0], ends)

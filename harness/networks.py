"""For authors of architectures: a multilayer perceptron, and networks that remember batches."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from harness.sparse.graph import LayeredGraph, layered
from harness.types import Key, Masks

Activation: TypeAlias = Literal["tanh", "relu", "gelu", "silu", "sigmoid", "identity"]

ROWS = 512
"""More rows are taken a part at a time: the signals of all would not fit into the caches."""


class MLP(eqx.Module):
    """Dense layers with `activation` between them and a linear output.

    The leaves are called `layers.N.weight`, out x in, and `layers.N.bias`.
    """

    layers: tuple[eqx.nn.Linear, ...]
    activation: Activation = eqx.field(static=True)

    @classmethod
    def normal(
        cls, sizes: Sequence[int], *, activation: Activation, scale: float, key: Key
    ) -> "MLP":
        """Return a network with weights drawn from N(0, `scale`\u00b2) and biases of zero.

        `sizes` are those of all layers of nodes, inputs and outputs included.
        """
        keys = jax.random.split(key, len(sizes) - 1)
        layers = []
        for sources, targets, layer_key in zip(sizes, sizes[1:], keys, strict=False):
            weight = scale * jax.random.normal(layer_key, (targets, sources), jnp.float32)
            # Linear's own draw is thrown away; its construction keeps the layer an ordinary one.
            linear = eqx.nn.Linear(sources, targets, key=layer_key)
            bias = jnp.zeros(targets, jnp.float32)
            layers.append(
                eqx.tree_at(lambda layer: (layer.weight, layer.bias), linear, (weight, bias))
            )
        return cls(tuple(layers), activation)

    def __call__(self, inputs: Float[Array, " _inputs"]) -> Float[Array, " _outputs"]:
        """Return the outputs for one row of inputs."""
        return self.rows(inputs[None])[0]

    def rows(self, inputs: Float[Array, "rows _inputs"]) -> Float[Array, "rows _outputs"]:
        """Return the outputs for a batch. Plain matrix products: fastest under `vmap`."""
        if len(inputs) <= ROWS:
            return _outputs(self, inputs)
        whole = len(inputs) // ROWS * ROWS
        parts = inputs[:whole].reshape(-1, ROWS, inputs.shape[1])
        outputs = jax.lax.map(partial(_outputs, self), parts).reshape(whole, -1)
        if whole == len(inputs):
            return outputs
        return jnp.concatenate([outputs, _outputs(self, inputs[whole:])])

    def entering(self, inputs: Float[Array, "rows _inputs"]) -> dict[str, Array]:
        """Return what enters each weight leaf, by the leaf's name, rows first."""
        found = {"layers.0.weight": inputs}
        for number, layer in enumerate(self.layers[:-1], start=1):
            signals = _act(self, _through(layer, found[f"layers.{number - 1}.weight"]))
            found[f"layers.{number}.weight"] = signals
        return found

    def linearised(self) -> "MLP":
        """Return the same weights and biases with no activation between the layers."""
        return MLP(self.layers, "identity")

    def prunable(self, *, biases: bool) -> Masks:
        """Return all entries of all weights, and with `biases` those of all biases too."""
        masks = {}
        for number, layer in enumerate(self.layers):
            weight, bias = _parts(layer)
            masks[f"layers.{number}.weight"] = jnp.ones(weight.shape, bool)
            if biases:
                masks[f"layers.{number}.bias"] = jnp.ones(bias.shape, bool)
        return masks


def layered_of(masks: Masks) -> LayeredGraph:
    """Return the layered graph of an MLP's masks, with bias units where they have biases."""
    depth = sum(name.endswith(".weight") for name in masks)
    weights = [masks[f"layers.{number}.weight"] for number in range(depth)]
    if "layers.0.bias" not in masks:
        return layered(weights)
    return layered(weights, [masks[f"layers.{number}.bias"] for number in range(depth)])


def _act(network: MLP, signals: Array) -> Array:
    if network.activation == "identity":
        return signals
    return getattr(jax.nn, network.activation)(signals)


def _parts(layer: eqx.nn.Linear) -> tuple[Array, Array]:
    if layer.weight is None or layer.bias is None:
        raise TypeError("a layer without a weight or a bias")
    return layer.weight, layer.bias


def _through(layer: eqx.nn.Linear, signals: Array) -> Array:
    weight, bias = _parts(layer)
    return signals @ weight.T + bias[None, :]


def _outputs(network: MLP, inputs: Float[Array, "rows _inputs"]) -> Float[Array, "rows _outputs"]:
    signals = inputs
    for layer in network.layers[:-1]:
        signals = _act(network, _through(layer, signals))
    return _through(network.layers[-1], signals)


class Stateful(eqx.Module):
    """A network with an `equinox.nn.State`, such as running means of batch normalisation.

    Make one of what `equinox.nn.make_with_state` returns: `Stateful.of(network, state)`. Its state
    is kept, restored and rewound with the weights; the optimiser does not change it. Leaves of the
    network are called `network.NAME`.
    """

    network: Any
    memory: tuple[Float[Array, "..."], ...]
    structure: Any = eqx.field(static=True)
    dtypes: tuple[str, ...] = eqx.field(static=True)

    @classmethod
    def of(cls, network: Any, state: eqx.nn.State) -> "Stateful":
        """Return the network with a state that belongs to it."""
        leaves, structure = jax.tree.flatten(state)
        dtypes = tuple(str(jnp.asarray(leaf).dtype) for leaf in leaves)
        # As floats, for what is trained is floats; counts of batches are whole up to 2^24.
        memory = tuple(jnp.asarray(leaf, jnp.float32) for leaf in leaves)
        return cls(network, memory, structure, dtypes)

    @property
    def state(self) -> eqx.nn.State:
        """The state, for a call of the network."""
        pairs = zip(self.memory, self.dtypes, strict=True)
        return jax.tree.unflatten(self.structure, [leaf.astype(kind) for leaf, kind in pairs])

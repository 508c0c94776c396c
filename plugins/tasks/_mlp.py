"""A small multilayer perceptron, the architecture of the built-in tasks."""

from collections.abc import Sequence
from functools import partial
from typing import Literal, TypeAlias, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from harness import LayeredGraph, layered
from harness.types import Key, Masks

Activation: TypeAlias = Literal["tanh", "relu", "gelu", "silu", "sigmoid", "identity"]
ACTIVATIONS: tuple[str, ...] = get_args(Activation)


class MLP(eqx.Module):
    """Dense layers with `activation` between them and a linear output.

    The leaves are called `layers.N.weight`, out x in, and `layers.N.bias`.
    """

    layers: tuple[eqx.nn.Linear, ...]
    activation: Activation = eqx.field(static=True)


def initial(sizes: Sequence[int], *, activation: Activation, scale: float, key: Key) -> MLP:
    """A network with weights drawn from N(0, `scale`²) and biases of zero.

    `sizes` are those of all layers of nodes, inputs and outputs included.
    """
    keys = jax.random.split(key, len(sizes) - 1)
    layers = []
    for sources, targets, layer_key in zip(sizes, sizes[1:], keys, strict=False):
        weight = scale * jax.random.normal(layer_key, (targets, sources), jnp.float32)
        # Linear's own draw is thrown away; its construction keeps the layer an ordinary one.
        linear = eqx.nn.Linear(sources, targets, key=layer_key)
        bias = jnp.zeros(targets, jnp.float32)
        layers.append(eqx.tree_at(lambda layer: (layer.weight, layer.bias), linear, (weight, bias)))
    return MLP(tuple(layers), activation)


def _act(network: MLP, signals: Array) -> Array:
    return (
        signals
        if network.activation == "identity"
        else getattr(jax.nn, network.activation)(signals)
    )


def _parts(layer: eqx.nn.Linear) -> tuple[Array, Array]:
    if layer.weight is None or layer.bias is None:
        raise TypeError("a layer without a weight or a bias")
    return layer.weight, layer.bias


def _through(layer: eqx.nn.Linear, signals: Array) -> Array:
    weight, bias = _parts(layer)
    return signals @ weight.T + bias[None, :]


_ROWS = 512
"""More than these are taken a part at a time: the signals of all would not fit into the caches."""


def forward(network: MLP, inputs: Float[Array, "rows _inputs"]) -> Float[Array, "rows _outputs"]:
    """Outputs for a batch of inputs, rows first. Plain matrix products: fastest under `vmap`."""
    if len(inputs) <= _ROWS:
        return _outputs(network, inputs)
    whole = len(inputs) // _ROWS * _ROWS
    parts = inputs[:whole].reshape(-1, _ROWS, inputs.shape[1])
    outputs = jax.lax.map(partial(_outputs, network), parts).reshape(whole, -1)
    if whole == len(inputs):
        return outputs
    return jnp.concatenate([outputs, _outputs(network, inputs[whole:])])


def _outputs(network: MLP, inputs: Float[Array, "rows _inputs"]) -> Float[Array, "rows _outputs"]:
    signals = inputs
    for layer in network.layers[:-1]:
        signals = _act(network, _through(layer, signals))
    return _through(network.layers[-1], signals)


def activations(
    network: MLP, inputs: Float[Array, "rows _inputs"]
) -> dict[str, Float[Array, "rows _nodes"]]:
    """What enters each weight leaf, by the leaf's name, rows first."""
    entering = {"layers.0.weight": inputs}
    for number, layer in enumerate(network.layers[:-1], start=1):
        signals = _act(network, _through(layer, entering[f"layers.{number - 1}.weight"]))
        entering[f"layers.{number}.weight"] = signals
    return entering


def linearised(network: MLP) -> MLP:
    """The same weights and biases with no activation between the layers."""
    return MLP(network.layers, "identity")


def prunable(network: MLP, *, biases: bool) -> Masks:
    """All entries of all weights, and with `biases` those of all biases too."""
    masks = {}
    for number, layer in enumerate(network.layers):
        weight, bias = _parts(layer)
        masks[f"layers.{number}.weight"] = jnp.ones(weight.shape, bool)
        if biases:
            masks[f"layers.{number}.bias"] = jnp.ones(bias.shape, bool)
    return masks


def wiring(masks: Masks) -> LayeredGraph:
    """The layered graph of the masks; bias units are part of it where the masks have biases."""
    depth = sum(name.endswith(".weight") for name in masks)
    weights = [masks[f"layers.{number}.weight"] for number in range(depth)]
    if "layers.0.bias" not in masks:
        return layered(weights)
    return layered(weights, [masks[f"layers.{number}.bias"] for number in range(depth)])

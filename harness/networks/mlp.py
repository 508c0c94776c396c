"""A multilayer perceptron, for authors of architectures."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from harness.networks.initial import initialised
from harness.sparse.graph import LayeredGraph, layered
from harness.types import Key, Masks

Activation: TypeAlias = Literal["tanh", "relu", "gelu", "silu", "sigmoid", "identity"]

ROWS = 512
"""More rows are computed in parts of this size, so that their signals fit into the caches."""


class MLP(eqx.Module):
    """Dense layers with `activation` between them and a linear output.

    The leaves are named `layers.N.weight`, out x in, and `layers.N.bias`.
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
        layers = tuple(eqx.nn.Linear(*pair, key=key) for pair in itertools.pairwise(sizes))
        return initialised(cls(layers, activation), "normal", scale=scale, key=key)

    def __call__(self, inputs: Float[Array, " _inputs"]) -> Float[Array, " _outputs"]:
        """Return the outputs for one row of inputs."""
        return self.rows(inputs[None])[0]

    def rows(self, inputs: Float[Array, "rows _inputs"]) -> Float[Array, "rows _outputs"]:
        """Return the outputs for a batch, by plain matrix products: fastest under `vmap`."""
        if len(inputs) <= ROWS:
            return _outputs(self, inputs)
        whole = len(inputs) // ROWS * ROWS
        parts = inputs[:whole].reshape(-1, ROWS, inputs.shape[1])
        outputs = jax.lax.map(partial(_outputs, self), parts).reshape(whole, -1)
        if whole == len(inputs):
            return outputs
        return jnp.concatenate([outputs, _outputs(self, inputs[whole:])])

    def entering(self, inputs: Float[Array, "rows _inputs"]) -> dict[str, Array]:
        """Return the inputs of each weight leaf, by the leaf's name, rows first."""
        entered = {"layers.0.weight": inputs}
        for number, layer in enumerate(self.layers[:-1], start=1):
            signals = _act(self, _through(layer, entered[f"layers.{number - 1}.weight"]))
            entered[f"layers.{number}.weight"] = signals
        return entered

    def linearised(self) -> "MLP":
        """Return the same weights and biases with no activation between the layers."""
        return MLP(self.layers, "identity")

    def prunable(self, *, biases: bool) -> Masks:
        """Return masks of all entries of all weights and, with `biases`, of all biases."""
        masks = {}
        for number, layer in enumerate(self.layers):
            weight, bias = _parts(layer)
            masks[f"layers.{number}.weight"] = jnp.ones(weight.shape, bool)
            if biases:
                masks[f"layers.{number}.bias"] = jnp.ones(bias.shape, bool)
        return masks


def layered_of(masks: Masks) -> LayeredGraph:
    """Return the layered graph of an MLP's masks, with bias units if the masks include biases."""
    depth = sum(name.endswith(".weight") for name in masks)
    weights = [masks[f"layers.{number}.weight"] for number in range(depth)]
    if "layers.0.bias" not in masks:
        return layered(weights)
    return layered(weights, [masks[f"layers.{number}.bias"] for number in range(depth)])


def activated(activation: Activation) -> Callable[[Array], Array]:
    """Return the activation function of this name."""
    function: Callable[[Array], Array] = getattr(jax.nn, activation)
    return function


def _act(network: MLP, signals: Array) -> Array:
    return activated(network.activation)(signals)


def _parts(layer: eqx.nn.Linear) -> tuple[Array, Array]:
    if layer.weight is None or layer.bias is None:
        raise TypeError("a layer of an MLP has no weight or no bias; it needs both")
    return layer.weight, layer.bias


def _through(layer: eqx.nn.Linear, signals: Array) -> Array:
    weight, bias = _parts(layer)
    return signals @ weight.T + bias[None, :]


def _outputs(network: MLP, inputs: Float[Array, "rows _inputs"]) -> Float[Array, "rows _outputs"]:
    signals = inputs
    for layer in network.layers[:-1]:
        signals = _act(network, _through(layer, signals))
    return _through(network.layers[-1], signals)

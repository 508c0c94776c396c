"""A small convolutional network with two graphs, for handwritten digits as images."""

from dataclasses import dataclass, replace
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from harness import AbstractArchitecture, hookimpl, layered

LEAVES = ("layers.0.weight", "layers.1.weight", "layers.2.weight")


class ConvNet(eqx.Module):
    """Convolutions with relu, then a dense read-out."""

    layers: list
    image: tuple = eqx.field(static=True)
    linear: bool = eqx.field(static=True, default=False)

    def entering(self, image):
        """What enters each layer."""
        found = [image]
        for conv in self.layers[:-1]:
            found.append(conv(found[-1]) if self.linear else jax.nn.relu(conv(found[-1])))
        return [*found[:-1], found[-1].ravel()]

    def __call__(self, image):
        return self.layers[-1](self.entering(image)[-1])


@dataclass(frozen=True)
class ConvDigits(AbstractArchitecture):
    """Convolutions of 3 x 3, the second in strides of 2, and a dense read-out.

    **Parameters:** `channels` of the two convolutions.
    """

    name: ClassVar[str] = "conv-digits"
    takes: ClassVar = frozenset({"image"})
    offers: ClassVar = frozenset({"linear", "activations"})
    views: ClassVar = {"channel": "a node is a channel", "unrolled": "a channel at a place"}
    channels: tuple[int, int] = (8, 16)

    def network(self, shape, *, key):
        keys, widths = jax.random.split(key, 3), (shape.inputs[0], *self.channels)
        convs = [eqx.nn.Conv2d(*widths[i : i + 2], 3, i + 1, key=keys[i]) for i in (0, 1)]
        high, wide = ((side - 5) // 2 + 1 for side in shape.inputs[1:])
        head = eqx.nn.Linear(widths[-1] * high * wide, shape.outputs, key=keys[2])
        return ConvNet([*convs, head], shape.inputs)

    def graph(self, network, masks, view):
        *kernels, head = (masks[name] for name in LEAVES)
        if view == "channel":
            by_channel = head.reshape(len(head), self.channels[-1], -1)
            return layered([*(k.any((-2, -1)) for k in kernels), by_channel.any(-1)])
        wires, signals = [], network.entering(jnp.zeros(network.image))
        for kernel, conv, x in zip(kernels, network.layers, signals, strict=False):
            # A convolution's Jacobian has its kernel at every place.
            taps = eqx.tree_at(lambda conv: conv.weight, conv, kernel.astype(jnp.float32))
            wires.append(jax.jacobian(taps)(x).reshape(-1, x.size) > 0)
        return layered([*wires, head])

    def linearised(self, network):
        return replace(network, linear=True)

    def activations(self, network, inputs):
        return dict(zip(LEAVES, jax.vmap(network.entering)(inputs), strict=True))


@hookimpl
def register_architectures():
    return [ConvDigits]

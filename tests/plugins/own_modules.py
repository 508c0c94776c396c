"""Architectures of modules that someone has, each in a few lines."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from harness import TracedArchitecture, hookimpl


@dataclass(frozen=True)
class OwnPerceptron(TracedArchitecture):
    """Equinox's multilayer perceptron.

    **Parameters:** `width`: of its hidden layers.
    """

    name: ClassVar[str] = "own-mlp"
    offers: ClassVar = frozenset({"linear", "activations"})
    width: int = 12

    def module(self, shape, *, key):
        return eqx.nn.MLP(shape.inputs[0], shape.outputs, self.width, 2, jax.nn.relu, key=key)


@dataclass(frozen=True)
class Grouped(TracedArchitecture):
    """Convolutions in two groups, then means over places."""

    name: ClassVar[str] = "grouped"
    takes: ClassVar = frozenset({"image"})

    def module(self, shape, *, key):
        return eqx.nn.Sequential(
            [
                eqx.nn.Conv2d(shape.inputs[0], 4, 3, padding=1, key=key),
                eqx.nn.Lambda(jax.nn.gelu),
                eqx.nn.Conv2d(4, 6, 3, groups=2, key=key),
                eqx.nn.Lambda(lambda image: jnp.mean(jax.nn.relu(image), axis=(1, 2))),
                eqx.nn.Linear(6, shape.outputs, key=key),
            ]
        )


@hookimpl
def register_architectures():
    return [OwnPerceptron, Grouped]

"""A perceptron with the factors of its matrix products rounded, as tensor cores round them.

A one-file plugin. Rounding is to nearest, ties to even. Sums are float32, in the order of the
machine that this runs on.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from harness_plugins.architectures.mlp import Perceptron

from harness import MLP, hookimpl


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def product(signals: jax.Array, weight: jax.Array, bits: int) -> jax.Array:
    """`signals` (rows, in) times `weight` (out, in) transposed, both with so many mantissa bits.

    The products of its backward pass, for either gradient, have their factors rounded too.
    """
    return _rounded(signals, bits) @ _rounded(weight, bits).T


def _rounded(factor: jax.Array, bits: int) -> jax.Array:
    return jax.lax.reduce_precision(factor, exponent_bits=8, mantissa_bits=bits)


def _forward(signals: jax.Array, weight: jax.Array, bits: int) -> tuple[jax.Array, Any]:
    return product(signals, weight, bits), (signals, weight)


def _backward(bits: int, factors: Any, outer: jax.Array) -> tuple[jax.Array, jax.Array]:
    signals, weight, outer = (_rounded(factor, bits) for factor in (*factors, outer))
    return outer @ weight, outer.T @ signals


product.defvjp(_forward, _backward)


@dataclass(frozen=True)
class Rounded(Perceptron):
    """A multilayer perceptron whose matrix products have rounded factors.

    **Parameters:** as those of `mlp`, and

    - `bits`: of the mantissa that factors keep; 23: all of float32
    """

    name: ClassVar[str] = "rounded"
    bits: Annotated[int, Ge(1), Le(23)] = 23

    def forward(self, network: MLP, inputs: jax.Array) -> jax.Array:
        """As of `mlp`, but for the products."""
        signals = inputs
        for place, layer in enumerate(network.layers):
            signals = jnp.tanh(signals) if place else signals
            signals = product(signals, layer.weight, self.bits) + layer.bias[None]
        return signals


@hookimpl
def register_architectures() -> list[type[Rounded]]:
    """Offer the architecture to a run that names this file as its plugin."""
    return [Rounded]

"""The moth task with the factors of its matrix products rounded, as tensor cores round them.

A one-file plugin. Rounding is to nearest, ties to even. Sums are float32, in the order of the
machine that this runs on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from harness_plugins.tasks.moth import Moth

from harness import AbstractTask, Batch, LayeredGraph, TaskData, hookimpl
from harness.types import Key, Masks


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
class RoundedMoth(AbstractTask):
    """The moth task, its network's products with rounded factors.

    **Parameters:**

    - `bits`: of the mantissa that factors keep; 23: all of float32
    - `flights`: flights in all three splits together
    """

    name: ClassVar[str] = "moth-rounded"
    bits: Annotated[int, Ge(1), Le(23)] = 23
    flights: Annotated[int, Ge(100)] = 200_000

    def data(self, *, seed: int) -> TaskData:
        """As of the moth."""
        return Moth(flights=self.flights).data(seed=seed)

    def network(self, *, key: Key) -> Any:
        """As of the moth."""
        return Moth().network(key=key)

    def forward(self, network: Any, inputs: jax.Array) -> jax.Array:
        """As of the moth, but for the products."""
        signals = inputs
        for place, layer in enumerate(network.layers):
            signals = jnp.tanh(signals) if place else signals
            signals = product(signals, layer.weight, self.bits) + layer.bias[None]
        return signals

    def loss(self, network: Any, batch: Batch) -> jax.Array:
        """As of the moth, but for the products."""
        return jnp.mean((self.forward(network, jnp.asarray(batch.inputs)) - batch.targets) ** 2)

    def evaluate(self, network: Any, batch: Batch, data: TaskData) -> dict[str, jax.Array]:
        """The loss on held-out rows."""
        return {"loss": self.loss(network, batch)}

    @property
    def units(self) -> Mapping[str, str]:
        """Of the loss: none."""
        return {"loss": "1"}

    def prunable(self, network: Any) -> Masks:
        """As of the moth."""
        return Moth().prunable(network)

    def wiring(self, network: Any, masks: Masks) -> LayeredGraph:
        """As of the moth."""
        return Moth().wiring(network, masks)


@hookimpl
def register_tasks() -> list[type[RoundedMoth]]:
    """Offer the task to a run that names this file as its plugin."""
    return [RoundedMoth]

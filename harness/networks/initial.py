"""Initial weights of a network's linear layers and convolutions."""

from typing import Any, Literal, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from harness.networks.signals import is_layer
from harness.types import Key, Network

Initial: TypeAlias = Literal["normal", "glorot", "he", "orthogonal"]
"""How initial weights are drawn.

- "normal": N(0, scale\u00b2), for layers of any size;
- "glorot": N(0, 2 / (fan in + fan out)), Glorot and Bengio (2010);
- "he": N(0, 2 / fan in), He et al. (2015);
- "orthogonal": orthonormal rows or columns, Saxe, McClelland and Ganguli (2014).
"""


def _orthogonal(key: Key, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return orthonormal rows or columns, of many networks one after another.

    Two batches of LAPACK calls in one program wait for each other for ever on a processor whose
    threads both hold (jaxlib 0.10; the same with FFT: github.com/PyAutoLabs/PyAutoFit/issues/1530).
    """

    @jax.custom_batching.sequential_vmap
    def of_one(key: Key) -> Array:
        return jnp.asarray(jax.nn.initializers.orthogonal(column_axis=0)(key, shape, dtype))

    return of_one(key)


_AXES: dict[str, Any] = {"in_axis": 1, "out_axis": 0}
_DRAWS = {
    "glorot": jax.nn.initializers.glorot_normal(**_AXES),
    "he": jax.nn.initializers.he_normal(**_AXES),
    "orthogonal": _orthogonal,
}


def drawn(initial: Initial, shape: tuple[int, ...], *, scale: float, key: Key) -> Array:
    """Return initial weights of shape (out, in, *window); only "normal" uses `scale`."""
    if initial == "normal":
        return scale * jax.random.normal(key, shape, jnp.float32)
    return jnp.asarray(_DRAWS[initial](key, shape, jnp.float32))


def initialised(network: Network, initial: Initial, *, scale: float, key: Key) -> Network:
    """Return a network with new weights in every linear layer and convolution, biases zero."""
    parts, structure = jax.tree.flatten(network, is_leaf=is_layer)
    keys = iter(jax.random.split(key, sum(map(is_layer, parts))))

    def fresh(part: Any) -> Any:
        weight = drawn(initial, part.weight.shape, scale=scale, key=next(keys))
        part = eqx.tree_at(lambda layer: layer.weight, part, weight)
        if part.bias is None:
            return part
        return eqx.tree_at(lambda layer: layer.bias, part, jnp.zeros_like(part.bias))

    return jax.tree.unflatten(structure, [fresh(p) if is_layer(p) else p for p in parts])

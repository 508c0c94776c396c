"""The least time that a training step of one network can take on this machine.

Its matrix products at the rate of XLA's own product of those shapes, and what Adam and the masks
must move at the memory bandwidth measured here, one after the other: a step that hid one behind the
other entirely could take half of it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp

from harness.machine.compilation import Compiled, Precision
from harness.machine.devices import spread

BYTES_A_WEIGHT = 41
"""What a step moves: weight, both moments and mask read (13), the first three written (12), the
gradient written and read (8), the effective weight too (8)."""


def products(
    sizes: Sequence[int], batch: int, width: int, steps: int, *, precision: Precision = "float32"
) -> Callable[[], jax.Array]:
    """All matrix products of `steps` steps of `width` networks, and nothing else.

    Forward and, for weights and for signals, backward; no signal goes back to the inputs.
    """
    keys = jax.random.split(jax.random.key(0), len(sizes))
    signals = [
        jax.random.normal(key, (width, batch, n)) for key, n in zip(keys, sizes, strict=True)
    ]
    weights = [jax.random.normal(keys[0], (width, b, a)) for a, b in pairwise(sizes)]
    operands = spread((signals, weights), width)

    def whole(signals: list[jax.Array], weights: list[jax.Array]) -> jax.Array:
        total = jnp.zeros(width)
        for place, weight in enumerate(weights):
            before, after = signals[place], signals[place + 1]
            parts = [
                jnp.einsum("wbi,woi->wbo", before, weight),
                jnp.einsum("wbo,wbi->woi", after, before),
            ]
            if place:
                parts.append(jnp.einsum("wbo,woi->wbi", after, weight))
            total += sum(jax.lax.optimization_barrier(part)[:, 0, 0] for part in parts)
        return total

    def run(operands: tuple[list[jax.Array], list[jax.Array]]) -> jax.Array:
        def body(_: jax.Array, total: jax.Array) -> jax.Array:
            # Without the barrier a loop's invariants would be computed once.
            return whole(*jax.lax.optimization_barrier((operands, total))[0]) + total

        return jax.lax.fori_loop(0, steps, body, jnp.zeros(width))

    compiled = Compiled(run, precision=precision)
    return lambda: compiled(operands)


def traffic(weights: int, width: int, steps: int) -> tuple[Callable[[], jax.Array], int]:
    """A sum of two arrays written into the first, over and over, and the bytes that a call moves.

    The arrays together are as large as what a block of `width` networks keeps at hand: weights,
    both moments, gradients and effective weights.
    """
    number = weights * 5 // 2
    other = spread(jnp.ones((width, number)), width)
    # A call each, in place: a loop within a program would copy what it carries on an accelerator.
    add = jax.jit(lambda one, other: one * 0.5 + other, donate_argnums=0)

    def run() -> jax.Array:
        one = spread(jnp.zeros((width, number)), width)
        for _ in range(steps):
            one = add(one, other)
        return one

    return run, 12 * number * width * steps + 4 * number * width

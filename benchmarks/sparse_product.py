"""A weight stored sparsely times a signal, beside the dense product: one network on one core.

JAX has a kernel of its own for the first on a processor, and that only: none for the gradient with
respect to the weights that are stored, a third of a step's products, and no rule for `vmap`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from harness_benchmarks.architecture import BATCH, SIZES
from harness_benchmarks.timing import side_by_side
from jax.experimental import sparse

from harness.bench import Measured

DENSITIES = (0.25, 0.15, 0.07, 0.02)
LOOPS = 50

# In training each core has networks of its own: the dense product must not borrow another core.
_CHILD = """
import json, os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from harness_benchmarks import sparse_product
print(json.dumps(sparse_product.measured()))
"""


def products(nodes: int, density: float, loops: int) -> dict[str, Callable[[], jax.Array]]:
    """The weight times the signal, its result times the weight again, and so on."""
    rng = np.random.default_rng(0)
    # Of this spread signals keep their size, however often they are multiplied.
    weight = rng.normal(0, (density * nodes) ** -0.5, (nodes, nodes))
    weight = jnp.asarray(weight * (rng.random(weight.shape) < density), jnp.float32)
    signal = jnp.asarray(rng.normal(size=(nodes, BATCH)), jnp.float32)

    @jax.jit
    def run(weight: jax.Array | sparse.CSR, signal: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, loops, lambda _, carry: weight @ carry, signal)

    stored = sparse.CSR.fromdense(weight)
    return {"dense": lambda: run(weight, signal), "sparse": lambda: run(stored, signal)}


def measured() -> list[tuple[float, float, str]]:
    """Seconds of a product at each density: dense, sparse, and how the second was measured."""
    found = []
    for density in DENSITIES:
        times = side_by_side(products(SIZES[1], density, LOOPS), repeats=11)
        dense, stored = (times[name].per(LOOPS) for name in ("dense", "sparse"))
        found.append((dense.median, stored.median, stored.told("µs", 1e6)))
    return found


def figures() -> Iterator[Measured]:
    """The sparse product beside the dense one at each density, on one core of the processor."""
    child = [sys.executable, "-c", _CHILD]
    done = subprocess.run(
        child, capture_output=True, text=True, env={**os.environ, "JAX_PLATFORMS": "cpu"}
    )
    if done.returncode:
        yield Measured("sparse product", None, note=done.stderr.strip().splitlines()[-1])
        return
    found = json.loads(done.stdout.splitlines()[-1])
    for density, (dense, stored, told) in zip(DENSITIES, found, strict=True):
        yield Measured(
            f"CSR times a signal of {BATCH} rows, {SIZES[1]} x {SIZES[1]}, density {density}",
            stored * 1e6,
            "µs",
            stored / dense,
            "the time of the dense product",
            f"dense {dense * 1e6:.3g} µs, in turn; {told}",
        )

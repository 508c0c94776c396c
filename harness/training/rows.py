"""Batches, and the order in which training reads its rows."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from harness.training.seeds import stream
from harness.types import Batch


def shuffled(rows: Batch, data_seed: int, batch_seed: int = 0) -> Batch:
    """Return the rows in the order of batches, the same for every network and pruner."""
    more = (batch_seed,) if batch_seed else ()
    key = jax.random.key_data(stream(data_seed, "batches", *more))
    order = np.random.default_rng(np.asarray(key)).permutation(rows.inputs.shape[0])
    return Batch(jnp.asarray(rows.inputs[order]), jnp.asarray(rows.targets[order]))


def batch_of(rows: Batch, number: Array, size: int) -> Batch:
    """Return batch `number` of the rows, read cyclically; an incomplete last batch is dropped."""
    batches = rows.inputs.shape[0] // size
    first = (number % batches) * size
    return Batch(*(jax.lax.dynamic_slice_in_dim(part, first, size) for part in rows))

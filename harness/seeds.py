"""Named streams of random numbers, so that nothing drawn for one purpose moves another."""

import zlib

import jax

from harness.types import Key


def stream(seed: int, name: str, *indices: int) -> Key:
    """The key of stream `name` of `seed`, further split by `indices` (network, level, ...).

    Streams in use: `weights` and `pruning` (per network), `data`, `batches` and `pruning-batches`
    (per data seed, shared by all networks and pruners so that comparisons are paired).
    """
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(name.encode()))
    for index in indices:
        key = jax.random.fold_in(key, index)
    return key

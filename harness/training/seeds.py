"""Named streams of random numbers, so that nothing drawn for one purpose moves another."""

import zlib

import jax

from harness.types import Key


def stream(seed: int, name: str, *indices: int) -> Key:
    """The key of stream `name` of `seed`, further split by `indices` (network, level, ...).

    Streams in use: `weights` and `pruning` (see `of_network`), `data`, `batches` and
    `pruning-batches` (per data seed, shared by all networks and pruners so that comparisons are
    paired). The run's own seed is in neither of these: another seed then changes the initial
    weights alone, another data seed weights and data, another batch seed the order of batches.
    """
    return _below(jax.random.key(seed), name, *indices)


def of_network(seed: int, data_seed: int, name: str, network: int) -> Key:
    """The key of stream `name`, `weights` or `pruning`, of one network of a run.

    Networks of two data seeds share nothing: a replicate is one (initialisation, data) pair. Those
    of data seed 0 have the streams that every data seed had up to result version 2.
    """
    # A root of its own: a data seed folded in last could meet a key that the network splits off.
    root = stream(seed, "data seed", data_seed) if data_seed else jax.random.key(seed)
    return _below(root, name, network)


def _below(root: Key, name: str, *indices: int) -> Key:
    key = jax.random.fold_in(root, zlib.crc32(name.encode()))
    for index in indices:
        key = jax.random.fold_in(key, index)
    return key

"""Named streams of random numbers, so that draws for one purpose do not change others."""

import zlib
from collections.abc import Sequence

import jax
import numpy as np

from harness.types import Key, NetworkKeys


def stream(seed: int, name: str, *indices: int) -> Key:
    """Return the key of stream `name` of `seed`, split further by `indices` (network, level, ...).

    Streams in use: `weights` and `pruning` (see `of_network`), `data`, `batches` and
    `pruning-batches` (per data seed, shared by all networks and pruners so that comparisons are
    paired). The last three do not depend on the run's seed: another seed changes initial weights
    and prunings only, another data seed weights and data, another batch seed the order of batches.
    """
    return _below(jax.random.key(seed), name, *indices)


def of_network(seed: int, data_seed: int, name: str, network: int) -> Key:
    """Return the key of stream `name`, `weights` or `pruning`, of one network of a run.

    Networks of two data seeds share nothing: a replicate is one (initialisation, data) pair. Data
    seed 0 has the streams that every data seed had up to result version 2.
    """
    return _below(_root(seed, data_seed), name, network)


def of_networks(seed: int, data_seed: int, name: str, networks: Sequence[int]) -> NetworkKeys:
    """Return the keys of `of_network` for several networks, networks first, in one program.

    One by one they would take a dispatch each, and a program with an argument for each.
    """
    key = _below(_root(seed, data_seed), name)
    return jax.vmap(jax.random.fold_in, (None, 0))(key, np.asarray(networks, np.uint32))


def _root(seed: int, data_seed: int) -> Key:
    # A separate root: a data seed folded in last could equal a key that the network splits off.
    return stream(seed, "data seed", data_seed) if data_seed else jax.random.key(seed)


def _below(root: Key, name: str, *indices: int) -> Key:
    key = jax.random.fold_in(root, zlib.crc32(name.encode()))
    for index in indices:
        key = jax.random.fold_in(key, index)
    return key

"""Exact copy counts of motif classes of any order, by base layer.

All results are int64; graphs whose counts might not fit are refused before counting (float32 sums
are wrong above 2^24, and counts of order 3 reach 5e10). Orders 2 and 3 have a fast path on the
host; every other order, and every order on an accelerator, uses one general method.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int64

from harness.machine.devices import cores
from harness.sparse.graph import LayeredGraph, node_counts

from ._classes import MotifClass, classes, induced_combination
from ._contraction import EXACT_IN_FLOAT, homomorphisms, places
from ._homomorphisms import Pattern, combination
from ._popcounts import popcounts, without_bare_nodes

_LARGEST = 2**63 - 1
_FAST = (2, 3)
_ENTRIES_AT_ONCE = 2**22
"""Entries of masks that a core counts at a time: they stay near its cache."""
_BLOCK_BYTES = 2**28
"""The most of an accelerator's memory that a block of networks may take."""

Counts = dict[str, Int64[np.ndarray, "*batch _base_layers"]]


def counts(
    graph: LayeredGraph,
    orders: Sequence[int] = (2, 3),
    *,
    names: Sequence[str] | None = None,
    on: Literal["host", "device"] = "host",
) -> Counts:
    """Count the copies (not necessarily induced) of each class in the graph.

    Bias edges are not counted; see `bias_as_nodes` to count them.

    **Arguments:** `orders`, any from 1 up; `names` may choose some of their classes. `on="device"`
    counts a block of networks at a time on JAX's default device, in 64 bits, with the same result.

    **Returns:** for each class, by name, an array (*batch, base layers): entry l counts the copies
    whose first layer is l. A class that spans s layers of edges has L-s+1 base layers in a graph of
    L layers of edges, none if L < s. Sum over the last axis for the whole graph.

    **Errors:** ValueError for an order below 1 or a name that no class of these orders has;
    OverflowError if a graph of this shape could hold more copies than int64 can count.
    """
    known = chosen(orders, names)
    nodes = node_counts(graph)
    refuse_overflow(known, nodes)
    adjacency = [np.asarray(wires) for wires in graph.adjacency]
    batch = adjacency[0].shape[:-2]
    stacked = [wires.reshape(-1, *wires.shape[-2:]) for wires in adjacency]
    rows = (_on_device if on == "device" else _on_host)(stacked, known)
    return {
        motif.name: rows[motif].reshape(*batch, base_layers(motif, len(adjacency)))
        for motif in known
    }


def chosen(orders: Sequence[int], names: Sequence[str] | None) -> list[MotifClass]:
    """Return the classes of some orders, or those with these names."""
    known = {motif.name: motif for order in sorted(set(orders)) for motif in classes(order)}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        asked = f"orders {sorted(set(orders))} have no class {', '.join(unknown)}"
        raise ValueError(f"{asked}: see `classes`")
    return [motif for motif in known.values() if names is None or motif.name in names]


def induced(copies: Counts) -> Counts:
    """Return induced counts, which are integer combinations of the copy counts, in their layout.

    **Arguments:** `copies` as `counts` returns it. A class is left out if its combination needs a
    fuller class that is missing.
    """
    result = {}
    for motif in _named(copies):
        combined = induced_combination(motif)
        if all(class_.name in copies for class_, _ in combined):
            terms = [c * copies[class_.name] for class_, c in combined]
            result[motif.name] = np.sum(terms, axis=0)
    return result


def _named(copies: Counts) -> list[MotifClass]:
    """Return the classes with these names, from order 1 up until all are there."""
    named: list[MotifClass] = []
    order = 1
    while len(named) < len(copies):
        named += [motif for motif in classes(order) if motif.name in copies]
        order += 1
    return named


def base_layers(motif: MotifClass, layers: int) -> int:
    """Count the base layers of a class in a graph with so many layers of edges."""
    return max(0, layers - motif.span + 1)


def refuse_overflow(known: Sequence[MotifClass], nodes: tuple[int, ...]) -> None:
    """Raise OverflowError if the bound on all sums, the ways to send patterns, exceeds int64."""
    for motif in known:
        most = sum(
            abs(number) * places(pattern, nodes, base)
            for base in range(len(nodes) - motif.span)
            for pattern, number in combination(motif)
        )
        if most > _LARGEST:
            raise OverflowError(
                f"counts of {motif.name} in layers of {nodes} nodes can reach {most}, more than "
                "int64 can hold"
            )


def _on_host(
    stacked: Sequence[np.ndarray], known: Sequence[MotifClass]
) -> dict[MotifClass, np.ndarray]:
    """Count some networks on each core at a time."""
    quick = [motif for motif in known if motif.order in _FAST]
    general = [motif for motif in known if motif.order not in _FAST]
    networks = len(stacked[0])
    entries = sum(layer[0].size for layer in stacked) if networks else 1
    block = max(1, min(_ENTRIES_AT_ONCE // max(1, entries), -(-networks // cores())))

    def counted(start: int) -> dict[MotifClass, np.ndarray]:
        some = [layer[start : start + block] for layer in stacked]
        found = dict(
            zip(quick, popcounts(some, [motif.name for motif in quick]).values(), strict=True)
        )
        if general:  # without bare nodes: sparse masks have many
            rows = [_general(without_bare_nodes(one), general) for one in zip(*some, strict=True)]
            found |= {motif: np.array([row[motif] for row in rows], np.int64) for motif in general}
        return found

    with ThreadPoolExecutor(cores()) as pool:
        parts = list(pool.map(counted, range(0, networks, block)))
    none = {motif: np.zeros((0, base_layers(motif, len(stacked))), np.int64) for motif in known}
    return {
        motif: np.concatenate([none[motif], *(part[motif] for part in parts)]) for motif in known
    }


def _general(
    wires: Sequence[np.ndarray], known: Sequence[MotifClass]
) -> dict[MotifClass, list[int]]:
    """Count every class in one network, by base layer."""
    nodes = (wires[0].shape[0], *(layer.shape[1] for layer in wires))
    exact = {kind: [layer.astype(kind) for layer in wires] for kind in (np.float64, np.int64)}
    counted: dict[tuple[Pattern, int], int] = {}

    def of(pattern: Pattern, base: int) -> int:
        if (pattern, base) not in counted:
            kind = np.float64 if places(pattern, nodes, base) < EXACT_IN_FLOAT else np.int64
            counted[pattern, base] = int(homomorphisms(pattern, exact[kind][base:], np))
        return counted[pattern, base]

    return {
        motif: [
            sum(number * of(pattern, base) for pattern, number in combination(motif))
            // motif.automorphisms
            for base in range(base_layers(motif, len(wires)))
        ]
        for motif in known
    }


def _on_device(
    stacked: Sequence[np.ndarray], known: Sequence[MotifClass]
) -> dict[MotifClass, np.ndarray]:
    """Count a block of networks at a time, all blocks of one size, so that one program serves."""
    nodes = (stacked[0].shape[1], *(layer.shape[2] for layer in stacked))
    widest = max(nodes)
    networks = len(stacked[0])
    # About eight matrices of the widest layers are in memory at a time.
    block = max(1, min(networks, _BLOCK_BYTES // (8 * 8 * widest * widest)))
    parts: list[list[np.ndarray]] = []
    with jax.enable_x64(True):
        for start in range(0, networks, block):
            some = [layer[start : start + block] for layer in stacked]
            short = block - len(some[0])
            padded = [np.pad(layer, ((0, short), (0, 0), (0, 0))) for layer in some]
            counted = _device_block(tuple(padded), tuple(known), nodes)
            parts.append([np.asarray(one)[: block - short] for one in counted])
    return {
        motif: np.concatenate([part[place] for part in parts]) for place, motif in enumerate(known)
    }


@partial(jax.jit, static_argnums=(1, 2))
def _device_block(
    layers: tuple[jax.Array, ...], known: tuple[MotifClass, ...], nodes: tuple[int, ...]
) -> list[jax.Array]:
    exact = {kind: [layer.astype(kind) for layer in layers] for kind in (jnp.float64, jnp.int64)}
    counted: dict[tuple[Pattern, int], jax.Array] = {}

    def of(pattern: Pattern, base: int) -> jax.Array:
        if (pattern, base) not in counted:
            kind = jnp.float64 if places(pattern, nodes, base) < EXACT_IN_FLOAT else jnp.int64
            maps = homomorphisms(pattern, exact[kind][base:], jnp)
            counted[pattern, base] = maps.astype(jnp.int64)
        return counted[pattern, base]

    def row(motif: MotifClass) -> jax.Array:
        bases = [
            sum(number * of(pattern, base) for pattern, number in combination(motif))
            // motif.automorphisms
            for base in range(base_layers(motif, len(layers)))
        ]
        empty = jnp.zeros((layers[0].shape[0], 0), jnp.int64)
        return jnp.stack(bases, -1) if bases else empty

    return [row(motif) for motif in known]

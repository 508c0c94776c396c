"""Random networks from a null model, chosen by name, to compare one network with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from harness.sparse.graph import LayeredGraph

from ._chains import Chains
from ._placing import placed
from ._published_null import published_draws
from ._trades import enough_trades

_NULLS = ("layered", "degree", "published")

G = TypeVar("G")


@dataclass(frozen=True)
class OwnNull(Generic[G]):
    """A null model that is not of this package, such as another plugin's.

    `draw(network, number, seed)` returns so many independent random graphs for the network at a
    place of the batch, with a leading axis of draws.
    """

    name: str
    draw: Callable[[int, int, tuple[int, ...]], G]


def draws(
    graph: LayeredGraph,
    null: str,
    number: int,
    *,
    seed: int | tuple[int, ...] = 0,
    on: Literal["host", "device"] = "host",
    trades: int | None = None,
) -> LayeredGraph:
    """Draw random networks from a null model of one network.

    - `layered`: as many edges between each two layers, placed uniformly
    - `degree`: every node keeps its in- and out-degree to each adjacent layer. Each draw starts
      from the network and makes `trades` global trades; if None, as many as
      `enough_trades` finds
    - `published`: as Zahn, Daniel and Kutz (2024) drew them: over live nodes, not uniform

    Bias edges, if the graph has any, are a separate stratum: as many, placed uniformly.

    **Arguments:** `graph` without a batch axis.
    `on="device"` draws `layered` and `degree` on JAX's default device, from other random numbers.

    **Returns:** a graph with a leading axis of `number` draws. The same seed gives the same draws.

    **Errors:** ValueError for another null, a graph with a batch axis, or `published` on a device.
    """
    if any(np.ndim(wires) != 2 for wires in graph.adjacency):
        raise ValueError("give one network: adjacency (sources, targets), without a batch axis")
    if null not in _NULLS:
        raise ValueError(f"unknown null '{null}'; known: {', '.join(_NULLS)}")
    if null == "degree":
        drawn = _degree(graph, number, seed, on, trades)
    elif null == "published":
        if on == "device":
            raise ValueError("null 'published' is drawn on the host only: leave on='device' out")
        drawn = published_draws(graph, number, _stream(seed, null))
    elif on == "device":
        drawn = _layered_on_device(graph, number, seed)
    else:
        drawn = _layered(graph, number, _stream(seed, null))
    return drawn if drawn.bias is not None else with_bias(drawn, graph, seed)


def with_bias(
    drawn: LayeredGraph, graph: LayeredGraph, seed: int | tuple[int, ...]
) -> LayeredGraph:
    """Return the draws with as many bias edges as the network has, if any, placed uniformly."""
    if graph.bias is None:
        return drawn
    number, rng = len(drawn.adjacency[0]), _stream(seed, "bias")
    units = [np.asarray(unit) for unit in graph.bias]
    bias = [
        np.stack([placed(unit.shape, int(unit.sum()), rng) for _ in range(number)])
        for unit in units
    ]
    return LayeredGraph(drawn.adjacency, tuple(bias))


def _stream(seed: int | tuple[int, ...], name: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(name.encode())))


def _layered(graph: LayeredGraph, number: int, rng: np.random.Generator) -> LayeredGraph:
    return LayeredGraph(
        tuple(
            np.stack([placed(wires.shape, int(wires.sum()), rng) for _ in range(number)])
            for wires in map(np.asarray, graph.adjacency)
        )
    )


def _degree(
    graph: LayeredGraph,
    number: int,
    seed: int | tuple[int, ...],
    on: Literal["host", "device"],
    trades: int | None,
) -> LayeredGraph:
    if trades is None:
        trades = enough_trades(graph, seed=seed, on=on).number
    root = np.random.SeedSequence(seed, spawn_key=tuple(b"degree"))
    chains = Chains(graph, number, root, on)
    chains.move(trades)
    return chains.state()


def _layered_on_device(
    graph: LayeredGraph, number: int, seed: int | tuple[int, ...]
) -> LayeredGraph:
    (word,) = np.random.SeedSequence(seed).generate_state(1)
    keys = jax.random.split(jax.random.key(word), len(graph.adjacency))
    drawn = []
    for wires, key in zip(map(np.asarray, graph.adjacency), keys, strict=True):
        flat = _first_of_all(jax.random.split(key, number), wires.sum(), wires.size)
        drawn.append(np.asarray(flat).reshape(number, *wires.shape))
    return LayeredGraph(tuple(drawn))


@partial(jax.jit, static_argnums=2)
def _first_of_all(keys: jax.Array, edges: jax.Array | np.integer, places: int) -> jax.Array:
    """Place edges where random lots are smallest, for each key; 16 draws at a time in memory."""
    return jax.lax.map(lambda key: _smallest(jax.random.bits(key, (places,)), edges), keys,
                       batch_size=16)  # fmt: skip


def _smallest(lots: jax.Array, number: jax.Array | np.integer | int) -> jax.Array:
    """Mark the so many smallest of some 32-bit lots, without sorting them.

    The bits of the largest marked lot follow one by one from counts of what is below. If it occurs
    twice, once in 2**32 / places draws, the earlier place is marked.
    """

    def with_bit(bit: jax.Array, found: jax.Array) -> jax.Array:
        higher = found | (jnp.uint32(1) << (31 - bit).astype(jnp.uint32))
        return jnp.where(jnp.sum(lots < higher) < number, higher, found)

    last = jax.lax.fori_loop(0, 32, with_bit, jnp.uint32(0))
    below, tied = lots < last, lots == last
    return below | (tied & (jnp.cumsum(tied) <= number - jnp.sum(below)))


def overlap(graph: LayeredGraph, drawn: LayeredGraph) -> list[float]:
    """Return by layer the mean share of a network's edges that its draws have too.

    If draws have forgotten the network it is at chance: for `layered`, the layer's density. NaN if
    a layer has no edge.
    """
    shares = []
    for wires, draw in zip(graph.adjacency, drawn.adjacency, strict=True):
        edges = int(np.asarray(wires).sum())
        shared = (np.asarray(draw) & np.asarray(wires)).sum((-2, -1)).mean()
        shares.append(float(shared) / edges if edges else float("nan"))
    return shares

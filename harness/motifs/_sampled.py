"""Significance by sampling, for nulls whose exact moments are unknown."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from harness.sparse.graph import LayeredGraph, bias_as_nodes, why_uncalibrated
from harness.stats import autocorrelation_time, benjamini_hochberg

from ._classes import classes
from ._conventions import PUBLISHED, counted_as_published
from ._counts import Counts, counts
from ._degree_approx import chance_overlap
from ._nulls import OwnNull, draws, overlap, with_bias
from ._scores import error_of_z, scored, significance_profile
from ._significance import CHOSEN_NODES, TOTAL
from ._supports import Support, check_supports, supported
from ._trades import Trades, mixed_chains

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 64  # draws in one thread's memory at a time
_THREADS = min(4, os.cpu_count() or 1)
_INDEPENDENT = Trades(0, mixed=True)


class _Sample(NamedTuple):
    """Counts of draws, their mean overlap with the network, and, of chains, what they are worth."""

    counts: dict[str, Int[np.ndarray, "draws _rows"]]
    overlap: float
    effective: Mapping[str, Float[np.ndarray, " _rows"]] = {}
    trades: Trades = _INDEPENDENT
    chance: float = float("nan")


SAMPLED_COLUMNS = {
    "network": "number of the network in the batch",
    "support": "nodes that count: all, or live ones by either definition",
    "bias": "whether bias units count as nodes",
    "calibrated": "whether p is valid for draws of the null; else p and q are undefined",
    "uncalibrated": "why p is not valid; empty if it is",
    "null": "null model: what the draws keep of the network",
    "draws": "number of random networks that each network is compared with, R",
    "trades": "null `degree`: global trades before the first draw of each of 32 chains, set by a "
    "check of mixing; a quarter as many lie between two draws of a chain; 0 for other nulls",
    "mixed": "null `degree`: whether chains of that length had mixed; true for other nulls, whose "
    "draws are independent",
    "convention": "copies, or as Zahn, Daniel and Kutz (2024) counted",
    "order": "nodes of the motif less one",
    "motif": "motif class",
    "base_layer": "layer of the motif's first nodes; -1 for the sum over layers",
    "overlap": "mean share of the network's edges that its draws have too",
    "chance": "null `degree`: the overlap expected of a mixed chain, computed without drawing",
    "effective": "number of independent draws that the draws are worth, by the autocorrelation of "
    "this count in the chains",
    "count": "copies in the network, not necessarily induced",
    "expected": "mean count of the draws",
    "sd": "standard deviation of the count of the draws",
    "z": "(count - expected) / sd; undefined if all draws have the same count",
    "z_error": "Monte-Carlo standard error of z, about sqrt((1 + z^2 / 2) / effective)",
    "log2_ratio": "log2(count / expected), undefined if either is 0",
    "p": "two-sided, min(1, 2 * the smaller tail), each tail (r + 1) / (R + 1), so never 0; R is "
    "`effective`, r in proportion "
    "(Phipson and Smyth 2010); undefined if all draws have the network's count",
    "profile": "z / sqrt(sum of z^2) over the defined classes of one network and order; sums only",
    "q": "p after Benjamini and Hochberg, over the defined classes of one network; sums only",
}
"""The meaning of each column of a table of sampled significance."""


def sampled_profile(
    graph: LayeredGraph,
    null: str | OwnNull[LayeredGraph],
    *,
    number: int = 1000,
    orders: Sequence[int] = (2, 3),
    names: Sequence[str] | None = None,
    support: Support = "all",
    bias: bool = False,
    seed: int = 0,
    convention: Literal["copies", "published"] = "copies",
    on: Literal["host", "device"] = "host",
) -> "pd.DataFrame":
    """Compare each motif count with those of random networks from a null model (see `draws`).

    **Arguments:** `null` by name, or an `OwnNull`, under which p is taken to hold; `graph` with one
    leading batch axis, the networks; `number` of draws for each; `names` to choose some classes of
    the `orders`. The whole network is drawn; for another `support` each draw is cut down like the
    network before it is counted, so that p is calibrated there too. With `bias` the bias unit of
    each layer is one more of its nodes. `convention="published"` counts as Zahn, Daniel and Kutz
    (2024) did (`PUBLISHED`), for the given support and bias; `orders` and `names` are then ignored.
    The draws of a network depend on `seed` and its place in the batch.

    **Returns:** a row per network, motif and base layer, and one with base_layer = -1 for the sum
    over base layers, with the columns of `SAMPLED_COLUMNS`.

    Draws of `degree` are states of 32 chains that have forgotten the network (`enough_trades`), a
    quarter as many trades apart; p and `z_error` count only as many as they are worth.

    **Errors:** those of `draws` and `counts`, and ValueError for `bias` if the graph has none.
    """
    import pandas as pd

    if bias and graph.bias is None:
        raise ValueError("bias units cannot be counted: the graph has no bias edges")
    check_supports([support])
    classes_of, order_of = _classes_of(convention, orders, names, on)

    def count(graph: LayeredGraph) -> Counts:
        part, _ = supported(graph, support)
        return classes_of(bias_as_nodes(part) if bias else part)

    tables = []
    for place, one in enumerate(_networks(graph)):
        sample = _sample(one, null, number, (seed, place), count, on)
        reason = ""
        if isinstance(null, str):
            reason = why_uncalibrated(graph, null) or _reason(null, sample.trades)
        own = count(jax.tree.map(lambda leaf: leaf[None], one))
        table = _table(own, sample, order_of, reason).assign(network=place, overlap=sample.overlap)
        chain = {"trades": sample.trades.number, "mixed": sample.trades.mixed}
        tables.append(table.assign(chance=sample.chance, **chain))
    name = null.name if isinstance(null, OwnNull) else null
    facts = {"support": support, "bias": bias, "null": name, "draws": number}
    return pd.concat(tables, ignore_index=True).assign(**facts, convention=convention)


def _reason(null: str, trades: Trades) -> str:
    """Return why draws of a null are not calibrated, or an empty text if they are."""
    if null == "published":
        return CHOSEN_NODES
    return "" if trades.mixed else f"the chain had not mixed after {trades.number} trades"


def _classes_of(
    convention: Literal["copies", "published"],
    orders: Sequence[int],
    names: Sequence[str] | None,
    on: Literal["host", "device"],
) -> tuple[Callable[[LayeredGraph], Counts], dict[str, int]]:
    """Return the function that counts the classes of a convention, and their orders by name."""
    if convention == "published":
        return counted_as_published, _PUBLISHED_ORDERS
    known = [motif for order in sorted(set(orders)) for motif in classes(order)]
    order_of = {motif.name: motif.order for motif in known if names is None or motif.name in names}
    return partial(counts, orders=orders, names=names, on=on), order_of


def _table(
    own: Counts,
    sample: _Sample,
    order_of: Mapping[str, int],
    reason: str,
) -> "pd.DataFrame":
    """Return the rows of one network, without p if there is a reason why it is not calibrated."""
    import pandas as pd

    rows = []
    for name, order in order_of.items():
        counted = _with_sum(own[name])[0]
        base_layers = [TOTAL, *range(len(counted) - 1)]
        drawn = sample.counts[name]
        worth = sample.effective.get(name, np.full(len(counted), float(len(drawn))))
        one = pd.DataFrame(scored(counted, drawn, worth))
        error = error_of_z(one["z"].to_numpy(), worth)
        rows.append(
            one.assign(
                effective=worth, z_error=error, order=order, motif=name, base_layer=base_layers
            )
        )
    table = pd.concat(rows, ignore_index=True).assign(calibrated=not reason, uncalibrated=reason)
    return _families(table.assign(p=np.nan) if reason else table)


_PUBLISHED_ORDERS = {
    name: 2 if name in ("diverge2", "converge2", "chain2_pairs") else 3 for name in PUBLISHED
}


def _networks(graph: LayeredGraph) -> list[LayeredGraph]:
    """Return each network of a batch."""
    if any(np.ndim(wires) != 3 for wires in graph.adjacency):
        shapes = [tuple(np.shape(wires)) for wires in graph.adjacency]
        raise ValueError(f"expected adjacency of shape (networks, n_in, n_out), not {shapes}")
    host = jax.tree.map(np.asarray, graph)
    networks = graph.adjacency[0].shape[0]
    return [jax.tree.map(lambda leaf, at=place: leaf[at], host) for place in range(networks)]


def _sample(
    one: LayeredGraph,
    null: str | OwnNull[LayeredGraph],
    number: int,
    seed: tuple[int, int],
    count: Callable[[LayeredGraph], Counts],
    on: Literal["host", "device"],
) -> _Sample:
    """Return the counts of draws for one network, whose place in the batch `seed` holds."""
    if isinstance(null, OwnNull):
        return _independent(partial(null.draw, seed[1]), number, seed, count, one)
    if null == "degree":
        return _of_chains(one, number, seed, count, on)

    def draw(number: int, seed: tuple[int, ...]) -> LayeredGraph:
        return draws(one, null, number, seed=seed, on=on)

    # Draws of `published` are over other nodes.
    return _independent(draw, number, seed, count, None if null == "published" else one)


def _independent(
    draw: Callable[[int, tuple[int, ...]], LayeredGraph],
    number: int,
    seed: tuple[int, int],
    count: Callable[[LayeredGraph], Counts],
    same: LayeredGraph | None,
) -> _Sample:
    """Return the counts of independent draws, and their overlap with the network if it is `same`.

    Each thread draws one block at a time. Every block has its own seed, so that threads do not
    change results.
    """

    def block(start: int) -> tuple[Counts, float]:
        some = draw(min(_AT_ONCE, number - start), (*seed, start))
        return count(some), float("nan") if same is None else _shared(overlap(same, some), same)

    starts = range(0, number, _AT_ONCE)
    with ThreadPoolExecutor(_THREADS) as threads:
        blocks, shares = zip(*threads.map(block, starts), strict=True)
    joined = {
        name: _with_sum(np.concatenate([counted[name] for counted in blocks])) for name in blocks[0]
    }
    sizes = [min(_AT_ONCE, number - start) for start in starts]
    return _Sample(joined, float(np.average(shares, weights=sizes)))


def _of_chains(
    one: LayeredGraph,
    number: int,
    seed: tuple[int, int],
    count: Callable[[LayeredGraph], Counts],
    on: Literal["host", "device"],
) -> _Sample:
    """Return the counts of draws of the null `degree`: states of mixed chains, some trades apart.

    A row's draws are worth their number over its autocorrelation time, which all chains estimate.
    """
    trades, chains = mixed_chains(one, seed=seed, on=on)
    counted, shares = [], []
    for step, drawn in enumerate(chains.thinned(trades.between, number)):
        counted.append(count(with_bias(drawn, one, (*seed, step))))
        shares.append(_shared(overlap(one, drawn), one))
    joined, effective = {}, {}
    for name in counted[0]:
        series = np.stack([_with_sum(at[name]) for at in counted])
        times = [autocorrelation_time(row.astype(float).T) for row in np.moveaxis(series, -1, 0)]
        joined[name] = series.reshape(-1, series.shape[-1])[:number]
        effective[name] = number / np.fmax(1.0, times)
    chance = _shared(chance_overlap([np.asarray(wires) for wires in one.adjacency]), one)
    return _Sample(joined, float(np.mean(shares)), effective, trades, chance)


def _shared(shares: Sequence[float], one: LayeredGraph) -> float:
    """Return the share of the whole network's edges, from the shares of each layer's."""
    edges = [int(wires.sum()) for wires in one.adjacency]
    shared = [share * m for share, m in zip(shares, edges, strict=True) if m]
    return sum(shared) / max(1, sum(edges))


def _with_sum(found: Int[np.ndarray, "batch base_layers"]) -> Int[np.ndarray, "batch rows"]:
    return np.concatenate([found.sum(-1, keepdims=True), found], 1)


def _families(table: "pd.DataFrame") -> "pd.DataFrame":
    """Add the columns that compare the classes of one network."""
    family = np.flatnonzero(table["base_layer"] == TOTAL)
    shares, q = np.full(len(table), np.nan), np.full(len(table), np.nan)
    z, p = (table[name].to_numpy(dtype=float)[family] for name in ("z", "p"))
    shares[family] = significance_profile(z, table["order"].to_numpy()[family])
    q[family] = benjamini_hochberg(p)
    return table.assign(profile=shares, q=q)

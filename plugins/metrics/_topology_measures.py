"""Measures of one layered network: spectra, projections, paths, distances, removal."""

from collections.abc import Sequence
from dataclasses import replace
from math import log2, prod

import numpy as np
from jaxtyping import Array, Bool, Float, Int

from harness import LayeredGraph
from harness.sparse.graph import effective_density, node_counts

Layer = Bool[Array | np.ndarray, "_sources _targets"]
Layers = Sequence[Layer]


def spectrum(wires: Layer) -> dict[str, float]:
    """Return the spectral gap of a layer, and how far it is within the Ramanujan bound.

    The singular values of a mask are the non-negative eigenvalues of its bipartite graph. The bound
    on the second is sqrt(d - 1) + sqrt(d' - 1), with d and d' the mean degrees of sources and
    targets that have an edge (Pal et al. 2022, "A study on the Ramanujan graph property of winning
    lottery tickets"). All are NaN if the layer has no edge.
    """
    wires = wires[wires.any(1)][:, wires.any(0)]
    if not wires.size:
        return {"spectral_gap": np.nan, "ramanujan_margin": np.nan}
    numbers = (wires if len(wires) <= wires.shape[1] else wires.T).astype(float)
    squares = (0.0, *np.linalg.eigvalsh(numbers @ numbers.T))
    second, first = np.sqrt(np.maximum(squares[-2:], 0))
    bound = sum(np.sqrt(wires.sum() / nodes - 1) for nodes in wires.shape)
    return {"spectral_gap": first - second, "ramanujan_margin": bound - second}


def projection(wires: Layer) -> tuple[float, float]:
    """Return the modularity and the clustering of a layer's projection on its sources.

    Two sources are linked if they have a target in common; the weight is the number of such
    targets. Modularity is that of the communities that greedy agglomeration finds (Clauset, Newman
    and Moore 2004); clustering is the share of connected triples that are triangles, without
    weights. NaN if there is no link or no triple.
    """
    import igraph

    numbers = wires.astype(np.float32)
    shared = numbers @ numbers.T
    links = igraph.Graph.Weighted_Adjacency(shared, mode="upper", loops=False)
    if not links.ecount():
        return np.nan, np.nan
    found = links.community_fastgreedy(weights="weight").as_clustering()
    return links.modularity(found, weights="weight"), links.transitivity_undirected()


def ways(layers: Layers) -> list[Float[np.ndarray, " _nodes"]]:
    """Return for each node of every layer the number of paths that lead to it from an input."""
    numbers = [np.ones(layers[0].shape[0])]
    for wires in layers:
        numbers.append(numbers[-1] @ wires)
    return numbers


def paths(graph: LayeredGraph) -> dict[str, float]:
    """Count the paths from inputs to outputs, and compare with the mean under `layered`, exactly.

    NaN if there is none; the ratio also if places are shared or forbidden: `layered` ignores that.
    """
    number = float(ways(graph.adjacency)[-1].sum())
    if not number:
        return {"log10_paths": np.nan, "log2_paths_ratio": np.nan}
    density = prod(wires.mean() for wires in graph.adjacency)
    expected = density * prod(map(float, node_counts(graph)))
    ratio = np.nan if graph.places else log2(number / expected)
    return {"log10_paths": float(np.log10(number)), "log2_paths_ratio": ratio}


def distance(one: Layers, other: Layers) -> float:
    """Return the NNSTD of two networks, 0 if they are equal but for the order of hidden nodes.

    From the inputs on, the nodes of a layer are matched so that the mean distance of their sets of
    sources is least; then the next layer is compared with its sources in that order (Liu et al.
    2020, "Topological insights into sparse neural networks", arXiv 2006.14085). The distance of two
    sets is the share of their union that only one has, 0 if both are empty. The result is the mean
    over layers. Outputs have a meaning, so here they are not matched.
    """
    from scipy.optimize import linear_sum_assignment

    distances, order = [], np.arange(one[0].shape[0])
    for layer, (left, right) in enumerate(zip(one, other, strict=True), 1):
        right = right[order]
        both = left.T.astype(np.float32) @ right.astype(np.float32)
        union = left.sum(0)[:, None] + right.sum(0) - both
        apart = 1 - np.divide(both, union, out=np.ones_like(both), where=union > 0)
        order = np.arange(len(apart)) if layer == len(one) else linear_sum_assignment(apart)[1]
        distances.append(apart[np.arange(len(apart)), order].mean())
    return float(np.mean(distances))


def left(graph: LayeredGraph, order: Int[np.ndarray, " kept"], shares: Sequence[float]) -> float:
    """Return the share of effective density that is left after removing weights in an order.

    It is the mean over the shares of weights removed; NaN if nothing was effective before.
    `order` has the numbers of the kept weights (`weights`), the first to be removed first.
    """
    rank = np.full(max(map(np.max, weights(graph))) + 1, len(order))
    rank[order] = np.arange(len(order))
    cuts = np.array([round(share * len(order)) for share in shares])[:, None, None]
    kept = (rank[held] >= cuts for held in weights(graph))
    pairs = zip(graph.adjacency, kept, strict=True)
    damaged = replace(graph, adjacency=tuple(wires & stays for wires, stays in pairs), bias=None)
    before = float(effective_density(replace(graph, bias=None)))
    return float(effective_density(damaged).mean()) / before if before else np.nan


def weights(graph: LayeredGraph) -> list[Int[np.ndarray, "_sources _targets"]]:
    """Return the number of the weight at each place, -1 if none can be there."""
    if graph.places is not None:
        return list(graph.places.numbers)
    starts = np.cumsum([0, *(wires.size for wires in graph.adjacency)])
    pairs = zip(starts, graph.adjacency, strict=False)
    return [start + np.arange(wires.size).reshape(wires.shape) for start, wires in pairs]


def paths_by_weight(graph: LayeredGraph) -> tuple[Int[np.ndarray, " kept"], Float[np.ndarray, "*"]]:
    """Return the numbers of the prunable weights that are kept, and the paths through each."""
    forward = ways(graph.adjacency)
    backward = ways([wires.T for wires in reversed(graph.adjacency)])[::-1]
    total = np.zeros(max(map(np.max, weights(graph))) + 1)
    there = np.zeros(len(total), bool)
    ends = zip(graph.adjacency, weights(graph), forward, backward[1:], strict=False)
    for wires, held, into, onward in ends:
        there[held[wires]] = True
        np.add.at(total, held[wires], np.outer(into, onward)[wires])
    if graph.places is not None:
        there &= graph.places.prunable[: len(there)]
    kept = np.flatnonzero(there)
    return kept, total[kept]

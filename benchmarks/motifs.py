"""The motif engine beside its rivals: igraph's census, and sampling with NumPy.

Uniformly random masks of the published architecture, 93 % pruned. Every time is the median of some
repeats after one that is not counted; what is slow is repeated less, and says so.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import igraph
import numpy as np
from harness_benchmarks import digraphs
from harness_benchmarks.architecture import SIZES

from harness.bench import Measured
from harness.motifs import covariances, profile, sampled_profile
from harness.sparse.graph import LayeredGraph, edge_counts, node_counts

FEWER = (10, 120, 120, 120, 16, 7)  # about as many nodes as 93 % pruning leaves alive
NETWORKS = 100


def uniform(
    networks: int, density: float, nodes: tuple[int, ...] = SIZES, seed: int = 0
) -> LayeredGraph:
    """Uniformly random masks."""
    rng = np.random.default_rng(seed)
    layers = []
    for a, b in pairwise(nodes):
        wires = np.zeros((networks, a * b), bool)
        for row in wires:
            row[rng.choice(a * b, round(density * a * b), replace=False)] = True
        layers.append(wires.reshape(networks, a, b))
    return LayeredGraph(tuple(layers))


def seconds(function: Callable[[], Any], repeats: int) -> float:
    """The median time of some calls, after one that is not counted."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def counted_with_numpy(wires: list[np.ndarray]) -> list[float]:
    """All 13 classes by the formulas of the field's scripts: products of matrices of doubles."""
    a = [layer.astype(float) for layer in wires]
    r, c = [x.sum(1) for x in a], [x.sum(0) for x in a]
    found = [0.0] * 13
    for here, (x, out, into) in enumerate(zip(a, r, c, strict=True)):
        shared = np.triu(x @ x.T, 1)
        found[0] += (out * (out - 1) / 2).sum()
        found[1] += (into * (into - 1) / 2).sum()
        found[3] += (out * (out - 1) * (out - 2) / 6).sum()
        found[4] += (into * (into - 1) * (into - 2) / 6).sum()
        found[5] += (shared * (shared - 1) / 2).sum()
        found[6] += (x * (out - 1)[:, None] * (into - 1)).sum()
        if here + 1 < len(a):
            y, out2, into2 = a[here + 1], r[here + 1], c[here + 1]
            paths = x @ y
            found[2] += into @ out2
            found[7] += (paths * (paths - 1) / 2).sum()
            found[8] += into @ (out2 * (out2 - 1) / 2)
            found[9] += (into * (into - 1) / 2) @ out2
            found[10] += (x * (out - 1)[:, None] * out2).sum()
            found[11] += (y * into[:, None] * (into2 - 1)).sum()
            if here + 2 < len(a):
                found[12] += (paths @ a[here + 2]).sum()
    return found


def one_random_network(wires: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """As many edges in each layer, placed uniformly."""
    drawn = []
    for layer in wires:
        flat = np.zeros(layer.size)
        flat[rng.choice(layer.size, int(layer.sum()), replace=False)] = 1
        drawn.append(flat.reshape(layer.shape))
    return drawn


def as_igraph(graph: LayeredGraph) -> igraph.Graph:
    """The first network as igraph has it."""
    starts = np.cumsum((0, *node_counts(graph)))
    edges = np.concatenate(
        [
            np.argwhere(layer[0]) + starts[place : place + 2]
            for place, layer in enumerate(graph.adjacency)
        ]
    )
    return igraph.Graph(int(starts[-1]), edges.tolist(), directed=True)


def figures() -> Iterator[Measured]:
    """Counts and exact z, and how long rivals take for less."""
    many, one = uniform(NETWORKS, 0.07), uniform(1, 0.07)
    fewer = uniform(NETWORKS, 9000 / sum(a * b for a, b in pairwise(FEWER)), FEWER)
    edges = int(edge_counts(one).sum())
    ours = seconds(lambda: profile(many, supports=("all",)), 5) / NETWORKS
    less = seconds(lambda: profile(fewer, supports=("all",)), 5) / NETWORKS
    yield Measured(
        f"13 classes, counts and exact z, {NETWORKS} networks of {edges:,} edges",
        ours * 1e3,
        "ms a network",
    )
    yield Measured(
        f"the same of {NETWORKS} networks of 9,000 edges between {sum(FEWER)} nodes",
        less * 1e3,
        "ms a network",
    )
    yield _sampled_with_numpy(one, ours)
    for some, beside in ((many, ours), (fewer, less)):
        graph = as_igraph(some)
        census = seconds(lambda graph=graph: graph.motifs_randesu(size=4), 1)
        what = f"rival: igraph's census of size 4 of {graph.ecount():,} edges, counts only"
        yield Measured(what, census, "s a network", census / beside, "the time", "once")
    yield from _more(one)


def _sampled_with_numpy(one: LayeredGraph, ours: float) -> Measured:
    wires = [layer[0] for layer in one.adjacency]
    rng = np.random.default_rng(1)
    drawn = seconds(lambda: counted_with_numpy(one_random_network(wires, rng)), 20) * 1000
    return Measured(
        "rival: 1000 random networks counted with NumPy",
        drawn,
        "s a network",
        drawn / ours,
        "the time",
        "median of 20, times 1000",
    )


def _more(one: LayeredGraph) -> Iterator[Measured]:
    """What has no rival: order 4, covariances, draws of the null `degree`."""
    fourth = seconds(lambda: profile(one, supports=("all",), orders=(4,)), 5)
    yield Measured("42 classes of order 4, counts and exact z, one network", fourth, "s")
    size = np.tile(SIZES, (1000, 1)), np.tile(edge_counts(one), (1000, 1))
    joint = seconds(lambda: covariances(*size), 3)
    yield Measured("covariances of all pairs of 13 classes, 1000 networks", joint, "s")

    def curveball() -> None:
        sampled_profile(one, "degree", number=1000, names=("bifan", "biparallel"))

    what = "1000 draws from the null `degree`, bifan and biparallel counted"
    yield Measured(what, seconds(curveball, 3), "s", note="median of 3")
    yield from digraphs.figures()

"""Draws of digraphs and their triads beside igraph's, in turn.

A random digraph, one with hubs, and any edge lists that are named:

    python -m harness_benchmarks.digraphs FILE...
"""

import sys
from collections.abc import Iterator
from functools import partial

import igraph
import numpy as np
from harness_benchmarks.timing import side_by_side

from harness import network_files
from harness.bench import Measured
from harness.motifs import digraph_profile, enough_rounds, switched, triads
from harness.sparse.edges import SparseDigraph, sparse_digraph

NODES, EDGES, DRAWS = 7_000, 20_000, 100
_TOGETHER = 10


def figures() -> Iterator[Measured]:
    """Time draws, triads, and both together for 100 draws, ours and igraph's."""
    rng = np.random.default_rng(0)
    uniform = sparse_digraph(NODES, *rng.integers(0, NODES, (2, EDGES)))
    weights = rng.pareto(1.5, (2, NODES)) + 1
    ends = [rng.choice(NODES, EDGES, p=one / one.sum()) for one in weights]
    yield from beside(f"{NODES:,} nodes", uniform)
    yield from beside(f"{NODES:,} nodes with hubs", sparse_digraph(NODES, *ends))


def beside(name: str, digraph: SparseDigraph) -> Iterator[Measured]:
    """Time one digraph: of each two figures the second is igraph's, with its ratio to ours."""
    ends = np.stack([digraph.sources, digraph.targets], 1)
    theirs = igraph.Graph(digraph.nodes, ends, directed=True)
    rounds = enough_rounds(digraph, np.random.SeedSequence(0)).number
    tries, rng = 10 * len(ends), np.random.default_rng(0)

    def rewired() -> igraph.Graph:
        draw = theirs.copy()
        draw.rewire(n=tries)
        return draw

    def counted() -> None:
        for _ in range(DRAWS):
            rewired().motifs_randesu(3, cut_prob=[0] * 3)

    draw = partial(switched, digraph, rng, rounds=rounds, number=_TOGETHER)
    whole = partial(digraph_profile, [digraph], draws=DRAWS, orders=(2,))
    census = partial(theirs.motifs_randesu, 3, cut_prob=[0] * 3)
    tried = round(0.45 * rounds * len(ends))
    for what, ours, rival, of, parts in (
        (
            f"a draw, {rounds} rounds, {tried:,} tries",
            draw,
            rewired,
            f"rewire, {tries:,} tries",
            _TOGETHER,
        ),
        ("triads", partial(triads, digraph), census, "motifs_randesu", 1),
        (f"{DRAWS} draws, their triads and z", whole, counted, "the same without z", 1),
    ):
        times = side_by_side({"ours": ours, "igraph": rival}, 3)
        mine, other = times["ours"].median / parts, times["igraph"].median
        title = f"{name}, {len(ends):,} edges"
        yield Measured(f"{title}: {what}", mine * 1e3, "ms", note="median of 3")
        yield Measured(
            f"{title}: igraph, {of}", other * 1e3, "ms", other / mine, "the time", "median of 3"
        )


def main() -> None:
    """Print the figures of edge lists."""
    for path in sys.argv[1:]:
        (digraph,) = network_files.read(path).graph
        for figure in beside(path.rpartition("/")[2], digraph):
            ratio = f", {figure.ratio:.1f} times ours" if figure.ratio else ""
            print(f"{figure.what}: {figure.value:.4g} {figure.unit}{ratio}", flush=True)


if __name__ == "__main__":
    main()

"""Random layered graphs that have unequal degrees and no other structure."""

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.sparse.graph import LayeredGraph

_NODES = 16
"""The number of quantiles that stand for a log-normal distribution when variances are computed."""

_SPREADS = np.linspace(0.0, 4.0, 21) ** 2 / 4
"""Standard deviations of log fitness, between which the matching one is interpolated."""


def unequal_degrees(graph: LayeredGraph, number: int, rng: np.random.Generator) -> LayeredGraph:
    """Draw graphs whose nodes differ only in fitness, matched to one network.

    In each layer of edges, sources and targets have log-normal fitness, drawn anew for each graph.
    As many edges as the network has are drawn without replacement, each with probability
    proportional to the product of its ends' fitness. The spreads of fitness are chosen so that the
    variances of out- and in-degrees match those of the network on average; a node's fitness as a
    target is independent of that as a source.

    **Arguments:** `graph` without a batch axis. **Returns:** `number` graphs, without bias edges.
    """
    layers = []
    for wires in map(np.asarray, graph.adjacency):
        out, into = _spreads(wires)
        drawn = [_drawn(wires.shape, int(wires.sum()), out, into, rng) for _ in range(number)]
        layers.append(np.stack(drawn))
    return LayeredGraph(tuple(layers))


def _drawn(
    shape: tuple[int, ...], edges: int, out: float, into: float, rng: np.random.Generator
) -> Bool[np.ndarray, "sources targets"]:
    """Draw edges by exponential races: the places that finish first get them (Efraimidis 2006)."""
    source = np.exp(-out * rng.normal(size=(shape[0], 1)))
    target = np.exp(-into * rng.normal(size=(1, shape[1])))
    times = (rng.exponential(size=shape) * source * target).ravel()
    wires = np.zeros(times.size, bool)
    wires[np.argpartition(times, max(edges - 1, 0))[:edges]] = True
    return wires.reshape(shape)


def _spreads(wires: Bool[np.ndarray, "sources targets"]) -> tuple[float, float]:
    """Return the standard deviations of log fitness of sources and targets that match a layer."""
    sources, targets = wires.shape
    edges = int(wires.sum())
    if edges in (0, wires.size):
        return 0.0, 0.0
    wanted = [_variance(wires.sum(axis=axis)) for axis in (1, 0)]
    out, into = 0.0, 0.0
    # Three rounds: each spread changes the other side's variance a little.
    for _ in range(3):
        there = _variances(_SPREADS, np.array([into]), edges / wires.size, targets)
        out = float(np.interp(wanted[0], np.maximum.accumulate(there), _SPREADS))
        there = _variances(_SPREADS, np.array([out]), edges / wires.size, sources)
        into = float(np.interp(wanted[1], np.maximum.accumulate(there), _SPREADS))
    return out, into


def _variance(degrees: Int[np.ndarray, " nodes"]) -> float:
    return float(degrees.var(ddof=1)) if degrees.size > 1 else 0.0


def _variances(
    spreads: Float[np.ndarray, " spreads"],
    other: Float[np.ndarray, "1"],
    density: float,
    places: int,
) -> Float[np.ndarray, " spreads"]:
    """Return the variance of the degrees of nodes whose fitness has each spread.

    Each node can be connected to `places` nodes, whose fitness has spread `other`. An edge is
    present with probability 1 - exp(-t·fitness·fitness), with t set to give the density; degrees
    vary by fitness and by chance.
    """
    from scipy.special import ndtri

    scores = ndtri((np.arange(_NODES) + 0.5) / _NODES)
    scores /= scores.std()
    logs = spreads[:, None, None] * scores[:, None] + other[:, None, None] * scores[None]
    time = np.full((spreads.size, 1, 1), np.log(-np.log1p(-density)))
    low, high = time - 30, time + 30
    for _ in range(24):
        middle = (low + high) / 2
        dense = -np.expm1(-np.exp(middle + logs)).mean(axis=(1, 2), keepdims=True) > density
        low, high = np.where(dense, low, middle), np.where(dense, middle, high)
    there = -np.expm1(-np.exp((low + high) / 2 + logs))
    by_fitness = (there.mean(axis=2) * places).var(axis=1)
    by_chance = places * (there * (1 - there)).mean(axis=(1, 2))
    return by_fitness + by_chance

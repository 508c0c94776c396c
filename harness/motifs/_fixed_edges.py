"""The `layered` null of a batch of networks: the same edge counts per stratum, placed uniformly."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from . import _exact

Sizes = Sequence[int] | Sequence[Sequence[int]] | Int[np.ndarray, "*batch _sizes"]


class Nulls(NamedTuple):
    """The null of each network of a batch; rows are groups or strata, as `_unions` numbers them."""

    nodes: Int[np.ndarray, "groups networks"]
    places: Int[np.ndarray, "strata networks"]
    edges: Int[np.ndarray, "strata networks"]
    bias: bool

    @property
    def networks(self) -> int:
        return self.nodes.shape[1]

    def base_layers(self, layers_spanned: int) -> int:
        return max(0, len(self.places) // 2 - layers_spanned + 1)

    def of(self, network: int) -> _exact.Null:
        """Return the null of one network, in Python's integers."""
        nodes, places, edges = (
            tuple(part[:, network].tolist()) for part in (self.nodes, self.places, self.edges)
        )
        return _exact.Null(nodes, places, edges, self.bias)


def fixed_edges(
    nodes: Sizes, edges: Sizes, bias_edges: Sizes | None
) -> tuple[Nulls, tuple[int, ...]]:
    """Return the nulls of all networks, and the batch's shape."""
    n, m = np.asarray(nodes, np.int64), np.asarray(edges, np.int64)
    layers = m.shape[-1]
    if n.shape != (*m.shape[:-1], layers + 1):
        raise ValueError(
            f"{n.shape[-1]} layers of nodes need {n.shape[-1] - 1} edge counts: nodes {n.shape}, "
            f"edges {m.shape}"
        )
    b = np.zeros_like(m) if bias_edges is None else np.asarray(bias_edges, np.int64)
    if b.shape != m.shape:
        raise ValueError(f"bias edges have shape {b.shape}; give that of the edges, {m.shape}")
    places = np.stack([n[..., :-1] * n[..., 1:], n[..., 1:]], -1)
    given = np.stack([m, b], -1)
    wrong = np.argwhere((given < 0) | (given > places) | (n[..., :-1, None] < 0))
    if len(wrong) or (n < 0).any():
        raise ValueError(_misfit(n, given, wrong))
    units = np.ones_like(n) if bias_edges is not None else np.zeros_like(n)
    groups = np.stack([n, units], -1).reshape(-1, 2 * (layers + 1))
    n_places, n_edges = (part.reshape(-1, 2 * layers).T for part in (places, given))
    return Nulls(groups.T, n_places, n_edges, bias_edges is not None), m.shape[:-1]


def _misfit(nodes: np.ndarray, given: np.ndarray, wrong: np.ndarray) -> str:
    """Return a message that names the first edges that do not fit."""
    if not len(wrong):
        return f"numbers of nodes are below 0: {nodes[nodes < 0].tolist()}"
    *network, layer, kind = wrong[0].tolist()
    a, b = nodes[tuple(network)][layer : layer + 2].tolist()
    what = "bias edges" if kind else "edges"
    number = given[tuple(wrong[0])]
    return f"layer {layer}: {number} {what} do not fit between {a} and {b} nodes"


class Tables:
    """Tables for the sums over unions, for every network: falling factorials and probabilities.

    `falling[g, v]` = (n_g)_v. `probability[s, e]` = (m)_e / (N)_e, for e given edges of stratum s.
    `joint[s, e, f]` is that for sets of e and of f edges if they were independent, and
    `excess[s, e, f, k]` the log of P(both are present) over that, if they share k edges.
    """

    def __init__(self, nulls: Nulls, most_edges: int) -> None:
        once, most = most_edges + 1, 2 * most_edges
        # Every node of a union touches an edge of the layer before or after it.
        steps = np.arange(2 * most)
        factors = np.maximum(nulls.nodes[:, None] - steps[:, None], 0).astype(float)
        self.falling = _cumulated(factors, np.multiply)
        n, m = nulls.places.astype(float)[:, None], nulls.edges.astype(float)[:, None]
        step = np.arange(most)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.where(step < m, (m - step) / (n - step), 0.0)
            missed = np.where(step < m, (n - m) / (n - step), 1.0)
            logs = _cumulated(np.log1p(-missed), np.add)  # accurate even if few are missed
            self.probability = _cumulated(chance, np.multiply)[:, :once]
            self.joint = self.probability[:, :, None] * self.probability[:, None]
            self.excess = np.zeros((len(n), once, once, once, nulls.networks))
            for e in range(once):
                # log1p of - e (N - m) / ((N - e - i) (m - i)): of edge i, after e others.
                more = np.log1p(-e * (n - m) / ((n - e - step) * (m - step)))
                more = _cumulated(np.where(step + e < m, more, -np.inf), np.add)
                for f in range(once):
                    for k in range(min(e, f) + 1):
                        gained = logs[:, f - k] - logs[:, f]
                        self.excess[:, e, f, k] = more[:, f - k] + gained
        # If a copy is impossible, so is every union with it.
        self.excess[(self.joint == 0)[:, :, :, None].repeat(once, 3)] = 0.0


def _cumulated(values: np.ndarray, operation: np.ufunc) -> np.ndarray:
    """Return the cumulative results of `operation` along axis 1, starting with its identity."""
    first = np.full_like(values[:, :1], operation.identity)
    return np.concatenate([first, operation.accumulate(values, 1)], 1)

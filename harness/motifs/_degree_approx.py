"""Moments under the null `degree` without draws, to second order in what degrees leave free.

With degrees exact, the counts of four classes are sums over the edges of one layer, each edge times
a number K that degrees give. So probabilities q of edges, given all degrees, give their means; the
spread left after the best fit of a row and a column effect to K gives their variances.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from ._edge_probabilities import configuration_model
from ._moments import Moments

_CERTAIN, _RIDGE = 1e-9, 1e-10
"""The variance of an edge that counts as none; what makes a singular matrix invertible."""
_AGREEMENT, _MOST_STEPS = 1e-3, 50
"""When the search for variances stops."""

_Weights = Callable[
    [Sequence[np.ndarray], Sequence[np.ndarray], int], tuple[int, np.ndarray, np.ndarray]
]
"""From out- and in-degrees by layer and a base layer: a layer, and both factors of its K."""

LINEAR: Mapping[str, _Weights] = {
    "chain3": lambda out, into, base: (base + 1, into[base], out[base + 2]),
    "zigzag": lambda out, into, base: (base, out[base] - 1, into[base] - 1),
    "fork_tail": lambda out, into, base: (base, out[base] - 1, out[base + 1]),
    "merge_tail": lambda out, into, base: (base + 1, into[base], into[base + 1] - 1),
}
"""The classes whose copies are, given all degrees, a sum over the edges of one layer."""
_SPANS = {"chain3": 3, "zigzag": 1, "fork_tail": 2, "merge_tail": 2}


def approximate_moments(
    wires: Sequence[Bool[np.ndarray, "_sources _targets"]],
) -> dict[str, Moments]:
    """Return about the mean and sd, under the null `degree`, of the classes in `LINEAR`.

    Against sampled draws, means are right to 0.09 sd and sds to 5 %, on layers of some hundred
    nodes: a preview, not a test.
    """
    layers = [_Layer(layer) for layer in wires]
    spread = [layer.spread() for layer in layers]
    effects = [_Effects(v) for v in spread]
    out, into = [layer.sum(1) for layer in wires], [layer.sum(0) for layer in wires]
    found = {}
    for name, weights in LINEAR.items():
        mean, variance = [], []
        for base in range(len(layers) - _SPANS[name] + 1):
            at, left, right = weights(out, into, base)
            per_edge = np.outer(left, right).astype(float)
            mean.append((layers[at].q * per_edge).sum())
            free = per_edge[layers[at].free]
            variance.append((spread[at] * effects[at].residual(free) ** 2).sum())
        sd = np.sqrt(np.array(variance))
        total = np.asarray(np.sqrt(np.sum(variance)))  # each base has an independent layer
        found[name] = Moments(np.array(mean), sd, np.asarray(np.sum(mean)), total)
    return found


def chance_overlap(wires: Sequence[Bool[np.ndarray, "_sources _targets"]]) -> list[float]:
    """Return by layer about the share of its edges that a draw of the null `degree` has too."""
    edges = [int(layer.sum()) for layer in wires]
    return [
        float(_Layer(layer).q[layer].sum() / m) if m else float("nan")
        for layer, m in zip(wires, edges, strict=True)
    ]


class _Layer:
    """Probabilities `q` of one layer's edges given its degrees; `free` are uncertain rows, columns.

    The configuration model p, whose degrees fluctuate, corrected by the first term of Edgeworth's
    series for degrees that do not.
    """

    def __init__(self, wires: Bool[np.ndarray, "sources targets"]) -> None:
        self.q = configuration_model(wires.sum(1), wires.sum(0))
        v = self.q * (1 - self.q)
        v[v < _CERTAIN] = 0
        self.free = np.ix_(v.any(1), v.any(0))
        self._v, p = v[self.free], self.q[self.free]
        effects = _Effects(self._v)
        shift = self._v * effects.residual((1 - 2 * p) * effects.leverage) / 2
        self.q[self.free] = np.clip(p - shift, 0, 1)

    def spread(self) -> Float[np.ndarray, "rows columns"]:
        """Return the variances v of independent edges that, given all degrees, have q (1 - q)."""
        q, v = self.q[self.free], self._v
        given = np.where(v > 0, q * (1 - q), 0)
        for _ in range(_MOST_STEPS):
            left = 1 - v * _Effects(v).leverage
            new = given / np.clip(left, 0.1, 1)
            if (abs(new - v) <= _AGREEMENT * v.max(initial=0)).all():
                break
            v = new
        return v


class _Effects:
    """Fits of a row and a column effect to a matrix, by least squares weighted with v."""

    def __init__(self, v: Float[np.ndarray, "rows columns"]) -> None:
        self._v, self._rows = v, v.sum(1)
        self._per_row = v / self._rows[:, None]
        left = np.diag(v.sum(0)) - v.T @ self._per_row  # once rows are eliminated
        # A constant may move from all columns to all rows, or, if certain edges divide the layer,
        # from some to some: any choice will do.
        size = v.max(initial=0)
        left[np.diag_indices_from(left)] += _RIDGE * size
        self._columns = np.linalg.inv(left + size)

    @property
    def leverage(self) -> Float[np.ndarray, "rows columns"]:
        """The variance of the fit at each place, if each value has variance 1 / v."""
        both = self._per_row @ self._columns
        row = 1 / self._rows + (both * self._per_row).sum(1)
        return row[:, None] - 2 * both + np.diag(self._columns)

    def residual(
        self, matrix: Float[np.ndarray, "rows columns"]
    ) -> Float[np.ndarray, "rows columns"]:
        """Return what the fit leaves of a matrix."""
        weighted = self._v * matrix
        row = weighted.sum(1) / self._rows
        column = self._columns @ (weighted.sum(0) - self._v.T @ row)
        return matrix - (row - self._per_row @ column)[:, None] - column

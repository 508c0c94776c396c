"""Motif counts of trained networks, compared with the exact moments of the `layered` null."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Int

from harness.sparse.graph import LayeredGraph, bias_as_nodes, edge_counts, why_uncalibrated
from harness.stats import benjamini_hochberg

from ._classes import MotifClass, classes
from ._counts import counts, induced
from ._moments import Moments, moments
from ._scores import significance_profile
from ._supports import check_supports, supported

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 64  # networks whose wires are copied and cut down at a time

TOTAL = -1
"""The `base_layer` of a row that sums over base layers."""
CHOSEN_NODES = "nodes were chosen after looking"
"""Why z is not calibrated on live nodes."""


def profile(
    graph: LayeredGraph,
    *,
    supports: Sequence[str] = ("all", "live"),
    orders: Sequence[int] = (2, 3),
    bias: bool = False,
) -> "pd.DataFrame":
    """Compare each motif count with the exact moments of the `layered` null.

    On support `all` the null keeps the edges per layer among all nodes of the architecture. It is
    calibrated, and only it has p-values, unless edges share weights, some places can hold no edge,
    or nodes without an edge are missing. On `live` the graph is first cut to the nodes on a path
    from input to output, and the null keeps the remaining nodes and edges. That is descriptive: the
    nodes were chosen after looking, and if the null itself leaves nodes bare, uniformly random
    masks get z far from 0. `live-published` does the same with the nodes that Zahn, Daniel and Kutz
    (2024) counted (`supported`). `sampled_profile` calibrates both by drawing.

    Bias edges are not counted unless `bias` is set: then the bias unit of each layer is one more of
    its nodes, and the null keeps the number of its edges too.

    **Arguments:** `graph` with one leading batch axis, the networks.

    **Returns:** a row per network, support, motif and base layer, and one with base_layer = -1 for
    the sum over base layers. Columns:

    - network, support, bias, null, order, motif, base_layer: what the row is about
    - calibrated: whether z has mean 0 and variance 1 for uniformly random masks
    - uncalibrated: why not; empty if calibrated
    - count, expected, sd, z: copies; z is NaN if sd is exactly 0, and only then
    - log2_ratio: log2(count / expected), NaN if either is 0
    - induced, induced_expected, induced_sd, induced_z: the same for induced copies
    - p_normal: two-sided, by the normal approximation, whose tails are too thin in small layers;
      NaN if z is NaN or not calibrated

    and, in summed rows only (else NaN):

    - profile: z / sqrt(sum of z^2) over the defined classes of one network, support and order
      (Milo et al. 2004, Science 303:1538)
    - q_normal: Benjamini-Hochberg over the defined classes, all orders, of one network and support

    **Errors:** ValueError for an unknown support or order, a graph without one batch axis, or
    `bias` if the graph has none; OverflowError as in `counts`.
    """
    import pandas as pd

    check_supports(supports)
    if bias and graph.bias is None:
        raise ValueError("bias units cannot be counted: the graph has no bias edges")
    if any(np.ndim(wires) != 3 for wires in graph.adjacency):
        shapes = [tuple(np.shape(wires)) for wires in graph.adjacency]
        raise ValueError(f"expected adjacency of shape (networks, n_in, n_out), not {shapes}")
    tables = []
    for start in range(0, max(1, graph.adjacency[0].shape[0]), _AT_ONCE):
        some = jax.tree.map(lambda leaf, at=start: leaf[at : at + _AT_ONCE], graph)
        for support in dict.fromkeys(supports):
            table = _on_support(some, support, orders, bias)
            tables.append(table | {"network": table["network"] + start})
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    return pd.DataFrame(columns).sort_values("network", kind="stable", ignore_index=True)


def _on_support(
    graph: LayeredGraph, support: str, orders: Sequence[int], bias: bool
) -> dict[str, np.ndarray]:
    part, nodes = supported(graph, support)
    unit_edges = None
    if bias:
        assert part.bias is not None
        unit_edges = np.stack([np.asarray(unit).sum(-1, dtype=np.int64) for unit in part.bias], -1)
    reason = why_uncalibrated(graph, "layered") or ("" if support == "all" else CHOSEN_NODES)
    copies = counts(bias_as_nodes(part) if bias else part, orders)
    induced_copies = induced(copies)
    sizes = nodes, edge_counts(part)
    copy_null = moments(*sizes, orders, bias_edges=unit_edges)
    induced_null = moments(*sizes, orders, bias_edges=unit_edges, induced=True)
    blocks = []
    for motif in (motif for order in sorted(set(orders)) for motif in classes(order)):
        name = motif.name
        block = identity(motif, "layered", support, bias, reason, *copies[name].shape)
        block |= scored_moments(copies[name], copy_null[name])
        fields = scored_moments(induced_copies[name], induced_null[name])
        block["induced"] = fields.pop("count")
        blocks.append(block | {f"induced_{key}": value for key, value in fields.items()})
    columns = {key: np.concatenate([block[key] for block in blocks], 1) for key in blocks[0]}
    del columns["induced_log2_ratio"]
    return {key: value.ravel() for key, value in with_families(columns).items()}


def identity(
    motif: MotifClass,
    null: str,
    support: str,
    bias: bool,
    reason: str,
    networks: int,
    base_layers: int,
) -> dict[str, np.ndarray]:
    """Return the columns that identify rows, each (networks, 1 + base layers), the sum first."""
    shape = (networks, 1 + base_layers)
    return {
        "network": np.broadcast_to(np.arange(networks)[:, None], shape),
        "support": np.full(shape, support, object),
        "bias": np.full(shape, bias),
        "calibrated": np.full(shape, not reason),
        "uncalibrated": np.full(shape, reason, object),
        "null": np.full(shape, null, object),
        "order": np.full(shape, motif.order),
        "motif": np.full(shape, motif.name, object),
        "base_layer": np.broadcast_to(np.array([TOTAL, *range(base_layers)]), shape),
    }


def scored_moments(
    found: Int[np.ndarray, "networks base_layers"], null: Moments
) -> dict[str, np.ndarray]:
    """Return counts and their moments, each (networks, 1 + base layers), the sum first."""
    count = np.concatenate([found.sum(-1, keepdims=True), found], 1)
    shape = count.shape
    expected = np.concatenate([null.total_mean[:, None], null.mean], 1)
    sd = np.concatenate([null.total_sd[:, None], null.sd], 1)
    z, ratio = np.full(shape, np.nan), np.full(shape, np.nan)
    np.divide(count - expected, sd, out=z, where=sd > 0)
    np.divide(count, expected, out=ratio, where=(count > 0) & (expected > 0))
    return {"count": count, "expected": expected, "sd": sd, "z": z, "log2_ratio": np.log2(ratio)}


def with_families(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add the columns that compare the classes of one network; all arrays are (networks, rows)."""
    from scipy.special import erfc

    family = np.flatnonzero((columns["base_layer"][:1] == TOTAL).any(0))
    shares = np.full(columns["z"].shape, np.nan)
    if columns["z"].size:
        order = columns["order"][0, family]
        shares[:, family] = significance_profile(columns["z"][:, family], order)
    p = np.where(columns["calibrated"], erfc(np.abs(columns["z"]) / np.sqrt(2)), np.nan)
    q = np.full(p.shape, np.nan)
    q[:, family] = [benjamini_hochberg(row) for row in p[:, family]]
    return columns | {"profile": shares, "p_normal": p, "q_normal": q}

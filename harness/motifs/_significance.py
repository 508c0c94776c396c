"""How far the motif counts of trained networks lie from those of the `layered` null."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from jaxtyping import Int

from ..graph import LayeredGraph, edge_counts, live_nodes, node_counts, restrict
from ..stats import benjamini_hochberg
from ._classes import MotifClass, classes
from ._counts import counts, induced
from ._moments import Moments, moments

if TYPE_CHECKING:
    import pandas as pd

Support = Literal["all", "live"]
TOTAL = -1
"""The `base_layer` of a row that sums over base layers."""


def profile(
    graph: LayeredGraph,
    *,
    supports: Sequence[str] = ("all", "live"),
    orders: Sequence[int] = (2, 3),
) -> "pd.DataFrame":
    """Counts of every motif class, against the exact moments of the `layered` null.

    On support `all` the null keeps the edges per layer among all nodes of the architecture; it is
    calibrated, and carries the p-values. On `live` the graph is first cut to the nodes on a path
    from input to output and the null keeps what is left of nodes and edges: descriptive, for those
    nodes were chosen after looking. Bias edges are not counted.

    **Arguments:** `graph` with one leading batch axis, the networks.

    **Returns:** a row per network, support, motif and base layer, and one with base_layer = -1 for
    the sum over base layers. Columns:

    - network, support, null, order, motif, base_layer: what the row is about
    - count, expected, sd, z: copies; z is NaN where sd is exactly 0, never anything else
    - log2_ratio: log2(count / expected), NaN where either is 0
    - induced, induced_expected, induced_sd, induced_z: the same for induced copies
    - p_normal: two-sided, by the normal approximation, which is thin-tailed in small layers

    and, in summed rows only (else NaN):

    - profile: z / sqrt(sum of z^2) over the defined classes of one network, support and order
      (Milo et al. 2004, Science 303:1538)
    - q_normal: Benjamini-Hochberg over the defined classes, all orders, of one network and support

    **Errors:** ValueError for an unknown support or order, or a graph without one batch axis;
    OverflowError as in `counts`.
    """
    import pandas as pd

    unknown = set(supports) - set(get_args(Support))
    if unknown:
        raise ValueError(f"unknown support {sorted(unknown)}; known: {list(get_args(Support))}")
    if any(np.ndim(wires) != 3 for wires in graph.adjacency):
        shapes = [tuple(np.shape(wires)) for wires in graph.adjacency]
        raise ValueError(f"expected adjacency of shape (networks, n_in, n_out), not {shapes}")
    tables = [_on_support(graph, support, orders) for support in dict.fromkeys(supports)]
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    return pd.DataFrame(columns).sort_values("network", kind="stable", ignore_index=True)


def _on_support(graph: LayeredGraph, support: str, orders: Sequence[int]) -> dict[str, np.ndarray]:
    networks = graph.adjacency[0].shape[0]
    if support == "live":
        live = live_nodes(graph)
        graph = restrict(graph, live)
        nodes = np.stack([layer.sum(-1) for layer in live], -1)
    else:
        nodes = np.tile(node_counts(graph), (networks, 1))
    sizes = list(zip(nodes.tolist(), edge_counts(graph).tolist(), strict=True))
    copies = counts(graph, orders)
    copy_null = [moments(*size, orders) for size in sizes]
    induced_copies = induced(copies)
    induced_null = [moments(*size, orders, induced=True) for size in sizes]
    known = [motif for order in sorted(set(orders)) for motif in classes(order)]
    blocks = []
    for motif in known:
        name = motif.name
        block = _identity(motif, support, networks, copies[name].shape[-1])
        block |= _scored(copies[name], [null[name] for null in copy_null])
        fields = _scored(induced_copies[name], [null[name] for null in induced_null])
        block["induced"] = fields.pop("count")
        blocks.append(block | {f"induced_{key}": value for key, value in fields.items()})
    columns = {key: np.concatenate([block[key] for block in blocks], 1) for key in blocks[0]}
    del columns["induced_log2_ratio"]
    return {key: value.ravel() for key, value in _add_families(columns).items()}


def _identity(
    motif: MotifClass, support: str, networks: int, base_layers: int
) -> dict[str, np.ndarray]:
    """What the rows are about; every array (networks, 1 + base layers), the sum first."""
    shape = (networks, 1 + base_layers)
    return {
        "network": np.broadcast_to(np.arange(networks)[:, None], shape),
        "support": np.full(shape, support, object),
        "null": np.full(shape, "layered", object),
        "order": np.full(shape, motif.order),
        "motif": np.full(shape, motif.name, object),
        "base_layer": np.broadcast_to(np.array([TOTAL, *range(base_layers)]), shape),
    }


def _scored(
    found: Int[np.ndarray, "networks base_layers"], null: Sequence[Moments]
) -> dict[str, np.ndarray]:
    """Counts beside their moments; every array (networks, 1 + base layers), the sum first."""
    count = np.concatenate([found.sum(-1, keepdims=True), found], 1)
    shape = count.shape
    expected = np.array([[m.total_mean, *m.mean] for m in null], float).reshape(shape)
    sd = np.array([[m.total_sd, *m.sd] for m in null], float).reshape(shape)
    z, ratio = np.full(shape, np.nan), np.full(shape, np.nan)
    np.divide(count - expected, sd, out=z, where=sd > 0)
    np.divide(count, expected, out=ratio, where=(count > 0) & (expected > 0))
    return {"count": count, "expected": expected, "sd": sd, "z": z, "log2_ratio": np.log2(ratio)}


def _add_families(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The columns that compare the classes of one network, all arrays (networks, rows)."""
    from scipy.special import erfc

    summed = columns["base_layer"][:1] == TOTAL
    shares = np.full(columns["z"].shape, np.nan)
    for order in np.unique(columns["order"]):
        family = np.flatnonzero(summed & (columns["order"][:1] == order))
        z = columns["z"][:, family]
        length = np.sqrt(np.nansum(z**2, 1, keepdims=True))
        shares[:, family] = np.divide(z, length, out=np.full(z.shape, np.nan), where=length > 0)
    p = erfc(np.abs(columns["z"]) / np.sqrt(2))
    q = np.full(p.shape, np.nan)
    family = np.flatnonzero(summed)
    q[:, family] = [benjamini_hochberg(row) for row in p[:, family]]
    return columns | {"profile": shares, "p_normal": p, "q_normal": q}

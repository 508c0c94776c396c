"""How unequally the copies of motifs are spread over nodes and edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import jax
import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, Real
from threadpoolctl import threadpool_limits

from harness import AbstractMetric, LayeredGraph, Trajectory, hookimpl, motifs, report
from harness.sparse.graph import why_uncalibrated

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

_PARTS = ("nodes", "edges")


@dataclass(frozen=True)
class Participation(AbstractMetric):
    """Inequality of motif copies among the nodes and edges of a network, by class.

    Layers and chance alone make copies unequal, so each figure stands beside its mean over random
    networks, whose masks are redrawn. One takes about 0.3 CPU-seconds for a
    10-400-400-400-16-7 network at 7 % density.

    **Parameters:**

    - `orders`: numbers of nodes of a motif, minus one
    - `view`: the name of the graph, where the architecture has several; empty: its default
    - `densities`: the levels nearest to these densities are measured, the last of equally near
      ones; 0 means the sparsest level. If empty, all levels are measured
    - `draws`: random networks for each network and level
    - `top`: the share of nodes or edges, those with most copies, whose share of copies is given
    - `seed`: seed of the draws
    """

    name: ClassVar[str] = "participation"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    chooses_levels: ClassVar[bool] = True
    orders: tuple[Literal[2, 3, 4], ...] = (2, 3)
    view: str = ""
    densities: tuple[float, ...] = (0.15, 0.07, 0.0)
    draws: Annotated[int, Ge(1)] = 4
    top: Annotated[float, Gt(0), Le(1)] = 0.1
    seed: Annotated[int, Ge(0)] = 0

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, class, and nodes or edges."""
        import pandas as pd

        rows = []
        for level in trajectory.nearest(self.densities) or range(len(trajectory.densities)):
            graph = trajectory.graph(level, self.view or None)
            assert isinstance(graph, LayeredGraph), "the harness asks only where there are layers"
            null = trajectory.masks_null(level, self.view or None)
            for place, number in enumerate(trajectory.networks):
                drawn = null.draw(place, self.draws, (self.seed, level, number))
                own = self._figures(jax.tree.map(lambda leaf, at=place: leaf[at], graph))
                chance = [
                    self._figures(jax.tree.map(lambda leaf, at=at: leaf[at], drawn))
                    for at in range(self.draws)
                ]
                for key, figures in own.items():
                    expected = np.mean([one[key] for one in chance], axis=0)
                    rows.append((level, place, *key, *figures, *expected[:2]))
        names = ["order", "motif", "part", "gini", "top_share", "largest_ratio"]
        names += ["gini_drawn", "top_share_drawn"]
        table = pd.DataFrame(rows, columns=["level", "network", *names])
        table["gini_excess"] = table["gini"] - table["gini_drawn"]
        return table

    def _figures(self, graph: LayeredGraph) -> dict[tuple[int, str, str], tuple[float, ...]]:
        """Return Gini, share of the top and largest ratio, by order, class and part."""
        with threadpool_limits(1, "blas"):  # several threads wait on a busy machine
            found = motifs.participation(graph, self.orders)
        even = not why_uncalibrated(graph, "layered")
        figures = {}
        for motif in (motif for order in self.orders for motif in motifs.classes(order)):
            one = found[motif.name]
            kept = [copies[wires] for copies, wires in zip(one.edges, graph.adjacency, strict=True)]
            means = (one.expected_by_node, one.expected_by_edge)
            for part, copies, mean in zip(_PARTS, (one.nodes, kept), means, strict=True):
                possible = [layer for layer, least in zip(copies, mean, strict=True) if least > 0]
                least = mean[mean > 0]
                pairs = zip(possible, least, strict=True)
                ratio = max((layer.max() / by for layer, by in pairs), default=np.nan)
                every = np.concatenate([*possible, np.zeros(0, np.int64)])
                spread = unequal(every, self.top)
                figures[motif.order, motif.name, part] = (*spread, ratio if even else np.nan)
        return figures

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "order": "number of nodes of the motif, minus one",
            "motif": "motif class",
            "part": "nodes or edges: what the copies are counted through",
            "gini": "Gini coefficient of the copies through each node, or each edge that is kept, "
            "of layers that can have a part in the class; 0: equal; undefined without copies",
            "top_share": "share of these copies, summed over nodes or edges, that the top has",
            "largest_ratio": "largest number of copies through a node or edge over its exact mean "
            "under `layered`; undefined where edges share weights or cannot be",
            "gini_drawn": "mean `gini` of the network's redrawn masks",
            "top_share_drawn": "mean `top_share` of the network's redrawn masks",
            "gini_excess": "gini - gini_drawn",
        }

    @property
    def schema(self) -> "Schema":
        """Compare by class how much more unequal than redrawn masks a network is."""
        return report.Schema(
            keys=("order", "motif", "part"),
            values=(
                report.Value("gini_excess", signs=("more unequal than redrawn masks", "less")),
                *(report.Value(name) for name in ("gini", "top_share", "largest_ratio")),
                *(report.Value(name) for name in ("gini_drawn", "top_share_drawn")),
            ),
            compared=tuple(
                report.Quantities(
                    "gini_excess", {"part": part}, f"Gini excess of {part}", f"participation_{part}"
                )
                for part in _PARTS
            ),
        )


def unequal(copies: Real[np.ndarray, " items"], top: float) -> Float[np.ndarray, "2"]:
    """Return the Gini coefficient of some numbers, and the share that the largest of them have.

    `top` is the share of items, rounded up, that count as the largest. NaN if all numbers are 0.
    """
    rising = np.sort(copies).astype(float)
    number, total = len(rising), rising.sum()
    if not total:
        return np.full(2, np.nan)
    rank = np.arange(1, number + 1)
    gini = 2 * (rank @ rising) / (number * total) - (number + 1) / number
    return np.array([gini, rising[number - int(np.ceil(top * number)) :].sum() / total])


@hookimpl
def register_metrics() -> list[type[Participation]]:
    """Offer the metric to the harness."""
    return [Participation]

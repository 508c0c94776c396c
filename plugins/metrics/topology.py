"""Graph theory's measures of layered networks: spectra, communities, paths, distance, removal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import jax
import numpy as np
from annotated_types import Ge, Gt, Lt
from threadpoolctl import threadpool_limits

from harness import AbstractMetric, LayeredGraph, Model, Trajectory, hookimpl, motifs, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema


@dataclass(frozen=True)
class Topology(AbstractMetric):
    """Spectral gap, communities, clustering, paths, distance and robustness of layered networks.

    NNSTD compares each network with the next of its trial, the last with the first, so that one
    network has a part in two distances; and then a random network in its place, its masks redrawn,
    because sparse networks are far apart anyway. Robustness is the share of the effective density
    that is left when weights are removed: at random, or those on most paths first.

    **Parameters:**

    - `view`: the name of the graph, where the architecture has several; empty: its default
    - `densities`: the levels nearest to these densities are measured, the last of equally near
      ones; 0 means the sparsest level. If empty, all levels are measured
    - `removed`: the shares of kept weights that are removed; robustness is the mean over them
    - `removals`: random removals for each network and level, averaged
    - `seed`: seed of the removals and of the redrawn masks
    """

    name: ClassVar[str] = "topology"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    chooses_levels: ClassVar[bool] = True
    view: str = ""
    densities: tuple[float, ...] = (1.0, 0.5, 0.15, 0.1, 0.07, 0.0)
    removed: tuple[Annotated[float, Gt(0), Lt(1)], ...] = (0.1, 0.2, 0.3, 0.4, 0.5)
    removals: Annotated[int, Ge(1)] = 3
    seed: Annotated[int, Ge(0)] = 0

    def reason_not_to_measure(self, model: Model) -> str | None:
        """Without igraph there are no communities."""
        return motifs.lacking_igraph("communities")

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, measure and layer (-1: the whole network)."""
        import pandas as pd

        rows = []
        for level in trajectory.nearest(self.densities) or range(len(trajectory.densities)):
            graph = trajectory.graph(level, self.view or None)
            assert isinstance(graph, LayeredGraph), "the harness asks only where there are layers"
            null = trajectory.masks_null(level, self.view or None)
            count = len(trajectory.networks)
            every = [jax.tree.map(lambda leaf, at=at: leaf[at], graph) for at in range(count)]
            for place, (number, one) in enumerate(zip(trajectory.networks, every, strict=True)):
                near = every[(place + 1) % count] if count > 1 else None
                seed = (self.seed, level, number)
                drawn = jax.tree.map(lambda leaf: leaf[0], null.draw(place, 1, seed))
                with threadpool_limits(1, "blas"):  # several threads wait on a busy machine
                    found = self._figures(one, near, drawn, np.random.default_rng(seed))
                rows += [(level, place, *key, value) for key, value in found.items()]
        return pd.DataFrame(rows, columns=["level", "network", "measure", "layer", "value"])

    def _figures(
        self,
        graph: LayeredGraph,
        near: LayeredGraph | None,
        drawn: LayeredGraph,
        rng: np.random.Generator,
    ) -> dict[tuple[str, int], float]:
        """Return the figures of one network by measure and layer."""
        from . import _topology_measures as measures

        whole = measures.paths(graph)
        apart, chance = (
            np.nan if near is None else measures.distance(one.adjacency, near.adjacency)
            for one in (graph, drawn)
        )
        whole |= {"nnstd": apart, "nnstd_excess": apart - chance}
        kept, through = measures.paths_by_weight(graph)
        orders = [rng.permutation(kept) for _ in range(self.removals)]
        lots = [measures.left(graph, order, self.removed) for order in orders]
        mixed = rng.permutation(len(kept))  # weights on equally many paths: in random order
        worst = kept[mixed][np.argsort(-through[mixed], kind="stable")]
        whole |= {
            "robustness_random": float(np.mean(lots)),
            "robustness_targeted": measures.left(graph, worst, self.removed),
        }
        figures = {(name, -1): value for name, value in whole.items()}
        for layer, wires in enumerate(graph.adjacency):
            by_layer = measures.spectrum(wires)
            for side, ends in (("sources", wires), ("targets", wires.T)):
                modularity, clustering = measures.projection(ends)
                by_layer |= {f"modularity_{side}": modularity, f"clustering_{side}": clustering}
            figures |= {(name, layer): value for name, value in by_layer.items()}
        return figures

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "measure": "spectral_gap: first less second singular value of a layer's mask. "
            "ramanujan_margin: sqrt(d - 1) + sqrt(d' - 1) less the second singular value, d and d' "
            "the mean degrees of sources and targets with an edge; not negative: within the bound. "
            "modularity_, clustering_: of the layer's projection on its sources or targets. "
            "log10_paths: from inputs to outputs. log2_paths_ratio: of the paths over their exact "
            "mean under `layered`, undefined where edges share weights or cannot be. nnstd: "
            "distance to the next network, 0 to 1. nnstd_excess: less that of redrawn masks. "
            "robustness_: share of effective density left after removing weights, at random or "
            "those on most paths first",
            "layer": "layer of edges; -1: the whole network",
            "value": "its value, a pure number; undefined where there is no edge, link or path, "
            "and for nnstd where the trial has one network",
        }

    @property
    def schema(self) -> "Schema":
        """Compare figures of whole networks, and the spectra and communities by layer."""

        def rows(measure: str) -> report.Quantities:
            return report.Quantities(
                "value", {"measure": measure}, measure.replace("_", " "), f"topology_{measure}"
            )

        return report.Schema(
            keys=("measure", "layer"),
            values=(report.Value("value"),),
            compared=(
                report.Quantities(
                    "value",
                    {"layer": -1},
                    label="measures of whole networks",
                    name="topology",
                    note="nnstd_excess below 0: more alike than redrawn masks.",
                ),
                *map(rows, ("ramanujan_margin", "modularity_sources", "clustering_sources")),
            ),
        )


@hookimpl
def register_metrics() -> list[type[Topology]]:
    """Offer the metric to the harness."""
    return [Topology]

"""Triads and tetrads of networks whose graph has no layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge
from pydantic import InstanceOf

from harness import (
    AbstractMetric,
    AbstractNull,
    Digraph,
    Model,
    Trajectory,
    hookimpl,
    motifs,
    report,
)

from ._nulls import Masks

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema


@dataclass(frozen=True)
class DigraphMotifs(AbstractMetric):
    """Induced triads and tetrads of recurrent and skipping networks against random digraphs.

    Null `masks` redraws each network's masks and wires them again: it knows which places can hold
    an edge and which edges share a weight. `masks-degree` does so too, and every unit keeps its in-
    and out-degree within each weight array. Both are calibrated on every view. `degree` switches
    edges: every node keeps its in- and out-degree, with `degree-mutual` its mutual edges as well.
    These two put edges only where one can be, and give no p where edges share weights, as in
    networks unrolled in time. Tetrads (order 3) need igraph, which counts some 10^7 connected sets
    a second.

    **Parameters:**

    - `null`: what random digraphs have in common with the network
    - `view`: the name of the graph, where the architecture has several; empty: its default
    - `orders`: nodes of a motif less one
    - `draws`: random digraphs for each network and level
    - `densities`: only the levels nearest to these densities; all levels where it is empty
    - `seed`: of the draws
    """

    name: ClassVar[str] = "digraph-motifs"
    needs: ClassVar[frozenset[str]] = frozenset({"digraph"})
    chooses_levels: ClassVar[bool] = True
    null: InstanceOf[AbstractNull] = field(default_factory=Masks)
    view: str = ""
    orders: tuple[Literal[2, 3], ...] = (2,)
    draws: Annotated[int, Ge(2)] = 100
    densities: tuple[float, ...] = (0.5, 0.25, 0.15, 0.1, 0.07, 0.0)
    seed: Annotated[int, Ge(0)] = 0

    def reason_not_to_measure(self, model: Model) -> str | None:
        """Without igraph there are no tetrads."""
        return motifs.lacking_igraph("tetrads (order 3)") if 3 in self.orders else None

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level and class."""
        import pandas as pd

        levels = trajectory.nearest(self.densities) or range(len(trajectory.densities))
        parts = [self._level(trajectory, level).assign(level=level) for level in levels]
        return pd.concat(parts, ignore_index=True)

    def _level(self, trajectory: Trajectory, level: int) -> "pd.DataFrame":
        graph = trajectory.graph(level, self.view or None)
        assert isinstance(graph, Digraph), "the harness asks only where the view has no layers"
        seed = (self.seed * 1000 + level) * 1_000_000 + trajectory.networks[0]
        null = self.null.of(trajectory, level, self.view or None)
        if isinstance(null, motifs.OwnNull):
            return motifs.drawn_digraph_profile(graph, null, self.draws, self.orders, seed=seed)
        if null not in ("degree", "degree-mutual"):
            raise ValueError(f"null '{null}' needs layers: take masks, degree or degree-mutual")
        return motifs.digraph_profile(
            graph,
            draws=self.draws,
            keep_mutual=null == "degree-mutual",
            seed=seed,
            orders=self.orders,
        ).drop(columns=["overlap_between", "self_loops", "rounds", "mixed"])

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "null": "null model: what the draws keep of the network",
            "draws": "random digraphs that each network is compared with",
            "order": "nodes of the motif less one",
            "motif": "class of connected triads or tetrads, named by its pairs of nodes: mutual, "
            "one-way, none",
            "count": "induced copies in the network",
            "expected": "mean count of the draws",
            "sd": "standard deviation of the count of the draws",
            "z": "(count - expected) / sd; undefined where all draws have one and the same count",
            "log2_ratio": "log2(count / expected), undefined where either is 0",
            "p": "two-sided, each tail (r + 1) / (R + 1); undefined where it is not calibrated",
            "profile": "z / sqrt(sum of z^2) over the defined classes of one network and order",
            "q": "p after Benjamini and Hochberg, over all classes of one network",
            "calibrated": "whether p holds for draws of the null",
            "uncalibrated": "why not; empty where it does",
            "overlap": "share of the network's edges that its draws have, too, on average",
        }

    @property
    def schema(self) -> "Schema":
        """z is compared, and makes the profile of a network."""
        null = self.null.name
        return report.Schema(
            keys=("null", "order", "motif"),
            values=(
                report.Value("z", signs=("more copies than the null expects", "fewer")),
                report.Value("log2_ratio", "log2(count/expected)", signs=("more", "fewer")),
                *(report.Value(name) for name in ("count", "expected", "sd")),
            ),
            compared=(
                report.Quantities(
                    "z",
                    {"order": 2},
                    name="triads",
                    note=f"Induced triads, null `{null}`.",
                ),
            ),
            profile=report.Profile(
                value="z",
                entry="motif",
                group="order",
                kind="null",
                kinds={null: null},
            ),
        )


@hookimpl
def register_metrics() -> list[type[DigraphMotifs]]:
    """Offer the metric to the harness."""
    return [DigraphMotifs]

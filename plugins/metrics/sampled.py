"""Motif significance under nulls whose moments are not known exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import jax
from annotated_types import Ge
from pydantic import InstanceOf

from harness import AbstractMetric, AbstractNull, LayeredGraph, Trajectory, hookimpl, motifs, report

from ._nulls import Degree, DegreeMutual, Layered, Masks, MasksDegree, Published

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Report, Schema, Section

_TYPES = {
    **dict.fromkeys(motifs.SAMPLED_COLUMNS, float),
    **dict.fromkeys(("support", "null", "convention", "motif", "uncalibrated"), str),
    **dict.fromkeys(("bias", "calibrated", "mixed"), bool),
    **dict.fromkeys(("level", "network", "draws", "trades", "order", "base_layer", "count"), int),
}
"""The types of the columns of an empty table, so that it joins with others."""


@dataclass(frozen=True)
class Sampled(AbstractMetric):
    """z-scores and p of motifs against random networks from a null model.

    Null `degree` keeps every node's in- and out-degree, so degrees do not explain an excess over
    it. Classes around one node, and all classes at density 1, have the same count in every draw:
    their z is undefined. 100 draws of a 10-400-400-400-16-7 network at 7 % density take 0.9
    CPU-seconds if degrees are even, 1.4 if they have heavy tails (80 trades instead of 40).

    **Parameters:**

    - `null`: what random networks have in common with the trained one: `layered`, `degree`,
      `masks`, `masks-degree`, `published` or another null that `harness list nulls` shows
    - `orders`: numbers of nodes of a motif, minus one; 100 draws of order 4 take minutes a network
    - `view`: the name of the graph, where the architecture has several; empty: its default
    - `convention`: whether copies of motifs are counted, or as "published"
    - `support`: the nodes that count, as for the metric `motifs`
    - `bias`: whether each layer's bias unit is one of its nodes, where biases are pruned
    - `draws`: random networks for each network and level
    - `densities`: the levels nearest to these densities are measured, the last of equally near
      ones; 0 means the sparsest level. If empty, all levels are measured
    - `networks`: only networks numbered below this in the run are measured; all if 0
    - `seed`: seed of the draws
    """

    name: ClassVar[str] = "sampled"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    chooses_levels: ClassVar[bool] = True
    null: InstanceOf[AbstractNull] = field(default_factory=Degree)
    orders: tuple[Literal[2, 3, 4], ...] = (2, 3)
    view: str = ""
    convention: Literal["copies", "published"] = "copies"
    support: Literal["all", "live", "live-published"] = "all"
    bias: bool = False
    draws: Annotated[int, Ge(2)] = 100
    densities: tuple[float, ...] = (1.0, 0.15, 0.1, 0.07, 0.0)
    networks: Annotated[int, Ge(0)] = 0
    seed: Annotated[int, Ge(0)] = 0

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, motif and base layer (-1: their sum)."""
        import pandas as pd

        chosen = sum(number < self.networks for number in trajectory.networks)
        kept = chosen if self.networks else len(trajectory.networks)
        parts, view = [], self.view or None
        levels = trajectory.nearest(self.densities) or range(len(trajectory.densities))
        for level in levels if kept else ():
            graph = trajectory.graph(level, view)
            if not isinstance(graph, LayeredGraph):
                raise TypeError(
                    f"the graph of '{trajectory.model.architecture.name}' is not layered"
                )
            graph = jax.tree.map(lambda leaf: leaf[:kept], graph)
            table = motifs.sampled_profile(
                graph,
                self.null.of(trajectory, level, view),
                number=self.draws,
                orders=self.orders,
                support=self.support,
                bias=self.bias,
                convention=self.convention,
                seed=(self.seed * 1000 + level) * 1_000_000 + trajectory.networks[0],
            )
            parts.append(table.assign(level=level))
        if not parts:
            return pd.DataFrame([], [], [*motifs.SAMPLED_COLUMNS, "level"]).astype(_TYPES)
        return pd.concat(parts, ignore_index=True)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {key: text for key, text in motifs.SAMPLED_COLUMNS.items() if key != "network"}

    @property
    def schema(self) -> "Schema":
        """Describe z and ratios by motif; only `motifs`, with its exact null, is compared."""
        return report.Schema(
            keys=("support", "null", "convention", "bias", "order", "motif", "base_layer"),
            values=tuple(report.Value(name) for name in ("z", "log2_ratio", "count", "expected")),
        )

    def sections(self, report: "Report") -> "Sequence[Section]":
        """Show what degrees explain, compared with the exact null."""
        from . import _sampled_sections

        return _sampled_sections.sections(report)


@hookimpl
def register_metrics() -> list[type[Sampled]]:
    """Offer the metric to the harness."""
    return [Sampled]


@hookimpl
def register_nulls() -> list[type[AbstractNull]]:
    """Offer its null models to the harness."""
    return [Layered, Degree, DegreeMutual, Published, Masks, MasksDegree]

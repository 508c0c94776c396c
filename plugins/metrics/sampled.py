"""Motif significance under nulls whose moments are not known exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import jax
from annotated_types import Ge

from harness import AbstractMetric, LayeredGraph, Trajectory, hookimpl, motifs, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Report, Schema, Section

_TYPES = {
    **dict.fromkeys(motifs.SAMPLED_COLUMNS, float),
    **dict.fromkeys(("support", "null", "convention", "motif", "uncalibrated"), str),
    **dict.fromkeys(("bias", "calibrated", "mixed"), bool),
    **dict.fromkeys(("level", "network", "draws", "trades", "order", "base_layer", "count"), int),
}
"""Of the columns of a table without rows: it is put together with others."""


@dataclass(frozen=True)
class Sampled(AbstractMetric):
    """z-scores and p of the motifs of order 2 and 3 against random networks from a null model.

    Null `degree` keeps every node's in- and out-degree: what is left is more than degrees explain.
    Classes around one node have the same count in every draw, and all classes have at density 1:
    their z is undefined. 100 draws of a 10-400-400-400-16-7 network at 7 % density take 1.4
    CPU-seconds where degrees are even, 3.9 where they have heavy tails (80 trades instead of 20).

    **Parameters:**

    - `null`: what random networks have in common with the trained one: the number of edges
      between each two layers ("layered"), the degrees of each node ("degree"), the number of
      weights of each leaf, wired again ("masks", right for every architecture), or as "published"
    - `view`: the name of the graph, where the architecture has several; empty: its default
    - `convention`: whether copies of motifs are counted, or as "published"
    - `support`: the nodes that count, as those of the metric `motifs`
    - `bias`: whether each layer's bias unit is one of its nodes, where biases are pruned
    - `draws`: random networks for each network and level
    - `densities`: only the levels nearest to these densities, of several as near the last; so 0
      stands for the sparsest level. All levels where it is empty
    - `networks`: only networks with a smaller number in the run; all where it is 0
    - `seed`: of the draws
    """

    name: ClassVar[str] = "sampled"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    chooses_levels: ClassVar[bool] = True
    null: Literal["layered", "degree", "masks", "published"] = "degree"
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
        parts = []
        levels = trajectory.nearest(self.densities) or range(len(trajectory.densities))
        for level in levels if kept else ():
            graph = trajectory.graph(level, self.view or None)
            if not isinstance(graph, LayeredGraph):
                raise TypeError(
                    f"the graph of '{trajectory.model.architecture.name}' is not layered"
                )
            graph = jax.tree.map(lambda leaf: leaf[:kept], graph)
            table = motifs.sampled_profile(
                graph,
                self._null(trajectory, level),
                number=self.draws,
                support=self.support,
                bias=self.bias,
                convention=self.convention,
                seed=(self.seed * 1000 + level) * 1_000_000 + trajectory.networks[0],
            )
            parts.append(table.assign(level=level))
        if not parts:
            return pd.DataFrame([], [], [*motifs.SAMPLED_COLUMNS, "level"]).astype(_TYPES)
        return pd.concat(parts, ignore_index=True)

    def _null(self, trajectory: Trajectory, level: int) -> str | motifs.OwnNull[LayeredGraph]:
        if self.null != "masks":
            return self.null
        masks = trajectory.masks(level)

        def draw(network: int, number: int, seed: tuple[int, ...]) -> LayeredGraph:
            own = {name: mask[network] for name, mask in masks.items()}
            found = trajectory.redrawn(own, number, seed=seed, view=self.view or None)
            if not isinstance(found, LayeredGraph):
                raise TypeError(f"the view '{self.view}' is not layered")
            return found

        return motifs.OwnNull("masks", draw)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {key: told for key, told in motifs.SAMPLED_COLUMNS.items() if key != "network"}

    @property
    def schema(self) -> "Schema":
        """z and ratios by motif; nothing is compared but under the exact null of `motifs`."""
        return report.Schema(
            keys=("support", "null", "convention", "bias", "order", "motif", "base_layer"),
            values=tuple(report.Value(name) for name in ("z", "log2_ratio", "count", "expected")),
        )

    def sections(self, report: "Report") -> "Sequence[Section]":
        """What degrees explain, beside the exact null."""
        from . import _sampled_sections

        return _sampled_sections.sections(report)


@hookimpl
def register_metrics() -> list[type[Sampled]]:
    """Offer the metric to the harness."""
    return [Sampled]

"""Motif counts and their significance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from harness import AbstractMetric, LayeredGraph, Trajectory, hookimpl, motifs, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Headline, Report, Schema, Section


@dataclass(frozen=True)
class Motifs(AbstractMetric):
    """Counts and exact z-scores of motifs, by base layer and summed.

    The null `layered` keeps the number of edges between each two layers and places them uniformly.

    **Parameters:**

    - `orders`: numbers of nodes of a motif, minus one. Order 4 takes about 1.6 CPU-seconds for
      a 10-400-400-400-16-7 network at 7 % density, orders 2 and 3 a hundredth of that
    - `view`: the name of the graph, where the architecture has several; empty: its default
    - `supports`: the nodes that count: "all" of the architecture (calibrated), those that are
      "live", on a path from an input to an output (descriptive), or "live-published", without ghost
      and dead nodes, as Zahn, Daniel and Kutz (2024) counted (descriptive). The others are
      controls, one random graph for each network, on all nodes and summed over layers: "drawn" from
      the null; "degree-drawn" with every node's degrees; "unequal-degrees", whose nodes differ only
      in fitness, so that degrees vary as much as the network's
    - `control_densities`: the last two controls are measured at the levels nearest to these
      densities (the last of equally near ones) and at the last level; if empty, at all levels. One
      takes about 0.03 seconds for a network of the task `moth`
    - `bias`: whether each layer's bias unit is one of its nodes, where biases are pruned
    """

    name: ClassVar[str] = "motifs"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    orders: tuple[Literal[2, 3, 4], ...] = (2, 3)
    view: str = ""
    supports: tuple[
        Literal["all", "live", "live-published", "drawn", "degree-drawn", "unequal-degrees"], ...
    ] = ("all", "live", "drawn", "degree-drawn", "unequal-degrees")
    control_densities: tuple[float, ...] = (0.25, 0.15, 0.1, 0.07)
    bias: bool = False

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, support, motif and base layer (-1: their sum)."""
        import pandas as pd

        parts = []
        for level in range(len(trajectory.densities)):
            graph = trajectory.graph(level, self.view or None)
            if not isinstance(graph, LayeredGraph):
                raise TypeError(
                    f"the graph of '{trajectory.model.architecture.name}' is not layered"
                )
            supports = [support for support in self.supports if support not in motifs.CONTROLS]
            if supports:
                table = motifs.profile(graph, supports=supports, orders=self.orders, bias=self.bias)
                parts.append(table.assign(level=level))
            for control in self._controls(trajectory, level):
                drawn = motifs.control_draws(graph, trajectory.networks, level, control)
                table = motifs.profile(drawn, supports=("all",), orders=self.orders)
                table = table[table["base_layer"] == motifs.TOTAL]
                parts.append(table.assign(support=control, level=level))
        return pd.concat(parts, ignore_index=True)

    def _controls(self, trajectory: Trajectory, level: int) -> list[str]:
        """Return the controls that are measured at a level."""
        chosen = {*trajectory.nearest(self.control_densities), len(trajectory.densities) - 1}
        at_every = not self.control_densities or level in chosen
        asked: list[str] = [support for support in self.supports if support in motifs.CONTROLS]
        return asked if at_every else [control for control in asked if control == "drawn"]

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "support": "nodes that count: all of the architecture, or live ones. Controls, random "
            "graphs in the network's place, all nodes: `drawn` from the null, `degree-drawn` with "
            "its degrees, `unequal-degrees` with degrees as unequal",
            "bias": "whether bias units count as nodes",
            "calibrated": "whether z has mean 0 and variance 1 for uniformly random masks",
            "uncalibrated": "why z is not calibrated; empty where it is",
            "null": "null model of z: `layered` fixes the number of edges between each two layers",
            "order": "number of edges of the smallest motif with that many nodes: nodes - 1",
            "motif": "motif class",
            "base_layer": "layer of the motif's first nodes; -1 for the sum over layers",
            "count": "copies in the network, not necessarily induced",
            "induced": "induced copies",
            "expected": "mean count under the null, exact",
            "sd": "standard deviation of the count under the null, exact",
            "z": "(count - expected) / sd; undefined where sd is 0",
            "log2_ratio": "log2(count / expected)",
            "profile": "significance profile: z over the norm of all z of that order",
            "induced_expected": "mean induced count under the null, exact",
            "induced_sd": "standard deviation of the induced count under the null, exact",
            "induced_z": "(induced - induced_expected) / induced_sd",
            "p_normal": "two-sided p of z if it were normal; rough where counts are skewed; "
            "undefined where z is not calibrated",
            "q_normal": "p_normal after Benjamini and Hochberg, over one network's classes on one "
            "support",
        }

    @property
    def schema(self) -> "Schema":
        """Compare z of whole networks on all nodes, which is also a network's profile."""
        whole = {"base_layer": -1}
        return report.Schema(
            keys=("support", "bias", "null", "order", "motif", "base_layer"),
            values=(
                report.Value("z", signs=("more copies than the null expects", "fewer")),
                report.Value("log2_ratio", "log2(count/expected)", signs=("more", "fewer")),
                *(report.Value(name) for name in ("count", "expected", "sd")),
            ),
            controls={
                "support": {
                    "unequal-degrees": "unequal degrees alone",
                    "degree-drawn": "the same degrees",
                    "drawn": "",
                }
            },
            compared=(
                report.Quantities(
                    "z",
                    {"support": "all", **whole},
                    name="motifs",
                    note="All nodes, null `layered`, exact, not induced, summed over layers.",
                ),
            ),
            profile=report.Profile(
                value="z",
                entry="motif",
                group="order",
                kind="support",
                kinds={"all": "all nodes", "live": "live nodes"},
                where=whole,
                note="Only similarity above both controls is a motif profile, since unequal "
                "degrees alone make graphs alike. One control has degrees that vary by layer as "
                "the network's do, the other each node's own degrees. Null `layered`.",
            ),
        )

    def sections(self, report: "Report") -> "Sequence[Section]":
        """Show which motifs are more or less frequent than the null explains."""
        from . import _motifs_sections

        return _motifs_sections.sections(report)

    def headline(self, table: "pd.DataFrame") -> "Headline":
        """z of each motif at 93 % pruned, on both supports."""
        from . import _motifs_headline

        return _motifs_headline.headline(table)


@hookimpl
def register_metrics() -> list[type[Motifs]]:
    """Offer the metric to the harness."""
    return [Motifs]

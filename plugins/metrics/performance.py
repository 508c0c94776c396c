"""How well networks perform, and how much of them is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from harness import AbstractMetric, Batch, Digraph, LayeredGraph, Trajectory, hookimpl, report
from harness.sparse.graph import edge_counts, effective_density, live_nodes, restrict

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Report, Schema, Section


@dataclass(frozen=True)
class Performance(AbstractMetric):
    """Loss and evaluation on held-out data; densities, live nodes and edges by layer.

    Held-out rows were never trained on. Effective density is the share of weights on a path from an
    input to an output. It counts weights, not edges: in an unrolled convolution one weight is many
    edges.

    **Parameters:**

    - `rows`: the largest number of rows used, from the beginning of each split; 0: no loss and no
      evaluation, which spares their compilation
    """

    name: ClassVar[str] = "performance"
    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    rows: Annotated[int, Ge(0)] = 4096

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, split, measure and layer (-1: the whole network)."""
        import pandas as pd

        model, data = trajectory.model, trajectory.data
        units = {"loss": "1", **model.units}
        splits = {
            "validation": Batch(*(part[: self.rows] for part in data.validation)),
            "test": Batch(*(part[: self.rows] for part in data.test)),
        }

        def on(rows: Batch, network: Any) -> dict[str, Any]:
            figures = model.evaluate(network, rows, data)
            return figures if "loss" in figures else {"loss": model.loss(network, rows), **figures}

        def figures(network: Any, masks: Any) -> dict[str, Any]:
            return {split: on(rows, network) for split, rows in splits.items()}

        evaluate = trajectory.vectorised(figures)
        rows: list[dict[str, Any]] = []
        for level in range(len(trajectory.levels)):
            for split, measures in (evaluate(level) if self.rows else {}).items():
                for measure, values in measures.items():
                    place = {"split": split, "measure": measure, "layer": -1}
                    rows += _rows(level, np.asarray(values), {**place, "unit": units[measure]})
            rows += self._structure(trajectory, level)
        return pd.DataFrame(rows)

    def _structure(self, trajectory: Trajectory, level: int) -> list[dict[str, Any]]:
        graph = trajectory.graph(level)
        rows = [
            *_structure_rows(level, "density", trajectory.kept(level)),
            *_structure_rows(level, "effective_density", effective_density(graph)),
        ]
        if isinstance(graph, Digraph):
            nodes = live_nodes(graph)
            edges = np.asarray(graph.adjacency).sum(axis=(-2, -1))
            return [
                *rows,
                *_structure_rows(level, "live_nodes", np.asarray(nodes).sum(axis=-1)),
                *_structure_rows(level, "edges", edges),
            ]
        return [*rows, *_layered_rows(level, graph)]

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "split": "validation or test; structure for figures of the masks",
            "measure": "what was measured",
            "layer": "layer of nodes (live_nodes) or of edges (edges, effective_edges); -1: none",
            "value": "its value",
            "unit": "the unit of the value; 1 for a pure number",
        }

    @property
    def schema(self) -> "Schema":
        """Describe the figures; effective density is compared between conditions."""

        def rows(**where: str | int) -> report.Quantities:
            return report.Quantities("value", where)

        whole = {"split": "structure", "measure": "effective_density", "layer": -1}
        effective = report.Quantities("value", whole, "effective density", "effective_density")
        return report.Schema(
            keys=("split", "measure", "layer"),
            values=(report.Value("value", unit_in="unit"),),
            compared=(effective,),
            roles={
                "loss": rows(split="validation", measure="loss", layer=-1),
                "test_loss": rows(split="test", measure="loss", layer=-1),
                "test": rows(split="test"),
                "effective_density": effective,
                "edges": rows(split="structure", measure="edges"),
                "effective_edges": rows(split="structure", measure="effective_edges"),
            },
        )

    def sections(self, report: "Report") -> "Sequence[Section]":
        """Figures of merit against density; edges and live nodes by layer."""
        from . import _performance_sections

        return _performance_sections.sections(report)


def _layered_rows(level: int, graph: LayeredGraph) -> list[dict[str, Any]]:
    nodes = live_nodes(graph)
    edges, effective = edge_counts(graph), edge_counts(restrict(graph, nodes))
    rows: list[dict[str, Any]] = []
    for layer, live in enumerate(nodes):
        rows += _structure_rows(level, "live_nodes", np.asarray(live).sum(axis=-1), layer)
    for layer in range(edges.shape[-1]):
        rows += _structure_rows(level, "edges", edges[..., layer], layer)
        rows += _structure_rows(level, "effective_edges", effective[..., layer], layer)
    return rows


def _structure_rows(
    level: int, measure: str, values: np.ndarray, layer: int = -1
) -> list[dict[str, Any]]:
    place = {"split": "structure", "measure": measure, "layer": layer, "unit": "1"}
    return _rows(level, np.asarray(values), place)


def _rows(level: int, values: np.ndarray, place: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"level": level, "network": network, **place, "value": float(value)}
        for network, value in enumerate(values)
    ]


@hookimpl
def register_metrics() -> list[type[Performance]]:
    """Offer the metric to the harness."""
    return [Performance]

"""Metrics that say nothing about reports, which derive what they are from their tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness import AbstractMetric, Digraph, hookimpl


@dataclass(frozen=True)
class Evenness(AbstractMetric):
    """How evenly edges are shared out among the units of a layer, of any graph."""

    name = "evenness"

    def measure(self, trajectory):
        rows = []
        for level in range(len(trajectory.levels)):
            for leaf, masks in trajectory.masks(level).items():
                for network, mask in enumerate(np.asarray(masks)):
                    degrees = mask.reshape(len(mask), -1).sum(axis=1)
                    spread = float(degrees.std() / max(degrees.mean(), 1e-9))
                    rows.append({"level": level, "network": network, "leaf": leaf, "cv": spread})
        return pd.DataFrame(rows)

    @property
    def columns(self):
        return {"leaf": "weight array", "cv": "sd of the degrees of its units over their mean"}


@dataclass(frozen=True)
class Mutual(AbstractMetric):
    """The number of pairs of nodes with an edge each way: whole numbers, and nothing else."""

    name = "mutual"

    def measure(self, trajectory):
        rows = []
        for level in range(len(trajectory.levels)):
            graph = trajectory.graph(level)
            if isinstance(graph, Digraph):
                edges = np.asarray(graph.adjacency)
                pairs = np.triu(edges & edges.swapaxes(-2, -1), 1).sum(axis=(-2, -1))
            else:
                pairs = np.zeros(len(trajectory.networks), int)
            rows += [
                {"level": level, "network": network, "pairs": count}
                for network, count in enumerate(pairs)
            ]
        return pd.DataFrame(rows)

    @property
    def columns(self):
        return {"pairs": "pairs of nodes that are connected both ways"}


@hookimpl
def register_metrics():
    return [Evenness, Mutual]

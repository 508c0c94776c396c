"""Motifs of the masks that pruning now would give: how profiles change between prunings."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Literal

import jax.numpy as jnp
import numpy as np

from harness import LayeredGraph, Trajectory, hookimpl, motifs, report

from ._would_be import STEP, WouldBe

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

_COLUMNS = (
    "network",
    "null",
    "calibrated",
    "order",
    "motif",
    "base_layer",
    "count",
    "expected",
    "z",
)


@dataclass(frozen=True)
class WouldBeMotifs(WouldBe):
    """Motif counts and exact z-scores of the masks that a pruner would give now, at one density.

    At the end of each level, and after each step that the schedule keeps (`snapshots`), the weights
    that are still there are pruned to one density, so that a profile's change is seen between
    prunings, and is no change of density. Where fewer weights are left than are to stay, all stay.
    The null is `layered`, over all nodes.

    **Parameters:**

    - `of`: the pruner that is asked; it may not need the initial weights or sums over steps
    - `density`: to which it prunes; none: each leaf to what the last level keeps of it
    - `batch_size`: rows of a batch, for pruners that read data
    - `orders`: numbers of nodes of a motif, minus one
    """

    name: ClassVar[str] = "would-be-motifs"
    needs: ClassVar[frozenset[str]] = frozenset({"weights", "layered"})
    orders: tuple[Literal[2, 3, 4], ...] = (2, 3)

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, step and motif of the whole network."""
        import pandas as pd

        tables, networks = [], len(trajectory.networks)
        for level, moments in groupby(self.moments(trajectory), lambda one: one.level):
            some = list(moments)
            steps = np.array([one.step for one in some])
            masks = {
                name: jnp.concatenate([one.masks[name] for one in some]) for name in some[0].masks
            }
            graph = trajectory.wired(masks)
            if not isinstance(graph, LayeredGraph):
                raise TypeError(
                    f"the graph of '{trajectory.model.architecture.name}' is not layered"
                )
            table = motifs.profile(graph, supports=("all",), orders=self.orders)
            table = table.loc[table["base_layer"] == motifs.TOTAL, [*_COLUMNS]]
            moment, network = divmod(table["network"], networks)
            tables.append(table.assign(network=network, level=level, step=steps[moment]))
        return pd.concat(tables, ignore_index=True)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "step": STEP,
            "null": "null model of z: `layered` fixes the number of edges between each two layers",
            "calibrated": "whether z has mean 0 and variance 1 for uniformly random masks",
            "order": "number of edges of the smallest motif with that many nodes: nodes - 1",
            "motif": "motif class",
            "base_layer": "-1: the sum over layers",
            "count": "copies in the would-be mask, not necessarily induced",
            "expected": "mean count under the null, exact",
            "z": "(count - expected) / sd; undefined where sd is 0",
        }

    @property
    def schema(self) -> "Schema":
        """Describe the table."""
        return report.Schema(
            keys=("step", "null", "order", "motif", "base_layer"),
            values=tuple(report.Value(name) for name in ("z", "count", "expected")),
        )


@hookimpl
def register_metrics() -> list[type[WouldBeMotifs]]:
    """Offer the metric to the harness."""
    return [WouldBeMotifs]

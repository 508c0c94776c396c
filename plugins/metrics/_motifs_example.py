"""One network as an example: which one, its wiring and a random one with its degrees."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from harness import LayeredGraph, layered, motifs
from harness.report import Report
from harness.report.masks import masks
from harness.tables.report import shared
from harness.tables.summaries import at
from harness.tables.units import named

from ._motifs_nulls import shown
from ._motifs_tables import summed

PRUNED, RANDOM = "pruned", "random, same degrees"


class Example(NamedTuple):
    """A network whose z of the class that departs most is the median of its condition's.

    `identity` has its seed, data seed and number; `rows` one row for each class and null, at one
    level.
    """

    condition: str
    identity: tuple[str, int, int]
    motif: str
    rows: pd.DataFrame

    def __str__(self) -> str:
        """Return which network it is, for captions."""
        _, data_seed, network = self.identity
        return (
            f"n\u00a0=\u00a01: network {network} of data seed {data_seed} under {self.condition}, "
            f"the one with the median z of {self.motif}"
        )

    @property
    def level(self) -> int:
        """The number of the level."""
        return int(self.rows["level"].iloc[0])


@shared
def example_of(report: Report) -> Example | None:
    """Return the example at the level that tables show, or None where no z is defined.

    The class is that of the largest mean z beyond degrees, or else beyond layer densities.
    """
    data = report.data
    exact, drawn = summed(data), data.table("sampled")
    exact = at(exact[exact["support"] == "all"], report.density)
    if len(drawn):
        drawn = at(drawn[shown(drawn) & (drawn["base_layer"] == -1)], report.density)
    for table in (drawn, exact):
        known = table[np.isfinite(table["z"].astype(float))] if len(table) else table
        if known.empty:
            continue
        means = known.groupby(["condition", "motif"], observed=True)["z"].mean().reset_index()
        most = means.iloc[int(means["z"].abs().argmax())]
        alike = known[(known["condition"] == most["condition"]) & (known["motif"] == most["motif"])]
        nearest = (alike["z"] - alike["z"].median()).abs().argmin()
        one = named(data, alike).iloc[int(nearest)]
        rows = pd.concat([exact, drawn], ignore_index=True)
        for column in ("trial", "network", "level"):
            rows = rows[rows[column] == one[column]]
        identity = (str(one["seed"]), int(one["data_seed"]), int(one["network"]))
        return Example(str(most["condition"]), identity, str(most["motif"]), rows)
    return None


def wirings(report: Report, example: Example) -> dict[str, LayeredGraph]:
    """Return the example's graph and its draw from the null `degree`, each without a batch axis.

    The draw is the one that the metric measures as `degree-drawn`. Without masks, and where dense
    layers alone are not the graph that was measured, there are none.
    """
    for condition, numbers, leaves in masks(report.data, report.density, only=example.identity):
        if condition != example.condition:
            continue
        try:
            own = [mask[numbers == example.identity[-1]] for mask in leaves.values()]
            graph = layered([mask for mask in own if mask.ndim == 3])
        except ValueError:
            continue
        exact = example.rows[example.rows["null"] == "layered"]
        measured = dict(zip(exact["motif"], exact["count"], strict=True))
        counts = motifs.counts(graph)
        if any(measured.get(name, count.sum()) != count.sum() for name, count in counts.items()):
            continue
        drawn = motifs.control_draws(graph, example.identity[-1:], example.level, "degree-drawn")
        pair = {PRUNED: graph, RANDOM: drawn}
        return {
            name: LayeredGraph(tuple(np.asarray(layer)[0] for layer in one.adjacency))
            for name, one in pair.items()
        }
    return {}

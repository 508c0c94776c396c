"""How much loss pruning costs: each network's loss over that of the same network before pruning."""

import numpy as np
import pandas as pd

from harness import stats
from harness.report import constant_predictor
from harness.tables.collection import NETWORK, Collection
from harness.tables.report import Report, shared
from harness.tables.summaries import at, losses
from harness.tables.units import by_condition, named

_COLUMNS = ("condition", "density", "n", "unit", "ratio", "low", "high", "left_out")


@shared
def loss_ratios_of(report: Report) -> pd.DataFrame:
    """Return the loss ratios at the level that tables show."""
    return loss_ratios(report.data, report.density)


def loss_ratios(data: Collection, density: float) -> pd.DataFrame:
    """Return by condition the geometric mean of loss ratios at a level, lowest first.

    A network's ratio is its validation loss over its loss at density 1, under any pruner of the
    same task: before pruning, all of these are the same network. `low` and `high` are the ends of
    a 95 % interval over `n` units; `left_out` marks conditions that do no better than a constant.
    A condition whose networks have no dense loss has no row.
    """
    rows = named(data, losses(data))
    network = ["task", *NETWORK]
    dense = rows[(rows["density"] == 1) & (rows["later"] == 0)].groupby(network)["value"].mean()
    pruned = at(rows, density)
    pruned = pruned[pruned["density"] < 1].join(dense.rename("dense"), on=network)
    pruned = pruned.assign(change=np.log(pruned["value"] / pruned["dense"]))
    out = constant_predictor.left_out(data, pruned)
    units = by_condition(data)
    found = []
    for condition, part in pruned.assign(out=out).groupby("condition", sort=False, observed=True):
        unit = units[str(condition)]
        changes = unit.averaged(part.set_index(list(NETWORK))[["change"]])["change"].dropna()
        if changes.empty:
            continue
        mean = stats.mean_interval(changes.to_numpy(dtype=float))
        ends = (float(np.exp(value)) for value in (mean.value, mean.low, mean.high))
        where = (str(condition), part["density"].iloc[0], mean.n, str(unit))
        found.append((*where, *ends, bool(part["out"].any())))
    table = pd.DataFrame(found, columns=list(_COLUMNS))
    return table.sort_values("ratio", kind="stable", ignore_index=True)

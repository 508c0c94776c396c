"""Fronts: loss against density, what training took against what is left; and budgets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness import stats
from harness.report._contests import AT_START, Contest
from harness.report._source import NETWORK, Collection
from harness.report._summaries import spread

PLACE = ["cell", "level"]
BY = ["pruner", "level", "density", "left_out"]


def loss_front(contest: Contest) -> pd.DataFrame:
    """Median validation loss over networks, with quartiles, by pruner and level.

    `front` marks what no other pruner and level of the task dominates: with no more weights and
    no more loss, and less of one. Levels that are `left_out` dominate nothing and are not on it.
    """
    table = spread(contest.rows, BY, "loss")
    return _marked(table, ["density", "median"])


def cost_front(contest: Contest, data: Collection) -> pd.DataFrame:
    """What a pruner's networks cost in theory and as measured, by level.

    `weights` is the median number of kept edges of a network, each of them one multiply-add of a
    forward pass where no weight is shared; `live` those of them on a path from an input to an
    output. `seconds` is measured: the wall time of training and pruning up to that density, divided
    by the networks that were trained together, mean over networks. `front` marks what no other row
    of the task dominates in `weights` and `seconds`.
    """
    places = [*PLACE, "network"]
    rows = contest.rows.merge(_seconds(contest, data), how="left", on=PLACE)
    for name, measured in (("weights", "edges"), ("live", "effective edges")):
        rows = rows.merge(_edges(data, measured, name), how="left", on=places)
    table = rows.groupby(BY, sort=False).agg(
        weights=("weights", "median"),
        live=("live", "median"),
        # One cell without its times leaves the mean undefined, not that of the others.
        seconds=("seconds", lambda found: found.mean(skipna=False)),
        loss=("loss", "median"),
        cells=("cell", "nunique"),
        n=("network", "size"),
    )
    return _marked(table.reset_index(), ["weights", "seconds"])


def _marked(table: pd.DataFrame, costs: Sequence[str]) -> pd.DataFrame:
    kept = table[list(costs)].to_numpy(dtype=float)
    kept[table["left_out"].to_numpy(dtype=bool)] = np.nan
    return table.assign(front=stats.non_dominated(kept))


def _edges(data: Collection, measured: str, name: str) -> pd.DataFrame:
    """Edges of each network and level, over all layers."""
    table = data.performance
    chosen = table[(table["split"] == "structure") & (table["measure"] == measured)]
    places = [*PLACE, "network"]
    once = chosen.drop_duplicates([*places, "layer"]).astype({"cell": str})
    return once.groupby(places)["value"].sum().rename(name).reset_index()


def _seconds(contest: Contest, data: Collection) -> pd.DataFrame:
    """Seconds for each network of a cell up to each level, undefined where they are not recorded.

    A dense level that a cell took over from another pruner's counts as it took there: each would
    have had to train it.
    """
    spent = _spent(data)
    cells = data.cells.set_index("cell")
    networks = cells["networks"].to_dict()
    found = []
    for cell, rows in contest.rows.groupby("cell", sort=False):
        levels = sorted(rows["level"].unique())
        seconds = np.array([spent.get((cell, level), np.nan) for level in levels], dtype=float)
        if np.isnan(seconds[0]):
            seconds[0] = _taken_over(cells, str(cell), spent, data)
        at_start = contest.trained[rows["pruner"].iloc[0]] == AT_START
        per_network = (seconds if at_start else np.cumsum(seconds)) / networks[cell]
        found.append(pd.DataFrame({"cell": cell, "level": levels, "seconds": per_network}))
    return pd.concat(found, ignore_index=True)


def _spent(data: Collection) -> pd.Series:
    """Seconds of training and pruning by cell and level, of levels whose training was timed."""
    table = data.timings.astype({"cell": str, "activity": str})
    trained = table[table["activity"] == "train"].groupby(PLACE)["seconds"].sum()
    pruned = table[table["activity"] == "prune"].groupby(PLACE)["seconds"].sum()
    return trained + pruned.reindex(trained.index).fillna(0.0)


def _taken_over(cells: pd.DataFrame, cell: str, spent: pd.Series, data: Collection) -> float:
    """Seconds of the dense level of the cell that another took it over from; NaN if from none."""
    own = data.timings[data.timings["cell"].astype(str) == cell]
    if "take over" not in set(own["activity"]):
        return float("nan")
    shared = ["task", "schedule", "data_seed", "first_network", "networks", "run"]
    same = (cells[shared] == cells.loc[cell, shared]).all(axis=1)
    # Only pruners that wait for the end of a level share it (`harness.execution.shared_dense`).
    givers = cells.index[same & cells["when"].isin(["level", ""])]
    times = [spent[other, 0] for other in givers if (other, 0) in spent.index]
    return min(times, default=float("nan"))


def budgets(contest: Contest) -> pd.DataFrame:
    """Training steps of a pruner's networks: up to the lowest density in common, and in all.

    Of levels of equal density the last counts. `equal` counts the densities, of the `densities` in
    common, up to which every network was given as many steps as under the baseline.
    """
    common = contest.densities
    units = [*NETWORK, "density"]
    shared = contest.last[contest.last["density"].isin(common)]
    base = shared[shared["pruner"] == contest.baseline].set_index(units)["reached"]
    base = base.rename("wanted")
    rows = []
    for label in contest.pruners:
        own = shared[shared["pruner"] == label]
        paired = own.join(base, on=units).dropna(subset="wanted")
        same = (paired["reached"] == paired["wanted"]).groupby(paired["density"]).all()
        last = own.loc[own["density"] == min(common, default=np.nan), "reached"]
        whole = contest.of(label).groupby([*NETWORK])["steps"].sum()
        rows.append(
            {
                "pruner": label,
                "trained": contest.trained[label],
                "steps": last.median(),
                "fewest": last.min(),
                "most": last.max(),
                "in_all": whole.median(),
                "equal": int(same.sum()),
                "densities": len(common),
                "n": len(whole),
            }
        )
    return pd.DataFrame(rows)

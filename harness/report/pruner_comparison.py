"""The pruners of one task, compared on the networks that they have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from harness.plugin.loading import load
from harness.report.constant_predictor import left_out
from harness.report.metrics import collect
from harness.tables.collection import NETWORK, Collection, RunTables, name_of
from harness.tables.report import Report, shared
from harness.tables.summaries import last_of_equal, losses
from harness.tables.units import Units, named, units_of

BASELINES = ("magnitude", "random")
"""Names of the pruners that the field expects beside any other (Blalock et al. 2020, MLSys,
arXiv 2003.03033). Differences are taken from the first of them, where a run has it."""

CONTROLS = ("shuffled", "reinitialised", "inverted", "matched-random")
"""Names of pruners whose masks are a control of another's (Frankle et al. 2021, ICLR, arXiv
2009.08576): the mask shuffled within layers, the weights drawn again, the scores inverted, random
masks of equal layer densities."""

FAMILIES = {
    "level": "by criterion",
    "init": "at initialisation",
    "during": "while training",
    "": "other pruner",
    "control": "control",
}
"""Families of pruners, in the order of pages, by when a pruner acts."""

AT_START, BY_LEVEL = "from the start at each density", "on from level to level"


@dataclass(frozen=True)
class PrunerComparison:
    """The pruners of one task over all their networks and levels.

    `pruners` are labels in order of appearance; they name the schedule and the run where these
    differ too. `names` are the pruners' names by label, without parameters; `trained` says by label
    whether each density is trained from the start; `recorded` is false if the steps had to decide.

    `rows` has a row for each network and level: `pruner`, the columns of `NETWORK`, `trial`,
    `level`, `density`, `later`, `loss` (validation), `effective` (density on a path from an input
    to an output; NaN where it was not measured), `steps` of the level, `reached`, the steps needed
    to get there, and `left_out`, whether the pruner does no better than a constant at that level.
    """

    task: str
    pruners: tuple[str, ...]
    names: Mapping[str, str]
    trained: Mapping[str, str]
    recorded: bool
    rows: pd.DataFrame

    @property
    def baseline(self) -> str:
        """The pruner that others are compared with: the first of its name, else the first."""
        named = (label for label in self.pruners if self.names[label] == BASELINES[0])
        return next(named, self.pruners[0])

    @property
    def others(self) -> tuple[str, ...]:
        """All pruners but the baseline."""
        return tuple(label for label in self.pruners if label != self.baseline)

    @property
    def levels(self) -> list[tuple[float, int]]:
        """The density and `later` of the levels that all pruners have, in order."""
        places = (self.of(label)[["density", "later"]] for label in self.pruners)
        levels = [set(part.itertuples(index=False, name=None)) for part in places]
        return sorted(set.intersection(*levels), reverse=True)

    @property
    def densities(self) -> list[float]:
        """The densities that all pruners have, falling."""
        return list(dict.fromkeys(density for density, _ in self.levels))

    def of(self, label: str) -> pd.DataFrame:
        """The rows of one pruner."""
        return self.rows[self.rows["pruner"] == label]

    @property
    def compared(self) -> pd.DataFrame:
        """All rows, without the loss and effective density of levels that are left out."""
        kept = ~self.rows["left_out"]
        masked = {name: self.rows[name].where(kept) for name in ("loss", "effective")}
        return self.rows.assign(**masked)

    @cached_property
    def units(self) -> Units:
        """The unit of replication."""
        return units_of(self.rows)

    @property
    def networks(self) -> pd.DataFrame:
        """The networks that all pruners have in common."""
        once = self.rows.drop_duplicates([*NETWORK, "pruner"])
        having = once.groupby(list(NETWORK)).size()
        common = having[having == len(self.pruners)].index
        return common.to_frame(index=False)

    @property
    def n(self) -> int:
        """The number of units that all pruners have in common."""
        return self.units.count(self.networks)


def families_of(trials: pd.DataFrame, column: str = "condition") -> dict[str, list[str]]:
    """Return the values of a column of a run's trials by the family of their pruner, in order.

    Where an old run does not record when a pruner acts, the installed pruner of its name says it.
    """
    known = {one.name: getattr(one.factory, "when", "") for one in load().of("pruner")}
    found: dict[str, list[str]] = {family: [] for family in FAMILIES.values()}
    for _, trial in trials.drop_duplicates(column).iterrows():
        name = name_of(str(trial["pruner"]))
        when = trial.get("when") or known.get(name, "")
        control = name in (*CONTROLS, BASELINES[-1])
        found[FAMILIES["control" if control else when]].append(str(trial[column]))
    return {family: names for family, names in found.items() if names}


def pruner_comparisons(data: Collection) -> list[PrunerComparison]:
    """Return a comparison for each task with at least two pruners, in the order of the tasks."""
    rows = _rows(data)
    comparisons = []
    for task, part in rows.groupby("task", sort=False):
        labels = _labels(part)
        if labels.nunique() < 2:
            continue
        part = part.assign(label=labels)
        first = part.drop_duplicates("label")
        pruners = dict(zip(first["label"].astype(str), first["pruner"].astype(str), strict=True))
        trained = {label: _trained(part[part["label"] == label]) for label in pruners}
        whole = _reached(part, trained).drop(columns="pruner").rename(columns={"label": "pruner"})
        out = whole.groupby(["pruner", "level"], sort=False)["left_out"].transform("any")
        whole = whole.assign(left_out=out)
        comparisons.append(
            PrunerComparison(
                task=str(task),
                pruners=tuple(pruners),
                names={label: name_of(pruner) for label, pruner in pruners.items()},
                trained=trained,
                recorded=bool((part["when"] != "").all()),
                rows=whole.reset_index(drop=True),
            )
        )
    return comparisons


@shared
def comparisons_of(report: Report) -> list[PrunerComparison]:
    """Return the pruners of each task that has several."""
    return pruner_comparisons(report.data)


def losses_by_network(runs: Sequence[RunTables]) -> pd.DataFrame:
    """Return the validation loss of every network at every density, as pruners are compared by it.

    One row per network and density: the columns `NETWORK` and `version` (for `units_of`) identify
    the network; `trial`, `pruner`, `schedule`, `level`, `density` and `condition` say where it was
    measured. Of several levels of one density, only the last has a row. `left_out` says whether the
    condition does no better than a constant at the level. Diverged networks have no rows.
    """
    return last_of_equal(_rows(collect(runs)))


def _rows(data: Collection) -> pd.DataFrame:
    """Return every network and level with its loss, effective density and trial."""
    place = ["trial", "network", "level"]
    known = ["trial", "pruner", "schedule", "when", "run"]
    trials = data.trials[known]
    levels = named(data, data.levels)
    rows = levels.assign(left_out=left_out(data, levels))
    kept = [*place, *NETWORK[:2], "version", "task", "condition", "density", "later"]
    kept += ["steps", "left_out"]
    rows = rows[kept].astype({"trial": str})
    for name, table in (
        ("loss", losses(data)),
        ("effective", data.role("effective_density")),
    ):
        part = table[[*place, "value"]].rename(columns={"value": name}).astype({"trial": str})
        rows = rows.merge(part.drop_duplicates(place), how="left", on=place)
    order = {trial: number for number, trial in enumerate(trials["trial"])}
    rows = rows.astype({"loss": float, "effective": float}).merge(trials, on="trial")
    by_trial = rows["trial"].map(order)
    return rows.assign(_=by_trial).sort_values(["_", "network", "level"]).drop(columns="_")


def _labels(rows: pd.DataFrame) -> pd.Series:
    """Label each row's pruner, with schedule and run where these are needed to be unique."""
    parts = ["pruner"]
    for more in ("schedule", "run"):
        if more == "schedule" and rows[more].nunique() > 1:
            parts.append(more)
        if more == "run" and rows.duplicated([*parts, *NETWORK, "level"]).any():
            parts.append(more)
    found = rows[parts[0]].astype(str)
    for more in parts[1:]:
        found = found + " · " + rows[more].astype(str)
    return found


def _trained(rows: pd.DataFrame) -> str:
    """Say whether a pruner's networks are trained from the start at each density.

    The run may record when the pruner acts. If it does not, or the pruner acts during training and
    may do either, the steps decide: with training from the start they rise from level to level.
    """
    when = rows["when"].iloc[0]
    if when in ("init", "level"):
        return AT_START if when == "init" else BY_LEVEL
    steps = rows.pivot_table(index=["trial", "network"], columns="level", values="steps")
    stays = np.diff(steps.to_numpy(dtype=float), axis=1) <= 0
    return BY_LEVEL if stays.any() or steps.shape[1] < 2 else AT_START


def _reached(rows: pd.DataFrame, trained: Mapping[str, str]) -> pd.DataFrame:
    """Add the steps needed to reach each level."""
    summed = rows.groupby(["trial", "network"], sort=False)["steps"].cumsum()
    at_start = rows["label"].map(trained) == AT_START
    return rows.assign(reached=summed.where(~at_start, rows["steps"]).astype(float))


def by_task(
    found: Sequence[PrunerComparison], summarised: Callable[[PrunerComparison], pd.DataFrame]
) -> pd.DataFrame:
    """Summarise each comparison, as one table with the task in front."""
    tables = [summarised(comparison).assign(task=comparison.task) for comparison in found]
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=["task"])
    table = pd.concat(filled, ignore_index=True)
    return table[["task", *(name for name in table if name != "task")]]

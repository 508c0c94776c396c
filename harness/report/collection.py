"""What a report reads: runs, pooled into tables whose rows each carry their condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from harness.errors import UserError
from harness.motifs import CONTROLS

PARTS = ("task", "pruner", "schedule")
"""What a condition is made of; a task has its architecture with it where there are several.

A run's name joins them where two runs hold the same networks."""

NETWORK = ("seed", "data_seed", "network")
"""What says which network it is, whatever prunes it: under all conditions of one task it has the
same initial weights, data and batches."""

COLUMNS = {
    "levels": ("steps", "train_loss", "validation_loss", "diverged", "constant_loss"),
    "timings": ("activity", "seconds"),
    "memory": ("memory", "peak_bytes"),
    "motifs": (
        *("support", "null", "order", "motif", "base_layer", "count", "expected", "sd", "z"),
        *("log2_ratio", "p_normal", "q_normal"),
    ),
    "performance": ("split", "measure", "layer", "value", "unit"),
}
"""The columns that the report reads, beside those of the condition."""

OF_CELLS = {"timings": ("trial", "level"), "memory": ("trial",)}
"""Tables that are not by network, and what says where their rows belong."""

OPTIONAL = ("constant_loss",)
"""Columns that older runs do not have: undefined there."""

NAMES = ("trial", "condition", "support", "null", "motif", "split", "measure", "unit")
"""Columns of few values in long tables: kept as categories, which are grouped ten times faster."""


@runtime_checkable
class RunTables(Protocol):
    """A run as the report reads it: `harness.Run`, or anything with the same tables."""

    path: Path
    experiment: Any
    provenance: Any

    @property
    def notes(self) -> Mapping[str, Any]:
        """What the tasks noted about their data, by task."""
        ...

    def trials(self) -> pd.DataFrame:
        """Return a row a trial: status (done, failed, skipped, pending, damaged) and reason.

        Runs of today say in `made_with` what a trial was computed with and on, in `when` at which
        moments its pruner acts, in `version` which version of results it holds, and in
        `cautions` what schedule and pruner say about its training, a line each.
        """
        ...

    def measurements(self) -> pd.DataFrame:
        """One row a metric and trial, with its status and the reason."""
        ...

    def table(self, name: str) -> pd.DataFrame:
        """A table over all finished trials, empty where nothing is there yet."""
        ...

    def masks(self, trial: str, level: int, /) -> Mapping[str, np.ndarray]:
        """The masks of a trial's networks at a level, by leaf, each (networks, out, in, ...)."""
        ...


@dataclass(frozen=True)
class Collection:
    """The tables of all runs of a report.

    Every table has the column `condition`: the parts of its trial that differ between trials, as a
    label; a condition has the networks of all data seeds. `trials` say in `seed` and `data_seed`
    which networks they have, and in `version` which version of results (NaN: unknown). `diverged`
    lists networks left out of `motifs` and `performance` and from which level on; they stay in
    `started`, which has the losses of all networks. `drawn` holds motif rows of random graphs made
    for each network, the controls.
    """

    runs: Sequence[RunTables]
    trials: pd.DataFrame
    measurements: pd.DataFrame
    levels: pd.DataFrame
    started: pd.DataFrame
    timings: pd.DataFrame
    memory: pd.DataFrame
    motifs: pd.DataFrame
    drawn: pd.DataFrame
    performance: pd.DataFrame
    diverged: pd.DataFrame
    conditions: tuple[str, ...]

    @cached_property
    def summed(self) -> pd.DataFrame:
        """The motif rows of whole networks: summed over base layers."""
        return self.motifs[self.motifs["base_layer"] == -1]

    @property
    def densities(self) -> tuple[float, ...]:
        """All densities that any network was trained at, falling."""
        return tuple(sorted(self.levels["density"].unique(), reverse=True))


def collect(runs: Sequence[RunTables]) -> Collection:
    """Pool the tables of runs, label conditions and leave diverged networks out."""
    trials = _trials(runs)
    labels = _labels(trials)
    tables = {name: _table(runs, trials, labels, name) for name in COLUMNS}
    levels = tables["levels"]
    gone = levels["diverged"].astype(bool)
    since = levels[gone].groupby(["condition", "trial", "network"], observed=True)["level"].min()
    diverged = since.reset_index()
    trials = trials.assign(condition=trials["trial"].map(labels))
    measurements = pd.concat([run.measurements() for run in runs], ignore_index=True)
    measurements = measurements.drop_duplicates(["trial", "metric"])
    shown = levels.loc[~gone, "condition"].unique()
    trained = ~tables["motifs"]["support"].isin(CONTROLS)
    return Collection(
        runs=runs,
        trials=trials,
        measurements=measurements.assign(condition=measurements["trial"].map(labels)),
        levels=levels[~gone].reset_index(drop=True),
        started=levels,
        timings=tables["timings"],
        memory=tables["memory"],
        motifs=_without(tables["motifs"][trained], diverged),
        drawn=_without(tables["motifs"][~trained], diverged),
        performance=_without(tables["performance"], diverged),
        diverged=diverged,
        conditions=tuple(label for label in dict.fromkeys(labels.values()) if label in shown),
    )


def _trials(runs: Sequence[RunTables]) -> pd.DataFrame:
    """The trials of all runs; one that is in several runs counts once, finished if it is in any."""
    parts = [run.trials().assign(run=run.path.name, seed=seed_in(run.experiment)) for run in runs]
    trials = pd.concat(parts, ignore_index=True)
    if "made_with" not in trials:
        trials["made_with"] = ""
    trials["made_with"] = trials["made_with"].fillna("").astype(str)
    version = trials.get("version", pd.Series(np.nan, index=trials.index))
    trials["version"] = pd.to_numeric(version, errors="coerce")
    for name in ("when", "cautions", "architecture"):
        trials[name] = trials[name].fillna("").astype(str) if name in trials else ""
    trials["task"] = _with_architecture(trials)
    best_first = ("done", "damaged", "failed", "pending", "skipped")
    order = trials["status"].map({status: rank for rank, status in enumerate(best_first)})
    best = trials.loc[order.sort_values(kind="stable").index].drop_duplicates("trial")
    return best.sort_index().reset_index(drop=True)


def _with_architecture(trials: pd.DataFrame) -> pd.Series:
    """The task of each trial, with its architecture where those of one task differ.

    Networks of two architectures have nothing in common, so that they are never paired.
    """
    several = trials.groupby("task")["architecture"].transform("nunique") > 1
    both = trials["task"].astype(str) + " · " + trials["architecture"]
    return trials["task"].astype(str).where(~several, both)


def seed_in(experiment: Any, name: str = "seed") -> str:
    """Return a seed of a run as its experiment gives it: `seed` or `batch_seed`."""
    return str(experiment.get(name, 0)) if isinstance(experiment, Mapping) else "0"


def _labels(trials: pd.DataFrame) -> dict[str, str]:
    """The label of every trial: the parts that differ, or its pruner where none does."""
    parts = [*PARTS]
    # Two runs may hold the same networks of one condition, trained in another way.
    if trials.duplicated([*PARTS, "seed", "data_seed", "first_network"], keep=False).any():
        parts.append("run")
    differ = [part for part in parts if trials[part].nunique() > 1] or ["pruner"]
    text = [trials[part].map(str) for part in differ]
    labels = pd.concat(text, axis=1).agg(" · ".join, axis=1)
    return dict(zip(trials["trial"], labels, strict=True))


def _table(
    runs: Sequence[RunTables], trials: pd.DataFrame, labels: Mapping[str, str], name: str
) -> pd.DataFrame:
    """One table over all runs, each trial's rows from the run that finished it."""
    place = OF_CELLS.get(name, ("trial", "network", "level", "density"))
    columns = [*place, *COLUMNS[name]]
    parts = _parts(runs, trials, name)
    if not parts:
        return pd.DataFrame(columns=[*columns, "condition"])
    known = [name for name in OPTIONAL if name in columns]
    parts = [part.assign(**{c: np.nan for c in known if c not in part}) for part in parts]
    table = pd.concat([part[columns] for part in parts], ignore_index=True)
    if name == "performance":
        table["measure"] = table["measure"].str.replace("_", " ")
    return _compact(table.assign(condition=table["trial"].map(labels)))


def labelled(data: Collection, name: str) -> pd.DataFrame:
    """The table of another metric over all runs, its rows labelled, diverged networks left out."""
    labels = dict(zip(data.trials["trial"], data.trials["condition"], strict=True))
    parts = _parts(data.runs, data.trials, name)
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return _without(table.assign(condition=table["trial"].map(labels)), data.diverged)


def _parts(runs: Sequence[RunTables], trials: pd.DataFrame, name: str) -> list[pd.DataFrame]:
    """The table of each run that has it, with the rows of the trials that are taken from it."""
    parts = []
    for run in runs:
        part = _read(run, name)
        if not part.empty:
            chosen = set(trials.loc[trials["run"] == run.path.name, "trial"])
            parts.append(part[part["trial"].isin(chosen)])
    return parts


def _read(run: RunTables, name: str) -> pd.DataFrame:
    try:
        return run.table(name)
    except UserError:
        return pd.DataFrame()


def _compact(table: pd.DataFrame) -> pd.DataFrame:
    """Names as categories; an infinite log ratio (no copy at all) undefined: it has no mean."""
    if "log2_ratio" in table:
        table["log2_ratio"] = table["log2_ratio"].replace([np.inf, -np.inf], np.nan)
    return table.astype({name: "category" for name in NAMES if name in table})


def _without(table: pd.DataFrame, diverged: pd.DataFrame) -> pd.DataFrame:
    """The table without networks at and after the level at which they diverged."""
    if table.empty or diverged.empty:
        return table
    since = table[["trial", "network"]].merge(
        diverged[["trial", "network", "level"]], how="left", on=["trial", "network"]
    )["level"]
    keep = ~(table["level"].to_numpy() >= since.fillna(np.inf).to_numpy())
    return table[keep].reset_index(drop=True)

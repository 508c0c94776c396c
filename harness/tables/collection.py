"""What a report reads: runs, pooled into tables whose rows each carry their condition."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from harness.errors import UserError
from harness.tables.schema import MOST_QUANTITIES, Family, Schema, derived, family, selected

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
}
"""The columns of each run's own tables that the report reads, beside those of the condition."""

OF_CELLS = {"timings": ("trial", "level"), "memory": ("trial",)}
"""Tables that are not by network, and what says where their rows belong."""

OPTIONAL = ("constant_loss",)
"""Columns that older runs do not have: undefined there."""

NAMES = ("trial", "condition")
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
class Measured:
    """The table of one metric over all runs, labelled, with what says what its columns are.

    `metric` is the metric, or None where it is not installed; `rows` are without diverged networks.
    """

    rows: pd.DataFrame
    schema: Schema
    metric: Any = None


@dataclass(frozen=True)
class Collection:
    """The tables of all runs of a report.

    Every table has the column `condition`: the parts of its trial that differ between trials, as a
    label; a condition has the networks of all data seeds. `trials` say in `seed` and `data_seed`
    which networks they have, and in `version` which version of results (NaN: unknown). `diverged`
    lists networks left out of the tables of metrics and from which level on; they stay in
    `started`, which has the losses of all networks. `measured` are the tables of metrics by name.

    A level is one condition's, by its number; several may have one density. `later` counts those of
    its density that follow it in its condition: `density` and `later` together say which levels of
    two conditions belong together.
    """

    runs: Sequence[RunTables]
    trials: pd.DataFrame
    measurements: pd.DataFrame
    levels: pd.DataFrame
    started: pd.DataFrame
    timings: pd.DataFrame
    memory: pd.DataFrame
    measured: Mapping[str, Measured]
    diverged: pd.DataFrame
    conditions: tuple[str, ...]

    @property
    def densities(self) -> tuple[float, ...]:
        """All densities that any network was trained at, falling."""
        return tuple(sorted(self.levels["density"].unique(), reverse=True))

    def table(self, metric: str, *, controls: bool = False) -> pd.DataFrame:
        """Return a metric's rows of networks, or of random graphs; empty where there are none."""
        if metric not in self.measured:
            return pd.DataFrame()
        found = self.measured[metric]
        return found.rows[found.schema.is_control(found.rows) == controls]

    def role(self, name: str) -> pd.DataFrame:
        """Return the rows that play a role (`ROLES`), their number as `value`; empty without any.

        Where several metrics have the role, they are those of the first.
        """
        for metric, found in self.measured.items():
            if asked := found.schema.roles.get(name):
                rows = selected(self.table(metric), asked.where)
                if len(rows):
                    return rows.assign(value=rows[asked.value].astype(float))
        return self.levels.iloc[:0].assign(layer=0, value=0.0)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """What is compared of each metric, apart from the loss; each has a label of its own."""
        made: dict[str, Family] = {}
        for name, found in self.measured.items():
            table = self.table(name)
            for asked in found.schema.compared if len(table) else ():
                one = family(name, table, found.schema, asked)
                if one.label in made:
                    asked = replace(asked, label=f"{one.label} of {name}")
                    one = family(name, table, found.schema, asked)
                if len(one.order) <= MOST_QUANTITIES:
                    made[one.label] = one
        return tuple(made.values())


def collect(runs: Sequence[RunTables], metrics: Mapping[str, Any]) -> Collection:
    """Pool the tables of runs, label conditions and leave diverged networks out.

    `metrics` are those that are installed, by name; of another the schema is derived.
    """
    trials = _trials(runs)
    labels = _labels(trials)
    tables = {name: _table(runs, trials, labels, name) for name in COLUMNS}
    levels = _placed(tables["levels"], tables["levels"])
    gone = levels["diverged"].astype(bool)
    since = levels[gone].groupby(["condition", "trial", "network"], observed=True)["level"].min()
    diverged = since.reset_index()
    trials = trials.assign(condition=trials["trial"].map(labels))
    measurements = pd.concat([run.measurements() for run in runs], ignore_index=True)
    measurements = measurements.drop_duplicates(["trial", "metric"])
    shown = levels.loc[~gone, "condition"].unique()
    measured = {}
    for name in dict.fromkeys(name_of(str(label)) for label in measurements["metric"]):
        parts = _parts(runs, trials, name)
        if parts and name not in COLUMNS:
            rows = pd.concat(parts, ignore_index=True)
            rows = rows.assign(condition=rows["trial"].map(labels))
            rows = _placed(_without(rows, diverged), levels)
            metric = metrics.get(name)
            said = metric.schema if metric is not None else None
            schema = said.fitting([str(column) for column in rows]) if said else derived(rows)
            measured[name] = Measured(_compact(rows), schema, metric)
    return Collection(
        runs=runs,
        trials=trials,
        measurements=measurements.assign(condition=measurements["trial"].map(labels)),
        levels=levels[~gone].reset_index(drop=True),
        started=levels,
        timings=tables["timings"],
        memory=tables["memory"],
        measured=measured,
        diverged=diverged,
        conditions=tuple(label for label in dict.fromkeys(labels.values()) if label in shown),
    )


def name_of(plugin: str) -> str:
    """The name of a plugin from its label: without parameters and owner."""
    found = re.match(r"(?:[^\[]*:)?([^\[:]*)", plugin)
    return found[1] if found else plugin


def _placed(table: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """The table with `later`: how many levels of the same density follow in the condition."""
    keys = ["condition", "density", "level"]
    known = levels[keys].astype({"condition": object}).drop_duplicates()
    rank = known.groupby(keys[:2])["level"].rank(ascending=False, method="first") - 1
    later = dict(zip(zip(known["condition"], known["level"], strict=True), rank, strict=True))
    places = zip(table["condition"].astype(object), table["level"], strict=True)
    return table.assign(later=[int(later.get(place, 0)) for place in places])


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
    table = table.assign(condition=table["trial"].map(labels))
    return table.astype(dict.fromkeys(NAMES, "category"))


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
    """Texts as categories."""
    texts = table.select_dtypes(exclude=["number", "bool"])
    return table.astype(dict.fromkeys(texts, "category"))


def _without(table: pd.DataFrame, diverged: pd.DataFrame) -> pd.DataFrame:
    """The table without networks at and after the level at which they diverged."""
    if table.empty or diverged.empty:
        return table
    since = table[["trial", "network"]].merge(
        diverged[["trial", "network", "level"]], how="left", on=["trial", "network"]
    )["level"]
    keep = ~(table["level"].to_numpy() >= since.fillna(np.inf).to_numpy())
    return table[keep].reset_index(drop=True)

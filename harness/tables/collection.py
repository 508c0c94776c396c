"""The runs of a report, pooled into tables with the condition of each row."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from harness.errors import UserError
from harness.tables.schema import MOST_QUANTITIES, Family, Schema, derived, family, selected

PARTS = ("task", "pruner", "schedule")
"""The parts of a condition; the task includes its architecture if there are several.

The run's name joins them if two runs hold the same networks."""

NETWORK = ("seed", "data_seed", "network")
"""The columns that identify a network: under all conditions of one task it has the same initial
weights, data and batches."""

COLUMNS = {
    "levels": ("steps", "train_loss", "validation_loss", "diverged", "constant_loss"),
    "timings": ("activity", "seconds"),
    "memory": ("memory", "peak_bytes"),
}
"""The columns of each run's tables that the report reads, beside those of the condition."""

OF_CELLS = {"timings": ("trial", "level"), "memory": ("trial",)}
"""Tables without a row per network, and the columns that place their rows."""

OPTIONAL = ("constant_loss",)
"""Columns that older runs lack; they are undefined there."""

NAMES = ("trial", "condition")
"""Columns with few values in long tables: as categories they are grouped ten times faster."""


@runtime_checkable
class RunTables(Protocol):
    """A run as the report reads it: `harness.Run`, or anything with the same tables."""

    path: Path
    experiment: Any
    provenance: Any

    @property
    def notes(self) -> Mapping[str, Any]:
        """The notes of tasks on their data, by task."""
        ...

    def trials(self) -> pd.DataFrame:
        """Return a row per trial: status (done, failed, skipped, pending, damaged) and reason.

        Newer runs also give in `made_with` a trial's versions and device, in `when` when its pruner
        acts, in `version` its version of results, and in `cautions` the cautions of schedule and
        pruner, one a line.
        """
        ...

    def measurements(self) -> pd.DataFrame:
        """Return a row per metric and trial, with status and reason."""
        ...

    def table(self, name: str) -> pd.DataFrame:
        """Return a table over all finished trials, empty if there are none."""
        ...

    def masks(self, trial: str, level: int, /) -> Mapping[str, np.ndarray]:
        """Return the masks of a trial's networks at a level, by leaf: (networks, out, in, ...)."""
        ...


@dataclass(frozen=True)
class Measured:
    """The table of one metric over all runs, labelled, with its schema.

    `metric` is the metric, or None if it is not installed; `rows` exclude diverged networks.
    """

    rows: pd.DataFrame
    schema: Schema
    metric: Any = None

    @cached_property
    def networks(self) -> pd.DataFrame:
        """The rows of networks."""
        control = self.schema.is_control(self.rows)
        return self.rows[~control] if control.any() else self.rows

    @property
    def controls(self) -> pd.DataFrame:
        """The rows of random graphs in the networks' place."""
        return self.rows[self.schema.is_control(self.rows)]


@dataclass(frozen=True)
class Collection:
    """The tables of all runs of a report.

    Every table has the column `condition`: a label of the parts in which trials differ; a condition
    has the networks of all data seeds. In `trials`, `seed` and `data_seed` identify the networks;
    `version` is the version of results (NaN: unknown). `diverged` lists the networks left out of
    the tables of metrics, and from which level on; they stay in `started`, which has the losses of
    all networks. `measured` are the tables of metrics by name.

    Levels are numbered within a condition, and several may have one density. `later` counts the
    levels of the same density that follow in the condition: levels of two conditions correspond if
    they agree in `density` and `later`.
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
        """The densities of all networks, falling."""
        return tuple(sorted(self.levels["density"].unique(), reverse=True))

    def table(self, metric: str, *, controls: bool = False) -> pd.DataFrame:
        """Return a metric's rows of networks, or of random graphs; empty if there are none."""
        if metric not in self.measured:
            return pd.DataFrame()
        found = self.measured[metric]
        return found.controls if controls else found.networks

    def role(self, name: str) -> pd.DataFrame:
        """Return the rows that play a role (`ROLES`), their number as `value`; empty without any.

        If several metrics have the role, the first counts.
        """
        for metric, measured in self.measured.items():
            if asked := measured.schema.roles.get(name):
                rows = selected(self.table(metric), asked.where)
                if len(rows):
                    return rows.assign(value=rows[asked.value].astype(float))
        return self.levels.iloc[:0].assign(layer=0, value=0.0)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The compared quantities of each metric, with unique labels, apart from the loss."""
        made: dict[str, Family] = {}
        for name, measured in self.measured.items():
            table = self.table(name)
            for asked in measured.schema.compared if len(table) else ():
                one = family(name, table, measured.schema, asked)
                if one.label in made:
                    asked = replace(asked, label=f"{one.label} of {name}")
                    one = family(name, table, measured.schema, asked)
                if len(one.order) <= MOST_QUANTITIES:
                    made[one.label] = one
        return tuple(made.values())


def collect(runs: Sequence[RunTables], metrics: Mapping[str, Any]) -> Collection:
    """Pool the tables of runs, label conditions and leave out diverged networks.

    `metrics` are the installed ones by name; for others the schema is derived.
    """
    trials = labelled(runs)
    labels = dict(zip(trials["trial"], trials["condition"], strict=True))
    tables = {name: _table(runs, trials, labels, name) for name in COLUMNS}
    levels = _placed(tables["levels"], tables["levels"])
    gone = levels["diverged"].astype(bool)
    since = levels[gone].groupby(["condition", "trial", "network"], observed=True)["level"].min()
    diverged = since.reset_index()
    measurements = pd.concat([run.measurements() for run in runs], ignore_index=True)
    measurements = measurements.drop_duplicates(["trial", "metric"])
    shown = levels.loc[~gone, "condition"].unique()
    measured, leveled = {}, set(levels["trial"])
    for name in dict.fromkeys(name_of(str(label)) for label in measurements["metric"]):
        if name in COLUMNS:
            continue
        # Without its levels, as in a damaged folder, a trial's networks cannot be counted.
        parts = [_of(part, leveled) for part in _parts(runs, trials, name)]
        if any(map(len, parts)):
            rows = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
            del parts
            rows = rows.assign(condition=rows["trial"].map(labels))
            rows = _placed(_without(rows, diverged), levels)
            metric = metrics.get(name)
            own = metric.schema if metric is not None else None
            schema = own.fitting([str(column) for column in rows]) if own else derived(rows)
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


def labelled(runs: Sequence[RunTables]) -> pd.DataFrame:
    """Return the trials of all runs, each once, with the label of its condition."""
    trials = _trials(runs)
    return trials.assign(condition=trials["trial"].map(_labels(trials)))


def name_of(plugin: str) -> str:
    """Return the name of a plugin from its label, without parameters and owner."""
    name = re.match(r"(?:[^\[]*:)?([^\[:]*)", plugin)
    return name[1] if name else plugin


def _placed(table: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Add `later`: how many levels of the same density follow in the condition."""
    keys = ["condition", "density", "level"]
    known = levels[keys].astype({"condition": object}).drop_duplicates()
    rank = known.groupby(keys[:2])["level"].rank(ascending=False, method="first") - 1
    conditions = pd.Index(known["condition"].unique())
    deepest = int(known["level"].max()) if len(known) else -1
    # The last row and column are of places that are in no level.
    later = np.zeros((len(conditions) + 1, deepest + 2), np.int64)
    later[conditions.get_indexer(known["condition"]), known["level"].to_numpy(int)] = rank
    row = conditions.get_indexer(pd.Index(table["condition"]))
    level = table["level"].to_numpy(int)
    inside = (level >= 0) & (level < later.shape[1] - 1)
    return table.assign(later=later[row, np.where(inside, level, -1)])


def _trials(runs: Sequence[RunTables]) -> pd.DataFrame:
    """Return the trials of all runs, each once, as finished as in any run."""
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
    """Return the task of each trial, with its architecture if one task has several.

    Networks of two architectures have nothing in common, so they are never paired.
    """
    several = trials.groupby("task")["architecture"].transform("nunique") > 1
    both = trials["task"].astype(str) + " · " + trials["architecture"]
    return trials["task"].astype(str).where(~several, both)


def seed_in(experiment: Any, name: str = "seed") -> str:
    """Return a seed from a run's experiment: `seed` or `batch_seed`."""
    return str(experiment.get(name, 0)) if isinstance(experiment, Mapping) else "0"


def _labels(trials: pd.DataFrame) -> dict[str, str]:
    """Label every trial by the parts that differ, or by its pruner if none does."""
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
    """Return one table over all runs, each trial's rows from the run that finished it."""
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
    """Return each run's table, with the rows of the trials that are taken from that run."""
    parts = []
    for run in runs:
        part = _compact(_read(run, name))
        if not part.empty:
            chosen = set(trials.loc[trials["run"] == run.path.name, "trial"])
            parts.append(_of(part, chosen))
    return parts


def _of(part: pd.DataFrame, trials: Set[str]) -> pd.DataFrame:
    """Return the rows of some trials; the table itself if that is all: it may fill the memory."""
    kept = part["trial"].isin(trials)
    return part if kept.all() else part[kept].reset_index(drop=True)


def _read(run: RunTables, name: str) -> pd.DataFrame:
    try:
        return run.table(name)
    except UserError:
        return pd.DataFrame()


def _compact(table: pd.DataFrame) -> pd.DataFrame:
    """Convert texts to categories."""
    texts = table.select_dtypes(exclude=["number", "bool"])
    return table.astype(dict.fromkeys(texts, "category"))


def _without(table: pd.DataFrame, diverged: pd.DataFrame) -> pd.DataFrame:
    """Remove networks from the level on at which they diverged."""
    if table.empty or diverged.empty:
        return table
    since = table[["trial", "network"]].merge(
        diverged[["trial", "network", "level"]], how="left", on=["trial", "network"]
    )["level"]
    keep = ~(table["level"].to_numpy() >= since.fillna(np.inf).to_numpy())
    return table[keep].reset_index(drop=True)

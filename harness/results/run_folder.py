"""The run folder: where files are, what is finished, and reading it back as tables."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import files
from harness.errors import UserError
from harness.results import pooled
from harness.results.pooled import Part, Pool
from harness.results.records import (
    OLD_COLUMNS,
    Entry,
    read_index,
    trial_folder,
)
from harness.results.trial_tables import TrialTables

if TYPE_CHECKING:
    import pandas as pd

    from harness.results.snapshot import Snapshot

CONDITION_COLUMNS = {
    "trial": "key of the trial: a hash of everything that determines its result",
    "task": "task, with the parameters that differ from their defaults",
    "architecture": "architecture, with the parameters that differ from their defaults",
    "pruner": "pruner, with the parameters that differ from their defaults",
    "schedule": "schedule, with the parameters that differ from their defaults",
    "data_seed": "seed of the data and of the order in which they are read",
    "network": "number of the network within the run; under all pruners of one data seed the same "
    "number has the same initial weights, under two data seeds it has not",
    "level": "number of the level within the schedule, from 0",
    "density": "density asked for at the level: kept / prunable weights",
}

COLUMNS: dict[str, dict[str, str]] = {
    "levels": {
        "steps": "training steps taken at the level (the cumulative budget for pruners that act at "
        "initialisation)",
        "train_loss": "loss at the end of the level on the first 4096 training rows",
        "validation_loss": "loss at the end of the level on the first 4096 validation rows",
        "constant_loss": "validation loss of the best constant predictor: the output that ignores "
        "its input, chosen on the training rows; NaN where the task does not say",
        "diverged": "whether the network's losses are not finite; such networks are left out of "
        "statistics",
    },
    "training": {
        "step": "training step within the level",
        "loss": "training loss, mean over the steps since the last row, at most 100",
    },
    "diagnostics": {
        "step": "training step within the level that began with the pruning",
        "diagnostic": "name of a number that the pruner gave with its update",
        "value": "the number, as the pruner gave it for this network",
        "meaning": "what the number is, with its unit, in the words of the pruner",
    },
    "timings": {
        "activity": "what the time went to: simulate, compile, start, train, prune, evaluate or "
        "measure",
        "seconds": "wall time in seconds, device work waited for",
    },
    "memory": {
        "memory": "host: resident memory of the process; device: memory of the accelerator",
        "peak_bytes": "the largest of the process up to the end of the trial's training, in bytes",
    },
}
PER_CELL = {"timings": {"network", "density"}, "memory": {"network", "level", "density"}}
"""Columns of the condition that a table lacks because its rows are not single networks."""


ADDED_LATER = {"architecture", "constant_loss"}
"""Columns that tables of older runs may lack."""


def columns() -> dict[str, dict[str, str]]:
    """Return the meaning of every column of the tables that each run has."""
    return {
        table: {
            name: text
            for name, text in CONDITION_COLUMNS.items()
            if name not in PER_CELL.get(table, ())
        }
        | meaning
        for table, meaning in COLUMNS.items()
    }


class Run:
    """A run folder, finished or not, as tables. Opening it runs no code from it.

    `path` is the folder; `experiment` the experiment, resolved; `provenance` versions, device,
    command, commit and time; `columns` the meaning of every column by table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = read_index(path)
        self.experiment: dict[str, Any] = self._index.experiment
        self.columns: dict[str, dict[str, str]] = self._index.columns
        self.provenance: dict[str, Any] = _provenance(path)

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self.path)

    @cached_property
    def _trials(self) -> list[TrialTables]:
        entries = self._index.trials
        return [one for entry in entries for one in TrialTables.of(self.path, entry, self._pool)]

    def pool(self) -> None:
        """Pool the records and tables of a large run, so that it opens soon the next time."""
        trials = self._trials
        if len(trials) < pooled.FEWEST or all(trial.pooled for trial in trials):
            return
        whole = [trial for trial in trials if trial.state and self._undamaged(trial)]
        records = {
            trial.entry.trial: (trial.stamp, trial.state.model_dump_json(exclude_defaults=True))
            for trial in whole
            if trial.state
        }
        metrics = self._index.metrics
        tables = {
            name: [part for trial in whole for part in trial.parts(name, metrics)]
            for name in self.tables()
        }
        pooled.write(self.path, records, tables)

    def _undamaged(self, trial: TrialTables) -> bool:
        measured = (trial.measured(metric.key)["status"] for metric in self._index.metrics)
        return trial.status != "damaged" and "damaged" not in measured

    def _repr_html_(self) -> str:
        """Return what a notebook shows: title and answer of the report, and the conditions."""
        from harness.results import notebook

        return notebook.html_of(self.path, self.trials(), self.experiment["networks"])

    @property
    def notes(self) -> dict[str, Any]:
        """What tasks noted about their data, by task."""
        return {trial.entry.task: trial.state.notes for trial in self._trials if trial.state}

    def trials(self) -> "pd.DataFrame":
        """Return one row a trial: what it is, its status, the reason, what it was `made_with`.

        The status is done, failed, skipped, pending, or damaged: a file is missing or differs from
        what was written. A trial that did not fit into memory is given as its two halves.
        `when` says at which moments its pruner acts: init, level or during; None if not recorded.
        `version` is that of its results (`RESULT_VERSION` when it was trained): before 3, network i
        had the same initial weights under every data seed. `cautions` has what schedule and pruner
        say about its training, a line each.
        """
        import pandas as pd

        rows = [
            {
                **trial.entry.model_dump(exclude={"skipped"}),
                "status": trial.status,
                "reason": trial.reason,
                "made_with": trial.state.environment if trial.state else "",
                "version": trial.state.identity.get("version") if trial.state else None,
                "cautions": "\n".join(trial.state.cautions) if trial.state else "",
            }
            for trial in self._trials
        ]
        return pd.DataFrame(rows)

    def cells(self) -> "pd.DataFrame":
        """Return `trials()` under the name, and with the column, that it had before format 3."""
        return self.trials().rename(columns={new: old for old, new in OLD_COLUMNS.items()})

    def measurements(self) -> "pd.DataFrame":
        """Return one row a metric and trial: its status, as of a trial, and the reason."""
        import pandas as pd

        rows = [
            {"trial": trial.entry.trial, "metric": metric.label, **trial.measured(metric.key)}
            for trial in self._trials
            for metric in self._index.metrics
        ]
        return pd.DataFrame(rows, columns=["trial", "metric", "status", "reason"])

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        return sorted(self.columns)

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Collection[Any]] | None = None,
    ) -> "pd.DataFrame":
        """Return a table over all finished trials, of the networks that were asked for.

        `columns` are those wanted, by default all. `where` gives the values that a row may have in
        a column, as in `{"pruner": ["magnitude"], "level": [0]}`; only trials that fit are read.

        It is empty, with the right columns, where nothing is finished, and has no rows of trials
        that `trials()` calls damaged. Raises `UserError` where the run has no table of this name,
        or where a file of it has other columns.
        """
        import pandas as pd

        if name not in self.columns:
            raise UserError(f"this run has no table '{name}'. It has {', '.join(self.tables())}.")
        where = where or {}
        trials = [trial for trial in self._trials if _fits(trial.entry, where)]
        wanted = columns and {*columns, *where, "trial", "cell", "network"}
        parts = list(self._parts(name, trials, wanted))
        if name == "timings":
            parts += self._measuring(trials)
        if not parts:
            return pd.DataFrame(columns=list(columns or self.columns[name]))
        # Copies only where something changes: the table of a large run is a large part of memory.
        whole = len(parts) == 1
        table = parts.pop().reset_index(drop=True) if whole else pd.concat(parts, ignore_index=True)
        if "network" in table:
            asked = table["network"] < self.experiment["networks"]
            table = table if asked.all() else table[asked].reset_index(drop=True)
        for column, values in where.items():
            table = table[table[column].isin([*values])].reset_index(drop=True)
        return table if columns is None else table[[one for one in columns if one in table]]

    def _parts(
        self, name: str, trials: Sequence[TrialTables], columns: Collection[str] | None
    ) -> "Iterator[pd.DataFrame]":
        """Yield a table's rows of some trials, in the order of the trials."""
        pool = {one.entry.trial for one in trials if one.pooled} if self._pool.has(name) else set()
        rows = self._pool.table(name, pool, columns) if pool else None
        if rows is not None and not any(one.state for one in trials if not one.pooled):
            rank = rows["trial"].map({one.entry.trial: n for n, one in enumerate(trials)})
            sort = not rank.is_monotonic_increasing
            yield rows.iloc[np.argsort(rank.to_numpy(), kind="stable")] if sort else rows
            return
        groups = dict(iter(rows.groupby("trial", sort=False))) if rows is not None else {}
        for trial in trials:
            if trial.entry.trial in groups:
                yield groups[trial.entry.trial]
            elif trial.entry.trial not in pool:
                for part in trial.parts(name, self._index.metrics):
                    yield _read(name, part, columns)

    def _measuring(self, trials: Iterable[TrialTables]) -> "Iterator[pd.DataFrame]":
        """Yield the rows of `timings` for measurements, which end after the trial's table."""
        import pandas as pd

        rows = []
        for trial in trials:
            condition = trial.entry.model_dump(include=set(CONDITION_COLUMNS))
            measured = trial.state.metrics.values() if trial.state else ()
            if spent := sum(record.seconds for record in measured):
                rows.append({**condition, "level": -1, "activity": "measure", "seconds": spent})
        if rows:
            yield pd.DataFrame(rows)

    def masks(self, trial: str, level: int, step: int | None = None) -> dict[str, np.ndarray]:
        """The masks of a trial's networks at a level, by leaf name, each (networks, out, in).

        At its end, or after a step of it that its schedule names. Raises `UserError` where that
        step is not kept.
        """
        return dict(self._kept(trial, level, step, weights=False).masks)

    def weights(
        self, trial: str, level: int, step: int | None = None
    ) -> dict[str, np.ndarray] | None:
        """The leaves of a trial's networks as `masks`, zero where pruned; None if not kept."""
        weights = self._kept(trial, level, step, weights=True).weights
        return None if weights is None else dict(weights)

    def _kept(self, trial: str, level: int, step: int | None, *, weights: bool) -> "Snapshot":
        from harness.results import snapshot

        path = snapshot.level_path(trial_folder(self.path, trial), level)
        return snapshot.load(snapshot.at_step(path, step), weights=weights)


def _fits(entry: Entry, where: Mapping[str, Collection[Any]]) -> bool:
    """Return whether a trial can have rows as asked: formats 1 and 2 name no architecture."""
    own = entry.model_dump(include=set(CONDITION_COLUMNS) - {"architecture"})
    return all(own[column] in values for column, values in where.items() if column in own)


def _read(name: str, part: Part, columns: Collection[str] | None) -> "pd.DataFrame":
    """Read one file of a table. Raises `UserError` if it is damaged or has other columns."""
    _, path, checksum = part
    try:
        table = files.read_table(path, checksum, columns).rename(columns=OLD_COLUMNS)
    except files.DamagedFileError as error:
        raise UserError(f"{error}. Run the same command again to make it.") from None
    own = (set(CONDITION_COLUMNS) - PER_CELL.get(name, set())) | set(COLUMNS.get(name, ()))
    needed = own - ADDED_LATER if columns is None else (own - ADDED_LATER) & set(columns)
    if missing := needed - set(table):
        raise UserError(f"'{path}' is no table '{name}': it lacks {', '.join(sorted(missing))}.")
    return table


def open_run(path: Path | str) -> Run:
    """Open a run folder for reading. Raises `UserError` where it is none."""
    return Run(Path(path))


def open_pooled(path: Path | str) -> Run:
    """Open a run folder as `open_run`, after pooling its trials if they are many."""
    open_run(path).pool()
    return open_run(path)


def _provenance(folder: Path) -> dict[str, Any]:
    """Return what `provenance.json` says, or why it cannot be read: no run depends on it."""
    try:
        found = files.read_json(folder / "provenance.json")
    except files.DamagedFileError as error:
        return {"unreadable": str(error)}
    return found if isinstance(found, dict) else {"unreadable": "it is no table"}

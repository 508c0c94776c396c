"""The run folder: where files are, what is finished, and reading it back as tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import files
from harness.errors import UserError
from harness.results.records import (
    OLD_COLUMNS,
    Entry,
    MetricEntry,
    TrialRecord,
    TrialState,
    read_index,
    trial_folder,
)

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class TrialTables:
    """One trial of an opened run: its entry in the index, its record, and its undamaged tables."""

    entry: Entry
    record: TrialRecord
    state: TrialState | None

    @classmethod
    def of(cls, run: Path, entry: Entry) -> "Iterator[TrialTables]":
        """Yield the trial of an entry, or those that it was split into."""
        record = TrialRecord(trial_folder(run, entry.trial))
        state = record.read()
        if state is None or state.status != "split":
            yield cls(entry, record, state)
            return
        for half in state.into:
            if half.networks < entry.networks:  # a damaged record could name itself
                yield from cls.of(run, half)

    @cached_property
    def damage(self) -> list[str]:
        """Its tables that are missing or damaged."""
        checksums = self.state.files if self.state else {}
        return self.record.damaged(
            {name: checksum for name, checksum in checksums.items() if name.endswith(".parquet")}
        )

    @property
    def status(self) -> str:
        """done, failed, skipped, pending or damaged."""
        if self.entry.skipped:
            return "skipped"
        status = self.state.status if self.state else "pending"
        return "damaged" if status == "done" and self.damage else status

    @property
    def reason(self) -> str:
        """Why it is not done."""
        if self.status == "damaged":
            return _damage(self.damage)
        return self.entry.skipped or (self.state.error if self.state else "")

    def measured(self, key: str) -> dict[str, str]:
        """Return the status of a measurement, and the reason."""
        record = self.state.metrics.get(key) if self.state else None
        if record is None:
            return {"status": "pending", "reason": ""}
        if record.status == "done" and self.record.damaged({record.file: record.checksum}):
            return {"status": "damaged", "reason": _damage([record.file])}
        return {"status": record.status, "reason": record.error}

    def files(self, table: str, metrics: Iterable[MetricEntry]) -> Iterator[Path]:
        """Yield its undamaged files of a table, from the training or from these metrics."""
        if self.state is None:
            return
        for metric in metrics:
            if metric.name == table and self.measured(metric.key)["status"] == "done":
                yield self.record.folder / self.state.metrics[metric.key].file
        if self.status == "done" and f"{table}.parquet" in self.state.files:
            yield self.record.folder / f"{table}.parquet"


def _damage(names: Iterable[str]) -> str:
    return f"{', '.join(names)} missing or damaged: run the same command again to make it"


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
    def _trials(self) -> list[TrialTables]:
        return [trial for entry in self._index.trials for trial in TrialTables.of(self.path, entry)]

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

    def table(self, name: str) -> "pd.DataFrame":
        """Return a table over all finished trials, of the networks that were asked for.

        It is empty, with the right columns, where nothing is finished, and has no rows of trials
        that `trials()` calls damaged. Raises `UserError` where the run has no table of this name.
        """
        import pandas as pd

        if name not in self.columns:
            raise UserError(f"this run has no table '{name}'. It has {', '.join(self.tables())}.")
        metrics = self._index.metrics
        paths = [path for trial in self._trials for path in trial.files(name, metrics)]
        parts = [pd.read_parquet(path).rename(columns=OLD_COLUMNS) for path in paths]
        if name == "timings":
            parts += self._measuring()
        if not parts:
            return pd.DataFrame(columns=list(self.columns[name]))
        table = pd.concat(parts, ignore_index=True)
        if "network" in table:
            asked = table["network"] < self.experiment["networks"]
            table = table[asked].reset_index(drop=True)
        return table

    def _measuring(self) -> "Iterable[pd.DataFrame]":
        """Yield the rows of `timings` for measurements, which end after the trial's table."""
        import pandas as pd

        for trial in self._trials:
            condition = trial.entry.model_dump(include=set(CONDITION_COLUMNS))
            measured = trial.state.metrics.values() if trial.state else ()
            spent = sum(record.seconds for record in measured)
            if spent:
                yield pd.DataFrame(
                    [{**condition, "level": -1, "activity": "measure", "seconds": spent}]
                )

    def masks(self, trial: str, level: int, step: int | None = None) -> dict[str, np.ndarray]:
        """The masks of a trial's networks at a level, by leaf name, each (networks, out, in).

        At its end, or after a step of it that its schedule names. Raises `UserError` where that
        step is not kept.
        """
        from harness.results import snapshot

        path = snapshot.level_path(trial_folder(self.path, trial), level)
        return dict(snapshot.load(snapshot.at_step(path, step), weights=False).masks)


def open_run(path: Path | str) -> Run:
    """Open a run folder for reading. Raises `UserError` where it is none."""
    return Run(Path(path))


def _provenance(folder: Path) -> dict[str, Any]:
    """Return what `provenance.json` says, or why it cannot be read: no run depends on it."""
    try:
        found = files.read_json(folder / "provenance.json")
    except files.DamagedFileError as error:
        return {"unreadable": str(error)}
    return found if isinstance(found, dict) else {"unreadable": "it is no table"}

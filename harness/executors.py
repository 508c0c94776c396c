"""Where cells run: one after the other in this process. Failures are recorded, the rest go on."""

import contextlib
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from harness import files, progress, runner, store
from harness.errors import UserError
from harness.experiment import Cell, Choice, Plan, metric_identity, without_networks
from harness.train import Trainer
from harness.types import TaskData

LOCK = ".lock"


@dataclass
class Outcome:
    """What became of a run: how many cells and measurements were done, found done, or failed."""

    trained: int = 0
    already_trained: int = 0
    measured: int = 0
    already_measured: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def nothing_to_do(self) -> bool:
        """Whether all that was asked for had been there already."""
        return not (self.trained or self.measured or self.failures)


def prepare(plan: Plan, folder: Path) -> None:
    """Make the run folder, or check that the one that is there holds the same experiment.

    Raises `UserError` where it holds another: only networks and metrics may differ.
    """
    resolved = plan.resolved()
    index = folder / "run.json"
    if index.exists():
        known = store.read_index(folder)["experiment"]
        old, new = without_networks(known), without_networks(resolved)
        differing = sorted(name for name in new if old.get(name) != new[name])
        if differing:
            raise UserError(
                f"'{folder}' holds another experiment ({', '.join(differing)} differ). "
                "Choose another --out, or compare the two with `harness report`."
            )
    elif any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise UserError(f"'{folder}' is not empty and not a run folder. Choose another --out.")
    columns = {name: {**_condition(name), **meaning} for name, meaning in store.COLUMNS.items()} | {
        choice.name: {**store.CONDITION_COLUMNS, "metric": "the metric with its parameters"}
        | dict(choice.instance.columns)
        for choice in plan.metrics
    }
    files.write_json(  # first: a folder without it is not taken for a run
        index,
        {
            "format": store.FORMAT,
            "experiment": resolved,
            "cells": [_entry(cell) for cell in plan.cells],
            "metrics": [
                {"name": choice.name, "label": choice.label, "key": metric_key(choice)}
                for choice in plan.metrics
            ],
            "columns": columns,
        },
    )
    store.write_toml(folder / "experiment.toml", resolved)


def _condition(table: str) -> dict[str, str]:
    per_network = table != "timings"
    return {
        name: meaning
        for name, meaning in store.CONDITION_COLUMNS.items()
        if per_network or name not in ("network", "density")
    }


def _entry(cell: Cell) -> dict[str, Any]:
    return {
        **cell.condition,
        "first_network": cell.first,
        "networks": cell.width,
        "skipped": cell.reason_to_skip,
    }


def metric_key(choice: Choice) -> str:
    """The name of a measurement within its cell."""
    return f"{choice.name}-{files.fingerprint(metric_identity(choice))}"


class _Latest:
    """The last thing made by a function of choices and numbers, kept for the next cell."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._key: str | None = None
        self._value: Any = None

    def __call__(self, *arguments: Choice | int) -> Any:
        key = files.fingerprint(
            [one.identity if isinstance(one, Choice) else one for one in arguments]
        )
        if key != self._key:
            self._key, self._value = None, None
            self._value, self._key = self._make(*arguments), key
        return self._value


class Execution:
    """The carrying out of one plan in one folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.outcome = Outcome()
        self._data = _Latest(self._make_data)
        self._trainer = _Latest(self._make_trainer)
        self._simulated: dict[tuple[str, int], float] = {}

    def run(self) -> Outcome:
        """Train and measure what is not there yet. `UserError` where the folder is in use."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make folder '{self.folder}': {error}") from None
        lock = FileLock(self.folder / LOCK)
        try:
            with lock.acquire(timeout=0):
                prepare(self.plan, self.folder)
                self._provenance()
                for number, cell in enumerate(self.plan.cells):
                    with progress.within(cell=number + 1, cells=len(self.plan.cells)):
                        self._cell(cell)
        except Timeout:
            raise UserError(
                f"another process works on '{self.folder}'. Wait for it, or choose another --out."
            ) from None
        return self.outcome

    def _provenance(self) -> None:
        path = self.folder / "provenance.json"
        earlier: list[Any] = []
        with contextlib.suppress(files.DamagedFileError):
            last = dict(files.read_json(path))
            earlier = [*last.pop("earlier", []), last]
        now = store.provenance(store.command_line())
        files.write_json(path, {**now, "earlier": earlier})

    def _cell(self, cell: Cell) -> None:
        if cell.reason_to_skip:
            self.outcome.skipped += 1
            return
        record = store.CellRecord(store.cell_folder(self.folder, cell.key))
        told = record.read()
        if _is_trained(record, told):
            self.outcome.already_trained += 1
        else:
            told = self._train(cell, record)
        if told["status"] == "done":
            for choice in self.plan.metrics:
                told = self._measure(choice, cell, record, told)

    def _train(self, cell: Cell, record: store.CellRecord) -> dict[str, Any]:
        told: dict[str, Any] = {"identity": cell.identity, "metrics": {}}
        try:
            trainer = self._trainer(cell.task, cell.pruner, cell.schedule, cell.data_seed)
            run = runner.CellRun(cell, trainer, record.folder)
            run.train()
            told |= {
                "status": "done",
                "notes": dict(self._data(cell.task, cell.data_seed).notes),
                "files": self._tables(cell, run, record.folder),
            }
            (record.folder / runner.CHECKPOINT).unlink(missing_ok=True)
            self.outcome.trained += 1
        except UserError:
            raise
        except Exception as error:
            what = f"cell {cell.key} ({cell.pruner.label} on {cell.task.label})"
            told |= self._failed(what, error)
        record.write(told)
        return told

    def _tables(self, cell: Cell, run: runner.CellRun, folder: Path) -> dict[str, str]:
        """Write a trained cell's tables. Returns the checksums of all its files."""
        tables = runner.level_tables(cell, folder)
        seconds = dict(run.clock.seconds)
        simulated = self._simulated.pop((cell.task.label, cell.data_seed), None)
        if simulated is not None:
            seconds[-1, "simulate"] = simulated
        tables["timings"] = timings(cell, seconds)
        checksums = {
            f"{name}.parquet": files.write_table(folder / f"{name}.parquet", table)
            for name, table in tables.items()
        }
        levels = [
            runner.level_path(folder, number)
            for number in range(len(cell.schedule.instance.levels()))
        ]
        return checksums | {path.name: files.digest(path) for path in levels}

    def _measure(
        self, choice: Choice, cell: Cell, record: store.CellRecord, told: dict[str, Any]
    ) -> dict[str, Any]:
        key = metric_key(choice)
        done = told["metrics"].get(key, {})
        if done.get("status") == "done" and record.intact({done["file"]: done["checksum"]}):
            self.outcome.already_measured += 1
            return told
        progress.update("measuring", 0, 1, metric=choice.label)
        start = time.perf_counter()
        try:
            # Within, for it asks the task for its wiring, and a plugin may raise.
            reason = runner.reason_not_to_measure(choice, cell)
            if reason:
                self.outcome.skipped += 1
                return self._noted(record, told, key, {"status": "skipped", "error": reason})
            finished = runner.trajectory(
                cell, record.folder, lambda: self._data(cell.task, cell.data_seed)
            )
            table = runner.measure(choice, cell, finished)
            file = f"metric-{key}.parquet"
            checksum = files.write_table(record.folder / file, table)
            seconds = round(time.perf_counter() - start, 3)
            entry = {"status": "done", "file": file, "checksum": checksum, "seconds": seconds}
            self.outcome.measured += 1
        except Exception as error:
            entry = self._failed(f"metric {choice.label} of cell {cell.key}", error)
        progress.update("measuring", 1, 1, metric=choice.label)
        return self._noted(record, told, key, entry)

    def _noted(
        self, record: store.CellRecord, told: dict[str, Any], key: str, entry: dict[str, Any]
    ) -> dict[str, Any]:
        told = {**told, "metrics": {**told["metrics"], key: entry}}
        record.write(told)
        return told

    def _failed(self, what: str, error: Exception) -> dict[str, Any]:
        """Record a failure of a plugin, or of the harness, with its traceback."""
        message = f"{type(error).__name__}: {error}"
        self.outcome.failures.append(f"{what}: {message}")
        lines = "".join(traceback.format_exception(error))
        return {"status": "failed", "error": message, "traceback": lines}

    def _make_data(self, task: Choice, data_seed: int) -> TaskData:
        start = time.perf_counter()
        data = task.instance.data(seed=data_seed)
        self._simulated[task.label, data_seed] = time.perf_counter() - start
        return data

    def _make_trainer(
        self, task: Choice, pruner: Choice, schedule: Choice, data_seed: int
    ) -> Trainer:
        return Trainer(
            task.instance,
            pruner.instance,
            schedule.instance,
            self._data(task, data_seed),
            seed=self.plan.experiment.seed,
            data_seed=data_seed,
        )


def _is_trained(record: store.CellRecord, told: Mapping[str, Any]) -> bool:
    """Whether a cell's record says that it is done, with all its tables, and its files agree."""
    tables = {f"{name}.parquet" for name in store.COLUMNS}
    done = told.get("status") == "done"
    return done and tables <= set(told["files"]) and record.intact(told["files"])


def timings(cell: Cell, seconds: Mapping[tuple[int, str], float]) -> Any:
    """The table `timings` of a cell."""
    import pandas as pd

    rows: Iterable[dict[str, Any]] = (
        {**cell.condition, "level": level, "activity": activity, "seconds": round(spent, 4)}
        for (level, activity), spent in seconds.items()
    )
    return pd.DataFrame(list(rows))

"""Train, measure and record single trials; split those that do not fit into memory."""

import gc
import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from harness import files, progress
from harness.errors import CannotWriteError, NoDataError, package_of, summary
from harness.execution import measuring, preparation, tables, trial_training
from harness.execution.intervening import Kept
from harness.execution.lease import leased
from harness.execution.outcome import Outcome
from harness.execution.workshop import Workshop
from harness.experiment.choice import Choice, metric_key
from harness.experiment.plan import Plan
from harness.experiment.trial import Trial
from harness.machine import compilation, memory, settings
from harness.plugin.isolation import isolated
from harness.plugin.levels import within
from harness.plugin.observer import tell
from harness.results import provenance, snapshot
from harness.results.records import Entry, Measured, TrialRecord, TrialState, trial_folder
from harness.sparse import finite
from harness.training.trainer import Trainer

REQUIRED = frozenset({"levels.parquet", "training.parquet", "timings.parquet"})
"""The tables that a trained trial has in every format of runs."""

_log = logging.getLogger(__name__)


class Trials:
    """Carries out single trials of a plan in its run folder, one at a time.

    A lease guards each trial, so that several processes may work in one folder. With `train=False`
    trials are only measured. Dense levels that pruners share are kept in `shared`. `outcome`
    records what becomes of the trials.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        outcome: Outcome,
        *,
        train: bool = True,
        shared: Path | None = None,
    ) -> None:
        self.plan, self.folder, self.train, self.outcome = plan, folder, train, outcome
        self._shared = shared
        self._workshop = Workshop(plan)
        self._data, self._trainer = self._workshop.data, self._workshop.trainer

    def carry_out(self, trial: Trial, patience: float = 0.0) -> bool:
        """Train and measure a trial; finished work is not repeated.

        A trial on which another process works, for longer than `patience` in seconds, is left to
        it, with a note. Returns False in that case.
        """
        record = TrialRecord(trial_folder(self.folder, trial.key))
        try:
            with isolated():
                skipped = trial.reason_to_skip
            if skipped:
                self.outcome.skipped += 1
                return True
            _refuse_links(record.folder)
        except Exception as error:
            record.write(TrialState(status="failed", **self._failed(trial, _what(trial), error)))
            return True
        with leased(record.folder, patience) as lease:
            if not lease.mine:
                self.outcome.note(f"{_what(trial)} is left to another process that works on it")
            elif lease.holder and not record.is_finished():
                self.outcome.note(f"{_what(trial)} goes on here: {lease.holder} ended within it")
            if lease.mine:
                self._carry_out(trial, record)
        compilation.forget_if_full()
        return lease.mine

    def give_up(self, trial: Trial, error: Exception) -> None:
        """Record a trial as failed whose process ended again and again."""
        record = TrialRecord(trial_folder(self.folder, trial.key))
        update = self._failed(trial, _what(trial), error)
        if not record.is_finished():
            record.write(TrialState(status="failed", identity=trial.identity, **update))

    def _carry_out(self, trial: Trial, record: TrialRecord) -> None:
        state = record.read()
        if state is not None and state.status == "split":
            keys = [half.key for half in trial.halves]
            if trial.trained_as is None and [entry.trial for entry in state.into] != keys:
                self.outcome.note(f"trial {trial.key}: its record names other halves; corrected")
                state = state.model_copy(update={"into": _halves_of(trial)})
                record.write(state)
            self._halves(trial, state.into)
            return
        if state is not None and _is_trained(record, state):
            self.outcome.already_trained += 1
        elif self.train:
            state = self._trained(trial, record, state)
        else:
            self.outcome.untrained += 1
            return
        if state.status == "split":
            self._halves(trial, state.into)
        elif state.status == "done":
            for choice in self.plan.metrics:
                state = self._measure(choice, trial, record, state)

    def _halves(self, trial: Trial, entries: Sequence[Entry]) -> None:
        """Carry out a trial's halves; if the trial has another key in the run, so have they."""
        gc.collect()  # free what the attempt at the whole still holds
        for half, entry in zip(trial.halves, entries, strict=True):
            self.carry_out(half if trial.trained_as is None else half.known_as(entry.trial))

    def _trained(self, trial: Trial, record: TrialRecord, earlier: TrialState | None) -> TrialState:
        """Train a trial, and write its record."""
        for name in record.damaged(earlier.files if earlier else {}):
            self.outcome.note(
                f"trial {trial.key}: {name} is missing or not as it was written; done again"
            )
        state = TrialState(
            status="failed", identity=trial.identity, environment=provenance.environment()
        )
        _log.info("trains %s", _what(trial))
        tell("start", trial.condition)
        try:
            allowed = settings.guarded(lambda: "while it trained, a plugin did what it may not")
            with isolated(), allowed:
                update = self._tried(trial, record)
        except Exception as error:
            _raise_if_unwritable(error)
            if memory.ran_out(error) and trial.halves:
                update = self._split(trial)
            else:
                update = self._failed(trial, _what(trial), error)
        state = state.model_copy(update=update)
        record.write(state)
        if state.status != "failed":
            (record.folder / trial_training.CHECKPOINT).unlink(missing_ok=True)
        self.outcome.trained += state.status == "done"
        return state

    def _cautions(self, trial: Trial, trainer: Trainer) -> tuple[str, ...]:
        """Note the cautions of schedule and pruner, each sentence once; return them."""
        schedule = trial.schedule.instance
        levels = (within(*pair) for pair in zip(trial.levels, trial.budgets, strict=True))
        own = trainer.cautions([*levels])
        place = f"{trial.pruning.label} on {trial.task.label} by {trial.schedule.label}"
        general = tuple(schedule.cautions())
        for text in (*general, *(f"{place}: {caution}" for caution in own)):
            if text not in self.outcome.notes:
                self.outcome.note(text)
        return general + own

    def _tried(self, trial: Trial, record: TrialRecord) -> dict[str, Any]:
        """Train a trial; return the update of its record.

        If every network has diverged, the trial has failed. Its files stay, to find the cause, but
        no table of the run includes them.
        """
        data = self._data(trial.task, trial.data_seed)
        finite.check_data(data)
        constant = tables.constant_loss(trial.task.instance, data)
        trainer = self._trainer(
            trial.task, trial.architecture, trial.trained_by, trial.schedule, trial.data_seed
        )
        if trainer.batch_size < (asked := trial.schedule.instance.batch_size):
            self.outcome.note(
                f"{_what(trial)}: batches have {trainer.batch_size} rows, all of the training "
                f"split, not {asked}"
            )
        if trial.halves:
            self._must_fit(trainer, trial)
        source = partial(self._kept_of, trial.source) if trial.source else None
        run = trial_training.TrialTraining(trial, trainer, record.folder, self._shared, source)
        run.train()
        if run.began_again:
            self.outcome.note(f"{_what(trial)} {run.began_again}")
        made = self._tables(trial, run, record.folder, constant)
        update = {
            "batch_size": trainer.batch_size,
            "notes": dict(data.notes),
            "cautions": self._cautions(trial, trainer),
            "files": self._files(trial, record.folder, made),
        }
        if reason := tables.diverged(made["levels"]):
            return update | self._failed(trial, _what(trial), FloatingPointError(reason))
        return update | {"status": "done"}

    def _must_fit(self, trainer: Trainer, trial: Trial) -> None:
        """Raise `MemoryError` if a block needs more memory than is free.

        On CPUs, a process that takes more memory than there is is killed without a message.
        """
        needed, free = trainer.memory(trial.networks), memory.free()
        if free is not None and needed <= free:
            return
        gc.collect()  # free what an earlier trial still holds
        free = memory.free()
        if free is not None and needed > free:
            raise MemoryError(f"each device needs {needed} bytes, and {free} are free")

    def _kept_of(self, trial: Trial, level: int) -> Kept:
        """Return masks and weights of another trial at the end of a level, networks first.

        Raises `RuntimeError` if that trial is not done.
        """
        record = TrialRecord(trial_folder(self.folder, trial.key))
        state = record.read()
        if state is not None and state.status == "split":
            halves = [self._kept_of(half, level) for half in trial.halves]
            return jax.tree.map(lambda *parts: np.concatenate(parts), *halves)
        if state is None or state.status != "done":
            raise RuntimeError(f"its source, {_what(trial)}, is not trained")
        end = snapshot.load(snapshot.level_path(record.folder, level))
        return Kept(dict(end.masks), None if end.weights is None else dict(end.weights))

    def _split(self, trial: Trial) -> dict[str, Any]:
        """Return the record's update for a trial that does not fit into memory."""
        halves = trial.halves
        self.outcome.note(
            f"{_what(trial)}: {trial.width} networks at once do not fit into memory; "
            f"they are trained in blocks of {halves[0].width}, as separate trials"
        )
        return {"status": "split", "into": _halves_of(trial)}

    def _tables(
        self, trial: Trial, run: trial_training.TrialTraining, folder: Path, constant_loss: float
    ) -> dict[str, Any]:
        """Make a trained trial's tables, by name."""
        made = tables.level_tables(trial, folder, constant_loss)
        seconds = dict(run.clock.seconds)
        simulated = self._workshop.simulated.pop((trial.task.label, trial.data_seed), None)
        if simulated is not None:
            seconds[-1, "simulate"] = simulated
        made["timings"] = tables.timings(trial, seconds)
        made["memory"] = tables.peaks(trial)
        return made

    def _files(self, trial: Trial, folder: Path, made: Mapping[str, Any]) -> dict[str, str]:
        """Write a trained trial's tables; return the checksums of all its files."""
        checksums = {
            f"{name}.parquet": files.write_table(folder / f"{name}.parquet", table)
            for name, table in made.items()
        }
        for number in range(len(trial.levels)):
            path = snapshot.level_path(folder, number)
            kept = (path, *snapshot.kept_within(path).values())
            checksums |= {one.name: files.digest(one) for one in kept}
        return checksums

    def _measure(
        self, choice: Choice, trial: Trial, record: TrialRecord, state: TrialState
    ) -> TrialState:
        key = metric_key(choice)
        done = state.metrics.get(key)
        if done is not None and done.status == "done":
            damaged = record.damaged({done.file: done.checksum})
            if not damaged:
                self.outcome.already_measured += 1
                return state
            self.outcome.note(
                f"trial {trial.key}: {done.file} is missing or not as it was written; it is "
                "measured again"
            )
        progress.update("measuring", 0, 1, metric=choice.label)
        measured = self._measured(choice, trial, record, f"metric-{key}.parquet")
        progress.update("measuring", 1, 1, metric=choice.label)
        state = state.model_copy(update={"metrics": {**state.metrics, key: measured}})
        record.write(state)
        return state

    def _measured(self, choice: Choice, trial: Trial, record: TrialRecord, file: str) -> Measured:
        start = time.perf_counter()
        try:
            # Inside `try`: it asks the task for its wiring, and a plugin may raise.
            with isolated():
                reason = measuring.reason_not_to_measure(choice, trial)
            if reason:
                self.outcome.skipped += 1
                return Measured(status="skipped", error=reason)
            finished = measuring.trajectory(
                trial, record.folder, lambda: self._data(trial.task, trial.data_seed)
            )
            with isolated(), settings.guarded(lambda: f"metric '{choice.name}'"):
                table = measuring.measure(choice, trial, finished)
            checksum = files.write_table(record.folder / file, table)
        except NoDataError as error:
            self.outcome.skipped += 1
            return Measured(status="skipped", error=f"metric '{choice.name}' needs data: {error}")
        except Exception as error:
            _raise_if_unwritable(error)
            what = f"metric {choice.label} of trial {trial.key}"
            return Measured(status="failed", **self._failed(trial, what, error))
        self.outcome.measured += 1
        tell("measured", trial.condition, metric=choice.label, table=table)
        seconds = round(time.perf_counter() - start, 3)
        _log.info("measured %s of trial %s in %.1f s", choice.label, trial.key, seconds)
        return Measured(status="done", file=file, checksum=checksum, seconds=seconds)

    def _failed(self, trial: Trial, what: str, error: Exception) -> dict[str, Any]:
        """Record a failure of a plugin or of the harness, with its traceback."""
        message = summary(error)
        self.outcome.failures.append(f"{what}: {message}")
        lines = "".join(traceback.format_exception(error))
        lines = lines.encode(errors="backslashreplace").decode()  # a lone surrogate is no text
        _log.error("failed: %s\n%s", what, lines)
        tell("failed", trial.condition, error=message)
        return {"error": message, "traceback": lines}


def _raise_if_unwritable(error: Exception) -> None:
    """Raise an error of the harness's own writing: a full disk ends the run, a plugin does not."""
    if isinstance(error, CannotWriteError) and package_of(error) == "harness":
        raise error


def _refuse_links(folder: Path) -> None:
    """Raise `OSError` if a trial's folder is a link, through which files elsewhere would change."""
    for place in (folder.parent, folder):
        if place.is_symlink():
            raise OSError(f"'{place}' is a link, which is not followed: put a folder in its place")


def _what(trial: Trial) -> str:
    return f"trial {trial.key} ({trial.pruning.label} on {trial.task.label})"


def _halves_of(trial: Trial) -> tuple[Entry, ...]:
    return tuple(map(preparation.entry_of, trial.halves))


def _is_trained(record: TrialRecord, state: TrialState) -> bool:
    """Return whether a trial is recorded as done, with all its tables and undamaged files."""
    return (
        state.status == "done"
        and state.files.keys() >= REQUIRED
        and not record.damaged(state.files)
    )

"""The coordinator of a run: it prepares the folder and has all trials carried out in order."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness import cache, progress
from harness.execution import preparation, shared_dense
from harness.execution.outcome import Outcome
from harness.execution.trials import Trials
from harness.experiment.plan import Plan
from harness.experiment.trial import Trial
from harness.machine import compilation
from harness.plugin.executor import AbstractExecutor, TrialReport, TrialSpec
from harness.plugin.observer import AbstractObserver, observed_by, tell
from harness.results import provenance

_log = logging.getLogger(__name__)


class Execution:
    """Carries out one plan in one folder; with `train=False`, only its measurements.

    It alone writes the folder's index and provenance. Dense levels that pruners share are kept in
    `shared` until someone clears it, or by default in the folder until the plan is done.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        *,
        train: bool = True,
        shared: Path | None = None,
        executor: AbstractExecutor | None = None,
        observers: Sequence[AbstractObserver] = (),
    ) -> None:
        self._executor, self._observers = executor, observers
        self.plan, self.folder = plan, folder
        self._own = folder / shared_dense.FOLDER
        dense = shared or (self._own if len(plan.prunings) > 1 else None)
        self.outcome = Outcome()
        self._trials = Trials(plan, folder, self.outcome, train=train, shared=dense)

    def run(self) -> Outcome:
        """Train and measure whatever is not finished.

        Raises `UserError` if the folder is in use or holds something else, `CannotWriteError` if
        its disk is full.
        """
        compilation.keep_in(cache.programs(provenance.environment()))
        with preparation.locked(self.folder) as lease:
            if lease.holder:
                self.outcome.note(f"this run goes on: {lease.holder} ended within it")
            preparation.prepare(self.plan, self.folder)
            preparation.tidy(self.folder)
            with preparation.logging_to(self.folder):
                preparation.record_provenance(self.plan, self.folder)
                with observed_by(self._observers, self.folder, self.outcome.note):
                    self._all_trials()
                shutil.rmtree(self._own, ignore_errors=True)
        return self.outcome

    def _all_trials(self) -> None:
        """Have the executor carry out all trials, each after its source."""
        trials, outcome = self.plan.ordered, self.outcome
        if any(trial.changed for trial in trials):
            outcome.note(
                "the harness or a plugin has changed since this run was trained; its networks are "
                "measured as they are, with today's version of the task"
            )
        run = _RunTrial(self._trials, trials, self.folder, observed=bool(self._observers))
        specs = [*self._specs()]
        if self._executor is None:
            for spec in specs:
                run(spec)
        else:
            self._executor.carry_out(specs, self.folder.resolve(), run)
        _log.info(
            "ends: %d trials trained, %d measurements made, %d failures",
            outcome.trained, outcome.measured, len(outcome.failures),
        )  # fmt: skip

    def _specs(self) -> Iterator[TrialSpec]:
        """Yield the trials as plain data, each after its source."""
        resolved = self.plan.resolved()
        chosen = {Path(file) for choice in self.plan.chosen for file in choice.files}
        files = tuple(sorted(chosen))
        for trial in self.plan.ordered:
            source = trial.source.key if trial.source else ""
            yield TrialSpec(experiment=resolved, plugins=files, key=trial.key, source=source)


class _RunTrial:
    """Carries out single trials here, and takes the reports of other processes: `RunTrial`."""

    def __init__(
        self, by: Trials, trials: Sequence[Trial], folder: Path, *, observed: bool
    ) -> None:
        self._by, self._folder, self._observed = by, folder.resolve(), observed
        self._trials = {trial.key: (number, trial) for number, trial in enumerate(trials, 1)}
        self._learnt = 0

    def __call__(self, spec: TrialSpec) -> None:
        """Carry out a trial in this process."""
        number, trial = self._trials[spec.key]
        with progress.within(trial=number, trials=len(self._trials)):
            self._by.carry_out(trial)

    def call(self, spec: TrialSpec) -> tuple[str, tuple[Any, ...]]:
        """Return the function that another process calls, and its arguments."""
        arguments = spec.model_dump_json(), str(self._folder), self._observed
        return "harness.execution.run_trial:in_child", arguments

    def learn(self, spec: TrialSpec, report: TrialReport) -> None:
        """Add a report to the outcome."""
        self._by.outcome.add(report)
        for what, trial, facts in report.events:
            tell(what, trial, **facts)
        if not report.left:
            self._learnt += 1
            progress.update("trials", self._learnt, len(self._trials))

    def give_up(self, spec: TrialSpec, error: Exception) -> None:
        """Record a trial as failed."""
        self._by.give_up(self._trials[spec.key][1], error)

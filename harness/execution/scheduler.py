"""The coordinator of a run: it makes the folder ready and has every trial carried out in order."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import cache, progress
from harness.execution import preparation, shared_dense
from harness.execution.outcome import Outcome
from harness.execution.trials import Trials
from harness.experiment.plan import Plan
from harness.machine import compilation
from harness.plugin.executor import AbstractExecutor, TrialSpec
from harness.plugin.observer import AbstractObserver, observed_by
from harness.results import provenance

_log = logging.getLogger(__name__)


class Execution:
    """The carrying out of one plan in one folder; with `train=False`, of its measurements only.

    It alone writes the index and the provenance of the folder. Dense levels that pruners have in
    common are kept in `shared` until someone clears it; where none is given, within the folder
    until the plan is done.
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
        """Train and measure what is not there yet.

        Raises `UserError` where the folder is in use or holds something else, `CannotWriteError`
        where its disk is full.
        """
        compilation.keep_in(cache.programs(provenance.environment()))
        with preparation.locked(self.folder):
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
        trials, told = self.plan.ordered, self.outcome
        if any(trial.changed for trial in trials):
            told.note(
                "the harness or a plugin has changed since this run was trained; what it left is "
                "measured as it is, with the task as it is today"
            )
        places = {trial.key: number for number, trial in enumerate(trials)}

        def carry_out(spec: TrialSpec) -> None:
            number = places[spec.key]
            with progress.within(trial=number + 1, trials=len(trials)):
                self._trials.carry_out(trials[number])

        specs = [*self._specs()]
        if self._executor is None:
            for spec in specs:
                carry_out(spec)
        else:
            self._executor.carry_out(specs, self.folder, carry_out)
        _log.info(
            "ends: %d trials trained, %d measurements made, %d failures",
            told.trained, told.measured, len(told.failures),
        )  # fmt: skip

    def _specs(self) -> Iterator[TrialSpec]:
        """The trials as plain data, in an order in which each comes after its source."""
        resolved = self.plan.resolved()
        chosen = {Path(file) for choice in self.plan.chosen for file in choice.files}
        files = tuple(sorted(chosen))
        for trial in self.plan.ordered:
            source = trial.source.key if trial.source else ""
            yield TrialSpec(experiment=resolved, plugins=files, key=trial.key, source=source)

"""The coordinator of a run: it makes the folder ready and has every trial carried out in order."""

import logging
import shutil
from pathlib import Path

from harness import cache, progress
from harness.execution import preparation, shared_dense
from harness.execution.outcome import Outcome
from harness.execution.trials import Trials
from harness.experiment.plan import Plan
from harness.machine import compilation
from harness.results import provenance

_log = logging.getLogger(__name__)


class Execution:
    """The carrying out of one plan in one folder; with `train=False`, of its measurements only.

    It alone writes the index and the provenance of the folder. Dense levels that pruners have in
    common are kept in `shared` until someone clears it; where none is given, within the folder
    until the plan is done.
    """

    def __init__(
        self, plan: Plan, folder: Path, *, train: bool = True, shared: Path | None = None
    ) -> None:
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
                self._all_trials()
                shutil.rmtree(self._own, ignore_errors=True)
        return self.outcome

    def _all_trials(self) -> None:
        """Carry out all trials, each after its source."""
        trials, told = self.plan.ordered, self.outcome
        if any(trial.changed for trial in trials):
            told.note(
                "the harness or a plugin has changed since this run was trained; what it left is "
                "measured as it is, with the task as it is today"
            )
        for number, trial in enumerate(trials):
            with progress.within(trial=number + 1, trials=len(trials)):
                self._trials.carry_out(trial)
        _log.info(
            "ends: %d trials trained, %d measurements made, %d failures",
            told.trained, told.measured, len(told.failures),
        )  # fmt: skip

"""Run one trial from plain data, which can be sent to another process."""

from pathlib import Path

from harness import cache
from harness.errors import UserError
from harness.execution import preparation, shared_dense
from harness.execution.outcome import Outcome
from harness.execution.trials import Trials
from harness.experiment.config import checked
from harness.experiment.plan import Plan, plan
from harness.experiment.trial import Trial
from harness.machine import compilation
from harness.plugin.executor import TrialSpec as TrialSpec
from harness.plugin.loading import load
from harness.results import provenance
from harness.results.records import TrialRecord, TrialState, read_index, trial_folder


def spec_of(folder: Path, key: str, plugins: tuple[Path, ...] = ()) -> TrialSpec:
    """Return the spec of a trial of a run folder, by its key or the beginning of it.

    Raises `UserError` if the folder is not a run or has no such trial.
    """
    index = read_index(folder)
    known = [entry.trial for entry in index.trials]
    matches = [one for one in known if one.startswith(key)] if key else []
    if len(matches) != 1:
        which = "no trial" if not matches else f"{len(matches)} trials"
        raise UserError(f"'{folder}' has {which} '{key}'. It has {', '.join(known)}.")
    return TrialSpec(experiment=index.experiment, plugins=plugins, key=matches[0])


def run_trial(spec: TrialSpec, root: Path) -> tuple[TrialState | None, Outcome]:
    """Train and measure one trial in a run folder, after its source; finished work is kept.

    Several processes may work in one folder; each skips trials on which another works. `harness
    run` and `harness report` alone write the index and the report.

    **Returns:** the trial's record, None if there is none yet, and the outcome.
    **Errors:** UserError if the plugins have changed since the folder was planned.
    """
    made = plan(checked(spec.experiment, source=f"'{root}'"), load(spec.plugins))
    trial = _trial(made, spec, root)
    outcome = Outcome()
    compilation.keep_in(cache.programs(provenance.environment()))
    trials = Trials(made, root, outcome, shared=root / shared_dense.FOLDER)
    with preparation.logging_to(root):
        for one in made.chain(trial):
            trials.carry_out(one)
    return TrialRecord(trial_folder(root, trial.key)).read(), outcome


def _trial(made: Plan, spec: TrialSpec, root: Path) -> Trial:
    for trial in made.trials:
        if trial.key == spec.key:
            return trial
    raise UserError(
        f"'{root}': a plugin, the harness or JAX's settings have changed since trial {spec.key} "
        "was planned. Repeat the command that made the folder."
    )

"""Run one trial from plain data, which can be sent to another process."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness import cache
from harness.errors import UserError
from harness.execution import preparation, shared_dense
from harness.execution.lease import DURATION
from harness.execution.outcome import Outcome
from harness.execution.trials import Trials
from harness.experiment.config import checked
from harness.experiment.plan import Plan, plan
from harness.experiment.trial import Trial
from harness.machine import compilation
from harness.plugin.executor import Happened, TrialReport
from harness.plugin.executor import TrialSpec as TrialSpec
from harness.plugin.loading import load
from harness.plugin.observer import telling
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

    Several processes may work in one folder: one waits for a source on which another works, and
    leaves a trial on which another works. `harness run` and `harness report` alone write the index
    and the report.

    **Returns:** the trial's record, None if there is none yet, and the outcome.
    **Errors:** UserError if the plugins have changed since the folder was planned.
    """
    made = plan(checked(spec.experiment, source=f"'{root}'"), load(spec.plugins))
    trial = _trial(made, spec, root)
    outcome = Outcome()
    compilation.keep_in(cache.programs(provenance.environment()))
    trials = Trials(made, root, outcome, shared=root / shared_dense.FOLDER)
    with preparation.logging_to(root):
        for source in made.chain(trial)[:-1]:
            trials.carry_out(source, patience=-1.0)
        trials.carry_out(trial)
    return TrialRecord(trial_folder(root, trial.key)).read(), outcome


def in_child(asked: str, folder: str, observed: bool) -> dict[str, Any]:
    """Train and measure one trial, without its source, for a coordinator in another process.

    What trials of one experiment share stays in this process for the next. `asked` is a spec in
    JSON; with `observed` the report, returned as plain data, has the events. Raises `UserError` as
    `run_trial` does.
    """
    spec, root = TrialSpec.model_validate_json(asked), Path(folder)
    trials, known = _shared(
        spec.model_copy(update={"key": "", "source": ""}).model_dump_json(), root
    )
    if spec.key not in known:
        raise _changed(spec, root)
    outcome = trials.outcome = Outcome()
    events: list[Happened] = []
    with preparation.logging_to(root), telling(lambda *event: events.append(event)):
        mine = trials.carry_out(known[spec.key], patience=1.5 * DURATION)
    report = outcome.report() if mine else TrialReport(left=True)
    return replace(report, events=tuple(events) if observed else ()).plain()


@lru_cache(1)
def _shared(experiment: str, root: Path) -> tuple[Trials, dict[str, Trial]]:
    """Return what carries out the trials of an experiment (a spec in JSON), and these by key."""
    spec = TrialSpec.model_validate_json(experiment)
    made = plan(checked(spec.experiment, source=f"'{root}'"), load(spec.plugins))
    compilation.keep_in(cache.programs(provenance.environment()))
    dense = root / shared_dense.FOLDER if len(made.prunings) > 1 else None
    known = {trial.key: trial for trial in made.ordered}
    return Trials(made, root, Outcome(), shared=dense), known


def _trial(made: Plan, spec: TrialSpec, root: Path) -> Trial:
    for trial in made.trials:
        if trial.key == spec.key:
            return trial
    raise _changed(spec, root)


def _changed(spec: TrialSpec, root: Path) -> UserError:
    return UserError(
        f"'{root}': a plugin, the harness or JAX's settings have changed since trial {spec.key} "
        "was planned. Repeat the command that made the folder."
    )

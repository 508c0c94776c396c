"""Where the trials of a run folder stand: ready, waiting, running, done, failed or skipped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.execution.lease import working
from harness.experiment.choice import metric_key
from harness.experiment.config import checked
from harness.experiment.plan import Plan, plan
from harness.experiment.trial import Trial
from harness.plugin.loading import load
from harness.results.records import TrialRecord, read_index, trial_folder


@dataclass(frozen=True)
class Standing:
    """Where a trial stands.

    "failed" can be tried again. `source` is the key of the trial that it is made from, `waiting_on`
    that key while the source is not done, and `by` the process that works on it.
    """

    trial: str
    status: Literal["ready", "waiting", "running", "done", "failed", "skipped"]
    source: str = ""
    waiting_on: str = ""
    by: str = ""


def standings(folder: Path, plugins: tuple[Path, ...] = ()) -> list[Standing]:
    """Return where each trial of a run folder stands, each after its source.

    Raises `UserError` if the folder is not a run.
    """
    index = read_index(folder)
    made = plan(checked(index.experiment, source=f"'{folder}'"), load(plugins))
    known = {entry.trial for entry in index.trials}
    stand: dict[str, Standing] = {}
    for trial in made.ordered:
        if trial.key in known:
            source = trial.source.key if trial.source and trial.source.key in known else ""
            done = not source or stand[source].status == "done"
            stand[trial.key] = _standing(made, trial, folder, source, "" if done else source)
    return [*stand.values()]


def _standing(made: Plan, trial: Trial, folder: Path, source: str, waiting_on: str) -> Standing:
    if trial.reason_to_skip:
        return Standing(trial.key, "skipped", source)
    place = trial_folder(folder, trial.key)
    if by := working(place):
        return Standing(trial.key, "running", source, by=by)
    record = TrialRecord(place)
    state = record.read()
    if state is not None and state.status == "failed":
        return Standing(trial.key, "failed", source, waiting_on)
    measured = state is not None and all(
        state.status == "split" or metric_key(choice) in state.metrics for choice in made.metrics
    )
    if record.is_finished() and measured:
        return Standing(trial.key, "done", source)
    return Standing(trial.key, "waiting" if waiting_on else "ready", source, waiting_on)

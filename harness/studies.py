"""Studies: their experiments run, one folder each, and their report written of what is there."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import api, progress, report
from harness.execution import shared_dense, tables
from harness.execution.outcome import Outcome
from harness.experiment.config import checked
from harness.experiment.plan import Plan, plan
from harness.plugin.registry import Registry, selections
from harness.plugin.study import AbstractStudy
from harness.results.run_folder import open_run
from harness.results.thinned import ConstantLoss, ThinnedRun


def plans(
    study: AbstractStudy, folder: Path, registry: Registry, changed: Mapping[str, Any]
) -> dict[Path, Plan]:
    """The plan of each experiment by its run folder, `changed` fields in place of the study's.

    Raises `UserError` where a field, a plugin or a parameter is wrong.
    """
    made = {}
    for name, fields in study.experiments().items():
        source = f"experiment '{name}' of study '{study.name}'"
        asked = plan(checked({**fields, **changed}, source=source), registry, source=source)
        made[folder / name] = api.widened(asked, folder / name, registry)
    return made


def conduct(study: AbstractStudy, folder: Path, made: Mapping[Path, Plan]) -> Outcome:
    """Carry out the plans, then write the study's report into `folder / "report"`.

    What is done already is kept. Where a trial failed, the report is of the others.
    """
    shared = folder / shared_dense.FOLDER
    outcomes = [api.execute(one, path, shared=shared) for path, one in made.items()]
    shutil.rmtree(shared, ignore_errors=True)
    progress.update("reporting", 0, 1)
    write(study, folder)
    progress.update("reporting", 1, 1)
    return Outcome(
        failures=[failure for outcome in outcomes for failure in outcome.failures],
        notes=[note for outcome in outcomes for note in outcome.notes],
    )


def write(study: AbstractStudy, folder: Path) -> Path:
    """The report on the runs that are in a study's folder. Returns the page's path."""
    runs = {name: open_run(folder / name) for name in study.experiments()}
    return report.page(study.question, study.sections(runs), list(runs.values()), folder / "report")


def rebuild(
    study: AbstractStudy, kept: Path, out: Path, constant_loss: ConstantLoss | None = None
) -> Path:
    """The same of tables that were kept of each run, in a folder of its name. Returns the path.

    `constant_loss` is taken where the tables lack it. Raises `UserError` where a run has none.
    """
    runs = {name: ThinnedRun(kept / name, constant_loss) for name in study.experiments()}
    return report.page(study.question, study.sections(runs), list(runs.values()), out)


def constant_losses(registry: Registry) -> ConstantLoss:
    """The loss of a task's best constant predictor by task and data seed; makes the data."""

    def found(task: Mapping[str, Any], data_seed: int) -> float:
        (chosen,) = selections("task", dict(task))
        made = registry.make("task", chosen)
        return tables.constant_loss(made, made.data(seed=data_seed))

    return found

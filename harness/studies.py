"""Runs the experiments of a study, one folder each, and writes its report."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import api, progress, report
from harness.errors import UserError
from harness.execution import shared_dense
from harness.execution import tables as trial_tables
from harness.execution.outcome import Outcome
from harness.experiment.config import checked
from harness.experiment.factors import pairs
from harness.experiment.plan import Plan, plan
from harness.plugin.registry import Registry
from harness.plugin.study import AbstractStudy
from harness.results import answer
from harness.results.run_folder import open_run
from harness.results.thinned import ConstantLoss, ThinnedRun
from harness.tables.agreement import agree


def plans(
    study: AbstractStudy, folder: Path, registry: Registry, changed: Mapping[str, Any]
) -> dict[Path, Plan]:
    """Return the plan of each experiment by its run folder; `changed` fields replace the study's.

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

    Finished work is not repeated. Where a trial failed, the report is about the others.
    """
    shared = folder / shared_dense.FOLDER
    page = study.pages_of_runs
    outcomes = [api.execute(one, path, shared=shared, page=page) for path, one in made.items()]
    shutil.rmtree(shared, ignore_errors=True)
    progress.update("reporting", 0, 1)
    write(study, folder)
    progress.update("reporting", 1, 1)
    return Outcome(
        failures=[failure for outcome in outcomes for failure in outcome.failures],
        notes=[note for outcome in outcomes for note in outcome.notes],
    )


def write(study: AbstractStudy, folder: Path) -> Path:
    """Write the report on the runs in a study's folder. Returns the page's path."""
    runs = {name: open_run(folder / name) for name in study.experiments()}
    return _page(study, runs, folder / "report")


def rebuild(
    study: AbstractStudy, kept: Path, out: Path, constant_loss: ConstantLoss | None = None
) -> Path:
    """Write the report from tables kept of each run, in folders of their names. Returns the path.

    `constant_loss` is used where tables lack it. Raises `UserError` where a run has no tables.
    """
    return _page(study, _kept_runs(study, kept, constant_loss), out)


def verify(study: AbstractStudy, kept: Path) -> int:
    """Make a committed report again from its tables, and compare. Returns the number of files.

    Compared are the title, the verdict and the findings of the first screen, word by word, and
    every table of the page, up to the rounding of its numbers (`harness.tables.agreement`).

    **Arguments:** `kept` holds the page, and `runs/` with the tables of each run.

    **Errors:** `UserError` where `kept` has no report, or names what differs.
    """
    before = answer.read(kept / "index.html")
    if before is None:
        raise UserError(f"'{kept}' holds no report of study '{study.name}' with {answer.FILE}.")
    runs = _kept_runs(study, kept / "runs")
    again, tables = report.statements(*_opened(study, runs), list(runs.values()))
    differ = [] if again == before else [answer.FILE]
    differ += [name for name, made in tables.items() if not agree(_content(kept / name), made)]
    if differ:
        raise UserError(
            f"The report in '{kept}' does not follow from its tables: {', '.join(differ)} differ. "
            f"`harness rebuild {study.name} {kept / 'runs'}` writes it anew."
        )
    return len(tables) + 1


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _kept_runs(
    study: AbstractStudy, kept: Path, constant_loss: ConstantLoss | None = None
) -> dict[str, ThinnedRun]:
    return {name: ThinnedRun(kept / name, constant_loss) for name in study.experiments()}


def _opened(
    study: AbstractStudy, runs: Mapping[str, report.RunTables]
) -> tuple[report.Opening, Sequence[report.Section]]:
    """Return the first screen of a study's page, and its sections."""
    sections = study.sections(runs)
    opening = study.opening(runs)
    if opening is None:
        findings = [finding for section in sections for finding in section.findings]
        opening = report.Opening(study.question, findings[0].claim if findings else "")
    return opening, sections


def _page(study: AbstractStudy, runs: Mapping[str, report.RunTables], out: Path) -> Path:
    return report.page(*_opened(study, runs), list(runs.values()), out)


def constant_losses(registry: Registry) -> ConstantLoss:
    """Return a function of task and data seed: the loss of the best constant predictor."""

    def found(task: Mapping[str, Any], data_seed: int) -> float:
        # Old tables give the task parameters that are its architecture's today.
        ((chosen, _),) = pairs(registry, [task], [])
        made = chosen.instance
        return trial_tables.constant_loss(made, made.data(seed=data_seed))

    return found

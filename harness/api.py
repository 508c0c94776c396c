"""`harness run` and `harness measure`, from Python."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import progress
from harness.errors import UserError
from harness.execution.outcome import Outcome
from harness.execution.scheduler import Execution
from harness.experiment import imported
from harness.experiment.config import checked
from harness.experiment.plan import Plan, plan
from harness.plugin.executor import AbstractExecutor
from harness.plugin.loading import load
from harness.plugin.observer import AbstractObserver
from harness.plugin.registry import Registry
from harness.results import answer
from harness.results.records import read_index
from harness.results.run_folder import Run, open_pooled, open_run

RUNS = Path("runs")


def widened(asked: Plan, folder: Path, registry: Registry) -> Plan:
    """Return the plan with the block width that its folder has already, so as to extend it."""
    if asked.experiment.block_width or not (folder / "run.json").exists():
        return asked
    width = open_run(folder).experiment.get("block_width", asked.width)
    return plan(asked.experiment.model_copy(update={"block_width": width}), registry)


def execute(
    plan: Plan,
    folder: Path,
    *,
    train: bool = True,
    shared: Path | None = None,
    executor: AbstractExecutor | None = None,
    observers: Sequence[AbstractObserver] = (),
    page: bool = True,
) -> Outcome:
    """Carry out a plan in a folder and write its report. What is there already is kept.

    Without `page` no report is written. With `train=False` only what is trained already is
    measured. `shared` is a folder for dense levels that this plan has in common with others.
    `observers` learn what happens.
    """
    execution = Execution(
        plan, folder, train=train, shared=shared, executor=executor, observers=observers
    )
    outcome = execution.run()
    if page:
        _report(plan, folder, nothing_new=outcome.nothing_to_do)
    return outcome


def _report(plan: Plan, folder: Path, *, nothing_new: bool) -> None:
    """Write a run's report, unless it was made from what is there now, by the same code."""
    page, code = answer.page_of(folder), _code_of_report(plan)
    labels = [choice.label for choice in plan.metrics]
    known = answer.read(page)
    if nothing_new and known and known.inputs == answer.inputs_of(folder, code, labels):
        return
    from harness.report import build

    progress.update("reporting", 0, 1)
    metrics = {choice.name: choice.instance for choice in reversed(plan.metrics)}
    build([open_pooled(folder)], page.parent, metrics)
    if made := answer.read(page):
        inputs = answer.inputs_of(folder, code, labels)
        made.model_copy(update={"inputs": inputs}).write(page)
    progress.update("reporting", 1, 1)


def _code_of_report(plan: Plan) -> list[Path]:
    """Return the files of the harness, and those beside the plan's metrics."""
    own = Path(__file__).parent.rglob("*")
    folders = {Path(inspect.getfile(type(choice.instance))).parent for choice in plan.metrics}
    beside = (path for folder in folders for path in folder.glob("*.py"))
    return [path for path in {*own, *beside} if path.suffix in (".py", ".html", ".css", ".js")]


def of_run(folder: Path, metrics: Sequence[str | Mapping[str, Any]], registry: Registry) -> Plan:
    """Return the plan that measures a run folder's own experiment with these metrics.

    Its trials keep the keys that they have there, even if their plugins have changed since.
    """
    index = read_index(folder)
    fields = {**index.experiment, "metrics": metrics}
    asked = checked(fields, source=f"'{folder}'")
    if imported.is_import(asked):
        made = imported.plan(asked, registry)
    else:
        made = plan(asked, registry, source=f"'{folder}'")
    if len(made.trials) != len(index.trials):
        raise UserError(f"'{folder}' lacks trials of its experiment: run its command again.")
    return made.trained_as([entry.trial for entry in index.trials])


def run(
    task: str | Sequence[str],
    pruner: str | Sequence[str],
    *,
    architecture: str | Sequence[str] = (),
    intervention: str | Sequence[str] = (),
    schedule: str | Sequence[str] = (),
    metric: str | Sequence[str] = ("performance", "motifs", "sampled"),
    out: Path | str | None = None,
    plugins: Sequence[Path | str] = (),
    on_progress: Callable[[progress.Update], None] | None = None,
    **settings: Any,
) -> Run:
    """Train, prune and measure every combination, and open the run.

    **Arguments:** plugins are named as on the command line, one or several, with parameters as in
    `"magnitude[scope=layer|global]"`. `settings` are the other fields of an experiment: `networks`,
    `seed`, `data_seeds`, `batch_seed`, `block_width`, `keep_weights`. `out` is the run folder, by
    default one under `runs/`; where it holds the same experiment, only what is missing is done.

    **Returns:** the run, with its tables. **Errors:** `UserError` for a name or value that is
    wrong, `RuntimeError` where a trial or a measurement failed; the others are kept.
    """
    asked = checked(
        {
            "tasks": _several(task),
            "architectures": _several(architecture),
            "interventions": _several(intervention),
            "pruners": _several(pruner),
            "schedules": _several(schedule),
            "metrics": _several(metric),
            **settings,
        },
        source="run()",
    )
    registry = load(plugins)
    made = plan(asked, registry)
    folder = Path(out) if out is not None else RUNS / made.name
    with progress.listening(on_progress or (lambda update: None)):
        outcome = execute(widened(made, folder, registry), folder)
    if outcome.failures:
        raise RuntimeError("; ".join(outcome.failures))
    return open_run(folder)


def measure(
    path: Path | str,
    metric: str | Sequence[str],
    *,
    plugins: Sequence[Path | str] = (),
    on_progress: Callable[[progress.Update], None] | None = None,
) -> Run:
    """Measure a run with these metrics, without training, and open it.

    **Arguments:** `path` is the run folder, `metric` one or several as on the command line.

    **Returns:** the run, with the new tables beside those it had. **Errors:** `UserError`
    for a name or folder that is wrong, `RuntimeError` where a measurement failed.
    """
    folder = Path(path)
    made = of_run(folder, _several(metric), load(plugins))
    with progress.listening(on_progress or (lambda update: None)):
        outcome = execute(made, folder, train=False)
    if outcome.failures:
        raise RuntimeError("; ".join(outcome.failures))
    return open_run(folder)


def _several(one: str | Sequence[str]) -> list[str]:
    if not isinstance(one, str) and not all(isinstance(name, str) for name in one):
        raise UserError(f"plugins are named by text, as in 'magnitude[scope=global]', not {one!r}.")
    return [one] if isinstance(one, str) else list(one)

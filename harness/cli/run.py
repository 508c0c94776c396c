"""`harness run`: train, prune and measure every combination, and report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from harness.cli import terminal
from harness.cli.options import (
    Architecture,
    BatchSeed,
    BlockWidth,
    DataSeeds,
    DryRun,
    Executor,
    ExperimentFile,
    Intervention,
    KeepWeights,
    Metric,
    Networks,
    Observers,
    Out,
    PlanOnly,
    Plugins,
    Precision,
    Pruner,
    Quiet,
    Schedule,
    Seed,
    Task,
    Trial,
)
from harness.cli.outcome import carried_out, resumable, show_notes
from harness.cli.plan import show_plan, show_trials
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.experiment.plan import Plan
    from harness.plugin.registry import Kind, Registry


def run(
    experiment: ExperimentFile = None,
    task: Task = None,
    architecture: Architecture = None,
    pruner: Pruner = None,
    intervention: Intervention = None,
    metric: Metric = None,
    schedule: Schedule = None,
    networks: Networks = None,
    seed: Seed = None,
    data_seeds: DataSeeds = None,
    batch_seed: BatchSeed = None,
    block_width: BlockWidth = None,
    keep_weights: KeepWeights = None,
    precision: Precision = None,
    executor: Executor = "serial",
    observer: Observers = None,
    out: Out = None,
    plugin: Plugins = None,
    trial: Trial = None,
    plan_only: PlanOnly = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Train, prune and measure every combination of the options, and report."""
    factors = {"tasks": task, "architectures": architecture, "pruners": pruner}
    factors |= {"interventions": intervention, "metrics": metric, "schedules": schedule}
    seeds = {"seed": seed, "data_seeds": data_seeds, "batch_seed": batch_seed}
    others = {"block_width": block_width, "keep_weights": keep_weights, "precision": precision}
    fields: dict[str, Any] = {**factors, "networks": networks, **seeds, **others}
    given = {name: value for name, value in fields.items() if value is not None}
    if trial is not None:
        if experiment is None or given or observer or out or plan_only or dry_run:
            raise UserError(
                "--trial takes a run folder, and only the options --plugin and --quiet."
            )
        _one_trial(experiment, trial, plugin or [], quiet=quiet)
        return
    with terminal.waiting("loading plugins", quiet=quiet):
        registry = _loaded(plugin or [])
        (by,) = _made(registry, "executor", [executor])
        made, folder = _planned(experiment, given, out, registry, by.trial_cores())
        observers = _made(registry, "observer", observer or [])
    from harness.execution import preparation

    if dry_run:
        preparation.check(made, folder)
        show_plan(made, folder)
        typer.echo(by.preview(), nl=False)
        return
    reasons = list(dict.fromkeys(map(preparation.reason_to_skip, made.trials)))
    if None not in reasons:
        raise UserError(f"nothing can be run: {'; '.join(map(str, reasons))}.")
    if plan_only:
        preparation.lay_out(made, folder)
        show_trials(made, folder)
        return
    carried_out(made, folder, quiet=quiet, executor=by, observers=observers)


def _made(registry: "Registry", kind: "Kind", names: list[str]) -> list[Any]:
    """Make the named plugins of a kind, with their parameters."""
    from harness.plugin.parameters import parse

    return [registry.make(kind, one) for name in names for one in parse(name)]


def _one_trial(folder: Path, key: str, plugins: list[Path], *, quiet: bool) -> None:
    """Run one trial of a run folder, after its source; exit with 1 if it failed."""
    from harness.execution.run_trial import run_trial, spec_of

    spec = spec_of(folder, key, tuple(plugins))
    with terminal.showing_progress(quiet=quiet), resumable(folder):
        state, outcome = run_trial(spec, folder)
    show_notes(outcome)
    if not quiet:
        status = state.status if state else "not run"
        terminal.console.print(f"Trial {spec.key}: {status}. The report: harness report {folder}")


def _loaded(plugins: list[Path]) -> "Registry":
    """Load all plugins; a warning names each that failed."""
    from harness.plugin.loading import load

    registry = load(plugins)
    for failure in registry.failures:
        terminal.warn(f"plugin '{failure.source}' failed to load: {failure.error}")
    return registry


def _planned(
    experiment: Path | None,
    given: dict[str, Any],
    out: Path | None,
    registry: "Registry",
    cores: int | None,
) -> "tuple[Plan, Path]":
    """Make the plan and its folder; the command line precedes the file."""
    from harness import api
    from harness.experiment.config import checked, read
    from harness.experiment.plan import plan

    if experiment is not None:
        given = {**read(experiment).model_dump(exclude_none=True), **given}
    for name, option in (("tasks", "--task"), ("pruners", "--pruner")):
        if not given.get(name):
            raise UserError(f"name what to run with {option}. See `harness list {name}`.")
    source = f"'{experiment}'" if experiment is not None else ""
    made = plan(checked(given, source="command line"), registry, source=source, cores=cores)
    folder = out or api.RUNS / made.name
    return api.widened(made, folder, registry), folder

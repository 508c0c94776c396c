"""`harness run`: train, prune and measure every combination, and report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import terminal
from harness.cli.options import (
    Architecture,
    BatchSeed,
    BlockWidth,
    DataSeeds,
    DryRun,
    ExperimentFile,
    Intervention,
    KeepWeights,
    Metric,
    Networks,
    Out,
    Plugins,
    Precision,
    Pruner,
    Quiet,
    Schedule,
    Seed,
    Task,
)
from harness.cli.outcome import carried_out
from harness.cli.plan import show_plan
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.experiment.plan import Plan


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
    out: Out = None,
    plugin: Plugins = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Train, prune and measure every combination of what is named, and report."""
    fields = {
        "tasks": task,
        "architectures": architecture,
        "pruners": pruner,
        "interventions": intervention,
        "metrics": metric,
        "schedules": schedule,
        "networks": networks,
        "seed": seed,
        "data_seeds": data_seeds,
        "batch_seed": batch_seed,
        "block_width": block_width,
        "keep_weights": keep_weights,
        "precision": precision,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    made, folder = _planned(experiment, given, out, plugin or [])
    if dry_run:
        from harness.execution import preparation

        preparation.check(made, folder)
        show_plan(made, folder)
        return
    reasons = list(dict.fromkeys(cell.reason_to_skip for cell in made.cells))
    if None not in reasons:
        raise UserError(f"nothing can be run: {'; '.join(map(str, reasons))}.")
    carried_out(made, folder, quiet=quiet)


def _planned(
    experiment: Path | None, given: dict[str, Any], out: Path | None, plugins: list[Path]
) -> "tuple[Plan, Path]":
    """What the options come to, those of the command line before those of the file."""
    from harness import api
    from harness.experiment.config import checked, read
    from harness.experiment.plan import plan
    from harness.plugin.loading import load

    if experiment is not None:
        given = {**read(experiment).model_dump(exclude_none=True), **given}
    for name, option in (("tasks", "--task"), ("pruners", "--pruner")):
        if not given.get(name):
            raise UserError(f"name what to run with {option}. See `harness list {name}`.")
    registry = load(plugins)
    for failure in registry.failures:
        terminal.warn(f"plugin '{failure.source}' failed to load: {failure.error}")
    source = f"'{experiment}'" if experiment is not None else ""
    made = plan(checked(given, source="command line"), registry, source=source)
    folder = out or api.RUNS / made.name
    return api.widened(made, folder, registry), folder

"""The plan of a run as a table: what would be trained, and what it would take."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.cli.terminal import console, duration

if TYPE_CHECKING:
    from harness.experiment.plan import Plan


def show_plan(plan: "Plan", folder: Path) -> None:
    """What would run, and what it would take."""
    from harness.experiment.cost import cost

    table = Table("task", "schedule", "pruner", "data seed", "networks", title="Cells to train")
    for cell in plan.cells:
        told = cell.reason_to_skip
        numbers = f"{cell.first}-{cell.first + cell.width - 1}" if not told else f"skipped: {told}"
        labels = (cell.task.label, cell.schedule.label, cell.pruning.label, str(cell.data_seed))
        table.add_row(*map(escape, (*labels, numbers)))
    console.print(table)
    networks = plan.experiment.networks
    if extra := -networks % plan.width:
        console.print(
            f"Networks are trained in whole blocks of {plan.width}: {extra} more than the "
            f"{networks} that tables and report are about."
        )
    estimate = cost(plan)
    console.print(
        f"Training: {estimate.network_steps:,} network-steps, about "
        f"{duration(estimate.seconds)} on this machine; data, compilation and measuring come on "
        f"top.\nMemory: about {estimate.memory / 1e6:,.0f} MB besides the data. "
        f"Disk: about {estimate.disk / 1e6:,.0f} MB.\n"
        f"Metrics: {escape(', '.join(choice.label for choice in plan.metrics))}\n"
        f"Folder: {escape(str(folder))}",
        soft_wrap=True,
    )


def show_trials(plan: "Plan", folder: Path) -> None:
    """The trials of a run folder that was made ready, with the command that runs one."""
    for cell in plan.ordered:
        reason, source = cell.reason_to_skip, cell.source
        labels = f"{cell.pruning.label} on {cell.task.label}, {cell.architecture.label}"
        after = f", after {source.key}" if source else ""
        told = (
            f"  skipped: {reason}" if reason else f"  {labels}, data seed {cell.data_seed}{after}"
        )
        console.print(escape(f"{cell.key}  {told}"), soft_wrap=True)
    command = f"harness run {shlex.quote(str(folder))} --trial KEY"
    console.print(f"Run each with {escape(command)}; then harness report", soft_wrap=True)

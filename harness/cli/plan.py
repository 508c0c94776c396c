"""The plan of a run: what would be trained, at what cost, and where its trials stand."""

import dataclasses
import json
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.cli.options import Json, Plugins, RunFolder
from harness.cli.terminal import console, duration

if TYPE_CHECKING:
    from harness.experiment.plan import Plan


def plan(folder: RunFolder, plugin: Plugins = None, as_json: Json = False) -> None:
    """Say which trials of a run folder are ready, wait for another one, run, or are done."""
    from harness.execution.standing import standings

    found = standings(folder, tuple(plugin or ()))
    if as_json:
        print(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
        return
    for one in found:
        more = f" for {one.waiting_on}" if one.waiting_on else f", {one.by}" if one.by else ""
        console.print(escape(f"{one.trial}    {one.status}{more}"), soft_wrap=True)
    counts = Counter(one.status for one in found)
    console.print(", ".join(f"{number} {status}" for status, number in counts.items()))


def show_plan(plan: "Plan", folder: Path) -> None:
    """Print what would run, and what it would cost."""
    from harness.experiment.cost import cost

    table = Table(
        *("task", "architecture", "schedule", "pruner", "data seed", "networks"),
        title="Trials to train",
    )
    for trial in plan.trials:
        reason = trial.reason_to_skip
        last = trial.first + trial.width - 1
        numbers = f"skipped: {reason}" if reason else f"{trial.first}-{last}"
        choices = (trial.task, trial.architecture, trial.schedule, trial.pruning)
        labels = (*(choice.label for choice in choices), str(trial.data_seed))
        table.add_row(*map(escape, (*labels, numbers)))
    console.print(table)
    networks = plan.experiment.networks
    if extra := -networks % plan.width:
        console.print(
            f"Networks are trained in whole blocks of {plan.width}: {extra} more than the "
            f"{networks} in tables and report."
        )
    estimate = cost(plan)
    console.print(
        f"Training: {estimate.network_steps:,} network-steps, about "
        f"{duration(estimate.seconds)} on this machine, without data, compilation and measuring.\n"
        f"Memory: about {estimate.memory / 1e6:,.0f} MB besides the data. "
        f"Disk: about {estimate.disk / 1e6:,.0f} MB.\n"
        f"Metrics: {escape(', '.join(choice.label for choice in plan.metrics))}\n"
        f"Folder: {escape(str(folder))}",
        soft_wrap=True,
    )


def show_trials(plan: "Plan", folder: Path) -> None:
    """Print the trials of a prepared run folder, with the command that runs one."""
    for trial in plan.ordered:
        reason, source = trial.reason_to_skip, trial.source
        labels = f"{trial.pruning.label} on {trial.task.label}, {trial.architecture.label}"
        after = f", after {source.key}" if source else ""
        line = f"skipped: {reason}" if reason else f"{labels}, data seed {trial.data_seed}{after}"
        console.print(escape(f"{trial.key}    {line}"), soft_wrap=True)
    command = f"harness run {shlex.quote(str(folder))} --trial KEY"
    console.print(f"Run each with {escape(command)}; then harness report", soft_wrap=True)

"""The outcome of a run: its closing tables and exit code."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli import terminal
from harness.cli.terminal import console, warn
from harness.plugin.isolation import isolated

if TYPE_CHECKING:
    import pandas as pd

    from harness.execution.outcome import Outcome
    from harness.experiment.plan import Plan
    from harness.plugin.metric import AbstractMetric
    from harness.results.run_folder import Run


def carried_out(made: "Plan", folder: Path, *, quiet: bool, **how: Any) -> None:
    """Run a plan as `api.execute` does, and show the outcome."""
    from harness import api
    from harness.results.run_folder import open_run

    with terminal.showing_progress(quiet=quiet), resumable(folder):
        outcome = api.execute(made, folder, **how)
    if how.get("train", True):
        statuses = open_run(folder).trials()["status"]
        if unfinished := int(statuses.isin(["pending", "damaged"]).sum()):
            outcome.failures.append(f"{unfinished} trials are not finished: run the command again")
    if not quiet:
        show_result(open_run(folder), outcome, [choice.instance for choice in made.metrics])
    show_outcome(outcome, folder, quiet=quiet)


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Say how to resume if someone interrupts."""
    from harness.results import provenance

    try:
        yield
    except KeyboardInterrupt:
        terminal.complain(f"interrupted. Finished work is kept in {folder}; resume with")
        print(f"  {shlex.join(provenance.command_line())}", file=sys.stderr)
        raise


def show_outcome(outcome: "Outcome", folder: Path, *, quiet: bool) -> None:
    """Say where the report is and what went wrong; exit with 1 if anything failed."""
    show_notes(outcome, f"Report: {folder / 'report' / 'index.html'}" if not quiet else "")


def show_notes(outcome: "Outcome", place: str = "") -> None:
    """Print notes, where the report is, and failures; exit with 1 if there are any."""
    for note in outcome.notes:
        terminal.warn(note)
    if place:
        typer.echo(place)
    for failure in outcome.failures:
        terminal.complain(f"failed: {failure}")
    if outcome.failures:
        raise typer.Exit(1)


def show_result(run: "Run", outcome: "Outcome", metrics: "Sequence[AbstractMetric]") -> None:
    """Print the closing tables of a run: its losses and the headlines of its metrics."""
    levels = run.table("levels")
    if levels["validation_loss"].notna().any():
        console.print(_loss_table(levels))
    for metric in {one.name: one for one in metrics}.values():
        _show_headlines(metric, run.table(metric.name))
    diverged = levels.loc[levels["diverged"].astype(bool), "network"].unique()
    if len(diverged):
        warn(f"diverged, left out of statistics: networks {', '.join(map(str, diverged))}")
    if outcome.untrained:
        warn(
            f"{outcome.untrained} trials are not fully trained and so not measured; repeat the "
            "run's own command to train them."
        )
    elif outcome.nothing_to_do:
        console.print("Nothing to do: all trials and measurements are finished.")


def _conditions(table: "pd.DataFrame") -> list[str]:
    columns = ["task", "architecture", "schedule", "pruner", "data_seed"]
    known = [name for name in columns if name in table]  # old runs have no architecture
    return [name for name in known if table[name].nunique() > 1 or name == "pruner"]


def _loss_table(levels: "pd.DataFrame") -> Table:
    sound = levels[~levels["diverged"].astype(bool)]
    by = _conditions(levels)
    table = Table(*by, "pruned", "networks", "validation loss", "range", title="Loss by level")
    shown = sorted(sound["density"].unique(), reverse=True)
    shown = [density for density in shown if _chosen(density, shown)]
    for (*names, kept, _), group in sound.groupby([*by, "density", "level"], sort=False):
        density = float(str(kept))
        if density in shown:
            loss = group["validation_loss"]
            table.add_row(
                *(escape(str(name)) for name in names),
                f"{1 - density:.0%}",
                str(len(group)),
                f"{loss.median():.2e}",
                f"{loss.min():.1e} to {loss.max():.1e}",
            )
    return table


def _chosen(density: float, densities: list[float]) -> bool:
    """Choose a few levels: dense, 50, 85 and 93 % pruned, and the last."""
    wanted = {1.0, 0.5, 0.15, 0.07, min(densities)}
    return density in {min(densities, key=lambda one: abs(one - want)) for want in wanted}


def _show_headlines(metric: "AbstractMetric", measured: "pd.DataFrame") -> None:
    """Print a metric's headline of each condition, as one table for each title, with its note.

    If the metric's `headline` raises, a warning says so and the run goes on.
    """
    by = _conditions(measured) if len(measured) else []
    tables: dict[str, tuple[Table, str]] = {}
    try:
        for names, part in measured.groupby(by, sort=False) if by else ():
            with isolated():
                shown = metric.headline(part)
            if shown is None:
                continue
            made = Table(*by, *map(escape, shown.columns), title=escape(shown.title))
            table, _ = tables.setdefault(shown.title, (made, shown.note))
            for row in shown.rows:
                table.add_row(*(escape(str(text)) for text in (*names, *row)))
    except Exception as error:
        warn(f"metric '{metric.name}' shows nothing: its `headline` raised {error!r}")
    for table, note in tables.values():
        console.print(table)
        if note:
            console.print(escape(note), style="dim", soft_wrap=True)

"""The outcome of a run: its closing tables and exit code."""

import shlex
import sys
from collections.abc import Collection, Iterator, Sequence
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


_ROWS = 15
"""Rows of a closing table; the report has the others."""

_NOTES = 5
"""Warnings that are printed; the log has the others."""


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
    """Print notes, the answer, where the report is, and failures; exit with 1 if there are any."""
    from harness.results import answer

    show_notes(outcome, answer.page_of(folder) if not quiet else None)


def show_notes(outcome: "Outcome", page: Path | None = None) -> None:
    """Print notes, a report's answer and path, and failures; exit with 1 if there are any."""
    for note in _short(outcome.notes):
        terminal.warn(note)
    if page is not None:
        _show_answer(page)
        typer.echo(f"Report: {page}")
    for failure in outcome.failures:
        terminal.complain(f"failed: {failure}")
    if outcome.failures:
        raise typer.Exit(1)


def _short(notes: Sequence[str]) -> Iterator[str]:
    """Yield the first sentence of each note, once; the run's log has all in full."""
    shown = 0
    for note in dict.fromkeys(notes):
        first, more, _ = note.partition(". ")
        if shown < _NOTES:
            yield f"{first}. (More in the report and in run.log.)" if more else note
        shown += 1
    if shown > _NOTES:
        yield f"{shown - _NOTES} more warnings are in run.log."


def _show_answer(page: Path) -> None:
    """Print the verdict and the findings that a report opens with."""
    from harness.results import answer

    if known := answer.read(page):
        console.print(f"\n[bold]{escape(known.verdict)}[/bold]")
        findings = Table.grid(padding=(0, 1))
        for claim, detail in known.findings:
            findings.add_row(" •", f"{escape(claim)} [dim]{escape(detail)}[/dim]")
        console.print(findings)


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
    from harness.tables.parts import percent_pruned

    sound = levels[~levels["diverged"].astype(bool)]
    by = _conditions(levels)
    table = Table(*by, "pruned", "networks", "validation loss", "range", title="Loss by level")
    several = len(sound[by].drop_duplicates()) if by else 1
    shown = _chosen(sound["density"].unique(), max(1, _ROWS // max(1, several)))
    rows = []
    for (*names, left, _), group in sound.groupby([*by, "density", "level"], sort=False):
        density = float(str(left))
        if density in shown:
            loss = group["validation_loss"]
            spread = f"{loss.min():.1e} to {loss.max():.1e}"
            middle = f"{loss.median():.2e}"
            rows.append((*names, percent_pruned(density), len(group), middle, spread))
    _fill(table, rows)
    return table


def _chosen(densities: Collection[float], number: int) -> set[float]:
    """Choose a number of levels, first of 93 % pruned, dense, 85 %, the last, and 50 %."""
    wanted = (0.07, 1.0, 0.15, min(densities, default=1.0), 0.5)
    near = (min(densities, key=lambda one: abs(one - want)) for want in wanted if len(densities))
    return set(list(dict.fromkeys(near))[:number])


def _fill(table: Table, rows: Sequence[Sequence[object]], left_out: int = 0) -> None:
    """Add the first rows to a table; its caption says how many more there are."""
    for row in rows[:_ROWS]:
        table.add_row(*(escape(str(text)) for text in row))
    if more := left_out + len(rows[_ROWS:]):
        table.caption = f"{more} more rows: see the report"


def _show_headlines(metric: "AbstractMetric", measured: "pd.DataFrame") -> None:
    """Print a metric's headline of each condition, as one table for each title, with its note.

    If the metric's `headline` raises, a warning says so and the run goes on.
    """
    by = _conditions(measured) if len(measured) else []
    tables: dict[str, tuple[Table, str, list[list[tuple[str, ...]]]]] = {}
    try:
        for names, part in measured.groupby(by, sort=False) if by else ():
            with isolated():
                shown = metric.headline(part)
            if shown is None:
                continue
            made = Table(*by, *map(escape, shown.columns), title=escape(shown.title))
            *_, conditions = tables.setdefault(shown.title, (made, shown.note, []))
            conditions.append([(*map(str, names), *row) for row in shown.rows])
    except Exception as error:
        warn(f"metric '{metric.name}' shows nothing: its `headline` raised {error!r}")
    for table, note, conditions in tables.values():
        each = max(1, _ROWS // len(conditions))
        first = [row for rows in conditions for row in rows[:each]]
        _fill(table, first, sum(len(rows[each:]) for rows in conditions))
        console.print(table)
        if note:
            console.print(escape(note), style="dim", soft_wrap=True)

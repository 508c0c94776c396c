"""What came of a run, as its closing tables and the exit code say it."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli import terminal
from harness.cli.terminal import console, warn

if TYPE_CHECKING:
    import pandas as pd

    from harness.execution.outcome import Outcome
    from harness.experiment.plan import Plan
    from harness.results.run_folder import Run


def carried_out(made: "Plan", folder: Path, *, quiet: bool, **how: Any) -> None:
    """Run a plan as `api.execute` does, and show what came of it."""
    from harness import api
    from harness.results.run_folder import open_run

    with terminal.showing_progress(quiet=quiet), resumable(folder):
        outcome = api.execute(made, folder, **how)
    if not quiet:
        show_result(open_run(folder), outcome)
    show_outcome(outcome, folder, quiet=quiet)


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Say how to go on where someone interrupts."""
    from harness.results import provenance

    try:
        yield
    except KeyboardInterrupt:
        terminal.complain(f"interrupted. What is done is kept in {folder}; resume with")
        print(f"  {shlex.join(provenance.command_line())}", file=sys.stderr)
        raise


def show_outcome(outcome: "Outcome", folder: Path, *, quiet: bool) -> None:
    """Say where the report is and what went wrong; exit code 1 where anything did."""
    show_notes(outcome, f"Report: {folder / 'report' / 'index.html'}" if not quiet else "")


def show_notes(outcome: "Outcome", place: str = "") -> None:
    """Say what there is to know, where the report is, and what failed: exit code 1 then."""
    for note in outcome.notes:
        terminal.warn(note)
    if place:
        typer.echo(place)
    for failure in outcome.failures:
        terminal.complain(f"failed: {failure}")
    if outcome.failures:
        raise typer.Exit(1)


def show_result(run: "Run", outcome: "Outcome") -> None:
    """The closing tables of a run."""
    levels, motifs = run.table("levels"), None
    if "motifs" in run.tables():
        motifs = run.table("motifs")
    if len(levels):
        console.print(_loss_table(levels))
    if motifs is not None and len(motifs):
        console.print(_motif_table(motifs))
        console.print(
            "z: mean ± sd over networks; exact null with as many edges between each two layers. "
            "[dim]live: nodes on a path from an input to an output; all: every node.[/dim]",
            soft_wrap=True,
        )
    diverged = levels.loc[levels["diverged"].astype(bool), "network"].unique()
    if len(diverged):
        warn(f"diverged, left out of statistics: networks {', '.join(map(str, diverged))}")
    if outcome.untrained:
        warn(
            f"{outcome.untrained} trials are not trained to the end, so not measured; give the "
            "run's own command again to train them."
        )
    elif outcome.nothing_to_do:
        console.print("All that was asked for had been done already.")


def _conditions(table: "pd.DataFrame") -> list[str]:
    columns = ["task", "schedule", "pruner", "data_seed"]
    return [name for name in columns if table[name].nunique() > 1 or name == "pruner"]


def _loss_table(levels: "pd.DataFrame") -> Table:
    sound = levels[~levels["diverged"].astype(bool)]
    by = _conditions(levels)
    table = Table(*by, "pruned", "networks", "validation loss", "range", title="Loss by level")
    shown = sorted(sound["density"].unique(), reverse=True)
    shown = [density for density in shown if _chosen(density, shown)]
    for (*names, kept), group in sound.groupby([*by, "density"], sort=False):
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
    """A handful of levels that tell the story: dense, 85 and 93 % pruned, and the last."""
    wanted = {1.0, 0.5, 0.15, 0.07, min(densities)}
    return density in {min(densities, key=lambda one: abs(one - want)) for want in wanted}


def _motif_table(motifs: "pd.DataFrame") -> Table:
    density = min(motifs["density"].unique(), key=lambda one: abs(one - 0.07))
    by = _conditions(motifs)
    near = motifs[(motifs["density"] == density) & (motifs["base_layer"] == -1)]
    table = Table(
        *by, "motif", "z live", "z all", "count / expected (live)",
        title=f"Motifs at {1 - density:.0%} pruned",
    )  # fmt: skip
    for (*names, motif), group in near.groupby([*by, "motif"], sort=False):
        z = {support: part["z"] for support, part in group.groupby("support")}
        live = group[group["support"] == "live"]
        ratio = (live["count"] / live["expected"].where(live["expected"] > 0)).mean()
        trials = [_spread(z[support]) if support in z else "" for support in ("live", "all")]
        table.add_row(*(escape(str(name)) for name in names), motif, *trials, _number(ratio))
    return table


def _number(value: float) -> str:
    return f"{value:.2f}" if value == value else "undefined"


def _spread(values: "pd.Series") -> str:
    defined = values.dropna()
    if defined.empty:
        return "undefined"
    spread = f" ± {defined.std():.1f}" if len(defined) > 1 else ""
    fewer = f" (n={len(defined)})" if len(defined) < len(values) else ""
    return f"{defined.mean():+.1f}{spread}{fewer}"

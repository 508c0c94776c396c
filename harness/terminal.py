"""What a person sees: progress while it runs, tables when it is done, errors that help."""

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness import progress

if TYPE_CHECKING:
    import pandas as pd

    from harness import cache
    from harness.executors import Outcome
    from harness.experiment import Plan
    from harness.plugins import Failure, Registry
    from harness.store import Run
    from harness.templates import Written
    from harness.testing import Checked, Finding

PLAIN_SECONDS = 10.0
"""Between two plain lines of progress where the output is no terminal."""

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@contextmanager
def showing_progress(*, quiet: bool) -> Iterator[None]:
    """Show what the harness does: a live bar in a terminal, else a plain line now and then."""
    if quiet:
        yield
    elif console.is_terminal:
        with _live() as listener, progress.listening(listener):
            yield
    else:
        with progress.listening(_Plain()):
            yield


def _told(update: progress.Update) -> str:
    facts = update.facts
    parts = []
    if "level" in facts:
        parts.append(f"level {facts['level'] + 1}/{facts['levels']}")
        parts.append(f"{facts['sparsity']:.0%} pruned")
        parts.append(f"loss {facts['loss']:.2e}")
    if "metric" in facts:
        parts.append(str(facts["metric"]))
    if facts.get("cells", 1) > 1:
        parts.append(f"cell {facts['cell']}/{facts['cells']}")
        parts += [str(facts["pruner"])] if "pruner" in facts else []
    return ", ".join(parts)


@contextmanager
def _live() -> Iterator[progress.Listener]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    # Fixed widths, so that in a narrow terminal it is the end of the facts that gives way.
    columns = (
        TextColumn("{task.description}", table_column=Column(min_width=10, no_wrap=True)),
        BarColumn(bar_width=10, table_column=Column(min_width=10)),
        TextColumn("{task.percentage:>3.0f} %", table_column=Column(min_width=5, no_wrap=True)),
        TimeRemainingColumn(compact=True, table_column=Column(min_width=5, no_wrap=True)),
        TextColumn("{task.fields[told]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
    )
    with Progress(*columns, console=console) as bars:
        open_bars: dict[tuple[str, object], object] = {}

        def listen(update: progress.Update) -> None:
            place = (update.activity, update.facts.get("cell"))
            if place not in open_bars:
                open_bars[place] = bars.add_task(update.activity, total=update.total, told="")
            told = escape(_told(update))
            bars.update(open_bars[place], completed=update.done, total=update.total, told=told)  # type: ignore[arg-type]

        yield listen


class _Plain:
    """A line when an activity begins, and then every few seconds."""

    def __init__(self) -> None:
        self._activity = ""
        self._spoken = 0.0

    def __call__(self, update: progress.Update) -> None:
        now = time.monotonic()
        begins = update.activity != self._activity
        if not begins and now - self._spoken < PLAIN_SECONDS and update.done < update.total:
            return
        self._activity, self._spoken = update.activity, now
        share = f"{update.done / update.total:.0%}" if update.total else ""
        told = ", ".join(part for part in (share, _told(update)) if part)
        console.print(f"{update.activity}: {told}", soft_wrap=True, markup=False)


def complain(message: str) -> None:
    """An error that is the user's to mend, in one paragraph."""
    errors.print(f"[red]error:[/red] {escape(message)}", soft_wrap=True)


def warn(message: str) -> None:
    """Something to know that stops nothing."""
    errors.print(f"[yellow]warning:[/yellow] {escape(message)}", soft_wrap=True)


def show_plan(plan: "Plan", folder: Path) -> None:
    """What would run, and what it would take."""
    from harness.estimate import cost

    table = Table("task", "schedule", "pruner", "data seed", "networks", title="Cells to train")
    for cell in plan.cells:
        told = cell.reason_to_skip
        numbers = f"{cell.first}-{cell.first + cell.width - 1}" if not told else f"skipped: {told}"
        labels = (cell.task.label, cell.schedule.label, cell.pruner.label, str(cell.data_seed))
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
        f"{_duration(estimate.seconds)} on this machine; data, compilation and measuring come on "
        f"top.\nMemory: about {estimate.memory / 1e6:,.0f} MB besides the data. "
        f"Disk: about {estimate.disk / 1e6:,.0f} MB.\n"
        f"Metrics: {escape(', '.join(choice.label for choice in plan.metrics))}\n"
        f"Folder: {escape(str(folder))}",
        soft_wrap=True,
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


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
            f"{outcome.untrained} cells are not trained to the end, so not measured; give the "
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
        cells = [_spread(z[support]) if support in z else "" for support in ("live", "all")]
        table.add_row(*(escape(str(name)) for name in names), motif, *cells, _number(ratio))
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


def show_plugins(registry: "Registry", kinds: str | None = None) -> None:
    """Every plugin with its description, parameters and owner; the broken ones with their error.

    `kinds`: of one kind only, in the plural.
    """
    from harness.abstract import describe
    from harness.parameters import described
    from harness.plugins import KINDS, PLURALS

    for each in KINDS:
        if kinds not in (None, PLURALS[each]):
            continue
        console.print(f"\n[bold]{PLURALS[each]}[/bold]")
        for plugin in registry.of(each):
            console.print(
                f"  [bold]{escape(plugin.name)}[/bold]  {escape(describe(plugin.factory))}  "
                f"[dim]{escape(plugin.owner)}[/dim]",
                soft_wrap=True,
            )
            values = described(plugin.factory)
            if values:
                told = ", ".join(f"{name}={value}" for name, value in values.items())
                console.print(f"      [dim]{escape(told)}[/dim]", soft_wrap=True)
    if registry.failures:
        console.print("\n[bold red]failed to load[/bold red]")
        for failure in registry.failures:
            told = f"  {failure.owner} ({failure.source}): {failure.error}"
            console.print(escape(told), soft_wrap=True)


def show_motifs() -> None:
    """Every motif class of order 2 to 4: nodes and edges, |Aut|, its edges written out."""
    from harness.motifs import classes

    for order in (2, 3, 4):
        known = classes(order)
        console.print(f"\n[bold]order {order}[/bold]: {len(known)} classes of {order + 1} nodes")
        name = max(len(motif.name) for motif in known)
        for motif in known:
            nodes = "-".join(map(str, motif.layers))
            edges = " ".join(f"{chr(97 + a)}→{chr(97 + b)}" for a, b in motif.edges)
            told = f"  {motif.name:{name}}  {nodes:9}  |Aut| {motif.automorphisms:<3} {edges}"
            console.print(escape(told), soft_wrap=True)
    console.print("\nNodes by layer; drawn by harness list motifs --html FILE.html")


def show_finding(finding: "Finding") -> None:
    """One rule of a contract: kept, kept with advice, or broken."""
    note = f" [dim]({escape(finding.note)})[/dim]" if finding.note else ""
    told = f"{escape(finding.plugin)}: {escape(finding.rule)}{note}"
    console.print(f"{_mark(finding)}  {told}", soft_wrap=True)
    if finding.advice:
        console.print(f"        {escape(finding.advice)}", soft_wrap=True)


def _mark(finding: "Finding") -> str:
    if not finding.passed:
        return "[red]broken[/red]"
    return "[yellow]advice[/yellow]" if finding.advice else "[green]ok[/green]    "


def show_checked(checked: "Checked") -> None:
    """One plugin in a line, and below it what there is to say of its rules."""
    plugin, found, seconds = checked
    mark = "[green]ok[/green]    " if checked.passed else "[red]broken[/red]"
    kept = sum(finding.passed for finding in found)
    rules = f"{len(found)} rules" if checked.passed else f"{kept} of {len(found)} rules"
    notes = "".join(f"  {finding.note}" for finding in found if finding.note)
    console.print(
        f"{mark}  {plugin.kind:8} {plugin.name:20} {rules:12} {seconds:5.1f} s"
        f"[dim]{escape(notes)}[/dim]",
        soft_wrap=True,
    )
    for finding in found:
        if finding.advice:
            told = f"{_mark(finding)}  {escape(finding.rule)}: {escape(finding.advice)}"
            console.print(f"        {told}", soft_wrap=True)


def show_all_checked(checked: "Sequence[Checked]", failures: "Sequence[Failure]") -> None:
    """What came of checking every plugin, those that could not be loaded among them."""
    for failure in failures:
        told = f"{failure.owner} ({failure.source}) failed to load: {failure.error}"
        console.print(f"[red]broken[/red]  {escape(told)}", soft_wrap=True)
    number = len(checked) + len(failures)
    broken = number - sum(one.passed for one in checked)
    seconds = sum(one.seconds for one in checked)
    told = f"{broken} of {number} are broken" if broken else "all keep their contracts"
    console.print(f"{number} plugins, {_duration(seconds)}: {told}.")


def show_written(written: "Written", folder: Path) -> None:
    """The files of a new plugin, and what to do with them."""
    console.print(f"Written: {escape(str(written.plugin))}, {escape(str(written.test_file))}")
    console.print("It works as it is. Make it yours, then")
    if folder != Path():
        console.print(f"  cd {escape(shlex.quote(str(folder)))}", soft_wrap=True)
    for command in written.commands:
        console.print(f"  {escape(command)}", soft_wrap=True)


def show_cache(folder: Path, entries: "list[cache.Entry]", programs: int) -> None:
    """Where data are kept, each data set with its size, and the size of compiled programs."""
    console.print(escape(str(folder)), soft_wrap=True)
    for entry in entries:
        told = f"  {entry.name}  {entry.bytes / 1e6:,.1f} MB  made {entry.made:%Y-%m-%d %H:%M}"
        console.print(escape(told), soft_wrap=True)
    if programs:
        console.print(f"  compiled programs  {programs / 1e6:,.1f} MB")

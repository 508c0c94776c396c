"""The command line: arguments only. What they mean is elsewhere."""

import gc
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness import authoring
from harness.errors import CannotWriteError, UserError
from harness.options import (
    BatchSeed,
    BlockWidth,
    Csv,
    DataSeeds,
    DryRun,
    ExperimentFile,
    Html,
    Json,
    KeepWeights,
    Layout,
    Listable,
    Metric,
    Networks,
    Null,
    Orders,
    Out,
    Plugins,
    Precision,
    Pruner,
    Quiet,
    Schedule,
    Seed,
    Support,
    Task,
    Threshold,
)

if TYPE_CHECKING:
    from harness.executors import Outcome
    from harness.experiment import Plan

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train, prune and compare ensembles of networks: what does pruning do to their wiring?",
)


@app.command(no_args_is_help=True)
def run(
    experiment: ExperimentFile = None,
    task: Task = None,
    pruner: Pruner = None,
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
        "pruners": pruner,
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
        from harness import folders, terminal

        folders.check(made, folder)
        terminal.show_plan(made, folder)
        return
    reasons = list(dict.fromkeys(cell.reason_to_skip for cell in made.cells))
    if None not in reasons:
        raise UserError(f"nothing can be run: {'; '.join(map(str, reasons))}.")
    _carried_out(made, folder, quiet=quiet)


def _planned(
    experiment: Path | None, given: dict[str, Any], out: Path | None, plugins: list[Path]
) -> "tuple[Plan, Path]":
    """What the options come to, those of the command line before those of the file."""
    from harness import api, terminal
    from harness.experiment import checked, plan, read
    from harness.plugins import load

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


@app.command(no_args_is_help=True)
def measure(
    run: Annotated[Path, typer.Argument(help="Folder of a run that is trained.")],
    metric: Annotated[list[str] | None, typer.Option(help="Metric to add. Repeatable.")] = None,
    plugin: Plugins = None,
    quiet: Quiet = False,
) -> None:
    """Take another metric of a run that is there, without training."""
    from harness import api
    from harness.plugins import load

    if not metric:
        raise UserError("name what to measure with --metric. See `harness list metrics`.")
    made = api.of_run(run, metric, load(plugin or []))
    _carried_out(made, run, quiet=quiet, train=False)


def _carried_out(made: "Plan", folder: Path, *, quiet: bool, train: bool = True) -> None:
    """Run a plan and show what came of it."""
    from harness import api, terminal
    from harness.store import open_run

    with terminal.showing_progress(quiet=quiet), _resumable(folder):
        outcome = api.execute(made, folder, train=train)
    if not quiet:
        terminal.show_result(open_run(folder), outcome)
    _told(outcome, folder, quiet=quiet)


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Say how to go on where someone interrupts."""
    from harness import provenance, terminal

    try:
        yield
    except KeyboardInterrupt:
        terminal.complain(f"interrupted. What is done is kept in {folder}; resume with")
        print(f"  {shlex.join(provenance.command_line())}", file=sys.stderr)
        raise


def _told(outcome: "Outcome", folder: Path, *, quiet: bool) -> None:
    """Say where the report is and what went wrong; exit code 1 where anything did."""
    from harness import terminal

    for note in outcome.notes:
        terminal.warn(note)
    if not quiet:
        typer.echo(f"Report: {folder / 'report' / 'index.html'}")
    for failure in outcome.failures:
        terminal.complain(f"failed: {failure}")
    if outcome.failures:
        raise typer.Exit(1)


@app.command()
def study(
    name: Annotated[
        str | None, typer.Argument(help="A study, as NAME or NAME[field=value]; none lists them.")
    ] = None,
    networks: Networks = None,
    schedule: Schedule = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of its runs and report. [default: one under runs/]")
    ] = None,
    plugin: Plugins = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Answer a question: run a study's experiments, as far as they are not done, and report."""
    from harness import api, folders, studies, terminal
    from harness.parameters import parse
    from harness.plugins import load

    registry = load(plugin or [])
    if name is None:
        terminal.show_plugins(registry, "studies")
        return
    (chosen, *others) = parse(name)
    if others:
        raise UserError(f"'{name}' names {1 + len(others)} studies: one at a time.")
    made = registry.make("study", chosen)
    fields = {"networks": networks, "schedules": schedule}
    changed = {field: value for field, value in fields.items() if value is not None}
    folder = out or api.RUNS / f"study-{made.name}"
    planned = studies.plans(made, folder, registry, changed)
    if dry_run:
        for path, one in planned.items():
            folders.check(one, path)
            terminal.show_plan(one, path)
        return
    with terminal.showing_progress(quiet=quiet), _resumable(folder):
        outcome = studies.conduct(made, folder, planned)
    _told(outcome, folder, quiet=quiet)


@app.command()
def bench(
    what: Annotated[
        str | None,
        typer.Argument(help="training, run, simulation, motifs, scaling, ...; none: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast this machine trains, simulates and counts, beside rivals."""
    from harness import bench, placement
    from harness.provenance import command_line

    names = bench.chosen(what)
    placement.use_all_cores()
    if as_json:
        found = {name: list(bench.measured(name)) for name in names}
        typer.echo(bench.as_json(found, command_line()))
        return
    typer.echo(bench.where(command_line()))
    for name in names:
        typer.echo(f"\n## {name}\n\n{bench.HEAD}")
        for one in bench.measured(name):
            typer.echo(bench.as_row(one))


@app.command("list")
def list_plugins(
    kind: Annotated[
        Listable | None, typer.Argument(help="Which plugins, all by default; or motif classes.")
    ] = None,
    plugin: Plugins = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Motif classes only: write a page of drawings."),
    ] = None,
) -> None:
    """List the plugins with their parameters and owners, those that failed, or motif classes."""
    from harness import terminal
    from harness.plugins import load

    if html is not None and kind is not Listable.MOTIFS:
        raise UserError("--html draws motif classes: harness list motifs --html FILE.html")
    if kind is Listable.MOTIFS:
        if html is not None:
            from harness.profiles import write_classes

            write_classes(html)
        terminal.show_motifs()
        return

    terminal.show_plugins(load(plugin or []), kind.value if kind else None)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders to report on together.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report. [default: the first run's report/]")
    ] = None,
) -> None:
    """Write the report of one run or several."""
    from harness.report import build
    from harness.store import open_run

    page = build([open_run(path) for path in runs], out or runs[0] / "report")
    typer.echo(f"Report: {page}")


app.command(no_args_is_help=True)(authoring.new)
app.command(no_args_is_help=True)(authoring.check)


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete everything in it.")] = False,
) -> None:
    """Say where simulated data and compiled programs are kept, and their size, or clear them."""
    from harness import cache as store
    from harness import terminal

    terminal.show_cache(store.folder(), store.entries(), store.programs_bytes())
    if clear:
        typer.echo(f"Cleared: {store.clear() / 1e6:,.1f} MB.")


@app.command(no_args_is_help=True)
def motifs(
    files: Annotated[list[Path], typer.Argument(help="npz, safetensors, Keras h5, edges in csv.")],
    layout: Annotated[
        Layout | None, typer.Option(help="Axes of the arrays. [default: that of the format]")
    ] = None,
    threshold: Threshold = 0.0,
    order: Orders = None,
    support: Annotated[
        list[Support] | None,
        typer.Option(help="All nodes, or those on a path from input to output. [default: both]"),
    ] = None,
    by_layer: Annotated[
        bool, typer.Option("--by-layer", help="Each base layer besides their sum.")
    ] = False,
    null: Annotated[
        list[Null] | None,
        typer.Option(help="Null model of layered networks. Repeatable. [default: layered]"),
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="Where nulls are sampled. [default: 1000; digraphs 100]")
    ] = None,
    keep_mutual: Annotated[
        bool, typer.Option("--keep-mutual", help="Digraphs: nulls keep mutual edges, too.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    as_json: Json = False,
    as_csv: Csv = False,
    html: Html = None,
) -> None:
    """Motif profiles of anyone's sparse networks, layered or not, against random ones."""
    from harness import profiles, terminal, wirings

    if as_json and as_csv:
        raise UserError("--json and --csv both print: give one of them.")
    found = profiles.of_files(
        files,
        layout=layout.value if layout else None,
        threshold=threshold,
        asked=profiles.Asked(
            orders=tuple(sorted(set(order))) if order else None,
            supports=tuple(one.value for one in support or Support),
            nulls=tuple(one.value for one in null or [Null.LAYERED]),
            draws=draws,
            keep_mutual=keep_mutual,
            seed=seed,
            by_layer=by_layer,
        ),
    )
    if html is not None:
        profiles.write_html(found, html)
    if not as_json and not as_csv:
        profiles.show(found)
        return
    for name, notes in found.notes.items():
        for note in notes:
            terminal.warn(f"'{wirings.printable(name)}': {note}")
    text = profiles.as_json(found.table) if as_json else profiles.as_csv(found.table)
    typer.echo(text.rstrip("\n"))


@contextmanager
def _exit_codes() -> Iterator[None]:
    """0 done, 1 something failed, 2 wrong use, 130 interrupted. Bugs keep their traceback."""
    from harness import terminal

    try:
        yield
    except UserError as error:
        terminal.complain(str(error))
        raise SystemExit(2) from None
    except CannotWriteError as error:
        terminal.complain(str(error))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def main(arguments: list[str] | None = None) -> Any:
    """The entry point of the `harness` command."""
    # Importing JAX makes some million objects. Collecting them while they are made, and once more
    # on the way out, is a quarter of the time of a short command.
    gc.set_threshold(100_000)
    try:
        with _exit_codes():
            return app(args=arguments, prog_name="harness")
    finally:
        gc.freeze()

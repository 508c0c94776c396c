"""`harness study`: run the experiments of a study and answer its question."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import terminal
from harness.cli.list import show_plugins
from harness.cli.options import Architecture, DryRun, Networks, Plugins, Quiet, Schedule
from harness.cli.outcome import resumable, show_outcome
from harness.cli.plan import show_plan
from harness.errors import UserError


def study(
    name: Annotated[
        str | None, typer.Argument(help="A study, as NAME or NAME[field=value]; none lists them.")
    ] = None,
    networks: Networks = None,
    architecture: Architecture = None,
    schedule: Schedule = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of its runs and report. [default: one under runs/]")
    ] = None,
    plugin: Plugins = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Check that the report in --out, by default reports/NAME, follows from the tables "
            "kept beside it; nothing is run.",
        ),
    ] = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Answer a question: run a study's unfinished experiments, and report."""
    from harness import api, studies
    from harness.execution import preparation
    from harness.plugin import listing
    from harness.plugin.loading import load
    from harness.plugin.parameters import parse

    registry = load(plugin or [])
    if name is None:
        show_plugins(listing.listing(registry), registry.failures, "studies")
        return
    (chosen, *others) = parse(name)
    if others:
        raise UserError(f"'{name}' names {1 + len(others)} studies: give one.")
    made = registry.make("study", chosen)
    if verify:
        kept = out or Path("reports") / made.name
        number = studies.verify(made, kept)
        typer.echo(f"{kept}: answer and tables follow from {kept / 'runs'} ({number} files).")
        return
    fields = {"networks": networks, "architectures": architecture, "schedules": schedule}
    changed = {field: value for field, value in fields.items() if value is not None}
    folder = out or api.RUNS / f"study-{made.name}"
    planned = studies.plans(made, folder, registry, changed)
    if dry_run:
        for path, one in planned.items():
            preparation.check(one, path)
            show_plan(one, path)
        return
    with terminal.showing_progress(quiet=quiet), resumable(folder):
        outcome = studies.conduct(made, folder, planned)
    show_outcome(outcome, folder, quiet=quiet)

"""`harness report` and `harness rebuild`: pages on runs and on kept tables."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Plugins
from harness.errors import UserError


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders to report on together.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the report. [default: report/ in the run; for several runs, a folder "
            "beside the first, named after them]"
        ),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Write the report on one run or several."""
    from harness.plugin.loading import load
    from harness.report import build, folder_for, metrics_of
    from harness.results.run_folder import open_pooled

    opened = [open_pooled(path) for path in runs]
    page = build(opened, out or folder_for(runs), metrics_of(opened, load(plugin or [])))
    typer.echo(f"Report: {page}")


def rebuild(
    study: Annotated[str, typer.Argument(help="The study, as NAME or NAME[field=value].")],
    tables: Annotated[
        Path, typer.Argument(help="Folder with the tables of its runs, a folder for each.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the page. [default: the one that holds TABLES]")
    ] = None,
    constant_loss: Annotated[
        bool,
        typer.Option(
            "--constant-loss",
            help="Compute missing losses of the best constant predictor; this makes the data.",
        ),
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Rewrite a study's page from tables that were kept without their run folders."""
    from harness import studies
    from harness.plugin.loading import load
    from harness.plugin.parameters import parse

    registry = load(plugin or [])
    (chosen, *others) = parse(study)
    if others:
        raise UserError(f"'{study}' names {1 + len(others)} studies: give one.")
    made = registry.make("study", chosen)
    losses = studies.constant_losses(registry) if constant_loss else None
    page = studies.rebuild(made, tables, out or tables.resolve().parent, losses)
    typer.echo(f"Report: {page}")

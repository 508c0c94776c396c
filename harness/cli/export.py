"""`harness export`: a run in another format."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Plugins
from harness.cli.terminal import console
from harness.errors import CannotWriteError, UserError, summary


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    exporter: Annotated[str, typer.Option("--as", help="Exporter, as `harness list` shows it.")],
    out: Annotated[Path, typer.Option(help="New or empty folder to write into.")],
    plugin: Plugins = None,
) -> None:
    """Write a run in another format, such as CSV."""
    from harness.plugin.isolation import isolated
    from harness.plugin.loading import load
    from harness.plugin.parameters import parse
    from harness.results.run_folder import open_run

    chosen = parse(exporter)
    if len(chosen) > 1:
        raise UserError(f"--as takes one exporter: '{exporter}' names {len(chosen)}.")
    made = load(plugin or []).make("exporter", chosen[0])
    opened = open_run(run)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"'{out}' is not an empty folder: name another with --out.")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with isolated():
            made.export(opened, out)
    except (UserError, CannotWriteError):
        raise
    except Exception as error:
        raise UserError(f"exporter '{made.name}' failed: {summary(error)}") from error
    console.print(f"Exported to {out}", markup=False, soft_wrap=True)

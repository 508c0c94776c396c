"""The command line: its commands and exit codes."""

import gc
import importlib.metadata
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from harness.cli import terminal
from harness.cli.bench import bench
from harness.cli.cache import cache
from harness.cli.check import check
from harness.cli.export import export
from harness.cli.importing import import_run
from harness.cli.list import list_plugins
from harness.cli.measure import measure
from harness.cli.merge import merge
from harness.cli.motifs import motifs
from harness.cli.new import new
from harness.cli.plan import plan
from harness.cli.report import rebuild, report
from harness.cli.run import run
from harness.cli.study import study
from harness.errors import CannotWriteError, UserError, package_of


def _show_version(asked: bool | None) -> None:
    if asked:
        typer.echo(f"motif-harness {importlib.metadata.version('motif-harness')}")
        raise typer.Exit


Version = Annotated[
    bool | None,
    typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train, prune and compare ensembles of networks: what does pruning do to their wiring?",
)


@app.callback()
def options(version: Version = None) -> None:
    """Show the version."""


app.command(no_args_is_help=True)(run)
app.command(no_args_is_help=True)(plan)
app.command(no_args_is_help=True)(measure)
app.command()(study)
app.command()(bench)
app.command("list")(list_plugins)
app.command()(report)
app.command(no_args_is_help=True)(rebuild)
app.command(no_args_is_help=True)(export)
app.command(no_args_is_help=True)(merge)
app.command(no_args_is_help=True)(new)
app.command(no_args_is_help=True)(check)
app.command()(cache)
app.command(no_args_is_help=True)(motifs)
app.command("import", no_args_is_help=True)(import_run)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Exit with 0 done, 1 something failed, 2 wrong use, 130 interrupted; bugs show a traceback."""
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
    except SystemExit as end:
        if package_of(end) not in ("harness", "click", "typer", "rich"):
            terminal.complain(f"a plugin ended the process: it raised SystemExit({end}).")
            raise SystemExit(end.code or 1) from end
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def main(arguments: list[str] | None = None) -> Any:
    """Run the `harness` command."""
    # Importing JAX makes about a million objects. Garbage collection during the import and at exit
    # would take a quarter of the time of a short command.
    gc.set_threshold(100_000)
    # A library that logs by `logging.basicConfig`, as Optax does by absl, would print our log, too.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        with _exit_codes():
            return app(args=arguments, prog_name="harness")
    finally:
        gc.freeze()

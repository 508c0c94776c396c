"""`harness cache`: where simulated data and compiled programs are kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from harness.cli.terminal import console

if TYPE_CHECKING:
    from harness.cache import Entry


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete everything in it.")] = False,
) -> None:
    """Show where simulated data and compiled programs are kept, and their size; or clear them."""
    from harness import cache as store

    show_cache(store.folder(), store.entries(), store.programs_bytes())
    if clear:
        typer.echo(f"Cleared: {store.clear() / 1e6:,.1f} MB.")


def show_cache(folder: Path, entries: "list[Entry]", programs: int) -> None:
    """Print the folder, each data set with its size, and the size of compiled programs."""
    console.print(escape(str(folder)), soft_wrap=True)
    for entry in entries:
        line = f"  {entry.name}  {entry.bytes / 1e6:,.1f} MB  made {entry.made:%Y-%m-%d %H:%M}"
        console.print(escape(line), soft_wrap=True)
    if programs:
        console.print(f"  compiled programs  {programs / 1e6:,.1f} MB")

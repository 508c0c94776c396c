"""`harness new`: write a new plugin and its test."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from harness.cli.options import Writable
from harness.cli.terminal import console

if TYPE_CHECKING:
    from harness.templates import Written


def new(
    kind: Annotated[Writable, typer.Argument(help="What to write.")],
    name: Annotated[str, typer.Argument(help="Its name, as in --pruner NAME.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the files. [default: here]")] = None,
    workflow: Annotated[
        bool, typer.Option("--workflow", help="Write a GitHub workflow that tests it, too.")
    ] = False,
) -> None:
    """Write a plugin of your own: one file that works as it is, and its test."""
    from harness import templates
    from harness.plugin.loading import load

    folder = out or Path()
    written = templates.write(kind.value, name, folder, load(), workflow=workflow)
    show_written(written, folder)


def show_written(written: "Written", folder: Path) -> None:
    """Print the files of a new plugin, and the commands to go on with."""
    paths = filter(None, (written.plugin, written.test_file, written.workflow))
    console.print(f"Written: {escape(', '.join(str(path) for path in paths))}")
    console.print("It works as it is. Make it yours, then")
    if folder != Path():
        console.print(f"  cd {escape(shlex.quote(str(folder)))}", soft_wrap=True)
    for command in written.commands:
        console.print(f"  {escape(command)}", soft_wrap=True)

"""The commands for authors of plugins: write a new one, check one or all."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import UserError
from harness.options import Plugins, Writable

if TYPE_CHECKING:
    from harness.plugins import Registry


def new(
    kind: Annotated[Writable, typer.Argument(help="What to write.")],
    name: Annotated[str, typer.Argument(help="Its name, as in --pruner NAME.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the files. [default: here]")] = None,
) -> None:
    """Write a plugin of your own: one file that works as it is, and its test."""
    from harness import templates, terminal
    from harness.plugins import load

    folder = out or Path()
    written = templates.write(kind.value, name, folder, load())
    terminal.show_written(written, folder)


def check(
    target: Annotated[
        str | None, typer.Argument(help="A plugin, as NAME or NAME[field=value], or FILE.py.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every plugin that is registered, a line for each.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Check that a plugin keeps the contract of its kind, and say what to mend if not."""
    from harness import terminal, testing
    from harness.plugins import load

    if (target is None) is not every:
        raise UserError(
            "name what to check, a plugin or a file FILE.py, or give --all: one of the two."
        )
    if target is None:
        _check_all(load(plugin or []))
        return
    file = Path(target)
    files = [*(plugin or []), *([file] if file.suffix == ".py" else [])]
    failed = False
    for finding in testing.check(target, load(files)):
        failed |= not finding.passed
        terminal.show_finding(finding)
    if failed:
        raise typer.Exit(1)


def _check_all(registry: "Registry") -> None:
    """Exit code 1 where a plugin breaks its contract or cannot be loaded."""
    from harness import terminal, testing

    checked = []
    for one in testing.check_all(registry):
        terminal.show_checked(one)
        checked.append(one)
    terminal.show_all_checked(checked, registry.failures)
    if registry.failures or not all(one.passed for one in checked):
        raise typer.Exit(1)

"""`harness check`: whether a plugin keeps the contract of its kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from harness.cli.options import Plugins
from harness.cli.terminal import console, duration
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.plugin.registry import Failure, Registry
    from harness.testing import Checked, Finding


def check(
    target: Annotated[
        str | None, typer.Argument(help="A plugin, as NAME or NAME[field=value], or FILE.py.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Check every registered plugin, one line each.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Check that a plugin keeps the contract of its kind, and say what to fix if not."""
    from harness import testing
    from harness.plugin.loading import load

    if (target is None) is not every:
        raise UserError("name what to check: a plugin, a file FILE.py, or --all for every plugin.")
    if target is None:
        _check_all(load(plugin or []))
        return
    file = Path(target)
    files = [*(plugin or []), *([file] if file.suffix == ".py" else [])]
    failed = False
    for finding in testing.check(target, load(files)):
        failed |= not finding.passed
        show_finding(finding)
    if failed:
        raise typer.Exit(1)


def _check_all(registry: "Registry") -> None:
    """Check every plugin; exit with 1 if one breaks its contract or cannot be loaded."""
    from harness import testing

    checked = []
    for one in testing.check_all(registry):
        show_checked(one)
        checked.append(one)
    show_all_checked(checked, registry.failures)
    if registry.failures or not all(one.passed for one in checked):
        raise typer.Exit(1)


def show_finding(finding: "Finding") -> None:
    """Print one rule of a contract: kept, kept with advice, or broken."""
    note = f" [dim]({escape(finding.note)})[/dim]" if finding.note else ""
    rule = f"{escape(finding.plugin)}: {escape(finding.rule)}{note}"
    console.print(f"{_mark(finding)}  {rule}", soft_wrap=True)
    if finding.advice:
        console.print(f"        {escape(finding.advice)}", soft_wrap=True)


def _mark(finding: "Finding") -> str:
    if not finding.passed:
        return "[red]broken[/red]"
    return "[yellow]advice[/yellow]" if finding.advice else "[green]ok[/green]    "


def show_checked(checked: "Checked") -> None:
    """Print one plugin in a line, and below it the advice on its rules."""
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
            advice = f"{_mark(finding)}  {escape(finding.rule)}: {escape(finding.advice)}"
            console.print(f"        {advice}", soft_wrap=True)


def show_all_checked(checked: "Sequence[Checked]", failures: "Sequence[Failure]") -> None:
    """Print the plugins that failed to load, and the number of broken ones."""
    for failure in failures:
        message = f"{failure.owner} ({failure.source}) failed to load: {failure.error}"
        console.print(f"[red]broken[/red]  {escape(message)}", soft_wrap=True)
    number = len(checked) + len(failures)
    broken = number - sum(one.passed for one in checked)
    seconds = sum(one.seconds for one in checked)
    summary = f"{broken} of {number} are broken" if broken else "all keep their contracts"
    console.print(f"{number} plugins, {duration(seconds)}: {summary}.")

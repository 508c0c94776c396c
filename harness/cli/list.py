"""`harness list`: the plugins, those that failed to load, and the motif classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from harness.cli.options import Listable, Plugins
from harness.cli.terminal import console
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.plugin.listing import Listing
    from harness.plugin.registry import Failure


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
    """List plugins with their parameters and owners, those that failed to load, or motifs."""
    from harness.plugin import listing

    if html is not None and kind is not Listable.MOTIFS:
        raise UserError("--html draws motif classes: harness list motifs --html FILE.html")
    if kind is Listable.MOTIFS:
        if html is not None:
            from harness.motif_profiles import write_classes

            write_classes(html)
        show_motifs()
        return

    lines = None if plugin else listing.kept()
    failures: "Sequence[Failure]" = ()
    if lines is None:
        from harness.plugin.loading import load

        registry = load(plugin or [])
        lines, failures = listing.listing(registry), registry.failures
        if not (plugin or failures):
            listing.keep(lines)
    show_plugins(lines, failures, kind.value if kind else None)


def show_plugins(lines: "Listing", failures: "Sequence[Failure]", kinds: str | None = None) -> None:
    """Print every plugin with its description, parameters and owner; broken ones with their error.

    `kinds` is the plural of a kind, to print only that one.
    """
    for kind, of_kind in lines.items():
        if kinds not in (None, kind):
            continue
        console.print(f"\n[bold]{kind}[/bold]")
        for one in of_kind:
            console.print(
                f"  [bold]{escape(one.name)}[/bold]  {escape(one.description)}  "
                f"[dim]{escape(one.owner)}[/dim]",
                soft_wrap=True,
            )
            if one.parameters:
                line = ", ".join(f"{name}={value}" for name, value in one.parameters.items())
                console.print(f"      [dim]{escape(line)}[/dim]", soft_wrap=True)
    if failures:
        console.print("\n[bold red]failed to load[/bold red]")
        for failure in failures:
            line = f"  {failure.owner} ({failure.source}): {failure.error}"
            console.print(escape(line), soft_wrap=True)


def show_motifs() -> None:
    """Print every motif class of order 2 to 4: nodes by layer, |Aut| and edges."""
    from harness.motifs import classes

    for order in (2, 3, 4):
        known = classes(order)
        console.print(f"\n[bold]order {order}[/bold]: {len(known)} classes of {order + 1} nodes")
        name = max(len(motif.name) for motif in known)
        for motif in known:
            nodes = "-".join(map(str, motif.layers))
            edges = " ".join(f"{chr(97 + a)}→{chr(97 + b)}" for a, b in motif.edges)
            line = f"  {motif.name:{name}}  {nodes:9}  |Aut| {motif.automorphisms:<3} {edges}"
            console.print(escape(line), soft_wrap=True)
    console.print("\nNodes by layer; drawn by harness list motifs --html FILE.html")

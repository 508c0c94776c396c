"""`harness motifs`: motif profiles of any networks."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import terminal
from harness.cli.options import (
    ByLayer,
    Csv,
    Draws,
    Html,
    Json,
    KeepMutual,
    Layout,
    Nodes,
    Null,
    Orders,
    Support,
    Threshold,
)
from harness.errors import UserError


def motifs(
    files: Annotated[list[Path], typer.Argument(help="npz, safetensors, Keras h5, edges in csv.")],
    layout: Annotated[
        Layout | None, typer.Option(help="Axes of the arrays. [default: that of the format]")
    ] = None,
    threshold: Threshold = 0.0,
    nodes: Nodes = None,
    order: Orders = None,
    support: Annotated[
        list[Support] | None,
        typer.Option(help="All nodes, or those on a path from input to output. [default: both]"),
    ] = None,
    by_layer: ByLayer = False,
    null: Annotated[
        list[Null] | None,
        typer.Option(help="Null model of layered networks. Repeatable. [default: layered]"),
    ] = None,
    draws: Draws = None,
    keep_mutual: KeepMutual = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    as_json: Json = False,
    as_csv: Csv = False,
    html: Html = None,
) -> None:
    """Compare the motifs of any sparse networks, layered or not, with those of random ones."""
    from harness import motif_profiles, network_files

    if as_json and as_csv:
        raise UserError("--json and --csv exclude each other: give one of them.")
    found = motif_profiles.of_files(
        files,
        layout=layout.value if layout else None,
        threshold=threshold,
        nodes=nodes,
        asked=motif_profiles.Asked(
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
        motif_profiles.write_html(found, html)
    if not as_json and not as_csv:
        motif_profiles.show(found, terminal.console)
        return
    for name, notes in found.notes.items():
        for note in notes:
            terminal.warn(f"'{network_files.printable(name)}': {note}")
    text = motif_profiles.as_json(found.table) if as_json else motif_profiles.as_csv(found.table)
    typer.echo(text.rstrip("\n"))

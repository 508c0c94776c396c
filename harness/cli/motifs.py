"""`harness motifs`: motif profiles of any networks."""

from typing import TYPE_CHECKING

import typer

from harness.cli import options, terminal
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.motif_profiles import Profiles


def motifs(
    files: options.NetworkFiles,
    layout: options.ArrayLayout = None,
    threshold: options.Threshold = 0.0,
    nodes: options.Nodes = None,
    columns: options.Columns = None,
    where: options.Where = None,
    undirected: options.Undirected = False,
    digraph: options.AsDigraph = False,
    arrays: options.Arrays = None,
    skip: options.Skip = None,
    channels: options.Channels = None,
    allow_pt: options.AllowPt = False,
    order: options.Orders = None,
    support: options.Supports = None,
    by_layer: options.ByLayer = False,
    null: options.Nulls = None,
    draws: options.Draws = None,
    keep_mutual: options.KeepMutual = False,
    seed: options.SeedOfDraws = 0,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
    html: options.Html = None,
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
        choices=network_files.Choices(
            columns=columns.split(",") if columns else (),
            where=where or (),
            undirected=undirected,
            digraph=digraph,
            arrays=arrays.split(",") if arrays else (),
            skip=skip or (),
            channels=channels,
            allow_pt=allow_pt,
        ),
        asked=motif_profiles.Asked(
            orders=tuple(sorted(set(order))) if order else None,
            supports=tuple(one.value for one in support or options.Support),
            nulls=tuple(one.value for one in null or [options.Null.LAYERED]),
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
    _print(found, as_json)


def _print(found: "Profiles", as_json: bool) -> None:
    """Print the table for programs, and the notes as warnings."""
    from harness import motif_profiles, network_files

    for name, notes in found.notes.items():
        for note in notes:
            terminal.warn(f"'{network_files.printable(name)}': {note}")
    text = motif_profiles.as_json(found.table) if as_json else motif_profiles.as_csv(found.table)
    typer.echo(text.rstrip("\n"))

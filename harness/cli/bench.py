"""`harness bench`: how fast this machine trains, simulates and counts."""

from typing import Annotated

import typer

from harness.cli.options import Json


def bench(
    what: Annotated[
        str | None,
        typer.Argument(help="training, run, simulation, motifs, scaling, ...; none: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast this machine trains, simulates and counts, compared with rivals."""
    from harness import bench
    from harness.machine import devices
    from harness.results.provenance import command_line

    names = bench.chosen(what)
    devices.use_cores()
    if as_json:
        figures = {name: list(bench.measured(name)) for name in names}
        typer.echo(bench.as_json(figures, command_line()))
        return
    typer.echo(bench.where(command_line()))
    for name in names:
        typer.echo(f"\n## {name}\n\n{bench.HEAD}")
        for one in bench.measured(name):
            typer.echo(bench.as_row(one))

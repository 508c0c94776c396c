"""`harness motifs`: motif profiles of any networks."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from harness.cli import options, terminal
from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from harness.motif_profiles import Asked, Instances, Part, Profiles
    from harness.network_files import Wiring


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
    latex: options.Latex = None,
    whole: options.Whole = False,
    participation: options.Participation = None,
    instances: options.Instances = None,
) -> None:
    """Compare the motifs of any sparse networks, layered or not, with those of random ones."""
    from harness import motif_profiles, network_files

    _refuse_two({"--json": as_json, "--csv": as_csv})
    choices = network_files.Choices(
        columns=columns.split(",") if columns else (),
        where=where or (),
        undirected=undirected,
        digraph=digraph,
        arrays=arrays.split(",") if arrays else (),
        skip=skip or (),
        channels=channels,
        allow_pt=allow_pt,
    )
    asked = _asked(order, support, null, draws, keep_mutual, seed, by_layer)
    output = Output(as_json, as_csv, html, latex, whole)
    _refuse_two(
        {"--participation": participation is not None, "--instances": instances is not None}
    )
    if participation or instances is not None:
        _refuse_nulls("--participation" if participation else "--instances", asked, output)
    unread: list[str] = []
    wirings = motif_profiles.read_files(files, layout, threshold, nodes, choices, unread)
    if not wirings:
        raise UserError("\n".join(unread))
    if participation:
        _print_participants(wirings, participation.value, asked, output)
    elif instances is not None:
        _print_instances(motif_profiles.instances(wirings, instances), wirings, output)
    else:
        _print_profiles(motif_profiles.of_wirings(wirings, asked), output)
    _complain(unread)


class Output(NamedTuple):
    """The forms in which results are wanted: printed, and written to files."""

    as_json: bool
    as_csv: bool
    html: Path | None
    latex: Path | None
    whole: bool


def _complain(unread: list[str]) -> None:
    """Print the errors of files that could not be read; exit with 2 if there are any."""
    for error in unread:
        terminal.complain(error)
    if unread:
        raise typer.Exit(2)


def _refuse_two(options_given: dict[str, object]) -> None:
    """Raise UserError if both of two options are given that exclude each other."""
    if all(options_given.values()):
        raise UserError(f"{' and '.join(options_given)} exclude each other: give one of them.")


def _asked(
    order: list[int] | None,
    support: list[options.Support] | None,
    null: list[options.Null] | None,
    draws: int | None,
    keep_mutual: bool,
    seed: int,
    by_layer: bool,
) -> "Asked":
    from harness import motif_profiles

    asked = motif_profiles.Asked(
        orders=tuple(sorted(set(order))) if order else None,
        supports=tuple(one.value for one in support or options.Support),
        nulls=tuple(one.value for one in null or [options.Null.LAYERED]),
        draws=draws,
        keep_mutual=keep_mutual,
        seed=seed,
        by_layer=by_layer,
    )
    motif_profiles.refuse_impossible(asked)
    return asked


def _refuse_nulls(option: str, asked: "Asked", output: Output) -> None:
    """Raise UserError for an option of profiles beside one that asks for something else."""
    from harness import motif_profiles

    usual = motif_profiles.Asked()
    given = {
        "--order": option == "--instances" and asked.orders is not None,
        "--all": option == "--instances" and output.whole,
        "--null": option == "--instances" and asked.nulls != usual.nulls,
        "--draws": asked.nulls == usual.nulls and asked.draws is not None,
        "--support": asked.supports != usual.supports,
        "--by-layer": asked.by_layer,
        "--keep-mutual": asked.keep_mutual,
        "--html": output.html is not None,
        "--latex": output.latex is not None,
    }
    for name in (name for name, is_given in given.items() if is_given):
        raise UserError(f"{name} is for profiles, not for {option}. Omit one of them.")


def _print_profiles(profiles: "Profiles", output: Output) -> None:
    from harness import motif_profiles

    if output.html is not None:
        motif_profiles.write_html(profiles, output.html)
    if output.latex is not None:
        motif_profiles.write_latex(profiles, output.latex)
    if output.as_json or output.as_csv:
        _print(profiles.table, profiles.notes, output)
    else:
        motif_profiles.show(profiles, terminal.console, whole=output.whole)


def _print_participants(
    wirings: "Mapping[str, Wiring]", part: "Part", asked: "Asked", output: Output
) -> None:
    from harness import motif_profiles

    table = motif_profiles.participants(wirings, part, asked)
    if output.as_json or output.as_csv:
        _print(table, {name: one.notes for name, one in wirings.items()}, output)
    else:
        motif_profiles.show_participants(table, wirings, terminal.console, whole=output.whole)


def _print_instances(found: "Instances", wirings: "Mapping[str, Wiring]", output: Output) -> None:
    from harness import motif_profiles

    if output.as_json or output.as_csv:
        _print(found.table, found.notes, output)
    else:
        motif_profiles.show_instances(found, wirings, terminal.console)


def _print(table: "pd.DataFrame", notes: "Mapping[str, Sequence[str]]", output: Output) -> None:
    """Print the table for programs, and the notes as warnings."""
    from harness import motif_profiles, network_files

    for name, lines in notes.items():
        for line in lines:
            terminal.warn(f"'{network_files.printable(name)}': {line}")
    text = motif_profiles.as_json(table) if output.as_json else motif_profiles.as_csv(table)
    typer.echo(text.rstrip("\n"))

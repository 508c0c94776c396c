"""`harness motifs`: motif profiles of any networks."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from rich.markup import escape

from harness.cli import options, terminal
from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from harness.motif_profiles import Asked, Instances, Part
    from harness.motifs import Support
    from harness.network_files import Choices, Wiring


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
    given: options.GivenLower = None,
    draws: options.Draws = None,
    keep_mutual: options.KeepMutual = False,
    seed: options.SeedOfDraws = 0,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
    html: options.Html = None,
    latex: options.Latex = None,
    whole: options.Whole = False,
    similarity: options.Similarity = False,
    participation: options.Participation = None,
    instances: options.Instances = None,
) -> None:
    """Compare the motifs of any sparse networks, layered or not, with those of random ones."""
    from harness import network_files

    _refuse_two({"--json": as_json, "--csv": as_csv})
    _refuse_two({"--participation": bool(participation), "--instances": instances is not None})
    output = Output(as_json, as_csv, html, latex, whole, similarity)
    usual = [options.Null.LAYERED, *([options.Null.DEGREE] if given else [])]
    nulls = tuple(one.value for one in null or usual)
    if participation or instances is not None:
        _refuse_beside("--participation" if participation else "--instances", locals())
    choices = _choices(columns, where, undirected, digraph, arrays, skip, channels, allow_pt, nulls)
    unread: list[str] = []
    wirings = network_files.read_files(files, layout, threshold, nodes, choices, unread)
    _complain(unread, nothing=not wirings)
    network_files.refuse_unvaried(wirings, nulls)
    from harness import motif_profiles  # late: errors of reading need not wait for JAX

    orders = tuple(sorted(set(order))) if order else (4,) if given else None
    asked = motif_profiles.Asked(
        orders, _values(support), nulls, draws, keep_mutual, seed, by_layer, given is not None
    )
    if participation:
        _print_participants(wirings, participation.value, asked, output)
    elif instances is not None:
        _print_instances(motif_profiles.instances(wirings, instances), wirings, output)
    else:
        _print_profiles(wirings, asked, output)
    if unread:
        raise typer.Exit(2)


def _values(support: "list[options.Support] | None") -> "tuple[Support, ...]":
    return tuple(one.value for one in support or options.Support)


class Output(NamedTuple):
    """The forms in which results are wanted: printed, and written to files."""

    as_json: bool
    as_csv: bool
    html: Path | None
    latex: Path | None
    whole: bool
    similarity: bool


def _complain(unread: list[str], *, nothing: bool) -> None:
    """Print the errors of files that could not be read; exit with 2 if `nothing` was."""
    for error in unread:
        terminal.complain(error)
    if nothing:
        raise typer.Exit(2)


def _refuse_two(options_given: dict[str, object]) -> None:
    """Raise UserError if both of two options are given that exclude each other."""
    if all(options_given.values()):
        raise UserError(f"{' and '.join(options_given)} exclude each other: give one of them.")


def _refuse_beside(option: str, given: "Mapping[str, Any]") -> None:
    """Raise UserError for an option of profiles beside one that asks for something else."""
    usual = given["null"] in (None, [options.Null.LAYERED])
    names = [
        "support",
        "by_layer",
        "keep_mutual",
        "html",
        "latex",
        "given",
        *(["draws"] if usual else []),
    ]
    if option == "--instances":
        names += ["order", "whole", *([] if usual else ["null"])]
    for name in (name for name in names if given[name]):
        called = "all" if name == "whole" else name.replace("_", "-")
        raise UserError(f"--{called} is for profiles, not for {option}. Omit one of them.")


def _choices(
    columns: str | None,
    where: list[str] | None,
    undirected: bool,
    digraph: bool,
    arrays: str | None,
    skip: list[str] | None,
    channels: bool | None,
    allow_pt: bool,
    nulls: tuple[str, ...],
) -> "Choices":
    from harness import network_files

    return network_files.Choices(
        columns=columns.split(",") if columns else (),
        where=where or (),
        undirected=undirected,
        digraph=digraph,
        arrays=arrays.split(",") if arrays else (),
        skip=skip or (),
        channels=channels,
        allow_pt=allow_pt,
        weights=bool({options.Null.SIGNS, options.Null.WEIGHTS} & set(nulls)),
    )


def _print_profiles(wirings: "Mapping[str, Wiring]", asked: "Asked", output: Output) -> None:
    from harness import motif_profiles
    from harness.results.provenance import command_line

    with terminal.showing_progress(quiet=False, on=terminal.errors):
        profiles = motif_profiles.of_wirings(wirings, asked)
    programs = output.as_json or output.as_csv
    several = len(profiles.wirings) > 1 and (not programs or output.html is not None)
    alike = (
        motif_profiles.similarities(profiles, asked.seed) if several or output.similarity else None
    )
    if output.html is not None:
        command = shlex.join(command_line())
        motif_profiles.write_html(profiles, output.html, alike, command)
    if output.latex is not None:
        motif_profiles.write_latex(profiles, output.latex)
    if programs:
        table = alike if alike is not None and output.similarity else profiles.table
        _print(table, profiles.notes, output)
        return
    if alike is not None:
        terminal.console.print(escape(motif_profiles.answer(alike)), soft_wrap=True)
    if not output.similarity:
        motif_profiles.show(profiles, terminal.console, whole=output.whole)
    if alike is not None:
        motif_profiles.show_similarities(alike, terminal.console)


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

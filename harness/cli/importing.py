"""`harness import`: a run from checkpoints that somebody's own code wrote."""

from typing import TYPE_CHECKING

from harness.cli import options, terminal
from harness.cli.outcome import carried_out

if TYPE_CHECKING:
    from harness.importing import Found


def import_run(
    folder: options.Checkpoints,
    pattern: options.Pattern,
    losses: options.Losses = None,
    without: options.Without = None,
    layout: options.ArrayLayout = None,
    threshold: options.Threshold = 0.0,
    arrays: options.Arrays = None,
    skip: options.Skip = None,
    channels: options.Channels = None,
    allow_pt: options.AllowPt = False,
    metric: options.MetricThatApplies = None,
    out: options.Out = None,
    plugin: options.Plugins = None,
    list_only: options.ListOnly = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a run of networks that other code pruned; measure and report it."""
    from harness import api, importing, network_files
    from harness.plugin.loading import load

    found = importing.find(folder, pattern, without or ())
    if list_only:
        _show(found)
        importing.refuse_missing(found)
        return
    choices = network_files.Choices(
        arrays=arrays.split(",") if arrays else (),
        skip=skip or (),
        channels=channels,
        allow_pt=allow_pt,
    )
    with terminal.showing_progress(quiet=quiet):
        made, networks, rows, notes = importing.planned(
            found,
            losses,
            load(plugin or []),
            metric or (),
            layout=layout.value if layout else None,
            threshold=threshold,
            choices=choices,
        )
    for note in notes:
        terminal.warn(note)
    path = out or api.RUNS / made.name
    importing.write(made, path, found, networks, rows, notes)
    carried_out(made, path, quiet=quiet, train=False)


def _show(found: "Found") -> None:
    """Print what was found: pruners, seeds, levels, and files that do not fit."""
    lines = [
        f"{len(found.files)} files in {found.folder} fit {found.pattern}",
        f"pruners: {', '.join(found.pruners)}",
        f"seeds: {', '.join(map(str, found.seeds))}",
        f"{found.level}: {', '.join(f'{level:g}' for level in found.levels)}",
    ]
    if found.others:
        more = ", ..." if len(found.others) > 3 else ""
        lines.append(f"do not fit: {len(found.others)} ({', '.join(found.others[:3])}{more})")
    for line in lines:
        terminal.console.print(line, markup=False, soft_wrap=True)

"""`harness measure`: measure another metric of a trained run."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Plugins, Quiet
from harness.cli.outcome import carried_out
from harness.errors import UserError


def measure(
    run: Annotated[Path, typer.Argument(help="Folder of a trained run.")],
    metric: Annotated[list[str] | None, typer.Option(help="Metric to add. Repeatable.")] = None,
    plugin: Plugins = None,
    quiet: Quiet = False,
) -> None:
    """Measure another metric of a run, without training."""
    from harness import api
    from harness.plugin.loading import load

    if not metric:
        raise UserError("name what to measure with --metric. See `harness list metrics`.")
    made = api.of_run(run, metric, load(plugin or []))
    carried_out(made, run, quiet=quiet, train=False)

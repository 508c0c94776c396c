"""`harness merge`: one run of parts that were computed apart."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.terminal import console


def merge(
    runs: Annotated[list[Path], typer.Argument(help="Folders of the runs to merge.")],
    out: Annotated[Path, typer.Option(help="New or empty folder of the merged run.")],
) -> None:
    """Merge runs of one experiment that have other trials, such as other data seeds."""
    from harness.results import merging

    merging.merge(runs, out)
    console.print(f"Merged into {out}. The report: harness report {out}", soft_wrap=True)

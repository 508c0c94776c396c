"""`harness export`: a run in another format."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zipfile import ZIP_DEFLATED, ZipFile

import typer

from harness.cli.options import Plugins
from harness.cli.terminal import console
from harness.errors import CannotWriteError, UserError, summary


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    exporter: Annotated[str, typer.Option("--as", help="Exporter, as `harness list` shows it.")],
    out: Annotated[
        Path, typer.Option(help="New or empty folder to write into, or a new .zip file.")
    ],
    plugin: Plugins = None,
) -> None:
    """Write a run in another format, such as CSV."""
    from harness.plugin.isolation import isolated
    from harness.plugin.loading import load
    from harness.plugin.parameters import parse
    from harness.results.run_folder import open_run

    chosen = parse(exporter)
    if len(chosen) > 1:
        raise UserError(f"--as takes one exporter: '{exporter}' names {len(chosen)}.")
    made = load(plugin or []).make("exporter", chosen[0])
    opened = open_run(run)
    packed = out.suffix == ".zip"
    if out.exists() and (packed or not out.is_dir() or any(out.iterdir())):
        raise UserError(f"'{out}' is not an empty folder: name another with --out.")
    with _folder_for(out, packed=packed) as folder:
        try:
            with isolated():
                made.export(opened, folder)
        except (UserError, CannotWriteError):
            raise
        except Exception as error:
            raise UserError(f"exporter '{made.name}' failed: {summary(error)}") from error
    console.print(f"Exported to {out}", markup=False, soft_wrap=True)


@contextmanager
def _folder_for(out: Path, *, packed: bool) -> Iterator[Path]:
    """Yield the folder to export into; if packed, one that becomes the ZIP file `out`."""
    if not packed:
        out.mkdir(parents=True, exist_ok=True)
        yield out
        return
    from harness import files  # late: imports NumPy

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as place:
        folder = Path(place)
        yield folder
        with files.replacing(out) as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(folder))

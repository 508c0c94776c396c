"""Losses of imported networks, from a table with a row for each file."""

import csv
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError

from ._found import Found, Place


class Losses(NamedTuple):
    """The losses of a network, None where the table has no such column; not finite: it diverged."""

    train_loss: float | None = None
    validation_loss: float | None = None


def read(path: Path, found: Found) -> tuple[dict[Place, Losses], list[str]]:
    """Return the losses of each network, and notes.

    The table is CSV with the fields of the pattern and one or both losses.

    **Errors:** UserError for a missing column, a value that is no number, two rows for one network
    and a network without a row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            rows, columns = list(table), list(table.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read losses '{path}': {error}. Give a CSV file.") from None
    keys = [name for name in ("pruner", "seed", found.level) if f"{{{name}}}" in found.pattern]
    missing = [name for name in keys if name not in columns]
    if missing or not set(Losses._fields) & set(columns):
        raise UserError(
            f"'{path}' has the columns {', '.join(columns) or 'none'}. It needs "
            f"{', '.join(keys)}, and {' or '.join(Losses._fields)}."
        )
    losses: dict[Place, Losses] = {}
    extra = 0
    for number, row in enumerate(rows, start=2):
        where = f"'{path}', row {number}"
        place = Place(
            row.get("pruner", "imported") if "pruner" in keys else "imported",
            int(_number(row, "seed", where)) if "seed" in keys else 0,
            _number(row, found.level, where),
        )
        if place not in found.files:
            extra += 1
            continue
        if place in losses:
            raise UserError(f"{where} is a second one for {found.described(place)}. Remove one.")
        losses[place] = Losses(
            *(_number(row, name, where) if name in columns else None for name in Losses._fields)
        )
    if lacking := [place for place in found.files if place not in losses]:
        raise UserError(
            f"'{path}' has no row for {len(lacking)} of {len(found.files)} networks, such as "
            f"{found.described(lacking[0])}. Add them."
        )
    notes = [f"{extra} rows of '{path}' are of no imported network"] if extra else []
    return losses, notes


def _number(row: dict[str, str], name: str, where: str) -> float:
    try:
        return float(row[name])
    except (TypeError, ValueError):
        raise UserError(f"{where}: {name} is {row[name]!r}. Give a number.") from None

"""Tables of profiles for programs: JSON and CSV."""

import json
import math
from typing import TYPE_CHECKING, Any

from harness.network_files import printable

if TYPE_CHECKING:
    import pandas as pd


def as_json(table: "pd.DataFrame") -> str:
    """Return the table as a JSON array, one object per row and line; undefined values are null."""
    columns = [[_plain(value) for value in table[name].tolist()] for name in table.columns]
    rows = (dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True))
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in rows) + "\n]"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(table: "pd.DataFrame") -> str:
    """Return the table as CSV; undefined values are empty."""
    return table.assign(file=table["file"].map(printable)).to_csv(index=False)

"""Tables of profiles for programs and papers: JSON, CSV and LaTeX."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import files
from harness.motif_profiles._files import Profiles
from harness.motif_profiles._show import NAMES, by_null, summary
from harness.network_files import printable

if TYPE_CHECKING:
    import pandas as pd

_TEX = str.maketrans(
    {
        **{letter: f"\\{letter}" for letter in "&%$#_{}"},
        **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
        **{"±": r"$\pm$", "–": "--"},
    }
)


def as_json(table: "pd.DataFrame") -> str:
    """Return the table as a JSON array, one object per row and line; undefined values are null."""
    columns = [[_plain(value) for value in table[name].tolist()] for name in table.columns]
    rows = (dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True))
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in rows) + "\n]"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(table: "pd.DataFrame") -> str:
    """Return the table as CSV; undefined values are empty, names from files are printable."""
    named = [name for name in ("file", "first", "second", *NAMES) if name in table]
    return table.assign(**{name: table[name].map(printable) for name in named}).to_csv(index=False)


def write_latex(profiles: Profiles, path: Path) -> None:
    """Write the short table of each null as a LaTeX table for the package booktabs."""
    lines = ["% needs \\usepackage{booktabs}"]
    for title, part in by_null(profiles):
        heads, rows = summary(part)
        lines += [
            "\\begin{table}",
            f"\\caption{{{_tex(title)}}}",
            f"\\begin{{tabular}}{{ll{'r' * (len(heads) - 2)}}}",
            "\\toprule",
            *_rows([[head.replace(" | ", ", ") for head in heads]]),
            "\\midrule",
            *_rows(rows),
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}",
        ]
    files.write(path, "\n".join([*lines, ""]).encode())


def _rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    return (" & ".join(map(_tex, row)) + r" \\" for row in rows)


def _tex(text: str) -> str:
    """Return text with the characters that LaTeX would read as commands written out."""
    text = text.translate(_TEX).replace("<->", r"$\leftrightarrow$").replace("->", r"$\to$")
    return re.sub(r"(^|(?<=[ (]))-(?=[0-9])", "$-$", text)

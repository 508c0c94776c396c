"""The pieces of a page: sections with findings, figures and tables; and how numbers look."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from markupsafe import Markup

Kind = Literal["text", "number", "kept"]

LONG = 28
"""Longer texts are wrapped in their column of a table."""

MOST_ROWS = 400
"""Longer tables are cut on the page; their CSV files have all rows."""

OPEN_ROWS = 15
"""Longer tables are folded, with a filter for their rows."""

MOST_FINDINGS, MOST_WORDS = 3, 25
"""What a reader takes in at a glance: findings of the first screen, and words of each."""


@dataclass(frozen=True)
class Column:
    """One column of a table on the page: its key in the frame, heading and kind of values."""

    key: str
    heading: str
    kind: Kind = "number"
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A frame as a table on the page, and as `tables/<name>.csv` and `.tex`.

    Readers can sort the rows if it is `sortable`.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    sortable: bool = False
    part: str = "table"

    def __post_init__(self) -> None:
        checked(self.name)

    @property
    def folded(self) -> bool:
        """Whether the table is so long that the page shows its caption alone."""
        return len(self.frame) > OPEN_ROWS

    @property
    def texts(self) -> list[list[str]]:
        """Cell texts of all rows, as the page shows them."""
        cells = [
            [text(value, column.kind) for value in self.frame[column.key].tolist()]
            for column in self.columns
        ]
        return [list(row) for row in zip(*cells, strict=True)]

    @property
    def rows(self) -> list[list[tuple[str, str, str]]]:
        """Cell texts, values to sort by and style classes of the rows on the page."""
        shown = self.frame.head(MOST_ROWS)
        cells = [
            [
                (text(value, column.kind), sort_value(value), _style(value, column.kind))
                for value in shown[column.key].tolist()
            ]
            for column in self.columns
        ]
        return [list(row) for row in zip(*cells, strict=True)]


@dataclass(frozen=True)
class Figure:
    """A chart with its caption, data, and description for readers who do not see it.

    The chart is also written as `charts/<name>.svg`, `.pdf` and `.png`, `data` as
    `tables/<name>.csv`.
    `panel` is the minimum width of a panel of small multiples, 0 for the usual one; `axis` the
    width of the labels of its vertical axis, both in pixels; `longest` the length of the longest
    name in the legend. Readers who pick two conditions see it for these `beside` each other.
    """

    name: str
    title: str
    caption: str
    description: str
    chart: Any
    data: pd.DataFrame
    panel: int = 0
    axis: int = 52
    longest: int = 0
    beside: bool = False
    part: str = "figure"

    def __post_init__(self) -> None:
        checked(self.name)


@dataclass(frozen=True)
class Facts:
    """Named facts, shown as a list of definitions."""

    title: str
    items: Sequence[tuple[str, str]]
    part: str = "facts"


@dataclass(frozen=True)
class Drawings:
    """Small pictures with their names, each a trusted SVG element, in a row that wraps."""

    title: str
    items: Sequence[tuple[str, Markup]]
    part: str = "drawings"


Part = Figure | Table | Facts | Drawings


@dataclass(frozen=True)
class Finding:
    """One sentence of the answer, and its qualification."""

    claim: str
    detail: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the page. `anchor` is its name in the address, `lead` its first paragraphs.

    A `folded` one shows its title alone until the reader opens it. For the first screen, a metric
    may offer a `verdict`, a clause that begins in lower case and has no full stop, and `short`
    findings of at most `MOST_WORDS` words each.
    """

    anchor: str
    title: str
    lead: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    parts: Sequence[Part] = field(default_factory=tuple)
    folded: bool = False
    verdict: str = ""
    short: Sequence[Finding] = ()


@dataclass(frozen=True)
class Opening:
    """The first screen of a page: its title, the answer in one sentence, findings and a chart.

    `about` says what was done and on how much, `command` repeats it.

    **Errors:** ValueError for more than `MOST_FINDINGS` findings, or one of over `MOST_WORDS`
    words.
    """

    title: str
    verdict: str
    findings: Sequence[Finding] = ()
    hero: Figure | None = None
    about: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if len(self.findings) > MOST_FINDINGS:
            raise ValueError(f"{len(self.findings)} findings: at most {MOST_FINDINGS}")
        for finding in self.findings:
            if len(finding.claim.split()) > MOST_WORDS:
                raise ValueError(f"over {MOST_WORDS} words: {finding.claim!r}")


@dataclass(frozen=True)
class Headline:
    """A metric's summary on the terminal after a run: a small table, and a note below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def checked(name: str) -> str:
    """Return the name of a part, which is in names of files and links and so never from data.

    Raises `ValueError` for any other name.
    """
    if not re.fullmatch(r"[a-z0-9_]+", name, re.ASCII):
        raise ValueError(f"a part's name may only have [a-z0-9_], not {name!r}")
    return name


def text(value: Any, kind: Kind = "number") -> str:
    """Format a value for the page; undefined ones are a dash."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if kind == "kept":
        return percent(float(value))
    if kind == "number" and isinstance(value, int | float | np.number):
        return number(float(value))
    return str(value)


def _style(value: Any, kind: Kind) -> str:
    return f"{kind} long" if kind == "text" and len(str(value)) > LONG else kind


def sort_value(value: Any) -> str:
    """Return the text to sort a value by: numbers in full, empty if undefined."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, int | float | np.number):
        # As JavaScript reads it.
        return repr(float(value)).replace("inf", "Infinity")
    return str(value)


def number(value: float, digits: int = 3) -> str:
    """Format a number to three significant digits, whole ones in full, with a true minus sign."""
    if not np.isfinite(value):
        return "–" if np.isnan(value) else ("∞" if value > 0 else "−∞")
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-2:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    if size >= 100 or value == int(value):
        return f"{value:,.0f}".replace(",", "\u202f").replace("-", "−")
    return f"{value:#.{digits}g}".replace("-", "−")


def percent(share: float) -> str:
    """Format a share as a percentage, to three digits."""
    return f"{round(100 * share, 3):.3g}\u00a0%"


def pruned(density: float) -> str:
    """Format a density as the share of weights pruned."""
    return f"{percent(1 - density)} pruned"


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(n: int, thing: str) -> str:
    """Format a number with its noun."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"

"""The pieces of a page: sections with findings, figures and tables; and how numbers look."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from markupsafe import Markup

Kind = Literal["text", "number", "kept", "share", "p"]
"""What a column holds: `kept` is a density, shown as % pruned; a `share` is shown in percent."""

LONG = 28
"""Longer texts are wrapped in their column of a table."""

MOST_ROWS = 400
"""Longer tables are cut on the page; their CSV files have all rows."""

OPEN_ROWS = 15
"""Longer tables are folded, with a filter for their rows."""

_MOST_WHOLE, _MOST_DIGITS = 1e9, 7
_PLAIN = 1e-3, 1e6
"""Sizes that are written without an exponent, whatever else is in their column."""
_LARGE = 0.75  # the quantile of sizes that gets all digits; a stray large one has more

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
        cells = [texts(self.frame[column.key].tolist(), column.kind) for column in self.columns]
        return [list(row) for row in zip(*cells, strict=True)]

    @property
    def rows(self) -> list[list[tuple[str, str, str]]]:
        """Cell texts, values to sort by and style classes of the rows on the page."""
        cells = []
        for column in self.columns:
            values, kind = self.frame[column.key].tolist(), column.kind
            shown = zip(texts(values, kind)[:MOST_ROWS], values, strict=False)
            cells.append([(one, sort_value(value), _style(value, kind)) for one, value in shown])
        return [list(row) for row in zip(*cells, strict=True)]


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart with its caption, data, and description for readers who do not see it.

    The chart is also written as `charts/<name>.svg` and `.pdf`, `data` as `tables/<name>.csv`.
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

    `about` says what was done and on how much, `command` repeats it. `onward` says what to read
    next: links to sections, each an anchor and a text.

    **Errors:** ValueError for more than `MOST_FINDINGS` findings, or one of over `MOST_WORDS`
    words.
    """

    title: str
    verdict: str
    findings: Sequence[Finding] = ()
    hero: Figure | None = None
    about: str = ""
    command: str = ""
    onward: Sequence[tuple[str, str]] = ()

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


def texts(values: Sequence[Any], kind: Kind = "number") -> list[str]:
    """Format the values of a column for the page, numbers alike; undefined ones are a dash."""
    numeric = [kind != "text" and isinstance(value, int | float | np.number) for value in values]
    plain = [float(value) for value, is_number in zip(values, numeric, strict=True) if is_number]
    shown = iter(_FORMS[kind](plain))
    return [
        next(shown) if is_number else "–" if _undefined(value) else str(value)
        for value, is_number in zip(values, numeric, strict=True)
    ]


def _undefined(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _style(value: Any, kind: Kind) -> str:
    return f"{kind} long" if kind == "text" and len(str(value)) > LONG else kind


def sort_value(value: Any) -> str:
    """Return the text to sort a value by: numbers in full, empty if undefined."""
    if _undefined(value):
        return ""
    if isinstance(value, int | float | np.number):
        # As JavaScript reads it.
        return repr(float(value)).replace("inf", "Infinity")
    return str(value)


def numbers(values: Iterable[Any], digits: int = 3) -> list[str]:
    """Format numbers alike, with a true minus sign; what rounds to zero is 0.

    Whole numbers stay whole. Others have as many decimals as give large ones `digits` significant
    digits, and the smallest of positive ones one less; where that needs too much room, all have
    `digits` significant digits, those below 0.001 and from a million on with an exponent.
    """
    plain = list(map(float, values))
    form = _form([value for value in plain if math.isfinite(value) and value], digits)
    return [_formatted(value, form) for value in plain]


def _form(values: Sequence[float], digits: int) -> str:
    """Return the format of numbers other than zero."""
    if all(value == round(value) and abs(value) < _MOST_WHOLE for value in values):
        return ",.0f"
    powers = sorted(int(f"{abs(value):.{digits - 1}e}".partition("e")[2]) for value in values)
    decimals = digits - 1 - powers[int(_LARGE * len(powers))]
    if min(values) > 0:
        decimals = max(decimals, digits - 2 - powers[0])
    decimals = max(decimals, 0)
    if powers[-1] < -3 or max(powers[-1], 0) + decimals >= _MOST_DIGITS:
        return f".{digits - 1}e"
    return f",.{decimals}f"


def _formatted(value: float, form: str) -> str:
    if not np.isfinite(value):
        return "–" if np.isnan(value) else ("∞" if value > 0 else "−∞")
    if form.endswith("e") and _PLAIN[0] <= abs(value) < _PLAIN[1]:
        power, digits = math.floor(math.log10(abs(value))), int(form[1:-1])
        form = f",.{max(0, digits - power)}f"
    mantissa, _, exponent = format(value, form).partition("e")
    if not float(mantissa.replace(",", "")):
        return "0"
    shown = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return shown.replace(",", "\u202f").replace("-", "−")


def number(value: float, digits: int = 3) -> str:
    """Format a number by itself, as `numbers` does."""
    return numbers([value], digits)[0]


def fixed(value: Any, decimals: int, sign: Literal["-", "+"] = "-") -> str:
    """Format a number with so many decimals, a "+" if asked for; what rounds to zero is 0."""
    shown = f"{value:{sign}.{decimals}f}"
    return shown.replace("-", "−") if float(shown) else "0"


def with_ends(value: float, low: float, high: float, digits: int = 3, head: str = "") -> str:
    """Format an estimate with the ends of its interval in brackets, after `head`, if it has any."""
    if np.isnan(low):
        return number(value, digits)
    shown, *ends = numbers([value, low, high], digits)
    return f"{shown} ({head}{' to '.join(ends)})"


def p_value(p: float) -> str:
    """Format a p with three decimals, a smaller one as "< 0.001"."""
    return "–" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def percent(share: float) -> str:
    """Format a share as a percentage, to three digits."""
    return f"{round(100 * share, 3):.3g}\u00a0%"


def percent_pruned(density: float) -> str:
    """Format a density as the percentage pruned, with a decimal where it needs one.

    Within 1 % of an end it has up to three.
    """
    if np.isnan(density):
        return "–"
    decimals = 1 if 0.01 <= density <= 0.99 else 3
    return f"{round(100 * (1 - density), decimals):.6g}\u00a0%"


def pruned(density: float) -> str:
    """Format a density as the share of weights pruned."""
    return f"{percent_pruned(density)} pruned"


def _percents(shares: Sequence[float]) -> list[str]:
    shown = numbers([100 * share for share in shares])
    return [one if one == "–" else f"{one}\u00a0%" for one in shown]


_FORMS: dict[str, Callable[[Sequence[float]], list[str]]] = {
    "text": lambda values: [],
    "number": numbers,
    "kept": lambda values: [percent_pruned(value) for value in values],
    "share": _percents,
    "p": lambda values: [p_value(value) for value in values],
}


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(n: int, thing: str) -> str:
    """Format a number with its noun."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"

"""Motif profiles of anyone's networks, for the terminal, for programs and as a page."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from harness import files, motifs, terminal, wirings
from harness.errors import UserError
from harness.graph import edge_counts, node_counts
from harness.wirings import Wiring, printable

if TYPE_CHECKING:
    import pandas as pd

UNDEFINED = "–"
EXPLAINED = (
    "Null: `layered`, as many edges between each two layers, placed uniformly among all pairs of "
    "their nodes; exact moments, nothing sampled.",
    "z = (count - expected) / sd: how many standard deviations of that null the count lies from "
    f"its mean; {UNDEFINED} is undefined (sd 0, or no copies for the ratio).",
    "Support all: every node of the file, calibrated. Support live: only nodes on a path from an "
    "input to an output; descriptive, for they were chosen after looking.",
)
_SHOWN = ("count", "expected", "z", "log2_ratio")
_TITLES = dict(zip(_SHOWN, ("count", "expected", "z", "log2 ratio"), strict=True))
_FIELDS = (
    *("file", "layout", "network", "motif", "order", "base_layer", "null", "support", "calibrated"),
    *("count", "expected", "sd", "z", "log2_ratio", "p", "p_method", "q", "profile"),
    *("induced", "induced_expected", "induced_sd", "induced_z"),
)


@dataclass(frozen=True)
class Profiles:
    """The networks of several files, by the files' names, and the table of their motifs.

    `table` has the columns of `motifs.profile` besides `file` and its `layout`; `p` and `q`, normal
    approximations as `p_method` says; `calibrated`: whether p means what it says, as on support
    `all` only. Its `base_layer` is -1 for the sum over base layers.
    """

    wirings: dict[str, Wiring]
    table: "pd.DataFrame"


def of_files(
    paths: Sequence[Path],
    *,
    layout: str | None = None,
    threshold: float = 0.0,
    orders: Sequence[int] = (2, 3),
    supports: Sequence[str] = ("all", "live"),
    by_layer: bool = False,
) -> Profiles:
    """The profiles of all networks of some files under the null `layered`.

    **Arguments:** `layout` and `threshold` as in `wirings.read`; `by_layer` adds a row for each
    base layer to that for their sum.

    **Errors:** UserError as in `wirings.read`, for a file named twice, and for networks so large
    that their counts might not be exact.
    """
    import pandas as pd

    read: dict[str, Wiring] = {}
    tables = []
    for path in paths:
        name = str(path)
        if name in read:
            raise UserError(f"'{printable(name)}' is named twice. Name each file once.")
        read[name] = wirings.read(path, layout, threshold)
        try:
            table = motifs.profile(read[name].graph, supports=supports, orders=orders)
        except (OverflowError, MemoryError) as error:
            raise UserError(
                f"'{printable(name)}': {error or 'memory does not suffice'}. Give fewer --order, "
                "lower ones, or smaller networks."
            ) from None
        tables.append(table if by_layer else table[table["base_layer"] == motifs.TOTAL])
        tables[-1] = tables[-1].assign(file=name, layout=read[name].layout or "edge list")
    whole = pd.concat(tables, ignore_index=True)
    whole = whole.rename(columns={"p_normal": "p", "q_normal": "q"})
    whole = whole.assign(p_method="normal", calibrated=whole["support"] == "all")
    return Profiles(read, whole[list(_FIELDS)])


def as_json(table: "pd.DataFrame") -> str:
    """An array of one object for each row, a line each; what is undefined is null."""
    columns = [[_plain(value) for value in table[name].tolist()] for name in table.columns]
    rows = (dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True))
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in rows) + "\n]"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(table: "pd.DataFrame") -> str:
    """The table as CSV; what is undefined is empty."""
    return table.assign(file=table["file"].map(printable)).to_csv(index=False)


def show(profiles: Profiles) -> None:
    """The table for a terminal, the files it is of above it, what it means below."""
    for line in told(profiles):
        terminal.console.print(escape(line), soft_wrap=True)
    table = _rich(*summary(profiles.table))
    unbounded = terminal.console.options.update(max_width=10**4)
    if Measurement.get(terminal.console, unbounded, table).maximum > terminal.console.width:
        table = _rich(*summary(profiles.table, beside=False))
    terminal.console.print(table)
    for line in explained(profiles):
        terminal.console.print(escape(line), soft_wrap=True)


def _rich(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(
        title="Motifs", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), collapse_padding=True
    )
    for head in heads:
        text = head in ("motif", "file", "support")
        # A name that is cut short is no name: a file's is folded, numbers keep their width.
        table.add_column(
            escape(head.replace("log2 ", "log2\n").replace(" | ", "\n")),
            justify="left" if text else "right",
            no_wrap=head != "file",
            min_width=10 if head == "file" else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def told(profiles: Profiles) -> list[str]:
    """A line for each file and each of its notes: its networks, layout, layers, edges."""
    lines = []
    for name, wiring in profiles.wirings.items():
        edges = edge_counts(wiring.graph)
        networks = f"{len(edges)} network" + "s" * (len(edges) > 1)
        layout = f"layout {wiring.layout}" if wiring.layout else "edge list"
        nodes = "-".join(map(str, node_counts(wiring.graph)))
        counts = ", ".join(_range(layer) for layer in edges.T.tolist())
        lines.append(f"{printable(name)}: {networks}, {layout}; nodes {nodes}; edges {counts}")
        lines += [f"  note: {note}" for note in wiring.notes]
    return lines


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def explained(profiles: Profiles) -> list[str]:
    """What the numbers mean."""
    several = profiles.table.groupby("file")["network"].nunique().max() > 1
    means = "Of several networks: means, for z ± standard deviation over networks."
    return [*EXPLAINED, *([means] if several else [])]


def summary(table: "pd.DataFrame", *, beside: bool = True) -> tuple[list[str], list[list[str]]]:
    """The headings and rows of the short table, supports `beside` each other or row by row."""
    by = ["motif", "order"]
    by += ["base_layer"] if table["base_layer"].nunique() > 1 else []
    by += ["file"] if table["file"].nunique() > 1 else []
    by += [] if beside else ["support"]
    rank = {motif: place for place, motif in enumerate(dict.fromkeys(table["motif"]))}
    ranks = table["motif"].map(rank)
    table = table.assign(rank=ranks).sort_values(["rank", "base_layer"])  # stable: by file
    supports = list(dict.fromkeys(table["support"]))
    heads = ["base layer" if name == "base_layer" else name for name in by]
    heads += (
        [f"{_TITLES[n]} | {s}" for s in supports for n in _SHOWN] if beside else _TITLES.values()
    )
    rows = []
    for values, group in table.groupby(by, sort=False):
        named = dict(zip(by, values, strict=True))
        if named.get("base_layer") == motifs.TOTAL:
            named["base_layer"] = "sum"
        row = [printable(str(value)) for value in named.values()]
        for support in supports if beside else [named["support"]]:
            row += _cells(group[group["support"] == support])
        rows.append(row)
    return heads, rows


def _cells(group: "pd.DataFrame") -> Iterable[str]:
    """Count, expected, z and log2 ratio of one network, or of several in short."""
    z = group["z"].dropna()
    spread = f" ± {z.std():.1f}" if len(z) > 1 else ""
    fewer = f" (n={len(z)})" if 0 < len(z) < len(group) else ""
    count = group["count"].mean()
    yield f"{count:,.0f}" if count == round(count) else f"{count:,.1f}"
    yield _number(group["expected"].mean())
    yield f"{z.mean():+.1f}{spread}{fewer}" if len(z) else UNDEFINED
    ratio = group["log2_ratio"].mean()
    yield f"{ratio:+.2f}" if ratio == ratio else UNDEFINED


def _number(value: float) -> str:
    if value >= 10 or value == 0:
        return f"{value:,.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.1g}"


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Motif profile</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
div { overflow-x: auto } table { border-collapse: collapse }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8885 }
th:first-child, td:first-child { text-align: left }
</style>
<h1>Motif profile</h1>
<ul>{% for line in told %}<li>{{ line }}</li>
{% endfor %}</ul>
<div><table>
<thead><tr>{% for head in heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{% for line in explained %}<p>{{ line }}</p>
{% endfor %}</html>
"""


def write_html(profiles: Profiles, path: Path) -> None:
    """Write the short table and what it means as one page that needs no other file."""
    from jinja2 import Environment

    page = Environment(autoescape=True).from_string(_PAGE)
    heads, rows = summary(profiles.table)
    html = page.render(told=told(profiles), heads=heads, rows=rows, explained=explained(profiles))
    files.write(path, html.encode())

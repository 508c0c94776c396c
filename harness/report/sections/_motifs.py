"""Which motifs there are more and fewer of than the null explains."""

import pandas as pd
from markupsafe import Markup

from harness.motifs import classes, drawing
from harness.report import _summaries, charts
from harness.report.pages.parts import Column, Drawings, Figure, Part, Section, Table, pruned
from harness.report.sections._levels import at_a_level
from harness.report.sections._report import NOTHING, Report

_MOTIF_COLUMNS = (
    Column("motif", "motif", "text"),
    Column("support", "nodes", "text"),
    Column("count", "count"),
    Column("expected", "expected"),
    Column("log2_ratio", "log2 ratio", note="mean log2(count/expected)"),
    Column("z", "mean z"),
    Column("z_low", "from", note="lower end of the 95 % interval of mean z"),
    Column("z_high", "to", note="upper end of the 95 % interval of mean z"),
    Column("positive", "z > 0", note="networks with z above 0"),
    Column("n", "n", note="units"),
    Column("unit", "unit", "text"),
    Column("p", "p", note="two-sided, of the procedure that gives the interval"),
    Column("attainable", "attainable p", note="the smallest p that so many units can give"),
    Column("q", "q", note="p of a mean z of 0, Benjamini-Hochberg over classes"),
    Column("verdict", "verdict", "text"),
)


def motifs(report: Report) -> Section:
    """z and log2(count/expected) of every motif against density, and tables at one level."""
    data = report.data
    table = report.by_density
    if table.empty:
        return Section("motifs", "Motifs", [NOTHING])
    lead = [
        "z says how sure a departure from the null is, log2(count/expected) how large. Towards "
        "density 1 z is that of a nearly complete graph; at density 1 it is undefined."
    ]
    parts: list[Part] = [*_drawings(report.motifs)]
    for statistic, title in (("z", "z"), ("log2_ratio", "log2(count/expected)")):
        parts += _motif_figures(report, table, statistic, title)
    parts += at_a_level(report)
    columns = list(_MOTIF_COLUMNS)
    if len(data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    parts.append(
        Table(
            "significance",
            f"Motifs at {pruned(report.density)}: median counts over networks, mean z "
            "over units with its 95 % interval.",
            report.significance,
            columns,
            sortable=True,
        )
    )
    layers = _summaries.by_base_layer(data, report.density)
    if len(layers):
        names = [str(name) for name in layers]
        shown = [Column(name, name) for name in names if name.startswith("from layer")]
        keys = ("condition", "support", "motif")[len(data.conditions) < 2 :]
        named = [Column(key, "nodes" if key == "support" else key, "text") for key in keys]
        caption = (
            f"Mean z by the layer of the motif's first nodes, at {pruned(report.density)}. The "
            "moments are those of each base layer alone."
        )
        parts.append(Table("motifs_by_layer", caption, layers, [*named, *shown], sortable=True))
    return Section("motifs", "Motifs", lead, parts=parts)


def _drawings(shown: list[str]) -> list[Drawings]:
    """What the names mean. Classes that the harness does not know have no drawing."""
    known = [motif for order in (2, 3, 4) for motif in classes(order) if motif.name in shown]
    items = [(motif.name, Markup(drawing(motif))) for motif in known]
    title = "The motifs: edges run from each layer to the next, left to right"
    return [Drawings(title, items)] if items else []


def _motif_figures(report: Report, table: pd.DataFrame, statistic: str, title: str) -> list[Figure]:
    """One figure with both supports, or one for each support where conditions are compared."""
    conditions = report.data.conditions
    supports = {"": "all and live nodes"}
    if len(conditions) > 1:
        supports = {"all": "all nodes", "live": "live nodes"}
    chosen = table[table["statistic"] == statistic]
    figures = []
    for support, nodes in supports.items():
        part = chosen[chosen["support"] == support] if support else chosen
        if part.empty:
            continue
        figures.append(
            Figure(
                "_".join(filter(None, ["motif", statistic, support])),
                f"{title} against density, {nodes}",
                f"Lines: mean over networks; bands: quartiles ({report.networks}). Null "
                "`layered`, exact, not induced, summed over layers. All panels share their axes.",
                f"{title} of {len(report.motifs)} motifs against density, a panel each.",
                charts.motifs(part, conditions, report.motifs, statistic=statistic),
                part,
                panel=200,
                longest=report.longest if support else 4,
            )
        )
    return figures

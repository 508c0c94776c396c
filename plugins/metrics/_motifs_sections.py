"""Motifs that are more or less frequent than the null explains: by density and at one level."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from markupsafe import Markup

from harness import motifs, stats
from harness.report import NETWORK, Collection, Column, Figure, Report, Section, Table, heat_map
from harness.report.charts import (
    RULE,
    SHORT,
    band_and_line,
    kept,
    panels_of,
    tooltip_of,
)
from harness.tables.parts import Drawings, Part, pruned
from harness.tables.report import shared
from harness.tables.summaries import at, spread
from harness.tables.units import by_condition, named

from . import _motifs_answer as answer
from . import _motifs_chance as chance
from . import _motifs_nulls as nulls
from . import _motifs_wiring as wiring
from ._motifs_levels import profile_figure
from ._motifs_tables import SUPPORTS, motif_order, summed, trained

UNDECIDED = "undecided"

_COLUMNS = (
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
    Column("p", "p", "p", note="two-sided, from the same procedure as the interval"),
    Column("attainable", "attainable p", "p", note="the smallest p possible with so many units"),
    Column("q", "q", "p", note="p of a mean z of 0, Benjamini-Hochberg over classes"),
    Column("verdict", "verdict", "text"),
)

_LARGE_Z = 80


@shared
def significance_of(report: Report) -> pd.DataFrame:
    """Return the motifs at the level that tables show."""
    return significance(report.data, report.density)


def motif_by_density(data: Collection) -> pd.DataFrame:
    """Mean z and log2(count/expected) with quartiles, by motif, support and density, long."""
    by = ["condition", "support", "order", "motif", "level", "density"]
    whole = summed(data)
    parts = [spread(whole, by, name).assign(statistic=name) for name in ("z", "log2_ratio")]
    return pd.concat(parts, ignore_index=True)


def significance(data: Collection, density: float) -> pd.DataFrame:
    """Motifs at one level: mean z over `n` units with its interval, p and q, and counts.

    `unit` names the units, `positive` counts those with z above 0. One procedure
    (`stats.mean_tests`) gives the interval and `p`, for a mean z of zero; `attainable` is the
    smallest p that n allows. `q` adjusts p (Benjamini and Hochberg) over the classes of one
    condition on one support. `verdict` is "over" or "under" where q < 0.05, "unclear" elsewhere,
    and "undecided" where too few units make p < 0.05 impossible.
    """
    rows = []
    by = ["condition", "support", "order", "motif"]
    chosen = named(data, at(summed(data), density))
    units = by_condition(data)
    for key, group in chosen.groupby(by, sort=False, observed=True):
        unit = units[str(key[0])]
        by_unit = unit.averaged(group.set_index(list(NETWORK))[["z", "log2_ratio"]])
        z = by_unit["z"].to_numpy(dtype=float)
        finite = z[np.isfinite(z)]
        test = stats.mean_test(z)
        ratio = stats.mean_interval(by_unit["log2_ratio"].to_numpy(dtype=float))
        rows.append(
            {
                **dict(zip(by, key, strict=True)),
                "density": group["density"].iloc[0],
                "n": test.n,
                "unit": str(unit),
                "z": test.value,
                "z_sd": float(np.std(finite, ddof=1)) if finite.size > 1 else np.nan,
                "z_low": test.low,
                "z_high": test.high,
                "positive": int((finite > 0).sum()),
                "count": group["count"].median(),
                "expected": group["expected"].median(),
                "log2_ratio": ratio.value,
                "log2_low": ratio.low,
                "log2_high": ratio.high,
                "p": test.p,
                "attainable": test.attainable,
            }
        )
    return _judged(pd.DataFrame(rows))


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return table
    family = table.groupby(["condition", "support"], observed=True)["p"]
    q = family.transform(lambda p: stats.benjamini_hochberg(p.to_numpy(dtype=float)))
    clear = q < 0.05
    signs = np.where(table["z"] > 0, "over", "under")
    testable = table["attainable"] < 0.05
    verdict = np.where(testable & table["p"].notna(), np.where(clear, signs, "unclear"), UNDECIDED)
    return table.assign(q=q, verdict=verdict)


def by_base_layer(data: Collection, density: float) -> pd.DataFrame:
    """Return mean z at one level: one row per motif, one column per base layer."""
    chosen = at(trained(data), density)
    chosen = chosen[chosen["base_layer"] >= 0]
    if chosen.empty:
        return pd.DataFrame(columns=["condition", "support", "motif"])
    table = chosen.pivot_table(
        index=["condition", "support", "order", "motif"],
        columns="base_layer",
        values="z",
        aggfunc="mean",
        observed=True,
        sort=False,
    )
    table = table.reindex(columns=sorted(table.columns))
    return table.rename(columns=lambda layer: f"from layer {layer}").reset_index()


def motifs_chart(
    table: pd.DataFrame,
    conditions: Sequence[str],
    order: Sequence[str],
    *,
    statistic: str = "z",
) -> alt.FacetChart:
    """Mean z, or `statistic="log2_ratio"`, of every motif against density; band: quartiles.

    With one condition the colour is the support; with several it is the condition, and the table
    should hold one support.
    """
    several = len(conditions) > 1
    field, names = ("condition", conditions) if several else ("nodes", [*SUPPORTS])
    chosen = table[table["statistic"] == statistic].assign(nodes=table["support"])
    largest = chosen[["lower", "upper"]].abs().max().max()
    scale = alt.Scale(zero=True)
    axis = alt.Axis(format=".6~g", tickCount=5)
    if statistic == "z" and largest > _LARGE_Z:
        scale = alt.Scale(type="symlog", constant=4)
        steps = [10.0**power for power in range(1, 9) if 10.0**power < 3 * largest]
        axis = alt.Axis(labelExpr=SHORT, values=[*(-step for step in steps), 0, *steps])
    y = alt.Y("mean:Q", title=None, scale=scale, axis=axis)
    title = "mean z" if statistic == "z" else "mean log2(count/expected)"
    tooltip = tooltip_of(
        alt.Tooltip("motif:N"),
        alt.Tooltip("support:N", title="nodes"),
        alt.Tooltip("mean:Q", title=title, format=".3~f"),
        series="condition",
    )
    zero = alt.Chart().mark_rule(color=RULE, strokeWidth=1).encode(y=alt.datum(0))
    chart = band_and_line(chosen, kept(title=""), y, names, field, tooltip, below=[zero])
    return panels_of(chart, order, "motif")


def sections(report: Report) -> list[Section]:
    """Return what the first section says of motifs, and the section on all motifs."""
    if trained(report.data).empty:
        return []
    table = significance_of(report)
    findings = answer.findings(report.data, table)
    first = Section(
        "answer",
        "Motifs",
        findings=findings,
        parts=nulls.figures(report, table),
        verdict=answer.verdict(table),
        short=answer.strongest(
            table[table["support"] == "all"], "layer densities", "`layered`, exact"
        ),
    )
    return [first, _own(report)]


def _own(report: Report) -> Section:
    data = report.data
    table = motif_by_density(data)
    if table.empty:
        return Section("motifs", "Motifs")
    lead = [
        "z says how certain a departure from the null is, log2(count/expected) how large. Near "
        "0 % pruned, z describes a nearly complete graph; at 0 % it is undefined."
    ]
    parts: list[Part] = [*wiring.figures(report), *chance.figures(report)]
    parts += _drawings(motif_order(trained(data)))
    for statistic, title in (("z", "z"), ("log2_ratio", "log2(count/expected)")):
        parts += _figures(report, table, statistic, title)
    families = [one for one in data.families if one.name == "motifs"]
    parts += [
        heat_map(report, one, "motif_z_heatmap") for one in families if one.rows["value"].any()
    ]
    parts += profile_figure(report)
    columns = list(_COLUMNS)
    if len(data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    parts.append(
        Table(
            "significance",
            f"Motifs at {pruned(report.density)}: median counts over networks, mean z "
            "over units with its 95 % interval.",
            significance_of(report),
            columns,
            sortable=True,
        )
    )
    layers = by_base_layer(data, report.density)
    if len(layers):
        names = [str(name) for name in layers]
        shown = [Column(name, name) for name in names if name.startswith("from layer")]
        keys = ("condition", "support", "motif")[len(data.conditions) < 2 :]
        places = [Column(key, "nodes" if key == "support" else key, "text") for key in keys]
        caption = (
            f"Mean z by the layer of the motif's first nodes, at {pruned(report.density)}. Each "
            "base layer has its own moments under the null."
        )
        parts.append(Table("motifs_by_layer", caption, layers, [*places, *shown], sortable=True))
    return Section("motifs", "Motifs", lead, parts=parts)


def _drawings(shown: list[str]) -> list[Drawings]:
    """Draw the motifs shown; classes that the harness does not know have no drawing."""
    known = [motif for order in (2, 3, 4) for motif in motifs.classes(order) if motif.name in shown]
    items = [(motif.name, Markup(motifs.drawing(motif))) for motif in known]
    title = "The motifs: edges run from each layer to the next, left to right"
    return [Drawings(title, items)] if items else []


def _figures(report: Report, table: pd.DataFrame, statistic: str, title: str) -> list[Figure]:
    """Return one figure with both supports, or one per support if there are several conditions."""
    conditions, order = report.data.conditions, motif_order(trained(report.data))
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
                f"{title} by % pruned, {nodes}",
                f"Lines: mean over networks; bands: quartiles ({report.networks}). Null "
                "`layered`, exact, not induced, summed over layers. All panels share their axes.",
                f"{title} of {len(order)} motifs by % pruned, a panel each.",
                motifs_chart(part, conditions, order, statistic=statistic),
                part,
                panel=200,
                longest=report.longest if support else 4,
            )
        )
    return figures

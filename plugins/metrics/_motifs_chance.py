"""The counts of one network on their distributions under the nulls `layered` and `degree`."""

import altair as alt
import numpy as np
import pandas as pd

from harness.report import Figure, Report
from harness.report.charts import SERIES, SHORT
from harness.tables.parts import number, pruned

from ._motifs_example import Example, example_of
from ._motifs_nulls import NULLS

MOST_CLASSES = 6
_REACH, _POINTS = 4.0, 49
"""How many sd from the mean a curve is drawn, and at how many counts."""


def against_chance(example: Example) -> pd.DataFrame:
    """Return the classes that depart most, a row for each null under which their count varies.

    Those of the largest |z| beyond degrees, in this order, or else beyond layer densities.
    """
    columns = ["motif", "null", "count", "expected", "sd", "z"]
    rows = example.rows[columns].astype({"motif": str, "null": str})
    rows = rows[np.isfinite(rows["z"].astype(float)) & (rows["sd"] > 0)]
    beyond = rows[rows["null"] == ("degree" if "degree" in set(rows["null"]) else "layered")]
    order = beyond.sort_values("z", key=abs, ascending=False)["motif"].head(MOST_CLASSES)
    rows = rows[rows["motif"].isin([*order])].assign(null=rows["null"].map(NULLS))
    rank = rows["motif"].map({motif: place for place, motif in enumerate(order)})
    return rows.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """Return normal curves with the mean and sd of each row of `against_chance`, peaks at 1."""
    steps = pd.DataFrame({"step": np.linspace(-_REACH, _REACH, _POINTS)})
    points = table.merge(steps, how="cross")
    return points.assign(
        place=points["expected"] + points["step"] * points["sd"],
        height=np.exp(-(points["step"] ** 2) / 2),
    )


def chart(table: pd.DataFrame) -> alt.FacetChart:
    """Draw a panel for each class: a curve for each null, and a line at the network's count."""
    names = [name for name in NULLS.values() if name in set(table["null"])]
    data = pd.concat([curves(table), table.assign(place=table["count"])], ignore_index=True)
    z = table.assign(shown=table["z"].map(lambda z: number(z, 2)))
    beyond = z.groupby("motif", sort=False)["shown"].agg(" and ".join)
    data = data.assign(panel=[f"{motif}, z\u00a0{beyond[motif]}" for motif in data["motif"]])
    axis = alt.Axis(tickCount=4, labelExpr=SHORT, labelOverlap="greedy")
    scale = alt.Scale(zero=False, nice=False, padding=8)
    base = alt.Chart().encode(x=alt.X("place:Q", title="", scale=scale, axis=axis))
    hue = alt.Color(
        "null:N",
        scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])),
        legend=alt.Legend(title="counts by chance, given", orient="top"),
    )
    by_chance = base.transform_filter("isValid(datum.height)").mark_area(
        line=alt.OverlayMarkDef(strokeWidth=1.5), fillOpacity=0.3
    )
    by_chance = by_chance.encode(y=alt.Y("height:Q", axis=None, stack=None), color=hue)
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("motif", "null")),
        alt.Tooltip("count:Q", title="copies", format=",.0f"),
        alt.Tooltip("expected:Q", title="by chance", format=",.4~g"),
        alt.Tooltip("sd:Q", format=".3~g"),
        alt.Tooltip("z:Q", format=".3~g"),
    ]
    own = base.transform_filter("!isValid(datum.height)").mark_rule(
        strokeWidth=2.5, color="currentColor"
    )
    header = alt.Header(title=None, labelLimit=280, labelAnchor="start")
    facet = alt.Facet("panel:N", sort=list(data["panel"].unique()), header=header)
    layers = alt.LayerChart(data=data, layer=[by_chance, own.encode(tooltip=tooltip)])
    panels = layers.properties(width=230, height=110).facet(facet=facet, columns=3, spacing=18)
    return panels.resolve_scale(x="independent").resolve_axis(x="independent")


def figures(report: Report) -> list[Figure]:
    """Return the figure of the example's counts, where a z is defined."""
    example = example_of(report)
    if example is None:
        return []
    table = against_chance(example)
    drawn = example.rows[example.rows["null"] == "degree"]
    of_draws = f"; under `degree`, of {int(drawn['draws'].max())} draws" if len(drawn) else ""
    return [
        Figure(
            "example_counts",
            f"One network's counts against chance, at {pruned(report.density)}",
            f"{example}. Line: copies in the network, all nodes. Curves: normal, of equal "
            "height, with the mean and sd by chance, because counts of single draws are "
            f"not stored: under `layered`, exact{of_draws}. Counts may be skewed. In titles: z "
            f"beyond {' and beyond '.join(table['null'].unique())}. Horizontal: copies; axes "
            "differ.",
            f"Counts of {table['motif'].nunique()} classes in one network beside their mean and "
            "standard deviation by chance; the data have the values.",
            chart(table),
            table,
            panel=230,
            axis=10,
            longest=24,
        )
    ]

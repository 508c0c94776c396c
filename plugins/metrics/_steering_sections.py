"""Paths that one network steers, dense and pruned, beside those that it should follow."""

import altair as alt
import pandas as pd

from harness.report import Figure, Report, Section
from harness.report.charts import SERIES
from harness.tables.parts import counted, listed, numbers, percent_pruned, pruned
from harness.tables.summaries import last_of_equal, nearest
from harness.tables.units import named

TARGET = "path to follow"


def example(table: pd.DataFrame, density: float) -> pd.DataFrame:
    """Return the rows of one network: the one that misses by the median at the chosen level.

    `table` has one condition. What counts is the mean distance at the ends of its paths.
    """
    chosen = table[table["density"] == nearest(list(table["density"].unique()), density)]
    ends = chosen[chosen["point"] == chosen["point"].max()]
    missed = ends.groupby(["trial", "network"], observed=True)["missed"].mean().reset_index()
    far = (missed["missed"] - missed["missed"].median()).abs().fillna(float("inf"))
    one = missed.iloc[int(far.argmin())]
    return table[(table["trial"] == one["trial"]) & (table["network"] == one["network"])]


def lines(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the points of every line drawn: for each path the target, and one for each level.

    `missed` is the distance from the target, which is 0 on the target itself.
    """
    first = rows[rows["level"] == rows["level"].min()]
    places = {"x": first["target_x"], "y": first["target_y"], "missed": 0.0}
    every = pd.concat([first.assign(line=TARGET, **places), rows.assign(line=_name(rows))])
    names = ["line", "path", "point", "x", "y", "missed", "unit", "density"]
    return every[names].reset_index(drop=True)


def _name(rows: pd.DataFrame) -> "pd.Series[str]":
    return rows["density"].map(lambda density: pruned(float(density)))


def chart(table: pd.DataFrame) -> alt.FacetChart:
    """Draw a panel for each path: the target dashed with a ring at its end, a line for each level.

    Both axes of a panel span the same length, so that distances compare. `table` is the result of
    `lines`.
    """
    unit, last = table["unit"].iloc[0], int(table["point"].max())
    names = list(dict.fromkeys(table["line"]))
    data = _framed(table.assign(panel=[f"path {path + 1}" for path in table["path"]]))
    scale = alt.Scale(zero=False, nice=False, padding=14)
    axis = alt.Axis(tickCount=4, grid=True)
    hue = alt.Color(
        "line:N",
        scale=alt.Scale(domain=names, range=["currentColor", *SERIES[: len(names) - 1]]),
        legend=alt.Legend(title=None, orient="top"),
    )
    tooltip = [
        alt.Tooltip("line:N"),
        alt.Tooltip("point:Q", title="after steps"),
        alt.Tooltip("missed:Q", title=f"from the target, {unit}", format=".3~g"),
    ]
    base = alt.Chart().encode(
        x=alt.X("x:Q", title=f"across, {unit}", scale=scale, axis=axis),
        y=alt.Y("y:Q", title=f"upwards, {unit}", scale=scale, axis=axis),
        color=hue,
    )
    target = f"datum.line === '{TARGET}'"
    flown = base.transform_filter(f"!({target})").mark_line(strokeWidth=1.75)
    wanted = base.transform_filter(target).mark_line(strokeWidth=2, strokeDash=[5, 4])
    points = base.mark_point(filled=True, size=24, opacity=1).encode(tooltip=tooltip)
    ends = base.transform_filter(f"{target} && datum.point === {last}")
    order = alt.Order("point:Q")
    frame = alt.Chart().mark_rect(opacity=0)
    layers = [
        frame.encode(x="left:Q", x2="right:Q", y="low:Q", y2="high:Q"),
        wanted.encode(order=order),
        flown.encode(order=order),
        points,
        ends.mark_point(size=170, strokeWidth=2),
    ]
    header = alt.Header(title=None, labelAnchor="start")
    facet = alt.Facet("panel:N", sort=list(data["panel"].unique()), header=header)
    panels = alt.LayerChart(data=data, layer=layers, width=230, height=230)
    return panels.facet(facet=facet, columns=4, spacing=18).resolve_scale(
        x="independent", y="independent"
    )


def _framed(data: pd.DataFrame) -> pd.DataFrame:
    """Add the sides of a square around all lines of each panel."""
    places = data.groupby("panel")[["x", "y"]]
    least, most = places.min(), places.max()
    middle, half = (least + most) / 2, (most - least).max(axis=1) / 2
    sides = {"left": middle["x"] - half, "right": middle["x"] + half}
    sides |= {"low": middle["y"] - half, "high": middle["y"] + half}
    return data.assign(**{side: data["panel"].map(at) for side, at in sides.items()})


def sections(report: Report) -> list[Section]:
    """Return the section on what networks steer."""
    table = report.data.table("steering")
    if table.empty:
        return []
    condition = next(one for one in report.data.conditions if one in set(table["condition"]))
    table = last_of_equal(table[table["condition"] == condition])
    ends = table[table["point"] == table["point"].max()]
    unit, steps = ends["unit"].iloc[0], int(ends["point"].max())
    medians = ends.groupby("density", observed=True)["missed"].median().iloc[::-1]
    missed = zip(numbers(medians), medians.index, strict=True)
    shares = [f"{median} at {pruned(float(density))}" for median, density in missed]
    networks = len(ends.drop_duplicates(["trial", "network"]))
    rows = example(table, report.density)
    drawn = lines(rows)
    paths = counted(int(rows["path"].nunique()), "path")
    lead = (
        f"After {counted(steps, 'step')} along {paths}, networks under {condition} are off their "
        f"target by a median of {listed(shares)}, in {unit} (n\u00a0=\u00a0{networks})."
    )
    levels = [percent_pruned(float(density)) for density in rows["density"].unique()]
    one = named(report.data, rows).iloc[0]
    figure = Figure(
        "steering",
        f"Where one network steers, {listed(levels)} pruned",
        f"n\u00a0=\u00a01: network {one['network']} of data seed {one['data_seed']} under "
        f"{condition}, the one with the median miss at {pruned(report.density)}. Dashed, with a "
        f"ring at its end: the {paths} to follow, the same at every level. Dots: after each step; "
        "the network gets where it has come and where it should come next. Both axes of a panel "
        f"span the same length, in {unit}; panels differ.",
        f"{paths} to follow and the paths taken; the data have every point.",
        chart(drawn),
        drawn,
        panel=230,
        axis=48,
        longest=16,
    )
    return [Section("steering", "Steering", [lead], parts=[figure])]

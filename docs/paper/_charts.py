"""The figures of the paper, drawn from committed tables with the pieces that reports use."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
from _tables import Reports

from harness.report.charts import RULE, SERIES
from harness.report.pages import rendering, vega
from harness.tables.parts import Figure

FONT = "'TeX Gyre Heros', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
NULLS = {"layered": "beside random edges (layered)", "degree": "beside equal degrees (degree)"}
_STRENGTH, _COURSE = (0.4, 4000.0), (0.2, 200.0)  # ends of the axes of root mean square z
_BLUE, _ORANGE, _GREEN, _GREY = SERIES[0], SERIES[1], SERIES[2], "#6b747c"


def charts(reports: Reports) -> dict[str, str]:
    """Return the figures as SVG, by name."""
    made = {
        "motifs": motifs(reports),
        "strength": alt.vconcat(starts(reports), pruners(reports), spacing=16).resolve_scale(
            color="independent", shape="independent"
        ),
        "course": course(reports),
    }
    return {name: _svg(name, chart) for name, chart in made.items()}


def motifs(reports: Reports) -> alt.HConcatChart:
    """Draw z and excess of each class in networks pruned as published, under both nulls."""
    table = reports.rows("published", "motifs_by_null", ensemble="published", support="all")
    layered = table[table["null"] == "layered"].sort_values("z", ascending=False)
    order = layered["motif"].tolist()
    table = table.assign(beside=table["null"].map(NULLS))
    for end in ("log2_ratio", "ratio_low", "ratio_high"):
        table[f"{end}_percent"] = 100 * (2 ** table[end] - 1)
    shown, fixed = table[table["n"] > 0], table[table["n"] == 0]
    y = alt.Y("motif:N", sort=order, title=None, axis=alt.Axis(grid=True, labelFont=FONT))
    z = _dots(shown, y, ("z", "low", "high"), "z")
    percent = [f"{one}_percent" for one in ("log2_ratio", "ratio_low", "ratio_high")]
    excess = _dots(
        shown, y.axis(alt.Axis(labels=False, grid=True)), percent, "count above expectation, %"
    )
    # The word stands beside the zero, where a symbol would be.
    text = alt.Chart(fixed).mark_text(align="left", dx=4, fontSize=8.5, color=_ORANGE)
    text = text.encode(x=alt.datum(0), y=y, yOffset=_offset(), text=alt.value("fixed"))
    panels = [alt.layer(_zero(0), *one).properties(width=119, height=270)
              for one in ([*z, text], excess)]  # fmt: skip
    return alt.hconcat(*panels, spacing=16)


def starts(reports: Reports) -> alt.LayerChart:
    """Draw strength of the profile by start and decay, under both nulls."""
    table = reports.table("training", "strength_by_start")
    decays = {"none": "without weight decay", "early": "early weight decay"}
    outcomes = {"strength": "null layered", "beyond_degrees": "null degree"}
    table = table.assign(
        decay=table["early_decay"].map(decays), beside=table["outcome"].map(outcomes)
    )
    order = sorted(table["start"].unique(), key=lambda name: (name == "Glorot", name))
    colour = _colour("decay", list(decays.values()), (_BLUE, _ORANGE), columns=1)
    shape = alt.Shape(
        "beside:N",
        scale=alt.Scale(domain=list(outcomes.values()), range=["circle", "square"]),
        legend=_legend(1),
    )
    y = alt.Y("start:N", sort=order, title=None, axis=alt.Axis(grid=True))
    x, low = (_log(field, "root mean square z", _STRENGTH) for field in ("value", "low"))
    offset = alt.YOffset("decay:N", sort=list(decays.values()))
    base = alt.Chart(table).encode(y=y, yOffset=offset, color=colour)
    rule = base.mark_rule(strokeWidth=1.6).encode(x=low, x2="high:Q")
    points = base.mark_point(filled=True, size=42, opacity=1).encode(x=x, shape=shape)
    return alt.layer(_zero(1), rule, points).properties(width=205, height=138)


def pruners(reports: Reports) -> alt.LayerChart:
    """Draw strength of the profile by pruner, coloured by its family."""
    table = reports.rows("pruners", "ranking", panel="motif strength (rms z)")
    order = table.sort_values("value", ascending=False)["condition"].tolist()
    families = ["at initialisation", "by criterion", "while training", "control"]
    colour = _colour("family", families, (_GREEN, _BLUE, SERIES[3], _GREY), columns=2)
    y = alt.Y("condition:N", sort=order, title=None, axis=alt.Axis(grid=True, labelLimit=130))
    base = alt.Chart(table).encode(y=y, color=colour)
    x = _log("value", "root mean square z", _STRENGTH)
    points = base.mark_point(filled=True, size=42, opacity=1, shape="circle").encode(x=x)
    return alt.layer(_zero(1), points).properties(width=205, height=240)


def course(reports: Reports) -> alt.FacetChart:
    """Draw the strength of would-be masks over training, a line for each network."""
    table = reports.table("time-course", "curves")
    panels = {
        "Glorot, magnitude": "Glorot start", "published-like, magnitude": "published-like start",
    }  # fmt: skip
    table = table[table["panel"].isin(panels)].assign(panel=table["panel"].map(panels))
    # Two moments at one step: before a pruning and after it.
    twice = table[table.duplicated(["panel", "data_seed", "trained"])]["trained"]
    table = table.assign(thousand=table["trained"] / 1000, first=twice.min() / 1000)
    x = alt.X("thousand:Q", title="steps trained, thousand", axis=alt.Axis(tickCount=4))
    y = _log("strength", "root mean square z", _COURSE, alt.Y)
    lines = alt.Chart().mark_line(strokeWidth=0.6, opacity=0.45, color=_BLUE)
    lines = lines.encode(x=x, y=y, detail="data_seed:N")
    thick = alt.Chart().mark_line(strokeWidth=2, color=_ORANGE)
    thick = thick.encode(x=x, y=alt.Y("median(strength):Q"))
    begin = alt.Chart().mark_rule(strokeDash=[3, 3], color=RULE).encode(x="min(first):Q")
    drawn = alt.layer(begin, lines, thick, data=table).properties(width=134, height=120)
    header = alt.Header(title=None, labelAnchor="start", labelFontSize=10, labelFontWeight=600)
    return drawn.facet(column=alt.Column("panel:N", sort=list(panels.values()), header=header,
                                         spacing=10))  # fmt: skip


def _dots(table: pd.DataFrame, y: alt.Y, ends: Sequence[str], title: str) -> list[alt.Chart]:
    value, low, high = ends
    colour = _colour("beside", list(NULLS.values()), (_BLUE, _ORANGE), columns=1)
    base = alt.Chart(table).encode(y=y, yOffset=_offset(), color=colour)
    rule = base.mark_rule(strokeWidth=1.6).encode(x=alt.X(f"{low}:Q", title=title), x2=f"{high}:Q")
    shape = alt.Shape(
        "beside:N",
        scale=alt.Scale(domain=list(NULLS.values()), range=["circle", "square"]),
        legend=_legend(1),
    )
    points = base.mark_point(filled=True, size=38, opacity=1)
    return [rule, points.encode(x=alt.X(f"{value}:Q", title=title), shape=shape)]


def _offset() -> alt.YOffset:
    return alt.YOffset("null:N", sort=list(NULLS))


def _zero(at: float) -> alt.Chart:
    rule = alt.Chart(pd.DataFrame({"at": [at]})).mark_rule(color=RULE, strokeWidth=1)
    return rule.encode(x="at:Q")


def _log(field: str, title: str, ends: tuple[float, float], axis: Any = alt.X) -> Any:
    scale = alt.Scale(type="log", domain=list(ends), nice=False)
    ticks = alt.Axis(values=[1, 10, 100, 1000], grid=axis is alt.Y, format="~s")
    return axis(f"{field}:Q", title=title, scale=scale, axis=ticks)


def _legend(columns: int = 0) -> alt.Legend:
    return alt.Legend(title=None, orient="top", symbolSize=45, columns=columns)


def _colour(field: str, names: list[str], range_: Sequence[str], columns: int = 0) -> alt.Color:
    scale = alt.Scale(domain=names, range=list(range_[: len(names)]))
    return alt.Color(f"{field}:N", scale=scale, title=None, legend=_legend(columns))


def _svg(name: str, chart: Any) -> str:
    """Return a chart as SVG in the style of reports, without their title and caption."""
    figure = Figure(name, "", "", "", chart, pd.DataFrame())
    spec = vega.for_file(figure)
    del spec["title"]
    small = {"labelFontSize": 9.5, "titleFontSize": 9.5, "labelColor": "#1c1f23"}
    config = spec["config"]
    config["font"] = FONT
    config["axis"] = config["axis"] | small | {"titleColor": "#565e67", "titlePadding": 5}
    config["legend"] = config["legend"] | {
        "labelFontSize": 9.5, "offset": 6, "columnPadding": 10, "symbolStrokeWidth": 1,
    }  # fmt: skip
    config["legend"].pop("columns", None)
    config["padding"] = 0
    svg, _ = rendering.drawn(name, spec, vega.VEGA_LITE)
    return svg

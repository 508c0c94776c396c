"""The chart of ratios: how often each class is there, beside what random networks have."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness import motifs
from harness.motif_profiles._effects import LEVEL, Effects, is_fixed
from harness.motif_profiles._words import SHORT_NULLS
from harness.report.charts import RULE, SERIES, symbols
from harness.report.glyphs import ROOM, glyphs, rows_of
from harness.tables.parts import Figure, listed

MOST_CLASSES, MOST_SERIES = 16, 4
"""A chart shows so many classes, and so many files and nulls."""
_ROW, _NAME = 29, 104  # pixels: the height of a class, and the width of its name
_LEAST = 1 / 64
"""The axis begins here at the latest: a ratio or an end of 0 has no place on it."""


_VERDICTS = {1: "more frequent", -1: "less frequent", 0: "not shown to differ"}


def _verdicts(one: Effects) -> list[str]:
    """Return in words what q says of each class."""
    words = [
        _VERDICTS[differs] if one.calibrated else "no valid test"
        for differs in one.classes["differs"]
    ]
    fixed = is_fixed(one.classes)
    return ["fixed by the null" if same else word for same, word in zip(fixed, words, strict=True)]


def table_of(found: Sequence[Effects], names: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each class beside each null, with its verdict in words."""
    parts = []
    for one in found:
        labels = [names[one.file]] * (len({other.file for other in found}) > 1)
        labels += [SHORT_NULLS[one.null]] * (len({other.null for other in found}) > 1 or not labels)
        part = one.classes.assign(
            file=names[one.file], null=one.null, series=", ".join(labels), verdict=_verdicts(one)
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def chosen(table: pd.DataFrame) -> list[str]:
    """Return the classes to draw, the largest ratio first: whole orders if they fit, else some.

    Of a lowest order with too many classes, those that differ come first, by the ratio.
    """
    table = table[_placed(table)]
    first = table.drop_duplicates("motif")
    names: list[str] = []
    for _, rows in first.groupby("order"):
        if len(names) + len(rows) <= MOST_CLASSES:
            names += rows["motif"].tolist()
        elif not names:
            with np.errstate(divide="ignore"):
                size = np.abs(np.log(rows["ratio"].to_numpy(dtype=float)))
            rows = rows.assign(size=size, same=rows["differs"] == 0)
            rows = rows.sort_values(["same", "size"], ascending=[True, False], kind="stable")
            names = rows["motif"].head(MOST_CLASSES).tolist()
    kept = first[first["motif"].isin(names)]
    return kept.sort_values("ratio", ascending=False, kind="stable")["motif"].tolist()


def _placed(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which classes have a place in the chart: those that vary, and those never drawn."""
    varies = (table["sd"] > 0) & table["null_high"].notna() & table["ratio"].notna()
    return varies | np.isinf(table["ratio"])


def figure(name: str, title: str, table: pd.DataFrame, order: Sequence[str]) -> Figure | None:
    """Return the chart of some classes, or None where no class varies."""
    series = list(dict.fromkeys(table["series"]))[:MOST_SERIES]
    data = table[table["series"].isin(series) & table["motif"].isin(list(order)) & _placed(table)]
    if data.empty:
        return None
    fixed = table[is_fixed(table)].groupby("series", sort=False)["motif"].agg(list)
    same = [
        f" Without a dot: {listed(who)}, whose count the null fixes ({of})."
        for of, who in fixed.items()
    ]
    drawn = int(_placed(table).sum())
    some = f" Drawn: {len(order)} patterns; the tables have all." if drawn > len(data) else ""
    return Figure(
        name,
        title,
        f"Dots: copies over expected copies, filled where q ≤ {LEVEL}. Bars: where 95\u00a0% of "
        "random networks lie, by the null's mean and sd. At 1, as many as expected."
        f"{_spread(data)}{_names(order)}{''.join(same)}{some}",
        f"Ratio of observed to expected copies of {len(order)} classes beside the central 95 % of "
        "random networks; the data have the values.",
        chart(data, series, order),
        data,
        axis=_NAME + ROOM,
        longest=max(map(len, series)),
    )


def _spread(data: pd.DataFrame) -> str:
    """Explain the lines of several networks, if there are any."""
    lines = (
        " Lines: from the least to the largest ratio of single networks; bars are of one network."
    )
    return lines if (data["least"] < data["most"]).any() else ""


def _names(order: Sequence[str]) -> str:
    """Explain names of triads, if there are any."""
    names = " Names: the census of triads; drawings show their arrows."
    return names if any(name in motifs.TRIADS for name in order) else ""


def chart(data: pd.DataFrame, series: Sequence[str], order: Sequence[str]) -> alt.LayerChart:
    """Draw a row for each class with its drawing, a colour for each file or null."""
    low, high = _ends(data)
    inside = data["ratio"].clip(low, high)
    beyond = np.select([data["ratio"] < low, data["ratio"] > high], ["below", "above"], "")
    data = data.assign(
        ratio=inside, ratio_exact=data["ratio"].replace(np.inf, np.nan), beyond=beyond, cut=False
    )
    data = data.assign(start=data["null_low"].clip(low), end=data["null_high"].clip(upper=high))
    data = data.assign(least=data["least"].clip(low, high), most=data["most"].clip(low, high))
    rows = rows_of(order, longest=_NAME)
    hue = alt.Scale(domain=list(series), range=list(SERIES[: len(series)]))
    legend = alt.Legend(title="random networks with", orient="top", symbolOpacity=1)
    base = alt.Chart().encode(y=rows, color=alt.Color("series:N", scale=hue, legend=legend))
    if len(series) > 1:
        offset = alt.YOffset("series:N", sort=list(series), scale=alt.Scale(paddingOuter=0.35))
        base = base.encode(yOffset=offset)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(values=_ticks(low, high), format="~g", grid=True, labelOverlap="greedy")
    ratio = alt.X("ratio:Q", title="observed / expected copies (log scale)", scale=scale, axis=axis)

    def at(field: str) -> alt.X:
        moved = ratio.copy()
        moved.shorthand = f"{field}:Q"
        return moved

    width = 12 if len(series) == 1 else 16 / len(series)
    bars = (
        base.transform_filter("isValid(datum.end)")
        .mark_rule(strokeWidth=width, opacity=0.3)
        .encode(x=at("start"), x2="end:Q")
    )
    spread = base.mark_rule(strokeWidth=1.5).encode(x=at("least"), x2="most:Q")
    filled = alt.condition("datum.differs != 0", alt.value(1), alt.value(0))
    fill = alt.Fill("series:N", scale=hue, legend=legend)
    dots = base.encode(x=ratio, fill=fill, fillOpacity=filled)
    points = symbols(dots, data, _tooltip(), sideways=True, size=60, strokeWidth=1.8, opacity=1)
    one = alt.Chart().mark_rule(color=RULE).encode(x=alt.datum(1))
    layers = [one, bars, spread, *points, glyphs(rows, order)]
    return alt.LayerChart(data=data, layer=layers).properties(height=_ROW * len(order))


def _ends(data: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis: 1 and all ratios and bands, from `_LEAST` on."""
    columns = ["ratio", "null_low", "null_high", "least", "most"]
    values = data[columns].to_numpy(dtype=float).ravel()
    values = np.append(values[np.isfinite(values) & (values >= _LEAST)], 1.0)
    cut = bool((data[["ratio", "null_low"]] < _LEAST).any(axis=None))
    low, high = float(values.min()), float(values.max())
    room = (high / low) ** 0.04
    return (min(low / room, 0.5) if cut else low / room), high * room


def _ticks(low: float, high: float) -> list[float]:
    """Return about five numbers for an axis: powers of 10 or 2, or evenly spaced ones."""
    for base, least in ((10.0, 300.0), (2.0, 5.0)):
        if high / low > least:
            powers = range(-9, 10) if base == 2 else range(-3, 9)
            return [base**power for power in powers if low <= base**power <= high]
    rough = (high - low) / 5
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * min((1, 2, 5, 10), key=lambda times: abs(times * unit - rough))
    return [float(f"{step * n:.6g}") for n in range(int(np.ceil(low / step)), int(high / step) + 1)]


def _tooltip() -> list[alt.Tooltip]:
    return [
        *(alt.Tooltip(f"{name}:N") for name in ("motif", "file", "null", "verdict")),
        alt.Tooltip("count:Q", title="copies", format=",.4~g"),
        alt.Tooltip("expected:Q", format=",.4~g"),
        alt.Tooltip("ratio:Q", title="observed / expected", format=".4~g"),
        alt.Tooltip("null_low:Q", title="95 % of random networks from", format=".4~g"),
        alt.Tooltip("null_high:Q", title="to", format=".4~g"),
        alt.Tooltip("z:Q", format="+.3~g"),
        alt.Tooltip("q:Q", format=".2~g"),
    ]

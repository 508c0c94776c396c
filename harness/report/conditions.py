"""Outcomes of networks by condition, for the page of a study: means, paired differences, verdicts.

A frame of outcomes has one row a replicate: columns that name its condition, `data_seed`, and one
column for each outcome.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import stats
from harness.report import charts, legible
from harness.tables.collection import NETWORK, RunTables
from harness.tables.parts import Column, Figure, Table, numbers, with_ends
from harness.tables.units import Units, units_of

BEYOND, WITHIN, OPEN = "beyond the margin", "within the margin", "open"
"""The verdicts on a difference: its interval lies outside the margin, inside, or neither."""

INTERVAL = (Column("low", "from", note="95 %"), Column("high", "to", note="95 %"))


def log2(values: "pd.Series[float]") -> Float[np.ndarray, " rows"]:
    """Return log2 of values; NaN where one is not positive."""
    plain = values.to_numpy(dtype=float)
    return np.log2(plain, out=np.full(plain.shape, np.nan), where=plain > 0)


def networks(run: RunTables, levels: pd.DataFrame) -> pd.DataFrame:
    """Return what identifies the network of each row of `levels`, and its `loss`.

    The columns are `trial`, those of `NETWORK`, `version` of results, and validation loss as a
    share of that of the best constant predictor. The index is that of `levels`.
    """
    version = run.trials().set_index("trial")["version"]
    return levels[["trial", "data_seed", "network"]].assign(
        seed=int(run.experiment["seed"]),
        version=levels["trial"].map(version).fillna(0),
        loss=levels["validation_loss"].astype(float) / levels["constant_loss"].astype(float),
    )


def sound(levels: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the trials in which no network diverged."""
    return levels[~levels["trial"].isin(levels.loc[levels["diverged"].astype(bool), "trial"])]


def units(found: pd.DataFrame) -> Units:
    """Return what counts as one replicate, where conditions share their networks' numbers."""
    return units_of(found.drop_duplicates(list(NETWORK)))


def strength(rows: pd.DataFrame, *by: str) -> "pd.Series[float]":
    """Return the root mean square of z over classes where z is finite: a network's strength.

    `by` are the columns that name a network, "trial" if there are none.
    """
    z = rows["z"].astype(float)
    squares = z.where(np.isfinite(z)) ** 2
    keys = [rows[one] for one in by or ("trial",)]
    return squares.groupby(keys if len(keys) > 1 else keys[0]).mean() ** 0.5


def means(
    found: pd.DataFrame, by: Sequence[str], outcomes: Sequence[str], *, geometric: bool = False
) -> pd.DataFrame:
    """Return means by condition with 95 % intervals: columns `by`, `outcome`, `n`, `value`,
    `low`, `high`.

    Geometric means are means of log2, turned back.
    """
    rows = []
    for place, part in found.groupby(list(by), sort=False):
        for name in outcomes:
            values = log2(part[name]) if geometric else part[name].to_numpy(dtype=float)
            over = stats.mean_interval(values)
            ends = {"value": over.value, "low": over.low, "high": over.high}
            turned = {key: 2.0**end if geometric else end for key, end in ends.items()}
            rows.append(
                {**dict(zip(by, place, strict=True)), "outcome": name, "n": over.n} | turned
            )
    columns = [*by, "outcome", "n", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def differences(
    found: pd.DataFrame,
    by: Sequence[str],
    outcome: str,
    pairs: Mapping[str, tuple[Any, Any]],
    *,
    geometric: bool = False,
    family: str = "secondary",
) -> pd.DataFrame:
    """Return mean differences between conditions, paired by `data_seed`.

    **Arguments:** `pairs` gives two conditions for each label, first minus second: a value of the
    column, or a tuple where `by` has several. Pairs of which one is missing are left out. With
    `geometric`, differences are of log2.

    **Returns:** a row a label, with `outcome`, `family`, `comparison`, `n` and the fields of
    `stats.MeanTests`; `adjusted` is p for all `pairs` of this call.
    """
    values = log2(found[outcome]) if geometric else found[outcome].to_numpy(dtype=float)
    columns = list(by) if len(by) > 1 else by[0]
    wide = found.assign(value=values).pivot(index="data_seed", columns=columns, values="value")
    there = {label: pair for label, pair in pairs.items() if {*pair} <= set(wide.columns)}
    if there:
        pairs_of = [(wide[one] - wide[other]).to_numpy(float) for one, other in there.values()]
        tests = stats.mean_tests(np.column_stack(pairs_of))
    else:
        tests = stats.MeanTests(*(np.empty(0) for _ in stats.MeanTests._fields))
    known = {"outcome": outcome, "family": family, "comparison": list(there)}
    return pd.DataFrame({**known, **tests._asdict()})


def verdict(row: Any, margin: float) -> str:
    """Return `BEYOND`, `WITHIN` or `OPEN` for an interval and a margin on both sides of 0.

    Fewer than six pairs have no interval, and are open.
    """
    if row["low"] > margin or row["high"] < -margin:
        return BEYOND
    return WITHIN if row["low"] > -margin and row["high"] < margin else OPEN


def left(row: Any, bound: float, below: str = "degrees explain it") -> str:
    """Return which side of a bound an interval of strength lies on: above it, something is left."""
    if row["low"] > bound:
        return "something is left"
    return below if row["high"] < bound else "open"


def ranged(row: Any) -> str:
    """Return a mean with its interval as text: "2.1 (1.4 to 2.9)"."""
    return with_ends(row["value"], row["low"], row["high"])


def times(row: Any, digits: int = 2) -> list[str]:
    """Return a difference of log2 and the ends of its interval as factors, in text."""
    return numbers([2.0 ** row[name] for name in ("value", "low", "high")], digits)


def factor(row: Any) -> str:
    """Return the same in one text: "2.1 (1.4 to 2.9)", or "2.1" where it has no interval."""
    value, low, high = (2.0 ** row[name] for name in ("value", "low", "high"))
    return with_ends(value, low, high, digits=2)


def table_of_means(
    name: str, caption: str, frame: pd.DataFrame, by: Mapping[str, str], *extra: Column
) -> Table:
    """Return the table of `means`; `by` gives a heading for each column that names a condition."""
    place = [Column(key, heading, "text") for key, heading in by.items()]
    value = [Column("outcome", "outcome", "text"), Column("n", "n"), Column("value", "mean")]
    return Table(name, caption, frame, [*place, *value, *INTERVAL, *extra], sortable=True)


def table_of_differences(name: str, caption: str, frame: pd.DataFrame, *extra: Column) -> Table:
    """Return the table of `differences`, stacked, and of a column `verdict` if it has one."""
    texts = [Column(key, key, "text") for key in ("family", "comparison", "outcome")]
    estimates = [Column("n", "n", note="pairs"), Column("value", "difference"), *INTERVAL]
    tests = [Column("p", "p", "p"), Column("adjusted", "p, corrected", "p")]
    last = [Column("verdict", "verdict", "text")] if "verdict" in frame else []
    return Table(name, caption, frame, [*texts, *estimates, *tests, *last, *extra], sortable=True)


def figure(
    name: str,
    title: str,
    description: str,
    frame: pd.DataFrame,
    outcomes: Mapping[str, str],
    x: str,
    colour: str | None = None,
    *,
    log: bool = False,
) -> Figure:
    """Return a panel an outcome: means of the conditions in `x` with their intervals.

    **Arguments:** `frame` as from `means`. `outcomes` are its outcomes to show, with the titles of
    their panels. `colour` is a second column of conditions, drawn side by side. `description` says
    what the means are of: null, unit, n.
    """
    shown = frame[frame["outcome"].isin(list(outcomes))]
    shown = shown.assign(panel=shown["outcome"].map(dict(outcomes)))
    kind = {"type": "log"} if log else {}
    shown = legible.clipped(shown, ["value", "low", "high"], kind, "panel")
    scale = alt.Scale(type="log", nice=False, padding=12) if log else alt.Scale(zero=False)
    y = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(format=".3~g", tickCount=5))
    low = y.copy()
    low.shorthand = "low:Q"
    base = alt.Chart().encode(x=alt.X(f"{x}:N", sort=list(shown[x].unique()), title=None))
    if colour:
        kinds = list(shown[colour].unique())
        base = base.encode(
            xOffset=alt.XOffset(f"{colour}:N", sort=kinds),
            color=charts.colour(kinds, colour, colour.replace("_", " ")),
        )
    tooltips = [alt.Tooltip(f"{one}:Q", format=".3~g") for one in ("value", "low", "high", "n")]
    names = [alt.Tooltip(f"{name}:N") for name in (x, colour) if name]
    tooltip = [*names, *tooltips]
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(y=low, y2="high:Q")
    dots = base.encode(y=y)
    points = charts.symbols(dots, shown, tooltip, filled=True, size=52, opacity=1)
    panels = [outcomes[one] for one in outcomes if one in set(shown["outcome"])]
    layers = alt.LayerChart(data=shown, layer=[bars, *points])
    chart = charts.panels_of(layers, panels, "panel", noun="replicate")
    scaled = "Log axes, which differ between panels." if log else "Axes differ between panels."
    return Figure(
        name,
        title,
        f"{description} Intervals: 95 %. {scaled}",
        f"{len(panels)} outcomes by {x}.",
        chart.resolve_scale(y="independent"),
        shown,
        panel=200,
    )

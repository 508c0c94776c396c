"""All conditions in one chart: what pruning costs, beside how far motifs depart from chance."""

import math

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report import legible
from harness.report.charts import RULE, colour, panels_of, symbols
from harness.report.pruner_comparison import families_of
from harness.report.sections.loss_ratios import loss_ratios_of
from harness.report.sections.similarity import profiles_of
from harness.tables.collection import NETWORK, Collection
from harness.tables.parts import Figure, Finding, number, pruned
from harness.tables.report import Report, shared
from harness.tables.schema import selected
from harness.tables.summaries import at
from harness.tables.units import by_condition, named

MOST = 30
"""Conditions drawn, those of least loss; the data have all."""

_ROW = 17
_TICKS = [one * 10.0**power for power in range(-5, 9) for one in (1, 3)]


@shared
def strengths_of(report: Report) -> pd.DataFrame:
    """Return the strengths of profiles at the level that tables show."""
    return strengths(report.data, report.density)


def strengths(data: Collection, density: float) -> pd.DataFrame:
    """Return by condition how far profiles depart from chance: the root mean square of entries.

    For z, about 1 is chance. Of the first metric that marks a profile, its first kind and all
    groups; entries without a finite value are left out. `strength` is the geometric mean over
    units, `low` and `high` are the ends of its 95 % interval, `label` names the entries.
    """
    found = []
    for metric, (profile, _) in list(profiles_of(data).items())[:1]:
        kind = next(iter(profile.kinds))
        table = selected(data.table(metric), {**profile.where, profile.kind: kind})
        table = at(table, density)
        values = table[profile.value].astype(float)
        finite = named(data, table.assign(square=values**2)[np.isfinite(values)])
        by = ["condition", *NETWORK]
        squares = finite.groupby(by, observed=True, sort=False)["square"].mean()
        units = by_condition(data)
        for condition, part in squares.groupby(level="condition", sort=False, observed=True):
            positive = part[part > 0].droplevel("condition").to_frame()
            logs = units[str(condition)].averaged(0.5 * positive.map(math.log))
            if logs.empty:
                continue
            mean = stats.mean_interval(logs["square"].to_numpy(dtype=float))
            ends = [float(np.exp(value)) for value in (mean.value, mean.low, mean.high)]
            label = data.measured[metric].schema.value(profile.value).label or profile.value
            found.append((str(condition), mean.n, str(units[str(condition)]), *ends, label))
    columns = ["condition", "n", "unit", "strength", "low", "high", "label"]
    return pd.DataFrame(found, columns=columns)


def span(report: Report) -> list[Finding]:
    """Return between which conditions motif strength is least and largest, if there are several."""
    table = strengths_of(report).sort_values("strength")
    if len(table) < 2:
        return []
    least, most = table.iloc[0], table.iloc[-1]
    low, high = (number(one["strength"], 2) for one in (least, most))
    return [
        Finding(
            f"Motif strength spans {low} ({least['condition']}) to {high} ({most['condition']}); "
            "about 1 is chance.",
            f"Root mean square {least['label']} over classes, geometric mean over "
            f"{report.units}; unequal degrees alone raise it.",
        )
    ]


def ranking(report: Report) -> pd.DataFrame:
    """Return a row for each condition and panel: its value, interval, family and rank by loss."""
    ratios, strong = loss_ratios_of(report), strengths_of(report)
    cost = ratios.rename(columns={"ratio": "value"}).assign(panel=_COST, reference=1.0)
    label = strong["label"].iloc[0] if len(strong) else ""
    depart = strong.rename(columns={"strength": "value"}).assign(
        panel=_departure(label), reference=np.nan
    )
    filled = [part for part in (cost, depart) if len(part)]
    if not filled:
        return cost
    table = pd.concat(filled, ignore_index=True)
    families = {
        one: family for family, some in families_of(report.data.trials).items() for one in some
    }
    rank = {name: place for place, name in enumerate(ratios["condition"])}
    table = table[(table["n"] >= legible.FEWEST) & table["condition"].isin(list(rank))]
    keys = ["condition", "panel", "value", "low", "high", "n", "unit", "reference"]
    return table[keys].assign(
        family=table["condition"].map(families), rank=table["condition"].map(rank)
    )


_COST = "loss over dense loss"


def _departure(label: str) -> str:
    return f"motif strength (rms {label})" if label else ""


def ranking_chart(table: pd.DataFrame) -> alt.FacetChart:
    """Dots with intervals, a row for each condition and a panel for each measure, both on logs."""
    shown = table[table["rank"] < MOST]
    shown = legible.clipped(shown, ["value", "low", "high"], {"type": "log"}, "panel")
    order = list(shown.sort_values("rank")["condition"].unique())
    families = list(dict.fromkeys(shown["family"]))
    log = alt.Scale(type="log", nice=False, padding=10)
    axis = alt.Axis(format="~s", values=_TICKS, grid=True)
    base = alt.Chart().encode(
        y=alt.Y("condition:N", sort=order, title=None, axis=alt.Axis(domain=False, labelLimit=190)),
        color=colour(families, "family"),
    )
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("family:N"),
        alt.Tooltip("value:Q", format=".3~g"),
        alt.Tooltip("low:Q", title="interval from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
        alt.Tooltip("n:Q"),
    ]
    one = alt.Chart().mark_rule(color=RULE).encode(x="reference:Q")
    bars = base.mark_rule(strokeWidth=2, opacity=0.5).encode(
        x=alt.X("low:Q", title=None, scale=log, axis=axis), x2="high:Q"
    )
    x = alt.X("value:Q", title=None, scale=log, axis=axis)
    dots = symbols(base.encode(x=x), shown, tooltip, sideways=True, filled=True, size=46, opacity=1)
    panels = list(dict.fromkeys(shown["panel"]))
    chart = alt.LayerChart(data=shown, layer=[one, bars, *dots])
    size = (230, max(60, _ROW * len(order)))
    both = panels_of(chart, panels, "panel", size=size, columns=2, spacing=14)
    return both.resolve_scale(x="independent")


def figure(report: Report) -> list[Figure]:
    """Return the chart of all conditions, if there are several with enough units."""
    table = ranking(report)
    if table.empty or table["condition"].nunique() < 2:
        return []
    number = table["condition"].nunique()
    both = table["panel"].nunique() > 1
    right = (
        " Right: root mean square of z over motif classes under `layered`, all nodes; about 1 is "
        "chance, and unequal degrees alone raise it."
    )
    some = f" The {MOST} of least loss of {number}; the data have all." if number > MOST else ""
    return [
        Figure(
            "ranking",
            f"What pruning costs and what it leaves, at {pruned(report.density)}",
            "Left: validation loss over the same network's dense loss, geometric mean; 1 costs "
            f"nothing.{right if both else ''} Bars: 95 % intervals over {report.units} "
            f"({report.networks}).{some}",
            f"{number} conditions by loss ratio and motif strength; the data have the values.",
            ranking_chart(table),
            table,
            panel=200,
            axis=min(190, 7 * report.longest),
            longest=18,
        )
    ]

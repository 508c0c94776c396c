"""The report of the study `architectures`: the answer, classes that change, views compared."""

from collections.abc import Mapping
from typing import NamedTuple

import altair as alt
import pandas as pd

from harness.report import (
    Column,
    Figure,
    Finding,
    Opening,
    RunTables,
    Section,
    Table,
    charts,
    checklist,
)

from . import _architectures_tables as tables

_PLACE = (Column("architecture", "architecture", "text"), Column("view", "view", "text"))
_INTERVAL = (Column("low", "from", note="95 %"), Column("high", "to", note="95 %"))
_RULES = {
    "replication": "n = 12 pairs of seed and data seed a condition; each has its own split of the "
    "data, initial weights and batches.",
    "similarity": "Classes are compared one by one; no similarity of profiles is claimed.",
    "degrees": "The null `masks` keeps no degrees: a change may be unequal degrees alone, and the "
    "answer says so.",
    "floors": "The table of losses says which architectures are judged; the control's masks do not "
    "depend on its loss.",
    "equivalence": "Margin: mean z beyond 1 sd of the null. Every pair of views and class is in "
    "the tables.",
    "one procedure": "A class changes by the q and the interval of `harness.stats.mean_tests`.",
    "coverage": "Intervals are those of `harness.stats.mean_tests`; shares have percentile "
    "intervals of resampled data seeds, which are descriptive.",
    "calibration": "The null `masks` draws masks anew, so shared weights and forbidden places are "
    "those of the network; random pruning shows it.",
    "mixing": "No null `degree` here: draws of `masks` are independent.",
    "faithfulness": "Small networks and 3,000 steps on `digits`; the published protocol is not "
    "asked about.",
}
"""How the page keeps each rule."""

_PAIR = tuple(
    Column(f"{name}_{which}", f"{name} {which}", "text")
    for which in (1, 2)
    for name in ("architecture", "view")
)


class _Judged(NamedTuple):
    """What the rule of the design says; `findings` has one alone where nothing can be compared."""

    z: pd.DataFrame
    losses: pd.DataFrame
    changes: pd.DataFrame
    compared: pd.DataFrame
    findings: list[Finding]
    first: dict[str, str]


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the answer, what is common, the control, and the first views."""
    judged = _judged(runs)
    answer, *findings = judged.findings
    shown = judged.changes[
        judged.changes["view"] == judged.changes["architecture"].map(judged.first)
    ]
    pairs = int(shown["n"].max())
    return Opening(
        question,
        answer.claim,
        findings,
        _figure(shown, "first_views", columns=2) if findings else None,
        f"{len(judged.first)} architectures on `digits`, {pairs} networks in each condition, each "
        "with a seed and a data set of its own. Intervals: 95 % over networks.",
        "harness study architectures",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the sections in order."""
    judged = _judged(runs)
    losses = _losses(judged.losses)
    if len(judged.findings) == 1:
        return [Section("answer", "The answer", findings=judged.findings, parts=[losses])]
    agreed = tables.agreement(judged.z[judged.z["pruner"] == "magnitude"], judged.compared)
    figure = _figure(judged.changes, "mean_z", columns=3)
    return [
        Section("answer", "The answer", findings=judged.findings, parts=[figure, losses]),
        Section("changes", "Classes that change", parts=[_changes(judged.changes)]),
        Section("views", "Views compared", parts=[_agreed(agreed), _compared(judged.compared)]),
        checklist(_RULES),
    ]


def _judged(runs: Mapping[str, RunTables]) -> _Judged:
    z, losses = tables.zscores(runs), tables.losses(runs)
    changes = tables.changes(z)
    control = changes[(changes["pruner"] == "random") & changes["changes"]]
    barred = losses.loc[~losses["judged"], "architecture"]
    magnitude = changes[(changes["pruner"] == "magnitude") & ~changes["architecture"].isin(barred)]
    noisy = pd.MultiIndex.from_frame(control[["architecture", "view"]])
    magnitude = magnitude[
        ~pd.MultiIndex.from_frame(magnitude[["architecture", "view"]]).isin(noisy)
    ]
    first = {str(name): rows["view"].iloc[0] for name, rows in changes.groupby("architecture")}
    if magnitude.groupby(["architecture", "view"]).ngroups < 2:
        none = Finding("No two views can be compared: the control or the loss forbids it.")
        return _Judged(z, losses, changes, pd.DataFrame(), [none], first)
    compared = tables.comparisons(magnitude)
    n, seen = int(magnitude["n"].max()), changes[changes["pruner"] == "random"]
    unit = f"n = {n} (seed, data seed) pairs, null `masks`, {tables.ERROR:g} false discovery rate"
    findings = [
        Finding(_answer(compared, first), f"Margin: mean z beyond {tables.MARGIN:g}. {unit}."),
        _common(magnitude, first, len(runs)),
        _views(compared),
        Finding(
            f"Control: {len(control)} of {len(seen)} classes change under random pruning.",
            f"Largest mean z: {seen['mean'].abs().max():.2f}. Views not judged: "
            f"{_names(control)}. Architectures not judged for their loss: "
            f"{', '.join(barred) or 'none'}.",
        ),
    ]  # fmt: skip
    return _Judged(z, losses, changes, compared, findings, first)


def _answer(compared: pd.DataFrame, first: Mapping[str, str]) -> str:
    apart = compared[compared["architecture_1"] != compared["architecture_2"]]
    firsts = apart[
        (apart["view_1"] == apart["architecture_1"].map(first))
        & (apart["view_2"] == apart["architecture_2"].map(first))
    ]
    within = compared[compared["architecture_1"] == compared["architecture_2"]]
    return f"{_verdict('the architecture', firsts)} {_verdict('the view', within)}"


def _verdict(what: str, rows: pd.DataFrame) -> str:
    """Return whether it matters, with the classes compared and their verdicts."""
    same, different, open_ = (
        int((rows["verdict"] == name).sum()) for name in ("the same", "different", "open")
    )
    counted = (
        f"{different} of {len(rows)} comparisons of a class differ, {same} are the same, "
        f"{open_} open"
    )
    if different:
        return f"{what[0].upper()}{what[1:]} matters: {counted}."
    return f"That {what} matters is not shown: {counted}."


def _common(magnitude: pd.DataFrame, first: Mapping[str, str], number: int) -> Finding:
    rows = magnitude[
        magnitude["changes"] & (magnitude["view"] == magnitude["architecture"].map(first))
    ]
    common = [
        f"{motif} ({'more' if part['mean'].min() > 0 else 'fewer'})"
        for motif, part in rows.groupby("motif")
        if len(part) == number and (part["mean"].min() > 0 or part["mean"].max() < 0)
    ]
    return Finding(
        f"Common to the first views of all {number} architectures: {', '.join(common) or 'none'}.",
        "Classes that change: " + "; ".join(
            f"{name}, {view}: {int(part['changes'].sum())} of {len(part)}"
            for (name, view), part in magnitude.groupby(["architecture", "view"], sort=False)
        ) + ".",
    )  # fmt: skip


def _views(compared: pd.DataFrame) -> Finding:
    within = compared[compared["architecture_1"] == compared["architecture_2"]]
    same, different = (_listed(within, verdict) for verdict in ("the same", "different"))
    return Finding(f"The same in two views: {same}. Different: {different}.")


def _listed(within: pd.DataFrame, verdict: str) -> str:
    said = [
        f"{name} {', '.join(rows['motif'].unique())}"
        for name, rows in within[within["verdict"] == verdict].groupby("architecture_1", sort=False)
    ]
    return "; ".join(said) or "none"


def _names(rows: pd.DataFrame) -> str:
    places = rows[["architecture", "view"]].drop_duplicates()
    return ", ".join(f"{name}, {view}" for name, view in places.itertuples(index=False)) or "none"


def _figure(changes: pd.DataFrame, name: str, *, columns: int) -> Figure:
    table = changes.assign(panel=changes["architecture"] + ", " + changes["view"])
    y = alt.Y("motif:N", title=None)
    pruner = alt.Color(
        "pruner:N",
        scale=alt.Scale(range=list(charts.SERIES[:2])),
        legend=alt.Legend(title=None, orient="top"),
    )
    tooltip = ["motif:N", "pruner:N", *(alt.Tooltip(f"{key}:Q", format=".3~g")
               for key in ("mean", "low", "high", "q")), "n:Q"]  # fmt: skip
    base = alt.Chart().encode(y=y, color=pruner)
    x = alt.X("mean:Q", title="mean z")
    points = base.mark_point(filled=True, size=45).encode(x=x, tooltip=tooltip)
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        x=alt.X("low:Q", title="mean z"), x2="high:Q"
    )
    zero = alt.Chart().mark_rule(color=charts.RULE).encode(x=alt.datum(0))
    facet = alt.Facet("panel:N", sort=list(table["panel"].unique()), header=alt.Header(title=None))
    layers = alt.LayerChart(data=table, layer=[zero, bars, points])
    chart = layers.properties(width=200, height=alt.Step(14)).facet(facet=facet, columns=columns)
    return Figure(
        name,
        "Mean z of classes by architecture and view",
        "Null `masks`; 95 % intervals over (seed, data seed) pairs. Axes differ between panels.",
        "Mean z with intervals by class, a panel an architecture and view.",
        chart.resolve_scale(x="independent", y="independent"),
        table,
        panel=200,
        axis=110,
    )  # fmt: skip


def _losses(losses: pd.DataFrame) -> Table:
    caption = (
        "Validation loss as a share of the best constant predictor's; floor: replicates near 1."
    )
    numbers = [Column("n", "n"), Column("share", "loss, share"), Column("floor", "at the floor")]
    columns = [
        _PLACE[0],
        Column("pruner", "pruner", "text"),
        *numbers,
        Column("judged", "judged", "text"),
    ]
    return Table("losses", caption, losses, columns)


def _changes(changes: pd.DataFrame) -> Table:
    caption = "Mean z over pairs; q: p for all classes, views and architectures of one pruner."
    numbers = [Column("mean", "mean z"), *_INTERVAL, Column("q", "q", "p"), Column("n", "n")]
    texts = [Column("pruner", "pruner", "text"), *_PLACE, Column("motif", "class", "text")]
    shown = [*texts, *numbers, Column("changes", "changes", "text")]
    return Table("changes", caption, changes, shown, sortable=True)


def _agreed(agreed: pd.DataFrame) -> Table:
    caption = "Shared classes with one sign of mean z; intervals from resampled data seeds."
    verdicts = [Column(name, name) for name in ("the same", "different", "open")]
    columns = [
        *_PAIR,
        Column("classes", "classes"),
        Column("share", "one sign"),
        *_INTERVAL,
        *verdicts,
    ]
    return Table("agreement", caption, agreed, columns)


def _compared(compared: pd.DataFrame) -> Table:
    means = [Column(f"mean_{which}", f"mean z {which}") for which in (1, 2)]
    columns = [
        *_PAIR,
        Column("motif", "class", "text"),
        *means,
        Column("verdict", "verdict", "text"),
    ]
    return Table("compared", "Classes that two views share.", compared, columns, sortable=True)

"""The report of the study `time-course`: the answer, curves, similarity by depth of pruning."""

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
    conditions,
    left_out_findings,
    units_of,
)
from harness.tables.parts import Part

from . import _time_course_tables as tables
from ._starts import GLOROT, PUBLISHED_LIKE
from .time_course import DENSITY

_LEVELS = {"levels": "published levels", "finer": "finer levels"}


class _Made(NamedTuple):
    """The tables of the page."""

    found: pd.DataFrame
    likeness: pd.DataFrame
    jumps: pd.DataFrame
    beyond: pd.DataFrame
    curves: pd.DataFrame
    scores: pd.DataFrame
    rises: pd.DataFrame


def _made(runs: Mapping[str, RunTables]) -> _Made:
    found = tables.networks(runs)
    skipped = tables.barred(found)
    exact, drawn = (tables.profiles(runs, found, name) for name in ("motifs", "sampled"))
    curves = tables.curves(runs["levels"], found)
    jumps = tables.jumps(exact, 0, skipped)
    beyond = tables.jumps(drawn, 100, skipped)
    return _Made(found, tables.likeness(exact), jumps, beyond, curves, tables.scores(curves),
                 tables.rises(curves))  # fmt: skip


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary comparison, and similarity by depth of pruning."""
    made = _made(runs)
    findings = [Finding(one.claim) for one in (_finer(made), _shape(made), _when(made))]
    hero, about = _similarity(made), _about(made.found)
    return Opening(question, _primary(made).claim, findings, hero, about,
                   "harness study time-course")  # fmt: skip


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    made = _made(runs)
    findings = [
        _primary(made),
        _finer(made),
        _shape(made),
        _when(made),
        *left_out_findings(list(runs.values())),
        _LIMITS,
    ]
    lead = [
        f"{_about(made.found)} z under `layered` (exact), all nodes; similarity is of the ten "
        "classes of order 3, corrected for noise. Would-be masks: the 7 % of weights that "
        "magnitude pruning would keep now. Hypothesis, margin and rule were committed before the "
        "run: reports/time-course/DESIGN.md."
    ]
    alike: list[Part] = [_similarity(made), _jumps(made), _likeness(made.likeness)]
    moving: list[Part] = [_curves(made.curves), _scores(made.scores), _rises(made.rises)]
    return [
        Section("answer", "The answer", lead, findings),
        Section("similarity", "How alike networks are", parts=alike),
        Section("curves", "Between prunings", parts=moving),
        checklist(_RULES),
    ]


def _about(found: pd.DataFrame) -> str:
    once = found.drop_duplicates("trial")
    units = units_of(once[(once[tables.PLACE] == list(tables.PRIMARY)).all(axis=1)])
    return (
        f"{len(once)} networks: {once.groupby(tables.PLACE).ngroups} conditions, one network for "
        f"each of {once['data_seed'].nunique()} data seeds. Unit: {units}."
    )


def _of(table: pd.DataFrame, levels: str, pruner: str) -> pd.DataFrame:
    return table[(table["levels"] == levels) & (table["pruner"] == pruner) & table["low"].notna()]


def _primary(made: _Made) -> Finding:
    rows = _of(made.jumps, "levels", tables.PRIMARY[2])
    first = rows[rows["regime"] == tables.PRIMARY[1]]
    if first.empty:
        return Finding("Not shown: too few replicates, or too little signal, for the jump.")
    row = first.iloc[0]
    answers = {
        conditions.BEYOND: "Networks become more alike abruptly" if row["value"] > 0 else
        "Networks become less alike abruptly",
        conditions.WITHIN: "There is no jump",
        conditions.OPEN: "Whether there is a jump is open",
    }  # fmt: skip
    other = [
        f"from Glorot's {conditions.ranged(one)}, {one['verdict']}"
        for _, one in rows[rows["regime"] == "Glorot"].iterrows()
    ]
    return Finding(
        f"{answers[row['verdict']]}: between 90 and 93 % pruned the similarity of networks "
        f"changes by {conditions.ranged(row)} with the published code's masks from the "
        f"published-like start (95 %; n = {row['n']} networks).",
        f"Null `layered`, order 3; margin {tables.MARGIN}; p {row['p']:.2g}; {'; '.join(other)}.",
    )


def _finer(made: _Made) -> Finding:
    rows = pd.concat([_of(made.jumps, levels, pruner) for pruner in ("zahn2022", "magnitude")
                      for levels in _LEVELS])  # fmt: skip
    jumped = rows[(rows["verdict"] == conditions.BEYOND)]
    counts = {name: int((jumped["levels"] == name).sum()) for name in _LEVELS}
    total = {name: int((rows["levels"] == name).sum()) for name in _LEVELS}
    parts = [f"{row['pruner']}, {row['regime']}, {_LEVELS[row['levels']]} {conditions.ranged(row)}"
             for _, row in rows.iterrows()]  # fmt: skip
    return Finding(
        f"A jump beyond {tables.MARGIN} appears in {counts['levels']} of {total['levels']} "
        f"conditions at the published levels, and in {counts['finer']} of {total['finer']} at "
        "finer ones.",
        "; ".join(parts),
    )


def _shape(made: _Made) -> Finding:
    table = made.scores
    smooth, abrupt = (int((table["verdict"] == one).sum()) for one in ("smooth", "abrupt"))
    parts = [f"{row['regime']}, {row['pruner']} {conditions.ranged(row)}: {row['verdict']}"
             for _, row in table.iterrows()]  # fmt: skip
    return Finding(
        "Between prunings would-be masks change smoothly in "
        f"{smooth} of {len(table)} conditions, abruptly at prunings in {abrupt}.",
        "What jumps at prunings add to the log likelihood of networks left out, in nats a moment, "
        f"margin {tables.GAIN}: {'; '.join(parts)}.",
    )


def _when(made: _Made) -> Finding:
    rows = made.rises
    means = [
        rows[rows["comparison"].str.endswith(end)].groupby(lambda _: 0)["value"].agg(["min", "max"])
        for end in ("in the dense level", "from the first pruning on")
    ]
    dense, after = ([2.0 ** one.iloc[0][end] for end in ("min", "max")] for one in means)
    return Finding(
        f"Would-be profiles grow {dense[0]:.2g} to {dense[1]:.2g} times in dense training, and "
        f"{after[0]:.2g} to {after[1]:.2g} times between the first pruning and 93 %.",
        "; ".join(
            f"{row['comparison']}: {2.0 ** row['value']:.2g} times ({2.0 ** row['low']:.2g} to "
            f"{2.0 ** row['high']:.2g})"
            for _, row in rows.iterrows()
        ),
    )


_LIMITS = Finding(
    "It does not show the published networks or their budget, other tasks, or a cause.",
    "Width 64 and 12,000 steps, levels of equal length; the published jump is of 30 networks of "
    "width 400 that share one data set. Scores of networks left out share the networks that "
    "predict them.",
)

_RULES = {
    "replication": "n = data seeds; each network has its own initial weights, flights and batches. "
    "Pruners, levels and starts of one data seed share data, and are compared in pairs.",
    "similarity": "Similarity is corrected for noise; its jump is tested by the same jackknife.",
    "degrees": "Each similarity stands beside that of graphs of unequal degrees alone and of "
    "draws with each network's degrees; jumps under `degree` are in the table.",
    "floors": "Conditions at the floor of the loss at 90 or 93 % are left out of comparisons.",
    "equivalence": "Margins: 0.1 of similarity, 0.05 nats a moment, a factor of 2; all are shown.",
    "one procedure": "Verdicts come from the intervals shown; p is of the same procedure.",
    "coverage": "Intervals are those of `harness.stats`; none below six networks.",
    "calibration": "z over all nodes of dense layers, which no result chose.",
    "mixing": "`degree` chooses its number of trades by a check; all draws were mixed.",
    "faithfulness": "The published path of densities, but width 64, 12,000 steps and another "
    "optimiser: the answer is about these.",
}
"""How the page keeps each rule."""


def _similarity(made: _Made) -> Figure:
    shown = made.likeness[made.likeness["support"] == "networks"]
    shown = shown.assign(
        pruned=[f"{100 * (1 - one):.0f} %" for one in shown["density"]],
        masks=shown["pruner"] + ", " + shown["levels"].map(_LEVELS),
        outcome=shown["regime"],
    )
    return conditions.figure(
        "similarity",
        "How alike networks are, by depth of pruning",
        f"Noise-corrected similarity of order-3 profiles over {shown['n'].max()} networks; null "
        "`layered`; 1: equal directions.",
        shown[["outcome", "pruned", "masks", "n", "value", "low", "high"]],
        {start: f"{start} start" for start in (PUBLISHED_LIKE, GLOROT)},
        "pruned",
        "masks",
    )


def _curves(curves: pd.DataFrame) -> Figure:
    shown = curves[curves["density"] > DENSITY + 1e-9]
    shown = shown.assign(panel=shown["regime"] + ", " + shown["pruner"])
    shown = shown[["panel", "data_seed", "trained", "strength"]]
    mean = shown.assign(log=conditions.log2(shown["strength"]))
    mean = mean.groupby(["panel", "trained"], sort=False)["log"].mean().reset_index()
    mean = mean.assign(strength=2.0 ** mean["log"], data_seed=0)[shown.columns]
    data = pd.concat([shown, mean], ignore_index=True)
    y = alt.Y("strength:Q", scale=alt.Scale(type="log", nice=False), title="root mean square z")
    base = alt.Chart().encode(x=alt.X("trained:Q", title="steps trained"), y=y)
    each = base.transform_filter("datum.data_seed > 0").mark_line(strokeWidth=0.6, opacity=0.45)
    each = each.encode(detail="data_seed:N", color=alt.value(charts.SERIES[0]))
    middle = base.transform_filter("datum.data_seed == 0").mark_line(strokeWidth=2.5)
    chart = alt.LayerChart(
        data=data, layer=[each, middle.encode(color=alt.value(charts.SERIES[1]))]
    )
    panels = list(dict.fromkeys(data["panel"]))
    return Figure(
        "curves",
        "Strength of the profile that pruning to 93 % would give now",
        "Thin: each network; thick: geometric mean. Moments at log-spaced steps of each level, up "
        "to the last before 93 % pruned. Null `layered`.",
        f"Curves of strength by steps trained, in {len(panels)} conditions.",
        charts.panels_of(chart, panels, "panel").resolve_scale(y="independent"),
        data,
        panel=200,
    )


def _place(*names: str) -> list[Column]:
    return [Column(name, name, "text") for name in names]


def _numbers(heading: str) -> list[Column]:
    return [Column("n", "n"), Column("value", heading), *conditions.INTERVAL]


def _likeness(table: pd.DataFrame) -> Table:
    caption = (
        "Noise-corrected similarity with its 95 % interval, of networks and of random graphs in "
        "their place."
    )
    columns = [*_place(*tables.PLACE, "support"), Column("density", "kept", "kept")]
    return Table("likeness", caption, table, [*columns, *_numbers("similarity")], sortable=True)


def _jumps(made: _Made) -> Table:
    both = [made.jumps.assign(null="layered"), made.beyond.assign(null="degree")]
    caption = (
        "Similarity at 93 % less that at 90 % pruned, paired by network (pseudo-values), with 95 % "
        f"intervals. Margin: {tables.MARGIN}."
    )
    last = [Column("p", "p"), *_place("verdict")]
    columns = [*_place("null", *tables.PLACE), *_numbers("jump"), *last]
    return Table("jumps", caption, pd.concat(both, ignore_index=True), columns, sortable=True)


def _scores(table: pd.DataFrame) -> Table:
    caption = (
        "What jumps at prunings add to a smooth curve: gain of log likelihood of a network left "
        f"out, in nats a moment. Margin: {tables.GAIN}."
    )
    columns = [*_place("regime", "pruner"), *_numbers("gain"), Column("p", "p")]
    return Table("scores", caption, table, [*columns, *_place("verdict")], sortable=True)


def _rises(table: pd.DataFrame) -> Table:
    caption = "Mean rises of log2 strength of would-be masks, paired by network. Margin: 1."
    return conditions.table_of_differences("rises", caption, table)

"""The report of the study `pruners`: the answer, expectations, losses, motifs, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from harness.report import (
    Column,
    Figure,
    Opening,
    RunTables,
    Section,
    Table,
    checklist,
    excerpt,
    left_out_findings,
)
from harness.report import opening as usual
from harness.report.pruner_comparison import families_of

from . import _pruners_answer as answer
from . import _pruners_charts as charts
from . import _pruners_landscape as landscape
from . import _pruners_small as small
from . import _pruners_small_report as small_report
from . import _pruners_tables as tables
from ._pruners_expectations import EXPECTATIONS, ONE_SHOT

_USUAL = ("matched", "ranks", "fronts", "fairness", "troubles", "costs")
"""Sections of the usual report on the run of all pruners."""

_INTERVAL = (Column("low", "from", note="95 %"), Column("high", "to", note="95 %"))
_P = (
    Column("p", "p", "p", note="two-sided, of the procedure that gives the interval"),
    Column("adjusted", "p, corrected", "p"),
    Column("attainable", "attainable p", "p", note="the smallest that so many units can give"),
)
_N = (Column("n", "n", note="units"), Column("unit", "unit", "text"))
_PRUNER, _KEPT = Column("pruner", "pruner", "text"), Column("density", "pruned", "kept")

_RULES = {
    "replication": "At full size the unit is the start, n = 5: results before version 3 gave "
    "network i the same start under both data seeds. In small, the network, each with its own "
    "data, n = 12.",
    "similarity": "Likeness is corrected for noise; cosines are not tested against density.",
    "degrees": "In small, the null `degree` and graphs with unequal degrees alone; at full size "
    "`layered` only: no shared profile is claimed.",
    "floors": "Conditions of which more than 10 % of networks are near the best constant are left "
    "out, by name.",
    "equivalence": "Margins are in DESIGN.md of before the run: 10 % of loss, a factor of 2 in "
    "strength. At full size none is claimed: n = 5 starts give no interval.",
    "one procedure": "Losses, their p and the judged expectations are of `harness.stats`.",
    "coverage": "No interval is shown for fewer than six units.",
    "calibration": "z over all nodes of dense layers, which no result chose.",
    "mixing": "The harness checks the mixing of `degree` for each network and says how many mixed.",
    "faithfulness": "Full size, with 4,900 of the published 107,800 steps, and weights that decay "
    "early; in small, no decay, from a start as saturated as the published and from Glorot's.",
}
"""How the page keeps each rule."""


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the usual one of the run of all pruners, under the question."""
    first = _first(runs)
    shown = answer.losses(tables.beside(tables.losses(first)))
    page = replace(_usual((runs["pruners"],)), title=question, verdict=shown.claim)
    if not small.there(runs):
        return page
    table = small.landscape(runs)
    families = families_of(runs["pruners"].trials(), "pruner")
    every = [name for names in families.values() for name in names]
    found, *others = small_report.findings(table)
    some = small_report.compared(table).any()
    return replace(
        page,
        verdict=found.claim,
        findings=[*others, *page.findings][:3],
        hero=small_report.landscape(table, families, every) if some else page.hero,
        about=f"{small_report.about(runs)} At full size: {page.about}",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the sections in order."""
    every, runs = runs, _first(runs)
    second = small.landscape(every) if small.there(every) else None
    run = runs["pruners"]
    losses = tables.losses(runs)
    judged, beside = tables.judged(losses), tables.beside(losses)
    motifs, likeness = tables.motifs(run), tables.likeness(run)
    collapses = tables.collapses(run)
    findings = [
        *(small_report.findings(second) if second is not None else []),
        answer.losses(beside),
        *answer.landscape(likeness, motifs),
        *answer.sizes(motifs),
        *answer.expectations(judged),
        answer.collapse(collapses),
        *dict.fromkeys(found for run in runs.values() for found in left_out_findings([run])),
    ]
    families = families_of(run.trials(), "pruner")
    there = [
        name
        for names in families.values()
        for name in names
        if name in {*beside["pruner"], *motifs["pruner"]}
    ]
    return [
        Section("answer", "The answer", answer.ran(runs, losses.units), findings),
        *([small_report.section(every, second, families, there)] if second is not None else []),
        *([_full_size(run)] if second is not None else []),
        _expectations(judged, collapses),
        _losses(beside, families, there),
        landscape.section(motifs, likeness, families, there),
        *excerpt([run], *_USUAL),
        checklist(_RULES),
    ]


@lru_cache(maxsize=2)
def _usual(runs: tuple[RunTables, ...]) -> Opening:
    """Return the usual first screen of some runs, made once for ours and the section below."""
    return usual(runs)


def _full_size(run: RunTables) -> Section:
    """Return what the first screen shows of the first part alone."""
    hero = _usual((run,)).hero
    return Section("full-size", "At full size, five starts", parts=[hero] if hero else [])


def _first(runs: Mapping[str, RunTables]) -> dict[str, RunTables]:
    """Return the runs at full size."""
    return {name: runs[name] for name in ("pruners", ONE_SHOT)}


def _expectations(judged: pd.DataFrame, collapses: pd.DataFrame) -> Section:
    if judged.empty:
        none = "No expectation can be judged: every condition that it compares is left out."
        dead = _collapses(collapses[collapses["dead"] > 0])
        return Section("expectations", "Expectations and verdicts", [none], parts=dead)
    claims = {one.name: one for one in EXPECTATIONS}
    verdicts = {
        str(name): tables.verdict(rows) for name, rows in judged.groupby("expectation", sort=False)
    }
    stated = pd.DataFrame(
        {
            "expectation": list(verdicts),
            "claim": [claims[name].claim for name in verdicts],
            "source": [claims[name].source for name in verdicts],
            "compared": [_compared(name) for name in verdicts],
            "verdict": list(verdicts.values()),
        }
    )
    shown = judged.assign(
        claim=judged["expectation"].map(lambda name: claims[name].claim),
        panel=judged["expectation"].map(lambda name: f"{name.replace('_', ' ')}: {verdicts[name]}"),
    )
    figure = Figure(
        "expectations",
        "Ratios of losses by which expectations are judged",
        f"Geometric mean of the ratio of validation losses, with 95 % intervals over "
        f"{_units(judged)}. No interval: too few replicates. Axes differ between panels.",
        "Ratio of losses by % pruned for each expectation.",
        charts.judged(shown),
        shown,
        panel=290,
        axis=60,
    )
    texts = ("expectation", "claim", "source", "compared", "verdict")
    return Section(
        "expectations",
        "Expectations and verdicts",
        [
            "Each was stated with the rule that judges it before the run: at every level with "
            "more than 85 % pruned the interval must lie above 1 (it hurts), or below 1.1 (it "
            "hurts little, or is at least as good)."
        ],
        parts=[
            figure,
            Table("stated", "What was expected, and the verdict.", stated,
                  [Column(name, name, "text") for name in texts]),
            Table("judged", "Ratios of losses by % pruned. Corrected: for all levels of one "
                  "expectation.", judged,
                  [Column("expectation", "expectation", "text"), _KEPT, *_N,
                   Column("ratio", "ratio"), *_INTERVAL, *_P]),
            *_collapses(collapses[collapses["dead"] > 0]),
        ],
    )  # fmt: skip


def _collapses(found: pd.DataFrame) -> list[Table]:
    if found.empty:
        return []
    caption = (
        "Networks without a path from an input to an output (dead), with a layer that has "
        "lost all edges (emptied), and dead without such a layer (severed)."
    )
    columns = [Column(name, name) for name in ("n", "dead", "emptied", "severed")]
    return [Table("collapses", caption, found, [_PRUNER, _KEPT, *columns])]


def _units(table: pd.DataFrame) -> str:
    """Return how many units there are, and what they are, as captions say it."""
    return f"{int(table['n'].max())} {table['unit'].iloc[0]}" if len(table) else "no replicates"


def _compared(name: str) -> str:
    expected = next(one for one in EXPECTATIONS if one.name == name)
    ratio = f"{expected.first} / {expected.second}"
    return ratio if expected.beside is None else f"({ratio}) / ({' / '.join(expected.beside)})"


def _losses(
    beside: pd.DataFrame, families: Mapping[str, Sequence[str]], there: Sequence[str]
) -> Section:
    names = ("lower loss than magnitude", "higher loss than magnitude")
    better, clear = -np.log2(beside["ratio"]), charts.clear(beside, at=1.0)
    rows = [name for name in there if name != "magnitude"]
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("column:N", title="pruned"),
        alt.Tooltip("ratio:Q", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("adjusted:Q", title="p, corrected", format=".3~g"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    figure = Figure(
        "losses",
        "Validation loss over that of magnitude pruning",
        f"Geometric mean over {_units(beside)} of the ratio, by % pruned; the same "
        "networks, data and number of steps. The table has intervals and p. Blank: the pruner, or "
        "magnitude, does no better than a constant there. Hatched: the 95 % interval includes 1, "
        "or there are too few units for one.",
        "Ratio of losses by pruner and % pruned.",
        charts.by_density(
            beside,
            families,
            rows,
            "ratio",
            better,
            clear,
            names,
            3.0,
            tooltip,
        ),
        beside,
        axis=190,
    )
    caption = (
        "Loss over that of magnitude pruning: geometric mean over units with its 95 % interval. "
        "Corrected: for all pruners at one density."
    )
    columns = [_PRUNER, _KEPT, *_N, Column("ratio", "ratio"), *_INTERVAL, *_P]
    return Section(
        "losses",
        "Losses beside magnitude pruning",
        parts=[figure, Table("loss_ratios", caption, beside, columns, sortable=True)],
    )

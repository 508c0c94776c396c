"""The section of the study `pruners` on small networks from two starts, and its findings."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from harness.report import Column, Figure, Finding, RunTables, Section, Table
from harness.report import conditions as by
from harness.tables.parts import fixed, listed, percent_pruned, pruned

from . import _pruners_charts as charts
from . import _pruners_small as small
from . import _pruners_tables as tables

_PERCENT = pruned(tables.CHOSEN)
_WHERE = "92.2 %"

_FEW = 5
"""More names than this are only counted in a claim."""

_OUTCOMES = {
    "loss": "loss",
    "strength at equal density": "z at density",
    "strength at equal loss": "z at loss",
}


def findings(table: pd.DataFrame) -> list[Finding]:
    """Return which pruners lose less, whose motifs are stronger, and what degrees leave.

    `table` is that of `_pruners_small.landscape`.
    """
    return [_loss(table), *_depends(table), _strength(table), _degrees(table)]


def compared(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows of `_pruners_small.landscape` have a ratio to magnitude, for its chart."""
    return table["outcome"].isin(list(_OUTCOMES)) & table["value"].notna()


def about(runs: Mapping[str, RunTables]) -> str:
    """Return what was done in small, and on how much."""
    levels = runs[small.STARTS["Glorot"]].table("levels")
    return (
        f"In small: {levels['pruner'].nunique()} pruners and controls from each of two starts, "
        f"{levels['data_seed'].nunique()} networks each with their own data, 64 nodes a layer."
    )


def _loss(table: pd.DataFrame) -> Finding:
    less, more = (small.agreeing(table, "loss", sign) for sign in (-1.0, 1.0))
    rows = table[table["outcome"] == "loss"]
    if rows.empty:
        return Finding(
            "In small, no loss can be judged beside that of `magnitude`.",
            "From each start, more than 10 % of networks under it or under each other pruner are "
            "near the best constant.",
        )
    return Finding(
        f"In small, at {_PERCENT}, from both starts {_said(less)} "
        f"{'loses' if len(less) == 1 else 'lose'} less than `magnitude`; {_said(more)} more.",
        f"Less: {_names(less)}. More: {_names(more)}. n = {int(rows['n'].max())} networks, "
        "each with its own data, under each pruner and start; p up to 0.05, corrected for all.",
    )


def _depends(table: pd.DataFrame) -> list[Finding]:
    names = small.depending(table)
    if not names:
        return []
    ratios = []
    for name in names:
        rows = table[(table["pruner"] == name) & (table["outcome"] == "loss")]
        parts = [f"{row['start']} {by.factor(row)}" for row in rows.to_dict("records")]
        ratios.append(f"`{name}` {', '.join(parts)}")
    return [
        Finding(
            f"Less loss than `magnitude` from one start, more or as much from the other: "
            f"{_said(names)}.",
            f"Ratio of losses with 95 % intervals: {'; '.join(ratios)}. As much: no more than 10 % "
            "apart.",
        )
    ]


def _strength(table: pd.DataFrame) -> Finding:
    found = {}
    for name, sign in (("stronger", 1.0), ("weaker", -1.0)):
        dense, lossy = (
            small.agreeing(table, outcome, sign)
            for outcome in ("strength at equal density", "strength at equal loss")
        )
        found[name] = [one for one in dense if one in lossy]
    stronger, weaker = found["stronger"], found["weaker"]
    return Finding(
        f"From both starts, {_number(stronger, 'condition')} "
        f"{'has' if len(stronger) == 1 else 'have'} more than twice the z of `magnitude`, at equal "
        f"density and at equal loss; {len(weaker) or 'none'} less than half.",
        f"Twice: {_names(stronger)}. Half: {_names(weaker)}. Root mean square z at {_PERCENT}, "
        "`layered` (exact), all nodes; the 95 % interval lies beyond a factor of 2 each time.",
    )


def _degrees(table: pd.DataFrame) -> Finding:
    rows = table[table["outcome"] == "degrees"]
    by_start = {str(start): part for start, part in rows.groupby("start", sort=False)}
    of = listed([str(len(part)) for part in by_start.values()])
    left, explained = (
        [str((part["verdict"] == said).sum()) for part in by_start.values()]
        for said in ("something is left", "degrees explain it")
    )
    names = "; ".join(
        f"{start}: {_names(list(part.loc[part['verdict'] == 'something is left', 'pruner']))}"
        for start, part in by_start.items()
    )
    return Finding(
        f"Degrees explain the profile of {listed(explained)} conditions from the "
        f"{listed(list(by_start))} start, and leave something of {listed(left)}.",
        f"At {_PERCENT}; the others of {of} are open. Root mean square z under `degree` "
        f"(100 draws, classes that vary); left: its interval lies above {small.LEFT:.0f}; "
        f"explained: below. Left: {names}.",
    )


def section(
    runs: Mapping[str, RunTables],
    table: pd.DataFrame,
    families: Mapping[str, Sequence[str]],
    order: Sequence[str],
) -> Section:
    """Return all outcomes as a heat map, and the tables of losses, strengths and expectations."""
    losses = small.losses(runs)
    least = small.without_floors(losses)
    where = listed([f"{start} {pruned(density)}" for start, density in least.items()])
    lead = (
        "The same pruners on networks of 64 nodes a layer, without weight decay, from weights as "
        "saturated as the published and from Glorot's; twelve networks each, with their own data. "
        "Margins and rules are in `DESIGN.md`, committed before the run. Conditions of which more "
        "than 10 % of networks are near the best constant are left out. The sparsest density "
        f"at which no pruner is: {where or 'none'}. {_trained(runs)}"
    )
    parts: list[Figure | Table] = [
        *([landscape(table, families, order)] if compared(table).any() else []),
        _outcomes(table),
        _losses(losses),
        _judged(small.judged(runs)),
    ]
    return Section("small", "In small, from two starts", [lead], parts=parts)


def _trained(runs: Mapping[str, RunTables]) -> str:
    """Return how far `magnitude` is from the best constant before pruning, and at `CHOSEN`."""
    parts = []
    for start, name in small.STARTS.items():
        levels = runs[name].table("levels")
        levels = levels[levels["pruner"] == small.BASELINE]
        share = levels["validation_loss"].astype(float) / levels["constant_loss"].astype(float)
        median = share.groupby(levels["density"]).median()
        dense, chosen = (fixed(median[density], 2) for density in (1.0, tables.CHOSEN))
        parts.append(f"{start} {dense} and {chosen}")
    return (
        "Median loss under `magnitude` over that of the best constant, before pruning and at "
        f"{_PERCENT}: {'; '.join(parts)}."
    )


def landscape(
    table: pd.DataFrame, families: Mapping[str, Sequence[str]], order: Sequence[str]
) -> Figure:
    shown = table[compared(table)]
    column = shown["outcome"].map(_OUTCOMES) + ", " + shown["start"]
    cells = shown.assign(
        column=column,
        signed=shown["value"],
        clear=charts.clear(shown),
        shown=shown["value"].map(lambda value: fixed(2.0**value, 2)),
    )
    columns = [f"{name}, {start}" for name in _OUTCOMES.values() for start in small.STARTS]
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("pruner", "start", "outcome", "verdict")),
        *(alt.Tooltip(f"{name}:Q", title=f"log2 {name}", format=".3f")
          for name in ("value", "low", "high")),
        alt.Tooltip("n:Q", title="pairs"),
    ]  # fmt: skip
    rows = [name for name in order if name in set(cells["pruner"])]
    return Figure(
        "small_landscape",
        f"Beside magnitude at {_WHERE} pruned, from two starts (n = up to {int(cells['n'].max())})",
        "Geometric mean of the ratio to magnitude's, paired by data seed: validation loss, and "
        "root mean square z (`layered`, exact, all nodes) at equal density and where the loss "
        "first exceeds 1.25 times the dense loss. Hatched: the 95 % interval includes 1. Blank: "
        "left out, or too few pairs.",
        "Ratios to magnitude by pruner, start and outcome.",
        charts.heatmap(
            cells, families, rows, columns, ("more than magnitude", "less"), 3.0, tooltip
        ),
        cells.drop(columns=["signed", "clear", "shown"]),
        axis=190,
    )


def _outcomes(table: pd.DataFrame) -> Table:
    return Table(
        "small_outcomes",
        f"All outcomes at {_PERCENT}: log2 of the ratio to magnitude, with 95 % intervals; of "
        "degrees log2 of the strength under `degree`.",
        table,
        [
            *(Column(name, name, "text") for name in ("start", "pruner", "outcome")),
            Column("n", "n", note="pairs; of degrees networks"),
            Column("value", "log2"),
            Column("low", "from"),
            Column("high", "to"),
            Column("verdict", "verdict", "text"),
        ],
        sortable=True,
    )


def _losses(losses: pd.DataFrame) -> Table:
    return Table(
        "small_losses",
        "Loss over that of magnitude pruning by density, geometric mean with its 95 % interval. "
        "Corrected: for all pruners of one start at one density.",
        losses,
        [
            *(Column(name, name, "text") for name in ("start", "pruner")),
            Column("density", "pruned", "kept"),
            Column("n", "n"),
            Column("ratio", "ratio"),
            Column("low", "from"),
            Column("high", "to"),
            Column("adjusted", "p, corrected", "p"),
            Column("verdict", "verdict", "text"),
        ],
        sortable=True,
    )


def _judged(judged: pd.DataFrame) -> Table:
    rows = [
        {
            "start": start,
            "expectation": name,
            "verdict": tables.verdict(part),
            "ratios": "; ".join(
                f"{percent_pruned(density)}: {ratio:.2f}"
                for density, ratio in zip(part["density"], part["ratio"], strict=True)
            ),
        }
        for (start, name), part in judged.groupby(["start", "expectation"], sort=False)
    ]
    return Table(
        "small_expectations",
        "The expectations of the first part, judged by their own rules in small. Ratios of losses "
        "by % pruned.",
        pd.DataFrame(rows, columns=["start", "expectation", "verdict", "ratios"]),
        [Column(name, name, "text") for name in ("start", "expectation", "verdict", "ratios")],
    )


def _said(names: Sequence[str]) -> str:
    """Return a few names, or how many there are of more."""
    few = listed([f"`{name}`" for name in names])
    return (few or "none") if len(names) <= _FEW else f"{len(names)} conditions"


def _number(names: Sequence[str], noun: str) -> str:
    return f"{len(names) or 'no'} {noun}{'' if len(names) == 1 else 's'}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"

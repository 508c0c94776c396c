"""The tables of the study `frozen-ends`: outcomes at the levels compared, means, comparisons."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness import motifs
from harness.report import RunTables, conditions
from harness.report.constant_predictor import MOST, SHARE

from ._starts import start_of
from .frozen_ends import LEAST, MATCHED, POINTS, ROUNDS

KEPT, ALL, TOTAL = "ends kept", "all, same hidden density", "all, same total density"
"""The arms: the same hidden or total density is that of `KEPT` at the same level."""

CONDITION = ("regime", "level", "arm")

STRENGTHS = {
    "hidden": "z, hidden",
    "hidden_degree": "beyond degrees, hidden",
    "whole": "z, all",
    "whole_degree": "beyond degrees, all",
}
OUTCOMES = {"loss": "loss", **STRENGTHS}
"""Outcomes by their columns; all are positive, and averaged and compared as log2. Strengths are
root mean squares of z over classes and the layers where copies begin."""

PRIMARY, AT = "hidden", 5
"""The primary outcome, and the level of the primary comparison."""

MARGINS = {**dict.fromkeys(STRENGTHS, 1.0), "loss": float(np.log2(1.25))}
"""Of log2: a factor of 2 in strength, of 1.25 in loss."""

BEYOND = 2.0
"""The strength under `degree` from which on something is left that degrees do not explain."""

_PLACE = ["trial", "level"]
_HIDDEN_LAYERS = (1, 3)
"""The first and the last layer of edges between hidden nodes."""


def outcomes(run: RunTables) -> pd.DataFrame:
    """Return one row a network and level compared: `CONDITION`, `NETWORK` and all outcomes."""
    levels = run.table("levels")
    arms = levels["schedule"].map(_arm)
    last = levels.groupby("trial")["level"].transform("max")
    rows = levels[levels["level"].isin(POINTS) & ((arms != TOTAL) | (levels["level"] == last))]
    found = conditions.networks(run, rows).assign(
        level=rows["level"],
        density=rows["density"],
        regime=start_of(rows["architecture"]),
        arm=arms,
    )
    for null, name in (("", "motifs"), ("_degree", "sampled")):
        table = run.table(name)
        table = table[table["base_layer"] != motifs.TOTAL]
        strengths = {
            f"hidden{null}": conditions.strength(table[_is_hidden(table)], *_PLACE),
            f"whole{null}": conditions.strength(table, *_PLACE),
        }
        for outcome, strength in strengths.items():
            found = found.join(strength.rename(outcome), on=_PLACE)
    return found.reset_index(drop=True)


def floors(found: pd.DataFrame) -> pd.DataFrame:
    """Return by condition how many networks do hardly better than a constant.

    `judged`: whether so few do that the condition may be compared.
    """
    by = found.assign(marked=~(found["loss"] < SHARE)).groupby(list(CONDITION), sort=False)
    table = by.agg(n=("marked", "size"), marked=("marked", "sum"), density=("density", "mean"))
    return table.assign(judged=table["marked"] <= MOST * table["n"]).reset_index()


def judged(found: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the conditions that may be compared."""
    places = floors(found)
    good = places.loc[places["judged"], list(CONDITION)]
    return found.merge(good, on=list(CONDITION))


def means(found: pd.DataFrame) -> pd.DataFrame:
    """Return geometric means with 95 % intervals; strengths only where conditions are judged."""
    losses = conditions.means(found, CONDITION, ("loss", "density"), geometric=True)
    strengths = conditions.means(judged(found), CONDITION, tuple(STRENGTHS), geometric=True)
    return pd.concat([losses, strengths], ignore_index=True)


def pairs(regime: str) -> dict[str, tuple[Any, Any]]:
    """Return the conditions compared by their labels, ends kept against all pruned."""
    return {
        f"{regime}, level {level}: ends kept against {arm}": (
            (regime, level, KEPT),
            (regime, level, arm),
        )
        for arm, at in ((ALL, POINTS), (TOTAL, MATCHED))
        for level in at
    }


def comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """Return paired mean differences of log2 outcomes where both conditions are judged.

    `adjusted`: p for both primary comparisons, or for all secondary ones of one outcome.
    """
    rows, tables = judged(found), []
    of = {label: pair for regime in found["regime"].unique() for label, pair in
          pairs(regime).items()}  # fmt: skip
    main = {label: pair for label, pair in of.items() if pair[0][1] == AT and pair[1][2] == ALL}
    for outcome in OUTCOMES:
        families: Mapping[str, Mapping[str, tuple[Any, Any]]] = {"secondary": of}
        if outcome == PRIMARY:
            rest = {label: pair for label, pair in of.items() if label not in main}
            families = {"primary": main, "secondary": rest}
        for family, chosen in families.items():
            table = conditions.differences(
                rows, CONDITION, outcome, chosen, geometric=True, family=family
            )
            if len(table):
                verdicts = [
                    conditions.verdict(row, MARGINS[outcome]) for _, row in table.iterrows()
                ]
                tables.append(table.assign(verdict=verdicts))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def left(row: Any) -> str:
    """Return whether degrees explain a profile, from the mean strength under `degree`."""
    return conditions.left(row, BEYOND)


def _is_hidden(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether all edges of a row's copies lie between hidden nodes."""
    spans = {motif.name: motif.span for order in (2, 3) for motif in motifs.classes(order)}
    first, last = _HIDDEN_LAYERS
    begins = table["base_layer"].astype(int)
    return (begins >= first) & (begins + table["motif"].map(spans) - 1 <= last)


def _arm(schedule: str) -> str:
    if schedule.startswith("frozen-ends"):
        return KEPT
    return ALL if f'"@first": {LEAST}}}' in schedule else TOTAL


def hidden_pruned(level: int) -> str:
    """Return the share of hidden weights that is pruned at a level where arms share it, as text."""
    kept = LEAST if level == ROUNDS else 0.6**level
    return f"{100 * (1 - kept):.1f} %"

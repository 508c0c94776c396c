"""The section of the study `published` on other data sets and on the start of training."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.report import Column, Figure, Finding, RunTables, Section, Table
from harness.report import conditions as by
from harness.report.constant_predictor import SHARE
from harness.tables.parts import Kind, counted, fixed

from . import _published_charts as charts
from . import _published_data_sets as data_sets
from . import _published_tables as tables

FIRST = ("published", "mended", "no-regrowth", "own-cutoff")
"""The ensembles of one data set, which the rest of the page is about."""

_LEVELS = (85, 90, 93)
_PERCENT = 93


def there(runs: Mapping[str, RunTables]) -> bool:
    """Return whether the second part was run."""
    return {"seeds", "seeds-mended", "glorot"} <= {*runs}


def in_short(runs: Mapping[str, RunTables]) -> list[Finding]:
    """Return what other data sets and another start change, a sentence each."""
    compared = _compared(runs)
    held = data_sets.verdict(compared)
    number = compared["verdict"].value_counts()
    n, found = _networks(runs), _starts(runs)
    first: dict[str, Any] = {
        row["outcome"]: row for _, row in data_sets.of_starts(found).iterrows()
    }
    strength = first["strength"]
    factor = by.factor(strength)
    decided = {
        by.BEYOND: "the start decides it",
        by.WITHIN: "not by a factor of 2",
        by.OPEN: "open by the rule",
    }[strength["verdict"]]
    return [
        Finding(
            f"On {_data_sets(runs)} it {held}: {number.get('equivalent', 0)} of "
            f"{len(compared)} mean z-scores are equivalent to the published, "
            f"{number.get('different', 0)} different.",
            f"n = {n} networks, given these data sets; margin: one published standard deviation. "
            f"{number.get('open', 0)} are open; {number.get('too few', 0)} have no verdict, as "
            f"under {tables.FEWEST} networks pass the published selection. {_shares(runs)}",
        ),
        Finding(
            f"From Glorot weights z is {factor} times as large as from the published start: "
            f"{decided}.",
            f"Root mean square z under `layered` at {_PERCENT} % pruned by plain magnitude; "
            f"{strength['n']} pairs of networks, given {_data_sets(runs)}; margin: a factor of 2. "
            f"{_secondary(first)}",
        ),
    ]


def _secondary(found: Mapping[str, Any]) -> str:
    degree, loss = (by.factor(found[name]) for name in ("degree_strength", "loss"))
    return f"Under `degree` {degree} times; loss {loss} times."


def section(runs: Mapping[str, RunTables]) -> Section:
    """Return both analyses with their charts and tables."""
    compared, found = _compared(runs), _starts(runs)
    n = _networks(runs)
    parts: list[Figure | Table] = [
        charts.forest(
            "other_data_sets",
            f"Other data sets less the published (n = up to {n} networks)",
            "Counted and selected as published.",
            compared,
        ),
        Table(
            "other_data_sets_compared",
            "The 24 quantities on other data sets; difference, low and high in published sd.",
            compared,
            [_column(name) for name in _COMPARED],
        ),
        _between(runs),
        _outcomes(found),
        by.table_of_differences(
            "starts",
            "log2 of each outcome from Glorot weights over that from the published start, paired "
            "by data seed and number of the network.",
            data_sets.of_starts(found),
        ),
        _classes(runs),
    ]
    return Section("data-sets", "Other data sets, and another start", _lead(found), parts=parts)


_COMPARED = ("percent", "motif", "published_mean", "mean", "sd", "n", "difference", "low", "high",
             "verdict")  # fmt: skip


def _compared(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    compared = tables.against_published(runs["seeds"])
    return compared[compared["percent"].isin(_LEVELS)].reset_index(drop=True)


def _starts(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    return data_sets.starts(runs["glorot"], runs["seeds-mended"], _PERCENT)


def _data_sets(runs: Mapping[str, RunTables]) -> str:
    return counted(runs["seeds"].table("levels")["data_seed"].nunique(), "other data set")


def _networks(runs: Mapping[str, RunTables]) -> int:
    return len(runs["seeds"].table("levels").drop_duplicates(["data_seed", "network"]))


def _between_of(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    return data_sets.between({name: runs[name] for name in ("published", "seeds")}, _PERCENT)


def _shares(runs: Mapping[str, RunTables]) -> str:
    """Return a sentence on the variance between data sets; nothing if it is not known."""
    shares = _between_of(runs)["share"]
    if shares.empty:
        return ""
    return (
        f"Between data sets lies {100 * shares.min():.0f} to {100 * shares.max():.0f} % of the "
        f"variance of z at {_PERCENT} % pruned, by class."
    )


def _between(runs: Mapping[str, RunTables]) -> Table:
    headings = {"data_sets": "data sets", "sd_within": "sd within", "sd_between": "sd between"}
    columns = ["motif", "data_sets", "n", "sd_within", "sd_between", "share"]
    return Table(
        "between_data_sets",
        f"Standard deviation of z at {_PERCENT} % pruned within and between data sets, and the "
        "share of the variance that is between (analysis of variance; 0 where the estimate is "
        "negative). Counted and selected as published, the first data set included. Descriptive: "
        "so few data sets leave it uncertain.",
        _between_of(runs),
        [Column(name, headings.get(name, name), "text" if name == "motif" else "number")
         for name in columns],
    )  # fmt: skip


def _outcomes(found: pd.DataFrame) -> Figure:
    means = by.means(found.assign(one=""), ["start", "one"], list(data_sets.OUTCOMES),
                     geometric=True)  # fmt: skip
    n = int(found.groupby("start").size().min())
    return by.figure(
        "start_outcomes",
        f"Strength and loss from two starts (n = {n} networks each)",
        f"Root mean square z at {_PERCENT} % pruned by plain magnitude under `layered` (exact) "
        "and `degree` (100 draws), all nodes, and loss; geometric means over networks.",
        means,
        data_sets.OUTCOMES,
        "start",
        log=True,
    )


def _classes(runs: Mapping[str, RunTables]) -> Table:
    table = data_sets.classes(runs["glorot"], runs["seeds-mended"], _PERCENT)
    headings = {"value": "difference", "low": "from", "high": "to", "adjusted": "p, corrected"}
    columns = ["motif", "n", "glorot", "published", "value", "low", "high", "adjusted"]
    kinds: dict[str, Kind] = {"motif": "text", "adjusted": "p"}
    return Table(
        "start_classes",
        "log2 of count over expected by class (exact, `layered`, all nodes): means from either "
        "start, and their paired difference with its 95 % interval.",
        table,
        [Column(name, headings.get(name, name), kinds.get(name, "number")) for name in columns],
    )


def _lead(found: pd.DataFrame) -> list[str]:
    floor = found[found["loss"] >= SHARE]
    at_floor = "; ".join(
        f"{start}: {len(part)}" for start, part in floor.groupby("start", sort=False)
    )
    highest = found.groupby("start")["loss"].max()
    losses = ", ".join(f"{start} {fixed(value, 3)}" for start, value in highest.items())
    return [
        "Question, unit, margins and rules are in `DESIGN.md`, committed before this part was run. "
        f"Networks at the floor ({SHARE} of the best constant's loss): {at_floor or 'none'}; the "
        f"highest loss is, as a share of it, {losses}."
    ]


def _column(name: str) -> Column:
    return Column(
        name, name.replace("_", " "), "text" if name in ("motif", "verdict") else "number"
    )

"""Which motifs are over- and under-represented, in sentences."""

import pandas as pd

from harness.report import Collection, Finding
from harness.tables.parts import listed, number, pruned, with_ends

_RATIO = ("log2_ratio", "log2_low", "log2_high")
MOST_CONDITIONS = 4
"""With more conditions, a sentence for each would be too much; the tables have all."""


def findings(data: Collection, table: pd.DataFrame) -> list[Finding]:
    """Say which motifs are over- and under-represented at the chosen level, on both supports."""
    found = []
    for condition in data.conditions[:MOST_CONDITIONS] if len(table) else ():
        rows = table[table["condition"] == condition]
        if rows.empty:
            continue
        density, n, unit = rows["density"].iloc[0], int(rows["n"].max()), rows["unit"].iloc[0]
        every, live = (rows[rows["support"] == support] for support in ("all", "live"))
        claim = f"at {pruned(density)}, counting all nodes, {_represented(every)}."
        detail = f"Counting live nodes only, which is descriptive: {_represented(live)}."
        with_it = f"With {condition}, {claim}"
        claim = with_it if len(data.conditions) > 1 else claim[:1].upper() + claim[1:]
        found.append(Finding(claim, f"{detail} n\u00a0=\u00a0{n} {unit}."))
    return found


def verdict(table: pd.DataFrame) -> str:
    """Return how many classes are over-represented, under each condition, as a clause."""
    rows = table[table["support"] == "all"]
    over = rows.assign(over=rows["verdict"] == "over").groupby("motif", observed=True)["over"]
    if rows.empty or (rows["verdict"] == "undecided").all():
        return ""
    conditions = rows["condition"].nunique()
    under = f" under all {conditions} conditions" if conditions > 1 else ""
    count = f"{int(over.all().sum())} of {over.ngroups} motif classes"
    return f"{count} are more frequent than layer densities explain{under}"


def strongest(rows: pd.DataFrame, beyond: str, null: str) -> list[Finding]:
    """Return the class whose count departs most from chance, in a sentence for the first screen.

    `rows` have mean z and log2 ratio of all nodes with their intervals, `beyond` says what the null
    keeps. Of the classes whose z differs from 0 it is that of the largest ratio, up or down.
    """
    rows = rows.dropna(subset=["z", "log2_ratio"])
    if rows.empty:
        return []
    clear = rows[_over(rows) | _under(rows)]
    shown = clear if len(clear) else rows
    row = shown.iloc[int(shown["log2_ratio"].abs().argmax())]
    under = f" under {row['condition']}" if rows["condition"].nunique() > 1 else ""
    departs = "departs most" if len(clear) else "departs most, though not clearly"
    times, low, high = (2.0 ** row[one] for one in _RATIO)
    ratio = with_ends(times, low, high, head="95\u00a0% ")
    z = with_ends(row["z"], row["z_low"], row["z_high"], head="95\u00a0% ")
    return [
        Finding(
            f"Beyond {beyond}, {row['motif']} {departs}{under}: found over expected {ratio}.",
            f"Mean z {z}. Null {null}, all nodes; n\u00a0=\u00a0{int(row['n'])} {row['unit']}.",
        )
    ]


def beyond_degrees(rows: pd.DataFrame) -> str:
    """Return how many classes of a condition depart from the null `degree`, as a clause."""
    rows = rows.dropna(subset=["z", "z_low"])
    if rows.empty or rows["condition"].nunique() > 1:
        return ""
    over, under = (int(side.sum()) for side in (_over(rows), _under(rows)))
    return (
        f"of {len(rows)} that degrees leave free, {over} are more and {under} less frequent than "
        "degrees explain"
    )


def _over(rows: pd.DataFrame) -> "pd.Series[bool]":
    return rows["z_low"] > 0


def _under(rows: pd.DataFrame) -> "pd.Series[bool]":
    return rows["z_high"] < 0


def _represented(rows: pd.DataFrame) -> str:
    """Say which motifs are over- or under-represented by their mean z."""
    if not rows["z"].notna().any():
        return "no z is defined"
    if (rows["verdict"] == "undecided").all():
        strongest = rows.dropna(subset="z").sort_values("z", key=abs).iloc[-1]
        return (
            f"the largest mean z is {number(strongest['z'])}, of {strongest['motif']}; there are "
            "too few networks for a test"
        )
    groups: list[str] = []
    for verdict, words in (
        ("over", "over-represented"),
        ("under", "under-represented"),
        ("unclear", "not distinguishable from chance"),
        ("undecided", "not testable"),
    ):
        names = [str(name) for name in rows.loc[rows["verdict"] == verdict, "motif"]]
        if len(names) == len(rows):
            return f"all {len(rows)} motifs are {words}"
        if names:
            counts = f"{len(names)} {words} ({', '.join(names)})"
            of = f" of {len(rows)} motifs {'are' if len(names) > 1 else 'is'} "
            groups.append(counts if groups else counts.replace(" ", of, 1))
    return listed(groups)

"""Levels at which networks do no better than a constant: marked, and compared with nothing.

A network is marked where its validation loss is at least `SHARE` of the best constant predictor's.
A level of a condition with more than `MOST` of its networks marked is left out whole of ranks,
comparisons and fronts: leaving out single networks would select the survivors.
"""

from collections.abc import Sequence

import pandas as pd

from harness.report.metrics import collect
from harness.tables.collection import Collection, RunTables
from harness.tables.parts import Finding, counted, listed, number, percent, pruned

SHARE = 0.9
MOST = 0.1

PLACE = ["condition", "level"]


def marked(levels: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each row of `levels` is no better than a constant; False if unknown."""
    below = levels["validation_loss"] < SHARE * levels["constant_loss"].astype(float)
    # A loss that is not finite, of a network that diverged, is below nothing.
    return ~below & levels["constant_loss"].notna()


def marked_levels(data: Collection) -> pd.DataFrame:
    """List conditions and levels with a marked network: how many, and whether they are left out.

    `marked` networks of `n`, those that diverged among them; `constant_loss` is the mean over data
    seeds; `left_out` says whether more than `MOST` of them are marked.
    """
    levels = data.started.assign(marked=marked(data.started))
    groups = levels.groupby([*PLACE, "density"], sort=False, observed=True)
    table = groups.agg(
        n=("marked", "size"), marked=("marked", "sum"), constant_loss=("constant_loss", "mean")
    ).reset_index()
    table = table[table["marked"] > 0]
    return table.assign(left_out=table["marked"] > MOST * table["n"])


def left_out(data: Collection, table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each row of a table is of a condition and level that is left out."""
    found = marked_levels(data)
    out = found.loc[found["left_out"], PLACE].astype({"condition": object})
    places = pd.MultiIndex.from_frame(table[PLACE].astype({"condition": object}))
    return pd.Series(places.isin(pd.MultiIndex.from_frame(out)), index=table.index)


def crossed(data: Collection) -> str:
    """Return what a caption says of crosses, nothing where there are none."""
    said = (
        f" Crossed: levels at which more than {percent(MOST)} of networks do no better than a "
        "constant, left out of all comparisons."
    )
    return said if marked_levels(data)["left_out"].any() else ""


def known(data: Collection) -> bool:
    """Return whether the constant-predictor loss is known for every network."""
    return bool(data.started["constant_loss"].notna().all())


def left_out_findings(runs: Sequence[RunTables]) -> list[Finding]:
    """Say what is left out of some runs, as `findings` does, for a page of one's own."""
    return findings(collect(runs))


def findings(data: Collection) -> list[Finding]:
    """Say what is left out, by name and with the reason, or that it cannot be known."""
    if data.started.empty:
        return []
    if data.started["constant_loss"].isna().all():
        return [
            Finding(
                "Nothing is left out for doing no better than a constant: the loss of the best "
                "constant predictor is not known for these runs.",
            )
        ]
    table = marked_levels(data)
    gone = table[table["left_out"]]
    unknown = "" if known(data) else " For some networks that loss is not known."
    if gone.empty:
        some = f" {counted(int(table['marked'].sum()), 'network')} marked." if len(table) else ""
        return [
            Finding(f"No level is left out for doing no better than a constant.{some}{unknown}")
        ]
    places = [
        f"{condition} at {listed([_level(row) for _, row in rows.iterrows()])}"
        for condition, rows in gone.groupby("condition", sort=False, observed=True)
    ]
    losses = sorted({number(float(loss)) for loss in gone["constant_loss"]})
    return [
        Finding(
            "Left out of ranks, comparisons, matched comparisons, fronts and judgements: "
            f"{'; '.join(places)}.",
            f"More than {percent(MOST)} of their networks have a validation loss of at least "
            f"{SHARE} of the best constant predictor's ({listed(losses)}).{unknown}",
        )
    ]


def _level(row: "pd.Series") -> str:
    return f"{pruned(row['density'])} ({row['marked']} of {row['n']})"

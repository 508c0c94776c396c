"""Levels at which networks do no better than a constant are marked and not compared.

A network is marked if its validation loss is at least `SHARE` of the best constant predictor's.
If more than `MOST` of a condition's networks are marked at a level, ranks, comparisons and fronts
leave out the whole level: leaving out single networks would select the survivors.
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
    # The loss of a diverged network is not finite, and so below nothing.
    return ~below & levels["constant_loss"].notna()


def marked_levels(data: Collection) -> pd.DataFrame:
    """List conditions and levels with a marked network.

    `marked` counts marked networks of `n`, diverged ones included; `constant_loss` is the mean over
    data seeds; `left_out` says whether more than `MOST` of them are marked.
    """
    levels = data.started.assign(marked=marked(data.started))
    groups = levels.groupby([*PLACE, "density"], sort=False, observed=True)
    table = groups.agg(
        n=("marked", "size"), marked=("marked", "sum"), constant_loss=("constant_loss", "mean")
    ).reset_index()
    table = table[table["marked"] > 0]
    return table.assign(left_out=table["marked"] > MOST * table["n"])


def left_out(data: Collection, table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each row of a table belongs to a condition and level that is left out."""
    levels = marked_levels(data)
    out = levels.loc[levels["left_out"], PLACE].astype({"condition": object})
    places = pd.MultiIndex.from_frame(table[PLACE].astype({"condition": object}))
    return pd.Series(places.isin(pd.MultiIndex.from_frame(out)), index=table.index)


def crossed(data: Collection) -> str:
    """Return the note of a caption on crosses, empty if there are none."""
    note = (
        f" Crossed: levels at which more than {percent(MOST)} of networks do no better than a "
        "constant, left out of all comparisons."
    )
    return note if marked_levels(data)["left_out"].any() else ""


def known(data: Collection) -> bool:
    """Return whether the constant-predictor loss is known for every network."""
    return bool(data.started["constant_loss"].notna().all())


def left_out_findings(runs: Sequence[RunTables]) -> list[Finding]:
    """Say what is left out of some runs, as `findings` does, for a page of your own."""
    return findings(collect(runs))


def findings(data: Collection) -> list[Finding]:
    """Say what is left out and why, or that this is not known."""
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

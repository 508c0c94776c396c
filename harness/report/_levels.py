"""Motifs of every condition at every level: what a figure with a slider of levels shows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harness.report._source import Collection
from harness.report._summaries import last_of_equal, motif_order, spread
from harness.report.pages.parts import pruned

BREAK = "\u00a0"
"""A motif without a name and a value: it parts the orders of motifs on an axis."""


def mean_z(motifs: pd.DataFrame) -> pd.DataFrame:
    """Mean z on all nodes, a row for each condition, motif and density at which it is defined.

    Of levels of equal density the last is taken.

    `motifs` is the table of `_summaries.motif_by_density`. `step` numbers the densities that any
    condition has, from the densest on; `sign` and `size` are those of the mean.
    """
    chosen = motifs[(motifs["statistic"] == "z") & (motifs["support"] == "all")]
    columns = ["condition", "order", "motif", "level", "density", "n", "mean"]
    table = _stepped(last_of_equal(chosen[columns]))
    over = np.where(table["mean"] >= 0, MORE, FEWER)
    shown = [_figure(value) for value in table["mean"]]
    return table.assign(sign=over, size=table["mean"].abs(), shown=shown)


MORE, FEWER = "more copies than the null expects", "fewer"


def _figure(value: float) -> str:
    """A mean z for a small cell: one decimal below 10, none above."""
    text = f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}".replace("-0.0", "0.0")
    return text.replace("-", "−")


def profiles(data: Collection) -> pd.DataFrame:
    """Mean significance profile with quartiles over networks, by condition, order and level.

    A network's profile is its z on all nodes over the norm of those of one order (Milo et al. 2004,
    Science 303:1538). Of levels of equal density the last is taken. Between two orders stands a
    row without a value, named `BREAK`.
    """
    chosen = data.summed[data.summed["support"] == "all"]
    chosen = chosen[np.isfinite(chosen["z"].astype(float))]
    squares = chosen.assign(square=chosen["z"] ** 2)
    one = squares.groupby(["cell", "network", "level", "order"], sort=False, observed=True)
    norm = np.sqrt(one["square"].transform("sum"))
    shares = chosen.assign(share=(chosen["z"] / norm.where(norm > 0)))
    by = ["condition", "order", "motif", "level", "density"]
    table = _stepped(last_of_equal(spread(shares, by, "share")))
    if table["order"].nunique() < 2:
        return table
    places = table[["condition", "density", "step", "pruned"]].drop_duplicates()
    return pd.concat([table, places.assign(motif=BREAK)], ignore_index=True)


def axis(motifs: pd.DataFrame) -> list[str]:
    """Motif names by order, with a break between two orders."""
    orders = [motif_order(part) for _, part in motifs.groupby("order", observed=True)]
    names = [name for names in orders for name in [BREAK, *names]]
    return names[1:]


def steps(table: pd.DataFrame) -> list[float]:
    """The densities of a table by step."""
    return sorted(table["density"].unique(), reverse=True)


def _stepped(table: pd.DataFrame) -> pd.DataFrame:
    order: Sequence[float] = steps(table)
    number = {density: step for step, density in enumerate(order)}
    said = {density: pruned(density) for density in order}
    return table.assign(
        step=table["density"].map(number).astype(int), pruned=table["density"].map(said)
    )

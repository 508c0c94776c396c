"""Paired comparisons of conditions: the same networks, pruned in two ways."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from harness import stats
from harness.report._source import Collection
from harness.report._summaries import at, losses, measure, motif_order

MOST_ALL_PAIRS = 4
"""With more conditions in a block, each is compared with the first only."""

LOSS, EFFECTIVE, Z = "log10 validation loss", "effective density", "z"
UNIT = ["task", "data_seed", "network"]


def comparisons(data: Collection, density: float) -> pd.DataFrame:
    """Mean paired differences at the level nearest to a density, with intervals and p-values.

    One row for each pair of conditions of one task and data seed, and each quantity: log10 of the
    validation loss, effective density, and z of each motif on all nodes. A difference is that of
    two networks of one number, which have the same initial weights; `comparison` says which less
    which. `low` and `high` are the ends of a 95 % bootstrap-t interval, `p` is that of sign flips,
    `adjusted` max-T over the motifs of a comparison, `attainable` the smallest p there could be.
    """
    table = _quantities(data, density)
    rows = [row for first, second in _pairs(table) for row in _compared(table, first, second)]
    return pd.DataFrame(rows)


def limited(data: Collection, table: pd.DataFrame) -> bool:
    """Whether some pairs of conditions were left out because there are many."""
    return len(data.conditions) > MOST_ALL_PAIRS and not table.empty


def _quantities(data: Collection, density: float) -> pd.DataFrame:
    """A row a network of a condition, a column a quantity; NaN where it is undefined."""
    cells = data.cells.set_index("cell")
    loss = at(losses(data), density)
    loss = loss.assign(kind=LOSS, quantity=LOSS, value=np.log10(loss["value"].astype(float)))
    effective = at(measure(data, "effective density", "structure"), density)
    effective = effective.assign(kind=EFFECTIVE, quantity=EFFECTIVE)
    z = at(data.summed[data.summed["support"] == "all"], density)
    z = z.assign(kind=Z, quantity=z["motif"], value=z["z"])
    keys = ["condition", "cell", "network", "kind", "quantity"]
    parts = [part[[*keys, "value"]].astype({name: object for name in keys if name != "network"})
             for part in (loss, effective, z) if not part.empty]  # fmt: skip
    if not parts:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * 4, names=["condition", *UNIT]))
    long = pd.concat(parts, ignore_index=True)
    for name in ("task", "data_seed"):
        long[name] = long["cell"].map(cells[name])
    wide = long.pivot_table(
        index=["condition", *UNIT], columns=["kind", "quantity"], values="value", sort=False
    )
    order = [(Z, name) for name in motif_order(z)] if len(z) else []
    wanted = [(LOSS, LOSS), (EFFECTIVE, EFFECTIVE), *order]
    wide = wide[[name for name in wanted if name in wide]]
    return wide.reindex(list(data.conditions), level="condition")


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Pairs of conditions that share a task and a data seed, in the order of the conditions."""
    for _, part in table.groupby(level=["task", "data_seed"], sort=False):
        names = list(part.index.get_level_values("condition").unique())
        if len(names) <= MOST_ALL_PAIRS:
            yield from combinations(names, 2)
        else:
            yield from ((names[0], name) for name in names[1:])


def _compared(table: pd.DataFrame, first: str, second: str) -> list[dict[str, Any]]:
    one, other = (table.xs(name, level="condition") for name in (first, second))
    differences = pd.DataFrame(other - one).dropna(how="all")
    rows: list[dict[str, Any]] = []
    for kind in (LOSS, EFFECTIVE, Z):
        if kind not in differences:
            continue
        part = pd.DataFrame(differences[kind])
        tested = stats.sign_flips(part.to_numpy(dtype=float))
        for column, (name, values) in enumerate(part.items()):
            interval = stats.mean_interval(values.to_numpy(dtype=float))
            rows.append(
                {
                    "comparison": f"{second} − {first}",
                    "kind": kind,
                    "quantity": name,
                    "n": interval.n,
                    "difference": interval.value,
                    "low": interval.low,
                    "high": interval.high,
                    "p": tested.p[column],
                    "adjusted": tested.adjusted[column],
                    "attainable": tested.attainable,
                    "exact": tested.exact,
                }
            )
    return [row for row in rows if row["n"]]

"""Paired comparisons of conditions: the same networks, pruned in two ways."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from harness import stats
from harness.report._floor import left_out
from harness.report._source import NETWORK, Collection
from harness.report._summaries import at, losses, measure, motif_order
from harness.report._units import named, units_of

MOST_ALL_PAIRS = 4
"""With more conditions of a task, each is compared with the first only."""

LOSS, EFFECTIVE, Z = "log10 validation loss", "effective density", "z"
UNIT = ["task", *NETWORK]


def comparisons(data: Collection, density: float) -> pd.DataFrame:
    """Mean paired differences at the level nearest to a density, with intervals and p-values.

    One row for each pair of conditions of one task and each quantity: log10 of the validation
    loss, effective density, and z of each motif on all nodes. A difference is that of two networks
    with the same initial weights and data; `comparison` says which less which, `n` counts units
    and `unit` says which. `low` and `high` are the ends of a 95 % interval, `p` is two-sided and of
    the same procedure (`stats.mean_tests`), `adjusted` for the motifs of a comparison, `attainable`
    the smallest p there could be. Of several levels of one density the last is compared. A
    condition that does no better than a constant at its level is not compared.
    """
    table = _quantities(data, density)
    rows = [row for first, second in _pairs(table) for row in _compared(table, first, second)]
    return pd.DataFrame(rows)


def limited(data: Collection, table: pd.DataFrame) -> bool:
    """Whether some pairs of conditions were left out because there are many."""
    return len(data.conditions) > MOST_ALL_PAIRS and not table.empty


def _quantities(data: Collection, density: float) -> pd.DataFrame:
    """A row a network of a condition, a column a quantity; NaN where it is undefined."""
    loss = at(losses(data), density)
    loss = loss.assign(kind=LOSS, quantity=LOSS, value=np.log10(loss["value"].astype(float)))
    effective = at(measure(data, "effective density", "structure"), density)
    effective = effective.assign(kind=EFFECTIVE, quantity=EFFECTIVE)
    z = at(data.summed[data.summed["support"] == "all"], density)
    z = z.assign(kind=Z, quantity=z["motif"], value=z["z"])
    keys = ["condition", "cell", "network", "level", "kind", "quantity"]
    numbers = ("network", "level")
    parts = [part[[*keys, "value"]].astype({name: object for name in keys if name not in numbers})
             for part in (loss, effective, z) if not part.empty]  # fmt: skip
    index = ["condition", *UNIT, "version"]
    if not parts:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * len(index), names=index))
    long = pd.concat(parts, ignore_index=True)
    long = named(data, long[~left_out(data, long)])
    # The version of old results is not known; an index drops what is undefined.
    long["version"] = long["version"].fillna(0)
    once = long.drop_duplicates([*index, "kind", "quantity"])
    wide = once.pivot(index=index, columns=["kind", "quantity"], values="value")
    order = [(Z, name) for name in motif_order(z)] if len(z) else []
    wanted = [(LOSS, LOSS), (EFFECTIVE, EFFECTIVE), *order]
    wide = wide[[name for name in wanted if name in wide]]
    return wide.reindex(list(data.conditions), level="condition")


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Pairs of conditions that share a task, in the order of the conditions."""
    for _, part in table.groupby(level="task", sort=False):
        names = list(part.index.get_level_values("condition").unique())
        if len(names) <= MOST_ALL_PAIRS:
            yield from combinations(names, 2)
        else:
            yield from ((names[0], name) for name in names[1:])


def _compared(table: pd.DataFrame, first: str, second: str) -> list[dict[str, Any]]:
    one, other = (table.xs(name, level="condition") for name in (first, second))
    differences = pd.DataFrame(other - one).dropna(how="all")
    units = units_of(differences.index.to_frame(index=False))
    by_unit = units.averaged(differences)
    rows: list[dict[str, Any]] = []
    for kind in (LOSS, EFFECTIVE, Z):
        if kind not in by_unit:
            continue
        part = pd.DataFrame(by_unit[kind])
        found = stats.mean_tests(part.to_numpy(dtype=float))
        for column, name in enumerate(part):
            rows.append(
                {
                    "comparison": f"{second} − {first}",
                    "kind": kind,
                    "quantity": name,
                    "n": int(found.n[column]),
                    "unit": str(units),
                    "difference": found.value[column],
                    "low": found.low[column],
                    "high": found.high[column],
                    "p": found.p[column],
                    "adjusted": found.adjusted[column],
                    "attainable": found.attainable[column],
                }
            )
    return [row for row in rows if row["n"]]

"""The masks of a run as the report reads them: degrees of units, and pictures' arrays."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from harness.errors import UserError
from harness.files import DamagedFileError
from harness.report._source import NETWORK, Collection
from harness.report._summaries import at
from harness.report._units import named

MOST_DEGREES = 40
"""Degrees at which a distribution is evaluated, at most."""

INTO, OUT_OF = "into", "out of"


def masks(
    data: Collection, density: float, *, only: tuple[str, int, int] | None = None
) -> Iterator[tuple[str, np.ndarray, Mapping[str, np.ndarray]]]:
    """Cell by cell, at its level nearest to a density: condition, network numbers, masks by leaf.

    Masks are (networks, out, in...), of the networks that are reported. With `only`, the network
    of a seed, data seed and number, cells that lack it are not read. A cell whose masks cannot be
    read is passed over: the page names what is damaged elsewhere.
    """
    first = dict(zip(data.cells["cell"], data.cells["first_network"], strict=True))
    in_run = dict(zip(data.cells["cell"], data.cells["run"], strict=True))
    runs = {run.path.name: run for run in reversed(data.runs)}
    chosen = named(data, at(data.levels, density))
    for cell, rows in chosen.groupby("cell", sort=False, observed=True):
        if only is not None and only not in identities(rows):
            continue
        try:
            found = runs[in_run[str(cell)]].masks(str(cell), int(rows["level"].iloc[0]))
        except (UserError, DamagedFileError, OSError):
            continue
        numbers = np.sort(rows["network"].unique())
        index = numbers - first[str(cell)]
        whole = all(np.array_equal(index, np.arange(len(mask))) for mask in found.values())
        kept = found if whole else {name: mask[index] for name, mask in found.items()}
        yield str(rows["condition"].iloc[0]), numbers, kept


def identities(rows: pd.DataFrame) -> set[tuple[str, int, int]]:
    """The networks of some rows, which have the columns `NETWORK`."""
    return set(rows[list(NETWORK)].itertuples(index=False, name=None))


def degrees(data: Collection, density: float) -> pd.DataFrame:
    """Share of units with at least so many edges, by condition, leaf and side, at one level.

    One row for each degree: `mean`, `lower` and `upper` quartile over networks. `expected` is the
    share were each leaf's edges placed uniformly: the hypergeometric tail, at the mean number of
    edges. Rows of a leaf's matrix (out, rest) are the units that edges lead into.
    """
    panels: dict[tuple[str, str], dict[str, list[np.ndarray]]] = {}
    sizes: dict[tuple[str, str, str], tuple[int, int]] = {}
    for condition, _, leaves in masks(data, density):
        for leaf, mask in leaves.items():
            if mask.ndim < 3:
                continue
            matrix = mask.reshape(*mask.shape[:2], -1)
            for side, axis in ((INTO, 2), (OUT_OF, 1)):
                counted = np.count_nonzero(matrix, axis=axis)
                panels.setdefault((leaf, side), {}).setdefault(condition, []).append(counted)
                sizes[leaf, side, condition] = (matrix.shape[axis], matrix[0].size)
    parts = []
    for (leaf, side), by_condition in panels.items():
        units = {name: np.concatenate(values) for name, values in by_condition.items()}
        largest = max(int(values.max(initial=0)) for values in units.values())
        steps = np.unique(np.linspace(0, max(largest, 1), MOST_DEGREES).round().astype(int))
        for condition, values in units.items():
            tail = _tail(values, steps, *sizes[leaf, side, condition])
            tail[["leaf", "side", "condition", "n"]] = leaf, side, condition, len(values)
            parts.append(tail)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _tail(values: np.ndarray, steps: np.ndarray, places: int, size: int) -> pd.DataFrame:
    """Shares of units (networks, units) with at least `steps` edges, of `places` possible ones."""
    from scipy.stats import hypergeom

    shares = np.stack([(values >= step).mean(axis=1) for step in steps])
    lower, upper = np.quantile(shares, [0.25, 0.75], axis=1)
    edges = round(float(values.sum(axis=1).mean()))
    return pd.DataFrame(
        {
            "degree": steps,
            "mean": shares.mean(axis=1),
            "lower": lower,
            "upper": upper,
            "expected": hypergeom.sf(steps - 1, size, places, edges),
        }
    )

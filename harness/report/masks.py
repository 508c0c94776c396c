"""The masks of reported networks, read from their runs."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from harness.errors import UserError
from harness.files import DamagedFileError
from harness.tables.collection import NETWORK, Collection
from harness.tables.summaries import at
from harness.tables.units import named


def masks(
    data: Collection, density: float, *, only: tuple[str, int, int] | None = None
) -> Iterator[tuple[str, np.ndarray, Mapping[str, np.ndarray]]]:
    """Read masks trial by trial, each at its level nearest to a density.

    Yields the condition, the numbers of its networks, and their masks by leaf. Masks are (networks,
    out, in...), of the networks that are reported. With `only`, the seed, data seed and number of a
    network, trials without it are not read. A trial whose masks cannot be read is skipped: another
    part of the page names damaged trials.
    """
    first = dict(zip(data.trials["trial"], data.trials["first_network"], strict=True))
    in_run = dict(zip(data.trials["trial"], data.trials["run"], strict=True))
    runs = {run.path.name: run for run in reversed(data.runs)}
    chosen = named(data, at(data.levels, density))
    if only is not None:
        place = np.all(
            [chosen[name] == one for name, one in zip(NETWORK, only, strict=True)], axis=0
        )
        chosen = chosen[chosen["trial"].isin(chosen["trial"][place])]
    for trial, rows in chosen.groupby("trial", sort=False, observed=True):
        try:
            leaves = runs[in_run[str(trial)]].masks(str(trial), int(rows["level"].iloc[0]))
        except (UserError, DamagedFileError, OSError):
            continue
        numbers = np.sort(rows["network"].unique())
        index = numbers - first[str(trial)]
        whole = all(np.array_equal(index, np.arange(len(mask))) for mask in leaves.values())
        kept = leaves if whole else {name: mask[index] for name, mask in leaves.items()}
        yield str(rows["condition"].iloc[0]), numbers, kept


def identities(rows: pd.DataFrame) -> set[tuple[str, int, int]]:
    """Return the networks in some rows, by the columns `NETWORK`."""
    return set(rows[list(NETWORK)].itertuples(index=False, name=None))

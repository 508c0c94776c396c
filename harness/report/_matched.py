"""Pruners compared where they match: at equal effective density, and at equal loss.

Each network is followed along its own levels, taken as linear in the logarithms of density and
loss. Nothing is extrapolated: a network that does not reach a value is undefined there. Levels at
which a pruner does no better than a constant are passed over.
"""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import stats
from harness.report._contests import Contest
from harness.report._source import NETWORK, Collection
from harness.report._summaries import motif_order

EFFECTIVE_DENSITIES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
"""Where losses are compared: fixed before looking, the same for every run."""

LOSS_MULTIPLES = (1.1, 1.25, 1.5, 2.0, 3.0)
"""Losses at which densities are compared, as multiples of `dense_loss`: fixed before looking."""

Z_MULTIPLE = 1.25
"""The multiple of it at which motifs are compared."""


def at_effective_density(contest: Contest) -> pd.DataFrame:
    """Validation loss at given effective densities: ratios to the baseline, paired by network.

    The columns are those of `_paired`; `target` is the effective density, values are losses.
    """

    def losses(network: pd.DataFrame) -> list[float]:
        kept, loss = _log(network["effective"]), _log(network["loss"])
        places = (stats.first_rise(-kept, -np.log10(wanted)) for wanted in EFFECTIVE_DENSITIES)
        return [stats.interpolated(loss, place) for place in places]

    return _ratios(contest, EFFECTIVE_DENSITIES, losses)


def at_loss(contest: Contest) -> pd.DataFrame:
    """Density at which a validation loss is first exceeded: ratios to the baseline, paired.

    The columns are those of `_paired`; `target` is the loss, values are densities. Below 1 is
    better: fewer weights hold the loss.
    """
    dense = dense_loss(contest)
    multiples = {multiple * dense: multiple for multiple in LOSS_MULTIPLES if np.isfinite(dense)}

    def densities(network: pd.DataFrame) -> list[float]:
        kept = _log(network["density"])
        return [stats.interpolated(kept, exceeded(network, target)) for target in multiples]

    table = _ratios(contest, list(multiples), densities)
    return table.assign(multiple=table["target"].map(multiples))


def dense_loss(contest: Contest) -> float:
    """The baseline's median loss at its densest level; NaN where that is left out."""
    rows = contest.compared[contest.compared["pruner"] == contest.baseline]
    densest = rows[rows["density"] == rows["density"].max()]
    return float(densest.loc[densest["level"] == densest["level"].max(), "loss"].median())


def exceeded(network: pd.DataFrame, loss: float) -> float:
    """Where along its levels a network's loss first rises above a value, as a fractional index.

    A dense network may be worse than a pruned one that was trained on: levels before the loss first
    falls to the value are passed over.
    """
    return stats.first_rise(_log(network["loss"]), float(np.log10(loss)))


def z_at_loss(contest: Contest, data: Collection) -> pd.DataFrame:
    """z of each motif where the loss is first exceeded, less that of the baseline, paired.

    All nodes; the loss is `Z_MULTIPLE` times `dense_loss`, z is linear between two levels. One
    family of tests for each comparison: its motifs.
    """
    motifs = data.summed[data.summed["support"] == "all"]
    if motifs.empty:
        return pd.DataFrame()
    names = motif_order(motifs)
    z = motifs.astype({"cell": str}).pivot_table(
        index=["cell", "network", "level"], columns="motif", values="z", observed=True
    )
    z = z.reindex(columns=names)
    loss = Z_MULTIPLE * dense_loss(contest)

    def there(network: pd.DataFrame) -> list[float]:
        place = exceeded(network, loss)
        levels = pd.MultiIndex.from_frame(network[["cell", "network", "level"]])
        values = z.reindex(levels).to_numpy(dtype=float)
        return [stats.interpolated(column, place) for column in values.T]

    return _paired(contest, names, there)


def _log(values: pd.Series) -> Float[np.ndarray, " levels"]:
    """Logarithms; of what is not positive, undefined."""
    found = values.to_numpy(dtype=float)
    return np.log10(found, out=np.full(found.shape, np.nan), where=found > 0)


def _ratios(
    contest: Contest, targets: Sequence[float], values: Callable[[pd.DataFrame], list[float]]
) -> pd.DataFrame:
    """`_paired` of logarithms, with its values and differences as values and ratios too."""
    table = _paired(contest, targets, values)
    powers = {"of_baseline": "of_baseline", "of_pruner": "of_pruner"}
    powers |= {"difference": "ratio", "low": "ratio_low", "high": "ratio_high"}
    return table.assign(**{name: 10.0 ** table[logs] for logs, name in powers.items()})


_COLUMNS = (
    *("pruner", "comparison", "target", "n", "unit", "of_baseline", "of_pruner", "difference"),
    *("low", "high", "p", "adjusted", "attainable"),
)


def _paired(
    contest: Contest,
    targets: Sequence[Hashable],
    values: Callable[[pd.DataFrame], list[float]],
) -> pd.DataFrame:
    """Differences from the baseline, network by network: a row for each pruner and target.

    `values` gives a network's values at the targets, from its rows level by level. `n` pairs of
    the contest's units are defined; `of_baseline` and `of_pruner` are medians over them; `low` and
    `high` the ends of a 95 % interval of the mean `difference`, `p` of the same procedure
    (`stats.mean_tests`), `adjusted` for the targets of one comparison, `attainable` the smallest p
    that so many units can give.
    """
    found = {
        str(label): _by_network(part, targets, values)
        for label, part in contest.compared.groupby("pruner", sort=False)
    }
    base = found[contest.baseline]
    rows = []
    for label in contest.others:
        one, other = _paired_units(contest, base, found[label])
        tested = stats.mean_tests(other - one)
        for column, target in enumerate(targets):
            n = int(tested.n[column])
            if not n:
                continue
            defined = np.isfinite((other - one)[:, column])
            ends = (np.median(part[defined, column]) for part in (one, other))
            comparison = f"{label} − {contest.baseline}"
            made = (label, comparison, target, n, str(contest.units), *ends)
            told = (tested.value, tested.low, tested.high, tested.p, tested.adjusted)
            figures = (float(part[column]) for part in (*told, tested.attainable))
            rows.append(dict(zip(_COLUMNS, (*made, *figures), strict=True)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _by_network(
    rows: pd.DataFrame,
    targets: Sequence[Hashable],
    values: Callable[[pd.DataFrame], list[float]],
) -> pd.DataFrame:
    """A row for each network of one pruner, a column for each target."""
    columns = pd.Index(list(targets), dtype=object)
    networks = {unit: values(network) for unit, network in rows.groupby(list(NETWORK))}
    index = pd.MultiIndex.from_tuples(list(networks), names=list(NETWORK))
    return pd.DataFrame(list(networks.values()), index=index, columns=columns)


def _paired_units(
    contest: Contest, one: pd.DataFrame, other: pd.DataFrame
) -> tuple[Float[np.ndarray, "units targets"], Float[np.ndarray, "units targets"]]:
    """The values of two pruners by unit, of the networks that both have and both defined."""
    shared = one.index.intersection(other.index)
    one, other = one.loc[shared], other.loc[shared]
    both = one.notna() & other.notna()
    averaged = (contest.units.averaged(part.where(both)) for part in (one, other))
    first, second = (part.to_numpy(dtype=float) for part in averaged)
    return first, second

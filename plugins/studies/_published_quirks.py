"""The effect on z of each quirk of the published analysis and pruning: a small factorial."""

import itertools
from collections.abc import Mapping, Sequence

import pandas as pd

from harness import stats
from harness.report import RunTables

from ._published_counting import LEVELS, settings
from ._published_tables import RIGHT, as_sampled, sampled

DRAWN = (85, 93)
"""Of these levels, those that the figure shows."""
MOTIFS = (
    *("diverge2", "converge2", "chain2", "diverge3", "converge3", "chain3"),
    *("bifan", "biparallel"),
)
Where = Mapping[str, object]
"""A way of counting: null, convention, support and bias, columns of the table `sampled`."""
Pairs = Sequence[tuple[pd.DataFrame, pd.DataFrame]]
"""z with a quirk and without it, in every setting of the other quirks; as published first."""

COUNTED: Mapping[str, tuple[Where, Where]] = {
    "chains and converge3 counted as copies": (
        {"convention": "published"},
        {"convention": "copies"},
    ),
    "null `layered` for `published`": ({"null": "published"}, {"null": "layered"}),
    "null `degree` for `published`": ({"null": "published"}, {"null": "degree"}),
    "bias units left out": ({"bias": True}, {"bias": False}),
    "all nodes for live ones, null `layered`": (
        {"null": "layered", "support": "live-published"},
        {"null": "layered", "support": "all"},
    ),
    "all nodes for live ones, null `degree`": (
        {"null": "degree", "support": "live-published"},
        {"null": "degree", "support": "all"},
    ),
}
"""Quirks of counting: z of the same masks, counted in two ways that differ in this."""

TRAINED: Mapping[str, Sequence[tuple[str, str]]] = {
    "pruned weights stay pruned": (("published", "no-regrowth"), ("own-cutoff", "mended")),
    "biases cut by their own magnitudes": (("published", "own-cutoff"), ("no-regrowth", "mended")),
    "both (`magnitude`)": (("published", "mended"),),
}
"""Quirks of pruning: z, counted as published, of networks of the same seeds in two runs."""

_ALONE = ("n", "with_quirk", "mended", "difference", "low", "high")
_OVER_ALL = ("settings", "mean_difference", "mean_low", "mean_high", "least", "most")


def effects(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return the effect of removing a quirk, by quirk, class and level: z without less z with it.

    `difference`, with `low` and `high`: the mean over networks of the paired change when no other
    quirk is removed, and its 95 % interval. `mean_difference`: of each network's mean change over
    all `settings` of the other quirks, from `least` to `most`: if these are far apart, quirks do
    not add up.
    """
    table = runs["published"].table("sampled")
    by_setting = [(one, _by_network(as_sampled(table, one))) for one in settings()]
    rows = []
    for quirk, (with_it, without) in COUNTED.items():
        rows += _differences(quirk, _counted_pairs(by_setting, with_it, without))
    for quirk, pairs in TRAINED.items():
        found = [tuple(_by_network(sampled(runs[name])) for name in pair) for pair in pairs]
        rows += _differences(quirk, [(one, other) for one, other in found])
    return pd.DataFrame(rows, columns=["quirk", "percent", "motif", *_ALONE, *_OVER_ALL])


def _counted_pairs(
    by_setting: Sequence[tuple[Where, pd.DataFrame]], with_it: Where, without: Where
) -> Pairs:
    """Return z in every setting that has the quirk, and in the one that differs in nothing else."""
    return [
        (one, other)
        for where, one in by_setting
        for changed, other in by_setting
        if with_it.items() <= where.items() and changed == {**where, **without}
    ]


def _by_network(table: pd.DataFrame) -> pd.DataFrame:
    """Return z by network, a column for each percentage and class, under the class's right name."""
    table = table.assign(motif=table["motif"].replace(RIGHT))
    return table.pivot_table(index="network", columns=["percent", "motif"], values="z")


def _differences(quirk: str, pairs: Pairs) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for percent, motif in itertools.product(LEVELS, MOTIFS):
        place = (percent, motif)
        changes = [_change(one, other, place) for one, other in pairs]
        if not len(changes[0]):
            continue
        alone = changes[0]["change"]
        interval = stats.mean_interval(alone.to_numpy(dtype=float))
        had = [change["change"] for change in changes if len(change)]
        by_network = pd.concat(had, axis=1).dropna().mean(axis=1)
        over_all = stats.mean_interval(by_network.to_numpy(dtype=float))
        means = [change.mean() for change in had]
        rows.append(
            {
                "quirk": quirk, "percent": percent, "motif": motif, "n": len(alone),
                "with_quirk": changes[0]["with"].mean(), "mended": changes[0]["without"].mean(),
                "difference": interval.value, "low": interval.low, "high": interval.high,
                "settings": len(had), "mean_difference": over_all.value,
                "mean_low": over_all.low, "mean_high": over_all.high,
                "least": min(means), "most": max(means),
            }
        )  # fmt: skip
    return rows


def _change(one: pd.DataFrame, other: pd.DataFrame, place: tuple[int, str]) -> pd.DataFrame:
    """Return z of the networks that have it in both ways of counting or of pruning."""
    if place not in one or place not in other:
        return pd.DataFrame(columns=["with", "without", "change"], dtype=float)
    both = pd.concat([one[place], other[place]], axis=1, keys=["with", "without"]).dropna()
    return both.assign(change=both["without"] - both["with"])

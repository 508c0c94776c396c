"""What each quirk of the published analysis and pruning does to z: one mended at a time."""

from collections.abc import Mapping

import pandas as pd

from harness import Run, stats

from ._published_tables import CELLS, RIGHT, sampled

LEVELS = (75, 85, 90, 93)
MOTIFS = (
    *("diverge2", "converge2", "chain2", "diverge3", "converge3", "chain3"),
    *("bifan", "biparallel"),
)
_COLUMNS = (
    *("quirk", "percent", "motif", "n", "with_quirk", "mended", "difference", "low", "high"),
)

COUNTED: Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "chains and converge3 counted as copies": (CELLS, {**CELLS, "convention": "copies"}),
    "null `layered` for `published`": (CELLS, {**CELLS, "null": "layered"}),
    "null `degree` for `published`": (CELLS, {**CELLS, "null": "degree"}),
    "bias units left out": (CELLS, {**CELLS, "bias": False}),
    "all nodes for live ones, null `layered`": (
        {**CELLS, "null": "layered"},
        {**CELLS, "null": "layered", "support": "all"},
    ),
}
"""Quirks of counting: z of the same masks, counted in two ways."""

TRAINED = {
    "pruned weights stay pruned": "no-regrowth",
    "biases cut by their own magnitudes": "own-cutoff",
    "both (`magnitude`)": "mended",
}
"""Quirks of pruning: z, counted as published, of networks of the same seeds in two runs."""


def cells_needed() -> list[dict[str, object]]:
    """The ways of counting that take measurements of their own, beside the published one."""
    found: list[dict[str, object]] = []
    for cells in (dict(one) for pair in COUNTED.values() for one in pair):
        if cells != dict(CELLS) and cells not in found:
            found.append(cells)
    return found


def effects(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Mean paired difference of z (mended less published) by quirk, class and level."""
    rows = []
    baseline = _by_network(sampled(runs["published"]))
    for quirk, (with_it, without) in COUNTED.items():
        one = baseline if with_it is CELLS else _by_network(sampled(runs["published"], with_it))
        other = _by_network(sampled(runs["published"], without))
        rows += _differences(quirk, one, other)
    for quirk, name in TRAINED.items():
        rows += _differences(quirk, baseline, _by_network(sampled(runs[name])))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _by_network(table: pd.DataFrame) -> pd.DataFrame:
    """z by network, a column for each percentage and class, under the class's right name."""
    table = table.assign(motif=table["motif"].replace(RIGHT))
    return table.pivot_table(index="network", columns=["percent", "motif"], values="z")


def _differences(quirk: str, one: pd.DataFrame, other: pd.DataFrame) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for percent in LEVELS:
        for motif in MOTIFS:
            place = (percent, motif)
            if place not in one or place not in other:
                continue
            both = pd.concat([one[place], other[place]], axis=1, keys=["with", "without"]).dropna()
            if both.empty:
                continue
            change = (both["without"] - both["with"]).to_numpy(dtype=float)
            interval = stats.mean_interval(change)
            rows.append(
                {
                    "quirk": quirk, "percent": percent, "motif": motif, "n": len(change),
                    "with_quirk": both["with"].mean(), "mended": both["without"].mean(),
                    "difference": interval.value,
                    "low": interval.low, "high": interval.high,
                }
            )  # fmt: skip
    return rows

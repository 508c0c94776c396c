"""What each file's classes are beside each null: how large the effect is, and whether it is one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness import motifs
from harness.motif_profiles._files import Profiles
from harness.network_files import printable

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
"""The false discovery rate up to which a class counts as over- or under-represented."""


class Effects(NamedTuple):
    """The classes of one file beside one null.

    `rows` are those of the profile, of one support. `classes` has a row for each class that a
    network has or is expected to have: motif, order, the means over networks of count, expected,
    z, q, null_low, null_high and expected_error; ratio, that of the mean counts; least and most,
    the ratios of single networks; `differs`, 1 or -1 where q is small in most networks.
    """

    file: str
    null: str
    support: str
    networks: int
    draws: int | None
    calibrated: bool
    rows: "pd.DataFrame"
    classes: "pd.DataFrame"

    @property
    def over(self) -> "pd.DataFrame":
        """The over-represented classes, the largest ratio first; where none is expected, last."""
        return self._ranked(1)

    @property
    def under(self) -> "pd.DataFrame":
        """The under-represented classes, the smallest ratio first."""
        return self._ranked(-1)

    def _ranked(self, side: int) -> "pd.DataFrame":
        found = self.classes[self.classes["differs"] == side]
        rank = -side * found["ratio"].where(np.isfinite(found["ratio"]), 0.0)
        return found.loc[rank.sort_values(kind="stable").index]

    @property
    def outside(self) -> "pd.DataFrame":
        """The classes outside the null's 95 %, the ratio furthest from 1 first."""
        ratio, low, high = (self.classes[name] for name in ("ratio", "null_low", "null_high"))
        found = self.classes[(ratio < low) | (ratio > high)]
        size = np.abs(np.log(found["ratio"].replace(0, np.nan))).fillna(np.inf)
        return found.loc[size.sort_values(ascending=False, kind="stable").index]

    @property
    def too_few_draws(self) -> bool:
        """Whether nothing can differ only because the smallest p that draws allow is too large."""
        smallest = 2 / (self.rows["effective"] + 1)
        named = (self.classes["differs"] != 0).any()
        return (
            not named
            and self.draws is not None
            and bool((self.rows["p"] <= smallest * (1 + 1e-9)).any())
        )


def effects(profiles: Profiles, *, others: bool = False) -> list[Effects]:
    """Return the effects for each file and null, counting all nodes where they were counted.

    With `others`, only those of the other supports.
    """
    table = profiles.table[profiles.table["base_layer"] == motifs.TOTAL]
    found = []
    for (file, null), group in table.groupby(["file", "null"], sort=False):
        supports = list(dict.fromkeys(map(str, group["support"])))
        main = "all" if "all" in supports else supports[0]
        for support in supports:
            if (support != main) == others:
                rows = group[group["support"] == support]
                found.append(_effects(str(file), str(null), support, rows))
    return found


def _effects(file: str, null: str, support: str, rows: "pd.DataFrame") -> Effects:
    draws = rows["draws"].iloc[0]
    return Effects(
        file,
        null,
        support,
        rows["network"].nunique(),
        None if draws is None else int(draws),
        bool(rows["calibrated"].any()),
        rows,
        _classes(rows),
    )


_MEANS = ("count", "expected", "sd", "z", "q", "null_low", "null_high", "expected_error")


def _classes(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return a row for each class, over networks."""
    sign = np.sign(rows["count"].to_numpy(float) - rows["expected"].to_numpy(float))
    rows = rows.astype(dict.fromkeys(_MEANS, float)).assign(differs=sign * (rows["q"] <= LEVEL))
    groups = rows.groupby(["motif", "order"], sort=False)
    means = groups[[*_MEANS, "differs"]].mean()
    means = means.assign(least=groups["ratio"].min(), most=groups["ratio"].max()).reset_index()
    means = means[(means["count"] > 0) | (means["expected"] > 0)].reset_index(drop=True)
    expected, count = means["expected"].to_numpy(), means["count"].to_numpy()
    ratio = np.divide(count, expected, out=np.full(len(means), np.nan), where=expected > 0)
    means["ratio"] = np.where((expected == 0) & (count > 0), np.inf, ratio)
    means["differs"] = (means["differs"] > 0.5).astype(int) - (means["differs"] < -0.5)
    return means


def is_fixed(classes: "pd.DataFrame") -> "pd.Series[bool]":
    """Return which classes have in all random networks the copies that the network has."""
    return (classes["sd"] == 0) & (classes["count"] == classes["expected"])


def short_names(files: Sequence[Any]) -> dict[str, str]:
    """Return for each path the name of its file, or the whole path if two files have one name."""
    paths = list(dict.fromkeys(map(str, files)))
    names = [Path(path).name for path in paths]
    return {
        path: printable(name if names.count(name) == 1 else path)
        for path, name in zip(paths, names, strict=True)
    }

"""The answer of a profile in one sentence."""

from typing import TYPE_CHECKING

import numpy as np

from harness import motifs
from harness.motif_profiles._files import Profiles
from harness.network_files import printable
from harness.tables.parts import fixed

if TYPE_CHECKING:
    import pandas as pd

COUNTED = {"signs": "coherent copies", "weights": "mean intensity of copies"}
"""What the nulls that permute signs or weights compare, in place of copies."""
_LEVEL = 0.05
"""The false discovery rate up to which a class counts as over- or under-represented."""


def headlines(profiles: Profiles) -> list[str]:
    """Return for each file and null which classes differ from the null, and by how much."""
    table = profiles.table[profiles.table["base_layer"] == motifs.TOTAL]
    lines = []
    for (file, null), group in table.groupby(["file", "null"], sort=False):
        support = "all" if "all" in set(group["support"]) else group["support"].iloc[0]
        answer = _answer(group[group["support"] == support])
        lines.append(f"{printable(str(file))}, null {null}: {answer}.")
    return lines


def _answer(table: "pd.DataFrame") -> str:
    """Return which classes have a small q in most networks, or why none can be named."""
    networks = table["network"].nunique()
    counted = COUNTED.get(table["null"].iloc[0], "copies")
    sign = np.sign(table["count"].to_numpy(float) - table["expected"].to_numpy(float))
    table = table.assign(differs=sign * (table["q"] <= _LEVEL))
    columns = ["differs", "count", "expected", "z"]
    means = table.groupby("motif", sort=False)[columns].mean()
    means = means[(means["count"] > 0) | (means["expected"] > 0)]
    means = means.sort_values("z", key=abs, ascending=False, kind="stable")
    where = f"q ≤ {_LEVEL}" + (f" in most of {networks} networks" if networks > 1 else "")
    if not table["calibrated"].any():
        most = (
            f"; the largest |z| is that of {_extent(means, counted)}"
            if means["z"].notna().any()
            else ""
        )
        return f"not calibrated, so no class is called over- or under-represented{most}"
    parts = []
    for word, ranked in (
        ("over", means[means["differs"] > 0.5]),
        ("under", means[means["differs"] < -0.5]),
    ):
        if len(ranked):
            parts.append(f"{len(ranked)} {word}-represented, most {_extent(ranked, counted)}")
    draws = table["draws"].iloc[0]
    smallest = 2 / (table["effective"] + 1)
    if not parts and draws is not None and (table["p"] <= smallest * (1 + 1e-9)).any():
        return (
            f"{draws:,} draws are too few to name a class (smallest q {table['q'].min():.2g}); "
            f"the largest |z| is that of {_extent(means, counted)}; give more --draws"
        )
    if not parts:
        return f"none of {len(means)} classes differs from the null ({where})"
    return f"of {len(means)} classes, {'; '.join(parts)} ({where})"


def _extent(ranked: "pd.DataFrame", counted: str) -> str:
    """Return the first class, how many times its expected copies it has, and its z."""
    motif, first = str(ranked.index[0]), ranked.iloc[0]
    times = "none expected"
    if first["expected"] > 0:
        times = f"{first['count'] / first['expected']:.3g} times the expected {counted}"
    z = f", z {fixed(first['z'], 1, '+')}" if first["z"] == first["z"] else ""
    return f"{motif} ({times}{z})"

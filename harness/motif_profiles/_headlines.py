"""The answer of a profile in one sentence for each file and null, for the terminal."""

from typing import TYPE_CHECKING

from harness.motif_profiles._effects import LEVEL, Effects, effects, short_names
from harness.motif_profiles._files import Profiles
from harness.motif_profiles._words import COUNTED, NULLS, null_range, precision, times
from harness.tables.parts import fixed

if TYPE_CHECKING:
    import pandas as pd


def headlines(profiles: Profiles) -> list[str]:
    """Return for each file and null which classes differ from the null, and by how much."""
    names = short_names(profiles.table["file"].tolist())
    return [
        f"{names[one.file]}, null {one.null} ({NULLS[one.null]}; "
        f"{precision(one.rows)}): {_answer(one)}."
        for one in effects(profiles)
    ]


def _answer(one: Effects) -> str:
    """Return which classes have a small q in most networks, or why none can be named."""
    counted, most = COUNTED.get(one.null, "copies"), ""
    where = f"q ≤ {LEVEL}" + (f" in most of {one.networks} networks" if one.networks > 1 else "")
    if len(outside := one.outside):
        most = f"; furthest outside the null's 95 % is {_extent(outside.iloc[0], counted)}"
    if not one.calibrated:
        return f"not calibrated, so no class is called over- or under-represented{most}"
    if one.too_few_draws:
        return (
            f"{one.draws:,} draws are too few to name a class (smallest q "
            f"{one.rows['q'].min():.2g}){most}; give more --draws"
        )
    parts = [
        f"{len(ranked)} {word}-represented, most {_extent(ranked.iloc[0], counted)}"
        for word, ranked in (("over", one.over), ("under", one.under))
        if len(ranked)
    ]
    if not parts:
        return f"none of {len(one.classes)} classes differs from the null ({where})"
    return f"of {len(one.classes)} classes, {'; '.join(parts)} ({where})"


def _extent(row: "pd.Series", counted: str) -> str:
    """Return a class, how many times its expected copies it has, its null's range and its z."""
    of = "" if times(row) == "none expected" else f" the expected {counted}"
    band = null_range(row)
    null = "" if band == "–" else f", the null's 95 % {band}"
    z = f", z {fixed(row['z'], 1, '+')}" if row["z"] == row["z"] else ""
    return f"{row['motif']} ({times(row)}{of}{null}{z})"

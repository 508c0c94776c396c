"""The landscape of the study `pruners`: which motifs each pruner leaves, and whose are alike."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from harness.report import Column, Figure, Section, Table
from harness.tables.parts import fixed, pruned

from . import _pruners_charts as charts
from . import _pruners_tables as tables

_PRUNER = Column("pruner", "pruner", "text")
_PERCENT = pruned(tables.CHOSEN)


_Families = Mapping[str, Sequence[str]]
_HATCHED = "Hatched: the 95 % interval includes 0, or there are too few units for one."


def section(
    motifs: pd.DataFrame, likeness: pd.DataFrame, families: _Families, order: Sequence[str]
) -> Section:
    """Return heat maps of effect sizes and similarities, with tables; rows by family, in order.

    Empty figures are left out, and a sentence says why.
    """
    effects, alike = motifs.dropna(subset=["log2_ratio"]), likeness.dropna(subset=["between"])
    parts: list[Figure | Table] = []
    lead = []
    if effects.empty:
        lead.append(
            "No motifs are shown by pruner: no network that does better than a constant has motifs "
            f"to compare at {_PERCENT}."
        )
    else:
        parts.append(_effects(effects, families, order))
    if alike.empty:
        lead.append(f"No similarity with magnitude's profiles is shown: {_why_none(likeness)}.")
    else:
        parts.append(_likeness(alike, families, order))
    tables_of = (_profiles(likeness, motifs), _by_pruner(motifs))
    parts += [table for table in tables_of if len(table.frame)]
    return Section("motifs", "The motif landscape", lead, parts=parts)


def _why_none(likeness: pd.DataFrame) -> str:
    """Return why no profile is compared with one of magnitude's."""
    pruners = set(likeness["pruner"])
    if "magnitude" not in pruners:
        return "no network of `magnitude` does better than a constant"
    if len(pruners) == 1:
        return "no network of another pruner does better than a constant"
    return (
        "it needs a pruner's network and one of magnitude's with other initial weights, equally "
        "pruned, whose profiles are clear of the null's noise"
    )


def _effects(found: pd.DataFrame, families: _Families, order: Sequence[str]) -> Figure:
    effect = found["log2_ratio"]
    shown = effect.map(lambda value: fixed(value, 2, "+"))
    clear = charts.clear(found)
    trials = found.assign(column=found["motif"], signed=effect, shown=shown, clear=clear)
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("pruner", "motif")),
        alt.Tooltip("log2_ratio:Q", title="log2(count/expected)", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("z:Q", title="mean z", format=".2f"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    names = ("more than expected", "fewer than expected")
    columns = list(found["motif"].unique())
    return Figure(
        "landscape",
        f"Motifs by pruner at {_PERCENT}",
        "Mean over networks of log2(count / expected): 1 is twice as many as in random networks of "
        "the same layer densities (null `layered`, exact, all nodes). "
        f"{_HATCHED}",
        "log2(count/expected) by pruner and motif.",
        charts.heatmap(trials, families, order, columns, names, 3.0, tooltip),
        found,
        axis=190,
    )


def _profiles(likeness: pd.DataFrame, motifs: pd.DataFrame) -> Table:
    columns = [Column(key, key.replace("_", " ")) for key in tables.SIMILARITIES]
    random = motifs["motif"].nunique() ** 0.5
    caption = (
        "Noise-corrected similarity of motif profiles (z; of one unit the mean) among one pruner's "
        "units (within) and with those of magnitude (between), with 95 % intervals; "
        f"length: mean length of z, about {random:.1f} for random networks."
    )
    columns = [_PRUNER, Column("density", "pruned", "kept"), *columns, Column("length", "length")]
    return Table("profiles", caption, likeness, columns, sortable=True)


def _by_pruner(motifs: pd.DataFrame) -> Table:
    columns = [
        _PRUNER,
        Column("motif", "motif", "text"),
        *(Column(*pair) for pair in (("z", "mean z"), ("z_low", "from"), ("z_high", "to"))),
        Column("log2_ratio", "log2(count/expected)"),
        *(Column(*pair) for pair in (("low", "from"), ("high", "to"), ("n", "n"))),
        Column("unit", "unit", "text"),
    ]
    caption = f"Motifs at {_PERCENT}: means over units with 95 % intervals."
    return Table("motifs_by_pruner", caption, motifs, columns, sortable=True)


def _likeness(found: pd.DataFrame, families: _Families, order: Sequence[str]) -> Figure:
    names = ("alike", "opposite")
    tooltip = [
        alt.Tooltip("pruner:N"),
        alt.Tooltip("column:N", title="pruned"),
        alt.Tooltip("between:Q", title="similarity with magnitude's", format=".3f"),
        alt.Tooltip("between_low:Q", title="interval from", format=".3f"),
        alt.Tooltip("between_high:Q", title="to", format=".3f"),
        alt.Tooltip("within:Q", title="similarity among its own", format=".3f"),
    ]
    rows = [name for name in order if name != "magnitude"]
    clear = charts.clear(found, "between_low", "between_high")
    return Figure(
        "likeness",
        "How alike profiles are to those of magnitude pruning",
        "Noise-corrected similarity of motif profiles (z of all motifs) over pairs of a pruner's "
        "network and one of magnitude's with other initial weights, by % pruned. It may exceed "
        "1; where the signal is not clear of the null's noise there is none. "
        f"{_HATCHED}",
        "Similarity with magnitude's profiles by pruner and % pruned.",
        charts.by_density(
            found, families, rows, "between", found["between"], clear, names, 1.0, tooltip
        ),
        found,
        axis=190,
    )

"""The summary of motifs that the terminal prints after a run."""

import pandas as pd

from harness.report import Headline
from harness.tables.parts import fixed, pruned
from harness.tables.summaries import nearest

_SHOWN = 0.07
"""z is shown at the level nearest to this density, the last of several."""
_FEW = 3
"""The largest order shown, unless there are only larger ones: order 4 has 42 classes."""


def headline(table: pd.DataFrame) -> Headline:
    """Return the mean z of each motif over networks, with its standard deviation.

    The motifs with the largest mean z over all nodes stand first.
    """
    density = nearest(list(table["density"].unique()), _SHOWN)
    near = table[(table["density"] == density) & (table["base_layer"] == -1)]
    near = near[near["level"] == near["level"].max()]
    if (few := near["order"] <= _FEW).any():
        near = near[few]
    rows = []
    strength = near[near["support"] == "all"].groupby("motif", observed=True)["z"].mean().abs()
    near = near.assign(strength=near["motif"].astype(str).map(strength))
    near = near.sort_values("strength", ascending=False, kind="stable")
    for motif, group in near.groupby("motif", sort=False, observed=True):
        z = {support: part["z"] for support, part in group.groupby("support", observed=True)}
        live = group[group["support"] == "live"]
        ratio = (live["count"] / live["expected"].where(live["expected"] > 0)).mean()
        spreads = [_spread(z[support]) if support in z else "" for support in ("live", "all")]
        rows.append([str(motif), *spreads, f"{ratio:.2f}" if ratio == ratio else "undefined"])
    return Headline(
        f"Motifs at {pruned(density)}",
        ("motif", "z live", "z all", "count / expected (live)"),
        rows,
        "z: mean ± sd over networks; the null keeps the number of edges between layers (exact). "
        "live: nodes on a path from an input to an output; all: every node.",
    )


def _spread(values: pd.Series) -> str:
    defined = values.dropna()
    if defined.empty:
        return "undefined"
    spread = f" ± {defined.std():.1f}" if len(defined) > 1 else ""
    fewer = f" (n={len(defined)})" if len(defined) < len(values) else ""
    return f"{fixed(defined.mean(), 1, '+')}{spread}{fewer}"

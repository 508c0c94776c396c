"""Degrees of units compared with uniform placement, and the masks of one network."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from harness.report.charts import band_and_line, colour, panels_of
from harness.report.masks import masks
from harness.report.sections.mask_pictures import mask_figures
from harness.tables.collection import Collection
from harness.tables.parts import Figure, Part, Section, pruned
from harness.tables.report import Report

MOST_DEGREES = 40
"""The largest number of degrees at which a distribution is evaluated."""

INTO, OUT_OF = "into", "out of"


def degrees(data: Collection, density: float) -> pd.DataFrame:
    """Return the share of units with at least so many edges, by condition, leaf and side.

    One row for each degree: `mean`, `lower` and `upper` quartile over networks. `expected` is the
    share if each leaf's edges were placed uniformly: the hypergeometric tail at the mean number of
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
    """Return shares of units with at least `steps` of `places` edges; values (networks, units)."""
    shares = np.stack([(values >= step).mean(axis=1) for step in steps])
    lower, upper = np.quantile(shares, [0.25, 0.75], axis=1)
    edges = round(float(values.sum(axis=1).mean()))
    return pd.DataFrame(
        {
            "degree": steps,
            "mean": shares.mean(axis=1),
            "lower": lower,
            "upper": upper,
            "expected": _hypergeometric_tail(steps, places, size, edges),
        }
    )


def _hypergeometric_tail(steps: np.ndarray, places: int, size: int, edges: int) -> np.ndarray:
    """Return the chance of at least `steps` of `edges` among `places` of all `size` places.

    `scipy.stats.hypergeom` says the same; importing it would take half a second of each report.
    """
    from scipy.special import betaln

    def ways(of: np.ndarray | int, chosen: np.ndarray | int) -> np.ndarray:
        return np.asarray(-betaln(1 + np.subtract(of, chosen), 1 + chosen) - np.log1p(of))

    number = np.arange(places + 1)
    possible = (number <= edges) & (edges - number <= size - places)
    some = number[possible]
    chances = np.zeros(places + 1)
    chances[possible] = np.exp(
        ways(places, some) + ways(size - places, edges - some) - ways(size, edges)
    )
    tail = np.append(np.cumsum(chances[::-1])[::-1], 0.0)
    return np.asarray(tail[np.minimum(steps, places + 1)])


def degrees_chart(table: pd.DataFrame, conditions: Sequence[str]) -> alt.FacetChart:
    """Share of units with at least so many edges, by leaf and side; dashed: uniform placement.

    `table` is the result of `degrees`. Line: mean over networks, band: quartiles.
    """
    panel = table["leaf"].astype(str) + ", " + table["side"].astype(str) + " a unit"
    x = alt.X("degree:Q", title="", axis=alt.Axis(tickCount=5, tickMinStep=1))
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="~%", tickCount=4)
    y = alt.Y("mean:Q", title=None, scale=scale, axis=axis)
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("panel:N", title="edges"),
        alt.Tooltip("degree:Q", title="at least"),
        alt.Tooltip("mean:Q", title="mean share of units", format=".3~%"),
        alt.Tooltip("lower:Q", title="lower quartile", format=".3~%"),
        alt.Tooltip("upper:Q", title="upper quartile", format=".3~%"),
        alt.Tooltip("expected:Q", title="uniform placement", format=".3~%"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    reference = alt.Chart().mark_line(strokeDash=[4, 3], strokeWidth=1.25, opacity=0.8)
    expected = alt.Y("expected:Q", title=None, scale=scale, axis=axis)
    uniform = reference.encode(x=x, y=expected, color=colour(conditions))
    chart = band_and_line(
        table.assign(panel=panel), x, y, conditions, "condition", tooltip, below=[uniform]
    )
    panels = panels_of(chart, list(dict.fromkeys(panel)), "panel").resolve_scale(x="independent")
    return panels.properties(bounds="flush", spacing=alt.RowColnumber(row=58, column=30))


def section(report: Report) -> Section:
    """Compare degrees with uniform placement, and show one network's masks."""
    parts: list[Part] = [*_degree_figures(report), *mask_figures(report)]
    lead = (
        "Where degrees are less even than under uniform placement, stars are over-represented "
        "without any further pattern: the null `layered` fixes how many edges a layer has, not "
        "how they are distributed over units."
    )
    return Section("wiring", "Wiring", [lead if parts else "No masks can be read."], parts=parts)


def _degree_figures(report: Report) -> list[Figure]:
    table = degrees(report.data, report.density)
    if table.empty:
        return []
    return [
        Figure(
            "degrees",
            f"Degrees of units at {pruned(report.density)}",
            f"Vertical: share of a leaf's units with at least so many edges into or out of them "
            f"(horizontal). Lines: mean over networks; bands: quartiles ({report.networks}). "
            "Dashed: the leaf's mean number of edges placed uniformly (hypergeometric). "
            "Horizontal axes differ.",
            f"Complementary cumulative degree distributions of {table['leaf'].nunique()} leaves "
            "against those of uniform placement.",
            degrees_chart(table, report.data.conditions),
            table,
            panel=200,
            longest=report.longest,
        )
    ]

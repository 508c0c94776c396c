"""What keeps a chart legible: axes that no outlier rules, labels that do not overlap, enough n."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from harness.tables.parts import counted

FEWEST = 3
"""A band, an interval or a line of means needs so many replicates; fewer are shown as points."""

FEW, SQUEEZED = 0.05, 0.25
"""Points are clipped where at most this share leaves the rest in under this share of an axis."""

_Places = Float[np.ndarray, "..."]
_ALONE = "Where n is under 3, points stand alone."


def few(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a column `few`, true where n is under `FEWEST`, if any is."""
    found = table["n"] < FEWEST if "n" in table else pd.Series(data=False, index=table.index)
    return table.assign(few=found) if found.any() else table


def clipped(
    table: pd.DataFrame, columns: Sequence[str], scale: Mapping[str, Any], by: str = ""
) -> pd.DataFrame:
    """Return a table whose columns fit an axis that no outlier rules.

    **Arguments:** `columns` are a value and the ends of its interval, `scale` is that of the axis
    (Vega-Lite). Panels, named by the column `by`, have axes of their own.

    **Returns:** the table itself if there are no outliers. Else they are moved to the edge of the
    axis: `beyond` names it ("above", "below" or ""), `cut` is true where only the interval reaches
    beyond, and columns that end in `_exact` hold the values.
    """
    if "domain" in scale or table.empty:
        return table
    table = table.reset_index(drop=True)
    columns = list(dict.fromkeys(columns))
    exact = table[columns].astype(float)
    on_axis, back = _axis(scale)
    limits = pd.DataFrame({"low": -np.inf, "high": np.inf}, index=table.index)
    for rows in table.groupby(by, observed=True).groups.values() if by else [table.index]:
        ends = _reach(on_axis(exact.loc[rows].to_numpy()).ravel(), bool(scale.get("zero")))
        limits.loc[rows] = back(np.array(ends))
    shown = exact.clip(limits["low"], limits["high"], axis=0)
    moved = (shown != exact) & exact.notna()
    if not moved.any(axis=None):
        return table
    value = exact[columns[0]]
    beyond = np.select([value > limits["high"], value < limits["low"]], ["above", "below"], "")
    cut = moved.any(axis=1) & (beyond == "")
    return table.assign(**shown, beyond=beyond, cut=cut, **exact.add_suffix("_exact"))


def _reach(places: Float[np.ndarray, " n"], zero: bool) -> tuple[float, float]:
    """Return the ends of an axis without its outliers; infinite ones if there are none."""
    ordered = np.sort(places[np.isfinite(places)])
    some = int(FEW * len(ordered))
    if not some:
        return -np.inf, np.inf
    starts, stops = ordered[: some + 1], ordered[len(ordered) - some - 1 :]
    best = int((stops - starts).argmin())
    start, stop = starts[best], stops[best]
    # Those almost as near as the rest stay: only a gap makes an outlier.
    near = ordered[(ordered >= 2 * start - stop) & (ordered <= 2 * stop - start)]
    least, most = (0.0, 0.0) if zero else (np.inf, -np.inf)
    low, high = min(near[0], least), max(near[-1], most)
    whole = max(ordered[-1], most) - min(ordered[0], least)
    return (low, high) if 0 < high - low < SQUEEZED * whole else (-np.inf, np.inf)


def _axis(scale: Mapping[str, Any]) -> tuple[Callable[[Any], _Places], Callable[[Any], _Places]]:
    """Return what an axis makes of values (NaN where it has no place for one), and the inverse."""
    if scale.get("type") == "log":
        return lambda v: np.log10(np.where(v > 0, v, np.nan)), lambda place: 10.0**place
    if scale.get("type") == "symlog":
        constant = scale.get("constant", 1)
        return (
            lambda v: np.sign(v) * np.log1p(np.abs(v) / constant),
            lambda place: np.sign(place) * np.expm1(np.abs(place)) * constant,
        )
    return np.asarray, np.asarray


def line_ends(
    table: pd.DataFrame,
    columns: Sequence[str],
    by: Sequence[str],
    scale: Mapping[str, Any],
    gap: float,
) -> pd.DataFrame:
    """Return the last row of every line, its value moved so that labels there do not overlap.

    **Arguments:** `columns` are the value and the ends of its interval, all of which the axis
    holds. `by` names the columns of a line, the first its series; lines that agree in the others
    are seen together. `gap` is the least distance of two labels as a share of the axis.
    """
    value = columns[0]
    rows = table[table[value].notna()].groupby(list(by), sort=False, observed=True).tail(1)
    on_axis, back = _axis(scale)
    ends = on_axis(np.asarray(scale.get("domain", table[list(columns)].astype(float).to_numpy())))
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    span = high - low or 1.0
    together = rows.groupby(list(by[1:]), sort=False) if by[1:] else [("", rows)]
    parts = []
    for _, part in together:
        places = (on_axis(part[value].to_numpy(dtype=float)) - low) / span
        parts.append(part.assign(**{value: back(low + span * apart(places, gap))}))
    return pd.concat(parts) if parts else rows


def apart(places: Float[np.ndarray, " n"], gap: float) -> Float[np.ndarray, " n"]:
    """Return places moved as little as possible, in order, so that all are a gap apart.

    They stay between 0 and 1 where there is room.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    moved = isotonic_regression(places[order] - steps).x.clip(0, max(0.0, 1 - steps[-1])) + steps
    found = np.empty(len(places))
    found[order] = moved
    return found


def notes(data: Any) -> str:
    """Say what a chart of these rows leaves out: lines of too few, and what its axis clips."""
    if not isinstance(data, pd.DataFrame):
        return ""
    said = [_ALONE] if "few" in data else []
    if "beyond" in data:
        moved, cut = int((data["beyond"] != "").sum()), int(data["cut"].sum())
        said += [f"Arrows: {counted(moved, 'point')} beyond the axis."] if moved else []
        said += [f"{counted(cut, 'interval')} cut at the edge of the axis."] if cut else []
    return "".join(f" {sentence}" for sentence in said)

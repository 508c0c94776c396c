"""The axis of density: logarithmic in what is kept, labelled by what is pruned."""

import altair as alt

_DENSITIES = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]

PRUNED = alt.Tooltip("share_pruned:N", title="pruned")
"""The line of a tooltip that shows the density of a chart from `with_pruned`."""


def _pruned(density: str) -> str:
    """Return the expression that shows a density as `percent_pruned` does."""
    decimals = f"{density} < 0.01 || {density} > 0.99 ? '.3~f' : '.1~f'"
    return f"format(100 * (1 - {density}), {decimals}) + '\u00a0%'"


def with_pruned(chart: alt.LayerChart, field: str = "density") -> alt.LayerChart:
    """Return a chart whose tooltips may have `PRUNED`, from the densities in a column."""
    return chart.transform_calculate(share_pruned=_pruned(f"datum.{field}"))


def kept(field: str = "density", title: str = "% pruned (log scale of what remains)") -> alt.X:
    """Return the axis of density, labelled as % pruned: logarithmic, dense on the left."""
    return alt.X(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type="log", reverse=True, nice=False, padding=6),
        axis=alt.Axis(
            values=_DENSITIES,
            labelExpr=_pruned("datum.value"),
            grid=False,
            labelOverlap="greedy",
        ),
    )

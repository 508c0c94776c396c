"""Figures of motifs that show one level at a time."""

from harness.report import _levels, _summaries, charts
from harness.report.pages.parts import Figure
from harness.report.sections._report import Report


def at_a_level(report: Report) -> list[Figure]:
    """Mean z of every motif by condition, and the mean significance profiles."""
    found = (_heatmap(report), _profile(report))
    return [figure for figure in found if figure is not None]


def _step(report: Report, densities: list[float]) -> int:
    """The number of the chosen level among these densities."""
    return densities.index(_summaries.nearest(densities, report.density))


def _heatmap(report: Report) -> Figure | None:
    table = _levels.mean_z(report.by_density)
    if table.empty:
        return None
    several = len(report.data.conditions) > 1
    how = "The slider picks the level." if several else "A column for each level."
    title = "motif and condition" if several else "motif and level"
    step = _step(report, _levels.steps(table))
    return Figure(
        "motif_z_heatmap",
        f"Mean z by {title}",
        f"Figures are mean z over networks ({report.networks}), all nodes, null `layered`, exact, "
        f"not induced, summed over layers. Blue: more copies than expected, orange: fewer; one "
        f"scale of colours for all levels. Nothing is shown where z is undefined. {how}",
        f"Mean z of {len(report.motifs)} motifs by {title}; the data hold all levels.",
        charts.heatmap(table, report.data.conditions, report.motifs, step=step),
        table.drop(columns=["sign", "size", "shown"]),
        axis=110,
        longest=34,
    )


def _profile(report: Report) -> Figure | None:
    table = _levels.profiles(report.data)
    if table.empty:
        return None
    step = _step(report, _levels.steps(table))
    return Figure(
        "significance_profile",
        "Significance profile at one level",
        "z of each motif over the norm of a network's z of that order: which motifs, whatever the "
        f"size of the network. Lines: mean over networks; bands: quartiles ({report.networks}). "
        "All nodes, null `layered`, exact. The slider picks the level.",
        "Mean significance profile of each condition over motifs; the data hold all levels.",
        charts.profile(table, report.data.conditions, _levels.axis(report.data.motifs), step=step),
        table[table["motif"] != _levels.BREAK],
        longest=report.longest,
    )

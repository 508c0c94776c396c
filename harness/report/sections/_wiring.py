"""Degrees of units, and the masks themselves."""

from harness.report import _pictures, charts
from harness.report.pages.parts import Figure, Part, Section, pruned
from harness.report.sections._report import Report


def wiring(report: Report) -> Section:
    """Degree distributions against uniform placement, and one network's masks side by side."""
    parts: list[Part] = [*_degrees(report), *_masks(report)]
    lead = (
        "The null `layered` fixes how many edges a layer has, not how they are shared out among "
        "units. Where degrees are less even than by uniform placement, stars are over-represented "
        "without any further pattern."
    )
    return Section("wiring", "Wiring", [lead if parts else "No masks can be read."], parts=parts)


def _degrees(report: Report) -> list[Figure]:
    table = report.degrees
    if table.empty:
        return []
    return [
        Figure(
            "degrees",
            f"Degrees of units at {pruned(report.density)}",
            f"Share of a leaf's units (upwards) with at least so many edges into or out of them "
            f"(across). Lines: mean over networks; bands: quartiles ({report.networks}). Dashed: "
            "what uniform placement of the leaf's mean number of edges gives (hypergeometric). "
            "Horizontal axes differ.",
            f"Complementary cumulative degree distributions of {table['leaf'].nunique()} leaves "
            "against those of uniform placement.",
            charts.degrees(table, report.data.conditions),
            table,
            panel=200,
            longest=report.longest,
        )
    ]


def _masks(report: Report) -> list[Figure]:
    table = _pictures.pictures(report.data, report.density)
    if table.empty:
        return []
    conditions = report.data.conditions
    step = int(table.loc[table["density"] == report.density, "step"].iloc[0])
    left_out = len(conditions) - _pictures.MOST_CONDITIONS
    more = f" The first {_pictures.MOST_CONDITIONS} conditions." if left_out > 0 else ""
    return [
        Figure(
            "masks",
            f"Masks of network {table['network'].iloc[0]}",
            "One network, an example (n = 1), not an average: a column for each leaf, units that "
            "edges lead into downwards, units that they come from across. Ink: weight kept. Hidden "
            "units are sorted by their number of edges, for their order carries no information; "
            f"inputs and outputs are in theirs. Pictures are stretched to equal size.{more} The "
            "slider picks the level.",
            "Pictures of one network's masks under each condition; the data hold their numbers of "
            "edges.",
            charts.masks(table, conditions[: _pictures.MOST_CONDITIONS], step=step),
            table.drop(columns="image"),
            axis=110,
            longest=report.longest,
        )
    ]

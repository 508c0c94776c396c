"""What changes when the same networks are pruned in another way."""

from harness.report import _pairs, charts
from harness.report.pages.parts import Column, Figure, Part, Section, Table, listed, number, pruned
from harness.report.sections._report import Report

TITLE = "Paired comparisons"

_COLUMNS = (
    Column("comparison", "difference", "text"),
    Column("quantity", "of", "text"),
    Column("n", "n", note="units with a pair of networks"),
    Column("unit", "unit", "text"),
    Column("difference", "mean"),
    Column("low", "from", note="lower end of the 95 % interval"),
    Column("high", "to", note="upper end of the 95 % interval"),
    Column("p", "p", note="two-sided, of the procedure that gives the interval"),
    Column("adjusted", "p, corrected", note="for the smallest p of all motifs of the comparison"),
    Column("attainable", "attainable p", note="the smallest p that so many units can give"),
)


def pairs(report: Report) -> Section:
    """Paired differences between conditions at the chosen level."""
    data, table = report.data, report.comparisons
    if len(data.conditions) < 2:
        how = (
            "There is one condition only, so there is nothing to compare. Repeat `--pruner` (or "
            "`--schedule`) to prune the same networks in several ways."
        )
        return Section("pairs", TITLE, [how])
    if table.empty:
        return Section("pairs", TITLE, ["No two conditions share a network yet."])
    lead = [
        "Networks of one data seed and number start from the same initial weights; a difference is "
        f"taken network by network, each condition at its level nearest to "
        f"{pruned(report.density)}, and where several levels have that density at the last. "
        "Conditions that do no better than a constant there are not compared."
    ]
    if _pairs.limited(data, table):
        lead.append("There are many conditions: each is compared with the first only.")
    parts: list[Part] = [*_figures(report)]
    caption = (
        f"Mean paired differences at {pruned(report.density)} with 95 % intervals over "
        f"units. z: all nodes, null `layered`. {_attainable(report)}"
    )
    parts.append(Table("pairs", caption, table, list(_COLUMNS), sortable=True))
    return Section("pairs", TITLE, lead, parts=parts)


def _attainable(report: Report) -> str:
    """Which p are given, and the smallest that there can be."""
    table = report.comparisons
    least = table["attainable"]
    ends = [number(float(end)) for end in (least.min(), least.max())]
    said = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return (
        "p and interval are of one procedure. The smallest "
        f"attainable p is {said}. Corrected: for all motifs of a comparison."
    )


def _figures(report: Report) -> list[Figure]:
    table = report.comparisons
    pairs = list(dict.fromkeys(table["comparison"]))
    n = table["n"]
    numbers = f"{n.max()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"
    counted = f"n = {numbers} {listed(list(dict.fromkeys(table['unit'])))}"
    bars = f"Bars: 95 % intervals over units ({counted}). Filled symbols: p ≤ 0.05"
    z, rest = table[table["kind"] == _pairs.Z], table[table["kind"] != _pairs.Z]
    figures = []
    if len(rest):
        figures.append(
            Figure(
                "pairs_performance",
                f"Differences of loss and effective density at {pruned(report.density)}",
                f"{bars}. Right of 0: larger under the first condition named.",
                "Mean paired differences of loss and effective density; the table has the values.",
                charts.paired_quantities(rest, pairs),
                rest,
                panel=300,
                axis=min(300, 7 * max(map(len, pairs))),
            )
        )
    if len(z):
        figures.append(
            Figure(
                "pairs_motifs",
                f"Differences of z at {pruned(report.density)}",
                f"{bars} after correction for all motifs of a comparison. All nodes, null "
                "`layered`, exact. Right of 0: larger under the first condition named.",
                f"Mean paired differences of z of {z['quantity'].nunique()} motifs; the table has "
                "the values.",
                charts.paired_motifs(z, report.motifs),
                z,
                panel=290,
                axis=100,
            )
        )
    return figures

"""How alike networks are, within and between conditions."""

from harness.report import _similarity, charts
from harness.report._parts import Column, Figure, Part, Section, Table
from harness.report.sections._report import NOTHING, Report


def alike(report: Report) -> Section:
    """How alike the networks are within and between conditions, and tests of it."""
    table, conditions = report.similarity, report.data.conditions
    if table.empty:
        return Section("alike", "How alike the networks are", [NOTHING])
    lead = [
        "The significance profile of a network is its vector of z, by order. The figure shows the "
        "mean cosine similarity over all pairs of networks: 1 if all profiles are proportional."
    ]
    names = [*conditions, _similarity.BETWEEN] if len(conditions) > 1 else list(conditions)
    drawn = table.loc[table["comparison"] == _similarity.NULL, "n"]
    reference = (
        f" Dashed, grey: graphs drawn uniformly with each network's number of edges between layers "
        f"(null draws, n = {int(drawn.max())}, all conditions together)."
        if len(drawn)
        else ""
    )
    parts: list[Part] = [
        Figure(
            "similarity",
            "Similarity of significance profiles against density",
            f"Lines: mean over pairs of networks; bands: 95 % intervals from resampling networks, "
            f"not pairs, which share networks ({report.networks}). Only motifs defined in all "
            f"networks are compared. Null `layered`.{reference}",
            "Mean pairwise cosine similarity of profiles against density, by order and support.",
            charts.similarity(table, names),
            table,
            panel=300,
            longest=max(report.longest, len(_similarity.BETWEEN)),
        )
    ]
    return Section("alike", "How alike the networks are", lead, parts=[*parts, *_tests(report)])


_TEST_COLUMNS = (
    Column("density", "kept", "kept"),
    Column("order", "order"),
    Column("n", "n", note="networks, each under all conditions"),
    Column("gap", "within − between", note="difference of mean cosine similarities"),
    Column("p", "p", note="one-sided, labels permuted within networks"),
    Column("scatter", "scatter", note="largest less smallest mean distance from the centroid"),
    Column("p_scatter", "p of scatter", note="centred profiles permuted within networks"),
    Column("attainable", "attainable p", note="the smallest p that so few networks can give"),
    Column("arrangements", "arrangements"),
    Column("how", "taken", "text", note="all arrangements, or as many random ones"),
)


def _tests(report: Report) -> list[Table]:
    table = report.convergence
    if table.empty:
        return []
    columns = list(_TEST_COLUMNS)
    if table["block"].nunique() > 1:
        columns.insert(0, Column("block", "networks of", "text"))
    caption = (
        "Tests of convergence by condition, all nodes. Within − between: how much more alike "
        "networks are under one condition than under two (location or dispersion). Scatter: "
        "whether conditions differ in how far profiles lie from their own centroid (dispersion "
        "alone). Condition labels are permuted within each network number, never pairs. p are not "
        "corrected over rows: the levels are those of one set of networks."
    )
    return [Table("convergence_tests", caption, table, columns)]

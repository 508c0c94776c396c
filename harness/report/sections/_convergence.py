"""How alike networks are, within and between conditions."""

from harness.report import _similarity, charts
from harness.report.pages.parts import Column, Figure, Part, Section, Table
from harness.report.sections._report import NOTHING, Report


def alike(report: Report) -> Section:
    """How alike the networks are within and between conditions, and tests of it."""
    table, conditions = report.similarity, report.data.conditions
    if table.empty:
        return Section("alike", "How alike the networks are", [NOTHING])
    lead = [
        "The profile of a network is its vector of z, by order. Similarity is corrected for the "
        "null's noise: 1 if all networks have equal signals, whatever their strength over the "
        "noise. Unequal degrees alone make graphs alike, so two controls stand beside it; only "
        "what exceeds both is a motif profile."
    ]
    names = [*conditions, _similarity.BETWEEN] if len(conditions) > 1 else list(conditions)
    controls = [name for name in _similarity.CONTROLS.values() if name in set(table["graphs"])]
    reference = (
        " Grey: random graphs made for each network, by condition; dashed: "
        "unequal degrees alone, dotted: the same degrees."
        if controls
        else " These runs have no controls."
    )
    parts: list[Part] = [
        Figure(
            "similarity",
            "Noise-corrected similarity of significance profiles against density",
            f"Lines: mean over pairs of networks; bands: 95 % intervals over networks, none under "
            f"6 ({report.networks}). Only motifs defined in all networks are compared, at levels "
            f"where their signal is clear of noise. Null `layered`.{reference}",
            "Noise-corrected similarity of profiles against density, by order and support.",
            charts.similarity(table, names),
            table,
            panel=300,
            longest=max(report.longest, len(_similarity.BETWEEN)),
        )
    ]
    return Section("alike", "How alike the networks are", lead, parts=[*parts, *_tests(report)])


_TEST_COLUMNS = (
    Column("condition", "condition", "text"),
    Column("density", "kept", "kept"),
    Column("order", "order"),
    Column("control", "control", "text"),
    Column("n", "n", note="networks, each paired with its control"),
    Column("similarity", "networks"),
    Column("of_control", "controls"),
    Column("difference", "difference", note="jackknife: less its bias"),
    Column("low", "low"),
    Column("high", "high"),
    Column("p", "p", note="two-sided, of the same procedure as the interval"),
    Column("attainable", "attainable p", note="the smallest p that so few networks can give"),
)


def _tests(report: Report) -> list[Table]:
    table = report.convergence
    if table.empty:
        return []
    caption = (
        "Are networks more alike than random graphs made for each of them, all nodes? Unequal "
        "degrees alone: degrees vary by layer as the network's do. The same degrees: each node's "
        "own. Noise-corrected similarities, their difference with its 95 % interval and p. p are "
        "not corrected over rows: the levels are those of one set of networks."
    )
    return [Table("convergence_tests", caption, table, list(_TEST_COLUMNS))]

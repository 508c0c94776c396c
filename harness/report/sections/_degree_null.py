"""What degrees explain of the motifs."""

from harness.report import _degree_null
from harness.report.pages.parts import Column, Section, Table
from harness.report.sections._report import Report

_COLUMNS = (
    Column("density", "kept", "kept"),
    Column("motif", "motif", "text"),
    Column("z_layered", "z, layered", note="mean over networks"),
    Column("z_degree", "z, degree", note="mean over networks; – where every draw is alike"),
    Column("log2_ratio_layered", "log2 ratio, layered", note="mean log2(count/expected)"),
    Column("log2_ratio_degree", "log2 ratio, degree", note="mean log2(count/expected)"),
    Column("n", "n", note="networks"),
    Column("mixed", "mixed", note="networks whose draws are known to have mixed"),
)


def degree_null(report: Report) -> Section:
    """z and log2 ratios under `layered` and under `degree`, side by side."""
    table = _degree_null.explained(report.data)
    if table.empty:
        return Section("degree-null", "What degrees explain")
    lead = [
        "Random networks of the null `layered` have as many edges between each two layers; those "
        "of `degree` also keep every node's in- and out-degree. An excess that is there under "
        "`layered` and gone under `degree` says that some nodes have more edges than others, and "
        "no more. Only what is left under `degree` is a pattern beyond degrees."
    ]
    columns = list(_COLUMNS)
    if len(report.data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    levels = report.data.levels
    if levels["level"].nunique() > levels["density"].nunique():
        columns.insert(len(columns) - len(_COLUMNS), Column("level", "level"))
    caption = (
        "Mean z and log2(count/expected) under both nulls: all nodes, copies, summed over layers. "
        "Undefined under `degree`: classes around one node, whose count degrees decide, and every "
        "class of a complete network."
    )
    parts = [Table("degrees_explain", caption, table, columns, sortable=True)]
    return Section("degree-null", "What degrees explain", lead, parts=parts)

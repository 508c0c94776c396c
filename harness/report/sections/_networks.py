"""Every network at one level."""

from harness.report import _summaries
from harness.report._parts import MOST_ROWS, Column, Section, Table, pruned
from harness.report.sections._report import NOTHING, Report


def networks(report: Report) -> Section:
    """Every network at the chosen level."""
    if report.data.levels.empty:
        return Section("networks", "Networks", [NOTHING])
    table = _summaries.networks(report.data, report.density)
    headings = {
        "network": "network",
        "steps": "steps",
        "train_loss": "train loss",
        "validation_loss": "validation loss",
        "test_loss": "test loss",
        "effective_density": "effective density",
    }
    columns = [
        Column(key, text, "kept" if key == "effective_density" else "number")
        for key, text in headings.items()
        if key in table
    ]
    columns += [Column(name, f"z {name}") for name in report.motifs if name in table]
    if len(report.data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    caption = f"Networks at {pruned(report.density)}. z counts all nodes."
    if len(report.data.conditions) > 1:
        caption += " The same number under two pruners has the same initial weights."
    if len(table) > MOST_ROWS:
        caption += f" The first {MOST_ROWS} of {len(table)}; the file has all."
    return Section(
        "networks",
        "Networks",
        parts=[Table("networks", caption, table, columns, sortable=True)],
    )

"""Every network at one level."""

from harness.report import _summaries
from harness.report._floor import SHARE
from harness.report.pages.parts import MOST_ROWS, Column, Section, Table, pruned
from harness.report.sections._report import NOTHING, Report


def networks(report: Report) -> Section:
    """Every network at the chosen level."""
    if report.data.levels.empty:
        return Section("networks", "Networks", [NOTHING])
    table = _summaries.networks(report.data, report.density)
    table = table.assign(no_better=table["no_better"].map({True: "yes", False: ""}))
    headings = {
        "data_seed": "data seed",
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
    note = f"validation loss at least {SHARE} of the best constant predictor's"
    columns.append(Column("no_better", "constant", "text", note))
    columns += [Column(name, f"z {name}") for name in report.motifs if name in table]
    if len(report.data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    caption = f"Networks at {pruned(report.density)}. z counts all nodes."
    if len(report.data.conditions) > 1:
        caption += " One data seed and number has the same initial weights under all pruners."
    if len(table) > MOST_ROWS:
        caption += f" The first {MOST_ROWS} of {len(table)}; the file has all."
    return Section(
        "networks",
        "Networks",
        parts=[Table("networks", caption, table, columns, sortable=True)],
    )

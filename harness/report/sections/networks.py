"""Every network at one level."""

from collections.abc import Iterator

import pandas as pd

from harness.report.constant_predictor import SHARE, marked
from harness.tables.collection import Collection
from harness.tables.parts import MOST_ROWS, Column, Section, Table, pruned
from harness.tables.report import NOTHING, Report
from harness.tables.summaries import at
from harness.tables.units import named


def networks(data: Collection, density: float) -> pd.DataFrame:
    """Return a row for each network at one level: losses, and each metric's compared quantities.

    `no_better` marks networks that do no better than a constant.
    """
    place = ["condition", "trial", "network", "level", "density"]
    losses_of = ["steps", "train_loss", "validation_loss"]
    chosen = at(data.levels, density)
    table = chosen[[*place, *losses_of]].assign(no_better=marked(chosen))
    table = named(data, table).drop(columns=["version", "task", "seed"])
    test = (Column("test_loss", "test loss"), at(data.role("test_loss"), density))
    for column, part in (test, *_wide(data, density)):
        if not part.empty:
            values = part[[*place, "value"]].rename(columns={"value": column.key})
            table = table.merge(values, how="left", on=place)
    order = ["condition", "data_seed", "network"]
    return table.sort_values(order).reset_index(drop=True).drop(columns="trial")


def _wide(data: Collection, density: float) -> Iterator[tuple[Column, pd.DataFrame]]:
    """Yield the column and the rows of each quantity of the metrics at one level."""
    seen: set[str] = set()
    for family in data.families:
        rows = at(family.rows, density).dropna(subset="value")
        for name in family.order:
            key = family.name if family.single else name
            key = f"{family.name} {name}" if key in seen else key
            seen.add(key)
            heading = name if family.single else f"{family.label} {name}"
            column = Column(key, heading, "share" if family.share else "number")
            yield column, rows[rows["quantity"] == name]


def section(report: Report) -> Section:
    """List every network at the chosen level."""
    if report.data.levels.empty:
        return Section("networks", "Networks", [NOTHING])
    table = networks(report.data, report.density)
    table = table.assign(no_better=table["no_better"].map({True: "yes", False: ""}))
    headings = {
        "data_seed": "data seed",
        "network": "network",
        "steps": "steps",
        "train_loss": "train loss",
        "validation_loss": "validation loss",
        "test_loss": "test loss",
    }
    columns = [Column(key, text) for key, text in headings.items() if key in table]
    note = f"validation loss at least {SHARE} of the best constant predictor's"
    columns.append(Column("no_better", "constant", "text", note))
    quantities = _wide(report.data, report.density)
    columns += [column for column, _ in quantities if column.key in table]
    if len(report.data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    notes = "".join(f" {one.label}: {one.note}" for one in report.data.families if one.note)
    caption = f"Networks at {pruned(report.density)}.{notes}"
    if len(report.data.conditions) > 1:
        caption += " Equal data seed and number: the same initial weights under all pruners."
    if len(table) > MOST_ROWS:
        caption += f" The first {MOST_ROWS} of {len(table)}; the file has all."
    return Section(
        "networks",
        "Networks",
        parts=[Table("networks", caption, table, columns, sortable=True)],
    )

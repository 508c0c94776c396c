"""Every network at one level."""

import pandas as pd

from harness.report.collection import Collection
from harness.report.constant_predictor import SHARE, marked
from harness.report.pages.parts import MOST_ROWS, Column, Section, Table, pruned
from harness.report.sections.report import NOTHING, Report
from harness.report.summaries import at, measure, motif_order
from harness.report.units import named


def networks(data: Collection, density: float) -> pd.DataFrame:
    """Return a row for each network at one level: losses, effective density, z of every motif.

    z is on all nodes. `no_better` marks networks that do no better than a constant.
    """
    place = ["condition", "trial", "network", "level", "density"]
    losses_of = ["steps", "train_loss", "validation_loss"]
    chosen = at(data.levels, density)
    table = chosen[[*place, *losses_of]].assign(no_better=marked(chosen))
    table = named(data, table).drop(columns=["version", "task", "seed"])
    test = at(measure(data, "loss", "test"), density)
    effective = at(measure(data, "effective density", "structure"), density)
    for name, part in (("test_loss", test), ("effective_density", effective)):
        if not part.empty:
            found = part[[*place, "value"]].rename(columns={"value": name})
            table = table.merge(found, how="left", on=place)
    whole = at(data.summed, density)
    whole = whole[whole["support"] == "all"]
    if not whole.empty:
        z = whole.pivot_table(index=place, columns="motif", values="z", observed=True)
        z = z.reindex(columns=[name for name in motif_order(whole) if name in z])
        table = table.merge(z.reset_index(), how="left", on=place)
    order = ["condition", "data_seed", "network"]
    return table.sort_values(order).reset_index(drop=True).drop(columns="trial")


def section(report: Report) -> Section:
    """Every network at the chosen level."""
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

"""What failed, and how much time and memory the work took."""

import pandas as pd

from harness.tables.collection import Collection
from harness.tables.parts import Column, Section, Table
from harness.tables.report import NOTHING, Report


def costs(data: Collection) -> pd.DataFrame:
    """Return seconds by condition and activity, and in all; and a trial's peak memory in MB."""
    if data.timings.empty:
        return pd.DataFrame(columns=["condition", "total"])
    table = data.timings.pivot_table(
        index="condition",
        columns="activity",
        values="seconds",
        aggfunc="sum",
        sort=False,
        observed=True,
    )
    usual = ["simulate", "compile", "start", "train", "prune", "evaluate", "measure"]
    order = [name for name in usual if name in table] + sorted(set(map(str, table)) - set(usual))
    table = table[order].assign(total=table.sum(axis=1))
    if not data.memory.empty:
        peaks = data.memory.groupby(["condition", "memory"], observed=True)["peak_bytes"].max()
        table = table.join((peaks.unstack() / 1e6).add_suffix(" MB"))
    return table.reset_index()


def troubles_section(report: Report) -> Section:
    """List trials and measurements that are not done, and networks that diverged."""
    data = report.data
    parts = []
    trials = data.trials[data.trials["status"] != "done"]
    what = [Column(key, key.replace("_", " "), "text") for key in ("status", "reason")]
    if len(trials):
        named = [
            Column(key, key.replace("_", " "), "text")
            for key in ("task", "pruner", "schedule", "data_seed", "first_network")
        ]
        parts.append(Table("trials_not_done", "Trials not done.", trials, [*named, *what]))
    metrics = data.measurements[data.measurements["status"] != "done"]
    if len(metrics):
        named = [Column(key, key, "text") for key in ("condition", "metric")]
        parts.append(Table("not_measured", "Measurements not done.", metrics, [*named, *what]))
    if len(data.diverged):
        named = [Column(key, key, "text") for key in ("condition", "network", "level")]
        caption = (
            "Networks whose loss is not finite: all statistics from that level on exclude them."
        )
        parts.append(Table("diverged", caption, data.diverged, named))
    lead = [] if parts else ["Nothing failed, was skipped or diverged."]
    return Section("troubles", "Failed and skipped", lead, parts=parts)


def costs_section(report: Report) -> Section:
    """Show seconds by activity, and memory."""
    table = costs(report.data)
    if table.empty:
        return Section("costs", "Costs", [NOTHING])
    columns = [Column(name, name) for name in map(str, table) if name != "condition"]
    caption = "Wall time in seconds, including the device's work; compilation is listed apart."
    if any(column.key.endswith(" MB") for column in columns):
        caption += (
            " MB: peak memory of the process (host) and of the accelerator (device) up to the end "
            "of a trial's training, in millions of bytes; the largest of the trials. The peak of a "
            "process includes all trials that it has computed."
        )
    parts = [Table("costs", caption, table, [Column("condition", "condition", "text"), *columns])]
    return Section("costs", "Costs", parts=parts, folded=True)

"""The sections of a report, in order. Each function makes one from the collected tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from harness.report import _findings, _similarity, _summaries, charts
from harness.report._glossary import STATISTICS
from harness.report._parts import (
    MOST_ROWS,
    Column,
    Facts,
    Figure,
    Section,
    Table,
    counted,
    number,
    pruned,
)
from harness.report._source import Collection

NOTHING = "Nothing has been measured for this yet."


@dataclass(frozen=True)
class Report:
    """The collected tables with the summaries that several sections share, each made once."""

    data: Collection

    @cached_property
    def density(self) -> float:
        """The level that tables show."""
        densities = self.data.densities
        return _summaries.nearest(densities, _summaries.CHOSEN_DENSITY) if densities else 1.0

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Loss by density."""
        return _summaries.loss_by_density(self.data)

    @cached_property
    def significance(self) -> pd.DataFrame:
        """Motifs at the chosen level."""
        return _summaries.significance(self.data, self.density)

    @cached_property
    def similarity(self) -> pd.DataFrame:
        """How alike networks are, by density."""
        return _similarity.similarity(self.data)

    @cached_property
    def motifs(self) -> list[str]:
        """Motif names in order."""
        return _summaries.motif_order(self.data.motifs)

    @property
    def longest(self) -> int:
        """The longest label of a condition, where a legend shows them."""
        return max(map(len, self.data.conditions), default=0)

    @property
    def networks(self) -> str:
        """How many networks there are in a condition, as captions say it."""
        found = self.data.levels.groupby("condition")["network"].nunique()
        if found.empty:
            return "n = 0"
        least, most = int(found.min()), int(found.max())
        each = " in each condition" if len(found) > 1 else ""
        return f"n = {most} networks{each}" if least == most else f"n = {least} to {most} networks"


def overview(report: Report) -> Section:
    """The answer in words, and motifs at the chosen level."""
    data, table = report.data, report.significance
    parts: list[Figure | Table | Facts] = []
    if not table.empty:
        parts.append(
            Figure(
                "significance",
                f"Motifs at {pruned(report.density)}",
                f"Mean z over networks under the exact null `layered` ({report.networks}); bars "
                "are 95 % intervals over networks. All nodes (calibrated) and live nodes "
                "(descriptive). Right of 0: more copies than the layer densities explain.",
                f"Mean z of {len(report.motifs)} motifs at {pruned(report.density)}; the values "
                "are in the table of section Motifs.",
                charts.significance(table, data.conditions, report.motifs),
                table,
                panel=290 if len(data.conditions) > 1 else 0,
                axis=100,
                longest=12,
            )
        )
    findings = _findings.summary(data, report.losses, table, report.similarity, report.density)
    return Section("answer", "What came out", _findings.ran(data), findings, parts)


def performance(report: Report) -> Section:
    """Loss against density and effective density, and the task's own figures of merit."""
    data, table = report.data, report.losses
    validation = table[table["split"] == "validation"]
    if validation.empty:
        return Section("performance", "Performance", [NOTHING])
    note = f"Lines: median over networks; bands: quartiles ({report.networks})."
    parts = [
        Figure(
            "loss",
            "Loss against density",
            f"Validation loss at the end of each level. {note} Each symbol is a level.",
            f"Median validation loss from {number(validation['median'].iloc[0])} at the first "
            f"level to {number(validation['median'].iloc[-1])} at the last.",
            charts.loss(validation, data.conditions),
            table,
            longest=report.longest,
        )
    ]
    if validation["effective_density"].gt(0).any():
        parts.append(
            Figure(
                "loss_effective",
                "Loss against effective density",
                "The same losses against the weights that lie on a path from an input to an "
                f"output. {note} Levels with no such path are left out.",
                "The loss of the figure above against effective density.",
                charts.loss(validation, data.conditions, against="effective_density"),
                validation,
                longest=report.longest,
            )
        )
    measures = _summaries.evaluations(data)
    if not measures.empty:
        parts.append(
            Figure(
                "evaluation",
                "Figures of merit on the test split",
                f"The task's own measures, in units. {note} Axes differ between panels.",
                f"{counted(measures['measure'].nunique(), 'measure')} against density.",
                charts.evaluations(measures, data.conditions),
                measures,
                panel=200,
                longest=report.longest,
            )
        )
    return Section("performance", "Performance", parts=parts)


_MOTIF_COLUMNS = (
    Column("motif", "motif", "text"),
    Column("support", "nodes", "text"),
    Column("count", "count"),
    Column("expected", "expected"),
    Column("log2_ratio", "log2 ratio", note="mean log2(count/expected)"),
    Column("z", "mean z"),
    Column("z_low", "from", note="lower end of the 95 % interval of mean z"),
    Column("z_high", "to", note="upper end of the 95 % interval of mean z"),
    Column("positive", "z > 0", note="networks with z above 0"),
    Column("n", "n", note="networks"),
    Column("q", "q", note="Student's p of a mean z of 0, Benjamini-Hochberg over classes"),
    Column("verdict", "verdict", "text"),
)


def motifs(report: Report) -> Section:
    """z and log2(count/expected) of every motif against density, and tables at one level."""
    data = report.data
    table = _summaries.motif_by_density(data)
    if table.empty:
        return Section("motifs", "Motifs", [NOTHING])
    lead = [
        "z says how sure a departure from the null is, log2(count/expected) how large. Towards "
        "density 1 z is that of a nearly complete graph; at density 1 it is undefined."
    ]
    parts: list[Figure | Table | Facts] = []
    for statistic, title in (("z", "z"), ("log2_ratio", "log2(count/expected)")):
        parts += _motif_figures(report, table, statistic, title)
    columns = list(_MOTIF_COLUMNS)
    if len(data.conditions) > 1:
        columns.insert(0, Column("condition", "condition", "text"))
    parts.append(
        Table(
            "significance",
            f"Motifs at {pruned(report.density)}: median counts, mean z with its 95 % interval.",
            report.significance,
            columns,
            sortable=True,
        )
    )
    layers = _summaries.by_base_layer(data, report.density)
    if len(layers):
        names = [str(name) for name in layers]
        shown = [Column(name, name) for name in names if name.startswith("from layer")]
        keys = ("condition", "support", "motif")[len(data.conditions) < 2 :]
        named = [Column(key, "nodes" if key == "support" else key, "text") for key in keys]
        caption = (
            f"Mean z by the layer of the motif's first nodes, at {pruned(report.density)}. The "
            "moments are those of each base layer alone."
        )
        parts.append(Table("motifs_by_layer", caption, layers, [*named, *shown], sortable=True))
    return Section("motifs", "Motifs", lead, parts=parts)


def _motif_figures(report: Report, table: pd.DataFrame, statistic: str, title: str) -> list[Figure]:
    """One figure with both supports, or one for each support where conditions are compared."""
    conditions = report.data.conditions
    supports = {"": "all and live nodes"}
    if len(conditions) > 1:
        supports = {"all": "all nodes", "live": "live nodes"}
    chosen = table[table["statistic"] == statistic]
    figures = []
    for support, nodes in supports.items():
        part = chosen[chosen["support"] == support] if support else chosen
        if part.empty:
            continue
        figures.append(
            Figure(
                "_".join(filter(None, ["motif", statistic, support])),
                f"{title} against density, {nodes}",
                f"Lines: mean over networks; bands: quartiles ({report.networks}). Null "
                "`layered`, exact, not induced, summed over layers. All panels share their axes.",
                f"{title} of {len(report.motifs)} motifs against density, a panel each.",
                charts.motifs(part, conditions, report.motifs, statistic=statistic),
                part,
                panel=200,
                longest=report.longest if support else 4,
            )
        )
    return figures


def alike(report: Report) -> Section:
    """How alike the networks are within and between conditions."""
    table, conditions = report.similarity, report.data.conditions
    if table.empty:
        return Section("alike", "How alike the networks are", [NOTHING])
    lead = [
        "The significance profile of a network is its vector of z, by order. The figure shows the "
        "mean cosine similarity over all pairs of networks: 1 if all profiles are proportional."
    ]
    names = [*conditions, _similarity.BETWEEN] if len(conditions) > 1 else list(conditions)
    figure = Figure(
        "similarity",
        "Similarity of significance profiles against density",
        f"Lines: mean over pairs of networks; bands: 95 % intervals from resampling networks, not "
        f"pairs, which share networks ({report.networks}). Only motifs defined in all networks "
        "are compared. Null `layered`.",
        "Mean pairwise cosine similarity of profiles against density, by order and support.",
        charts.similarity(table, names),
        table,
        panel=300,
        longest=max(report.longest, len(_similarity.BETWEEN)),
    )
    return Section("alike", "How alike the networks are", lead, parts=[figure])


def layers(report: Report) -> Section:
    """Edges and live nodes of each layer against density."""
    table = _summaries.layers(report.data)
    parts = []
    for measure, title in (("edges", "Edges of each layer"), ("live nodes", "Live nodes")):
        part = table[table["measure"] == measure]
        if part.empty:
            continue
        parts.append(
            Figure(
                measure.replace(" ", "_"),
                f"{title} against density",
                f"Lines: median over networks; bands: quartiles ({report.networks}). Symmetric "
                "logarithmic axis, which has a zero."
                + (" Live: on a path from an input to an output." * (measure == "live nodes")),
                f"{title} against density.",
                charts.layers(part, report.data.conditions, measure),
                part,
                panel=300,
                longest=8,
            )
        )
    lead = ["What layer sizes and densities explain is not a motif: the null has both."]
    return Section("layers", "Layers", lead if parts else [NOTHING], parts=parts)


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


def troubles(report: Report) -> Section:
    """Cells and measurements that are not done, and networks that diverged."""
    data = report.data
    parts = []
    cells = data.cells[data.cells["status"] != "done"]
    what = [Column(key, key.replace("_", " "), "text") for key in ("status", "reason")]
    if len(cells):
        named = [
            Column(key, key.replace("_", " "), "text")
            for key in ("task", "pruner", "schedule", "data_seed", "first_network")
        ]
        parts.append(Table("cells_not_done", "Cells not done.", cells, [*named, *what]))
    metrics = data.measurements[data.measurements["status"] != "done"]
    if len(metrics):
        named = [Column(key, key, "text") for key in ("condition", "metric")]
        parts.append(Table("not_measured", "Measurements not done.", metrics, [*named, *what]))
    if len(data.diverged):
        named = [Column(key, key, "text") for key in ("condition", "network", "level")]
        caption = (
            "Networks whose loss is not finite, left out of all statistics from that level on."
        )
        parts.append(Table("diverged", caption, data.diverged, named))
    lead = [] if parts else ["Nothing failed, was skipped or diverged."]
    return Section("troubles", "Failed and skipped", lead, parts=parts)


def costs(report: Report) -> Section:
    """Seconds by activity."""
    table = _summaries.costs(report.data)
    if table.empty:
        return Section("costs", "Costs", [NOTHING])
    columns = [Column(name, name) for name in map(str, table) if name != "condition"]
    caption = "Wall time in seconds, compilation apart, device work waited for."
    parts = [Table("costs", caption, table, [Column("condition", "condition", "text"), *columns])]
    return Section("costs", "Costs", parts=parts)


def provenance(report: Report) -> Section:
    """Where the numbers come from, and what each statistic means."""
    parts = [Facts("What each statistic means, and what it does not", STATISTICS)]
    for run in report.data.runs:
        parts += [
            Facts(f"Provenance of {run.path.name}", _flat(run.provenance)),
            Facts(f"Experiment of {run.path.name}", _flat(run.experiment)),
        ]
        if run.notes:
            parts.append(Facts(f"Notes on the data of {run.path.name}", _flat(run.notes)))
    return Section("provenance", "Meaning and provenance", parts=parts)


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested mappings as names with dots, and values as text."""
    if isinstance(value, Mapping):
        items = [_flat(part, f"{name}.{key}" if name else str(key)) for key, part in value.items()]
        return [pair for pairs in items for pair in pairs]
    if isinstance(value, list | tuple) and not any(isinstance(part, Mapping) for part in value):
        return [(name, ", ".join(map(str, value)) or "none")]
    if isinstance(value, list | tuple):
        items = [_flat(part, f"{name}[{number}]") for number, part in enumerate(value)]
        return [pair for pairs in items for pair in pairs]
    return [(name, "none" if value is None else str(value))]


SECTIONS: Sequence[Callable[[Report], Section]] = (
    overview,
    performance,
    motifs,
    alike,
    layers,
    networks,
    troubles,
    costs,
    provenance,
)

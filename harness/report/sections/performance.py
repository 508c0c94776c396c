"""Loss and figures of merit against density."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report import constant_predictor
from harness.report.charts import band_and_line, crosses, kept, panels_of, tooltip_of
from harness.report.collection import Collection
from harness.report.pages.parts import Figure, Section, counted, number
from harness.report.sections.report import NOTHING, Report, shared
from harness.report.summaries import losses, measure, spread


@shared
def losses_of(report: Report) -> pd.DataFrame:
    """Return loss by density."""
    return loss_by_density(report.data)


def loss_by_density(data: Collection) -> pd.DataFrame:
    """Median loss with quartiles by split, and the median effective density, for each level.

    `left_out` says whether more than a few networks do no better than a constant there.
    """
    by = ["condition", "level", "density"]
    parts = [
        spread(losses(data, split), by, "value").assign(split=split)
        for split in ("validation", "test")
    ]
    table = pd.concat([part for part in parts if not part.empty] or parts[:1], ignore_index=True)
    effective = spread(measure(data, "effective density", "structure"), by, "value")
    effective = effective[[*by, "median"]].rename(columns={"median": "effective_density"})
    table = table.merge(effective, how="left", on=by).astype({"effective_density": float})
    return table.assign(left_out=constant_predictor.left_out(data, table))


def evaluations(data: Collection, split: str = "test") -> pd.DataFrame:
    """Every figure of merit but the loss, in its unit, by density."""
    table = data.performance
    chosen = table[(table["split"] == split) & (table["measure"] != "loss") & (table["layer"] < 0)]
    return spread(chosen, ["condition", "measure", "unit", "level", "density"], "value")


def loss_chart(
    table: pd.DataFrame, conditions: Sequence[str], *, against: str = "density"
) -> alt.LayerChart:
    """Median loss against density or `against="effective_density"`; band: quartiles.

    Levels whose column `left_out` is true are crossed out.
    """
    title = "weights kept, log scale"
    if against == "effective_density":
        title = "weights kept on a path from input to output (median), log scale"
        table = table[table[against] > 0]
    y = alt.Y(
        "median:Q",
        title="loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".6~g", tickCount=6),
    )
    tooltip = tooltip_of(alt.Tooltip("median:Q", title="median loss", format=".4~g"))
    x = kept(against, title)
    below = [crosses(x, y)]
    return band_and_line(table, x, y, conditions, "condition", tooltip, below=below)


def evaluations_chart(table: pd.DataFrame, conditions: Sequence[str]) -> alt.FacetChart:
    """Every figure of merit against density, a panel each; line: median, band: quartiles."""
    units = table["unit"].astype(str)
    panel = table["measure"].astype(str) + units.map(lambda unit: f" ({unit})" * (unit != "1"))
    tooltip = tooltip_of(
        alt.Tooltip("panel:N", title="measure"),
        alt.Tooltip("median:Q", format=".4~g"),
    )
    y = alt.Y(
        "median:Q",
        title=None,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=".6~g", tickCount=5),
    )
    chart = band_and_line(
        table.assign(panel=panel), kept(title=""), y, conditions, "condition", tooltip
    )
    panels = panels_of(chart, list(dict.fromkeys(panel)), "panel").resolve_scale(y="independent")
    # Each panel has its own axis: flush, or labels of other lengths would move the panels.
    return panels.properties(bounds="flush", spacing=alt.RowColnumber(row=62, column=58))


def section(report: Report) -> Section:
    """Loss against density and effective density, and the task's own figures of merit."""
    data, table = report.data, losses_of(report)
    validation = table[table["split"] == "validation"]
    if validation.empty:
        return Section("performance", "Performance", [NOTHING])
    note = f"Lines: median over networks; bands: quartiles ({report.networks})."
    crossed = constant_predictor.crossed(data)
    parts = [
        Figure(
            "loss",
            "Loss against density",
            f"Validation loss at the end of each level. {note} Each symbol is a level.{crossed}",
            f"Median validation loss from {number(validation['median'].iloc[0])} at the first "
            f"level to {number(validation['median'].iloc[-1])} at the last.",
            loss_chart(validation, data.conditions),
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
                f"output. {note} Levels with no such path are left out.{crossed}",
                "The loss of the figure above against effective density.",
                loss_chart(validation, data.conditions, against="effective_density"),
                validation,
                longest=report.longest,
            )
        )
    measures = evaluations(data)
    if not measures.empty:
        parts.append(
            Figure(
                "evaluation",
                "Figures of merit on the test split",
                f"The task's own measures, in units. {note} Axes differ between panels.",
                f"{counted(measures['measure'].nunique(), 'measure')} against density.",
                evaluations_chart(measures, data.conditions),
                measures,
                panel=200,
                longest=report.longest,
            )
        )
    return Section("performance", "Performance", parts=parts)

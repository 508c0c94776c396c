"""Loss by % pruned and % effectively pruned."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from harness.report import constant_predictor
from harness.report.charts import crosses, kept, lines, tooltip_of
from harness.tables.collection import Collection
from harness.tables.parts import Figure, Section, numbers
from harness.tables.report import NOTHING, Report, shared
from harness.tables.summaries import losses, spread


@shared
def losses_of(report: Report) -> pd.DataFrame:
    """Return loss by density."""
    return loss_by_density(report.data)


def loss_by_density(data: Collection) -> pd.DataFrame:
    """Return median loss with quartiles by split, and median effective density, by level.

    `left_out` says whether more than a few networks do no better than a constant there.
    """
    by = ["condition", "level", "density", "later"]
    tables = {"validation": losses(data), "test": data.role("test_loss")}
    parts = [spread(part, by, "value").assign(split=split) for split, part in tables.items()]
    table = pd.concat([part for part in parts if not part.empty] or parts[:1], ignore_index=True)
    effective = spread(data.role("effective_density"), by, "value")
    effective = effective[[*by, "median"]].rename(columns={"median": "effective_density"})
    table = table.merge(effective, how="left", on=by).astype({"effective_density": float})
    return table.assign(left_out=constant_predictor.left_out(data, table))


def loss_chart(
    table: pd.DataFrame, conditions: Sequence[str], *, against: str = "density"
) -> alt.LayerChart | alt.FacetChart:
    """Median loss against density or `against="effective_density"`; band: quartiles.

    Levels whose column `left_out` is true are crossed out.
    """
    x = kept()
    if against == "effective_density":
        x = kept(against, "% effectively pruned (median; log scale of what remains)")
        table = table[table[against] > 0]
    y = alt.Y(
        "median:Q",
        title="loss, log scale",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=".6~g", tickCount=6),
    )
    tooltip = tooltip_of(alt.Tooltip("median:Q", title="median loss", format=".4~g"))
    below = [crosses(x, y)]
    return lines(table, x, y, conditions, "condition", tooltip, below=below)


def section(report: Report) -> Section:
    """Show loss by % pruned and % effectively pruned."""
    data, table = report.data, losses_of(report)
    validation = table[table["split"] == "validation"]
    if validation.empty:
        return Section("loss", "Loss", [NOTHING])
    note = f"Lines: median over networks; bands: quartiles ({report.networks})."
    crossed = constant_predictor.crossed(data)
    first, last = numbers(validation["median"].iloc[[0, -1]])
    parts = [
        Figure(
            "loss",
            "Loss by % pruned",
            f"Validation loss at the end of each level. {note} Each symbol is a level.{crossed}",
            f"Median validation loss from {first} at the first level to {last} at the last.",
            loss_chart(validation, data.conditions),
            table,
            longest=report.longest,
            beside=True,
        )
    ]
    if validation["effective_density"].gt(0).any():
        parts.append(
            Figure(
                "loss_effective",
                "Loss by % effectively pruned",
                "The same losses. Effectively pruned: pruned, or on no path from an input to an "
                f"output. {note} Levels with no such path are left out.{crossed}",
                "The loss of the figure above by % effectively pruned.",
                loss_chart(validation, data.conditions, against="effective_density"),
                validation,
                longest=report.longest,
            )
        )
    return Section("loss", "Loss", parts=parts)

"""Loss and figures of merit."""

from harness.report import _floor, _summaries, charts
from harness.report.pages.parts import Figure, Section, counted, number
from harness.report.sections._report import NOTHING, Report


def performance(report: Report) -> Section:
    """Loss against density and effective density, and the task's own figures of merit."""
    data, table = report.data, report.losses
    validation = table[table["split"] == "validation"]
    if validation.empty:
        return Section("performance", "Performance", [NOTHING])
    note = f"Lines: median over networks; bands: quartiles ({report.networks})."
    crossed = _floor.crossed(data)
    parts = [
        Figure(
            "loss",
            "Loss against density",
            f"Validation loss at the end of each level. {note} Each symbol is a level.{crossed}",
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
                f"output. {note} Levels with no such path are left out.{crossed}",
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

"""The report of the study `schedules`: the answer, distances between twins, other outcomes."""

from collections.abc import Mapping

import pandas as pd

from harness.report import (
    Column,
    Figure,
    Finding,
    Opening,
    RunTables,
    Section,
    Table,
    checklist,
    conditions,
    left_out_findings,
)
from harness.tables.parts import Part

from . import _schedules_tables as tables

_PANELS = {"layered": "null layered", "degree": "null degree"}
_PLACE = [Column(name, name, "text") for name in ("null", "regime", "twin")]


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary comparison, and the chart of all distances."""
    found = tables.outcomes(runs)
    far = _judged(runs, found)
    findings = [Finding(one.claim) for one in (_batches(far), _others(far), _strength(found))]
    return Opening(
        question,
        _primary(far, found).claim,
        findings,
        _figure(far, found) if len(far) else None,
        _about(found),
        "harness study schedules",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    found = tables.outcomes(runs)
    far = _judged(runs, found)
    findings = [
        _primary(far, found),
        _batches(far),
        _others(far),
        _strength(found),
        _equal_loss(far),
        *left_out_findings(list(runs.values())),
        _LIMITS,
    ]
    lead = [
        f"{_about(found)} Distances are of z of 13 classes under `layered` (exact), and of those "
        "that vary under `degree` (100 draws), at 93 % pruned. Hypothesis, margin and rule were "
        "committed before the run: reports/schedules/DESIGN.md."
    ]
    place = {"regime": "start", "twin": "schedule"}
    means, compared = tables.means(found), tables.comparisons(found)
    strengths = compared[compared["outcome"] == "strength"]
    verdicts = strengths.apply(lambda row: conditions.verdict(row, tables.FACTOR), axis=1)
    compared = compared.assign(verdict=verdicts).fillna({"verdict": ""})
    distances: list[Part] = [_figure(far, found), _table(far)] if len(far) else []
    return [
        Section("answer", "The answer", lead, findings),
        Section("distances", "Distances between twins", parts=distances),
        Section(
            "outcomes",
            "Strength and loss",
            parts=[
                conditions.table_of_means(
                    "by_condition",
                    "Geometric means over networks with 95 % intervals.",
                    means,
                    place,
                ),
                conditions.table_of_differences(
                    "comparisons",
                    "Mean differences of log2, paired by data seed. Corrected: for all schedules "
                    "of one outcome and start. Margin of strength: a factor of 2.",
                    compared,
                ),
            ],
        ),
        checklist(_RULES),
    ]


def _judged(runs: Mapping[str, RunTables], found: pd.DataFrame) -> pd.DataFrame:
    """Return the distances with the verdicts of the design's rule, controls and starts without."""
    far = tables.distances(runs, found)
    if far.empty:
        return far
    plain = ~far["twin"].isin([tables.OTHER_START, tables.BATCHES, *tables.CONTROLS.values()])
    return far.assign(verdict=far[plain].apply(tables.verdict, axis=1)).fillna({"verdict": ""})


def _about(found: pd.DataFrame) -> str:
    steps = found["steps"]
    return (
        f"{len(found)} networks: {found.groupby(['regime', 'twin']).ngroups} conditions, one "
        f"network for each of {found['data_seed'].nunique()} data seeds. Unit: "
        f"{tables.units(found)}. Steps up to 93 % pruned: {steps.min()} to {steps.max()}."
    )


def _rows(far: pd.DataFrame, twin: str, null: str = "layered") -> list[pd.Series]:
    if far.empty:
        return []
    chosen = far[(far["twin"] == twin) & (far["null"] == null) & far["high"].notna()]
    return [row for _, row in chosen.iterrows()]


def _primary(far: pd.DataFrame, found: pd.DataFrame) -> Finding:
    rows = _rows(far, tables.PRIMARY)
    if not rows:
        return Finding("Not shown: too few replicates of the primary comparison.")
    verdicts = {str(row["verdict"]) for row in rows}
    answers = {
        tables.WITHIN: "Jitter of the schedule by 0.3 changes the profile by less than half of "
        "what another start does",
        tables.DEPENDS: "The profile depends on the schedule: jitter of 0.3 moves it by more than "
        "half of what another start does, and further than another batch order",
        tables.NO_MORE: "The profile depends on the schedule no more than on the order of "
        "batches, and both move it by more than half of what another start does",
        tables.OPEN: "Whether jitter of the schedule by 0.3 changes the profile by half of what "
        "another start does is open",
    }
    mixed = "Whether jitter of 0.3 changes the profile depends on the start"
    answer = answers[verdicts.pop()] if len(verdicts) == 1 else mixed
    parts = [f"{conditions.ranged(row)} from the {row['regime']} start" for row in rows]
    return Finding(
        f"{answer}: it moves it by {' and '.join(parts)}, where another start moves it by 1 "
        f"(95 %; n = {rows[0]['n']} pairs each).",
        f"By start: {'; '.join(_one(row) for row in rows)}. z of all classes under `layered`, "
        f"noise not taken off; unit: {tables.units(found)}; margin {tables.MARGIN}.",
    )


def _one(row: pd.Series) -> str:
    return (
        f"{row['regime']}: {row['verdict']}; noise taken off {row['least']:.2g} "
        f"({row['least_low']:.2g} to {row['least_high']:.2g}), excess over batch order "
        f"{row['excess']:.2g} ({row['excess_low']:.2g} to {row['excess_high']:.2g})"
    )


def _batches(far: pd.DataFrame) -> Finding:
    rows = _rows(far, tables.BATCHES)
    if not rows:
        return Finding("The floor, another order of batches, is not shown.")
    parts = [f"{row['value']:.2g} ({row['regime']} start)" for row in rows]
    return Finding(
        f"The floor: another order of batches alone moves it by {' and '.join(parts)} of a "
        "start-distance.",
        "; ".join(f"{row['regime']} {conditions.ranged(row)}" for row in rows),
    )


def _others(far: pd.DataFrame) -> Finding:
    shown = far[(far["null"] == "layered") & (far["verdict"] != "")] if len(far) else far
    beyond = shown[shown["excess_low"] > 0] if len(shown) else shown
    names = [f"{row['twin']} ({row['regime']})" for _, row in beyond.iterrows()]
    return Finding(
        f"{len(beyond)} of {len(shown)} schedules move profiles further than another order of "
        f"batches does: {', '.join(names) or 'none'}.",
        "; ".join(
            f"{row['regime']} {row['twin']}: {conditions.ranged(row)}, {row['verdict']}"
            for _, row in shown.iterrows()
        ),
    )


def _strength(found: pd.DataFrame) -> Finding:
    compared = tables.comparisons(found)
    rows = compared[compared["outcome"] == "strength"]
    verdicts = rows.apply(lambda row: conditions.verdict(row, tables.FACTOR), axis=1)
    counts = [int((verdicts == one).sum()) for one in (conditions.WITHIN, conditions.BEYOND)]
    return Finding(
        f"Strength: {counts[0]} of {len(rows)} differences are within a factor of 2, "
        f"{counts[1]} beyond it, the rest open.",
        "; ".join(
            f"{row['comparison']}: {2.0 ** row['value']:.2g} times ({2.0 ** row['low']:.2g} to "
            f"{2.0 ** row['high']:.2g})"
            for _, row in rows.iterrows()
        ),
    )


def _equal_loss(far: pd.DataFrame) -> Finding:
    rows = [row for row in _rows(far, tables.PRIMARY) if pd.notna(row["near_high"])]
    parts = [
        f"{row['regime']} {row['near']:.2g} ({row['near_low']:.2g} to {row['near_high']:.2g}), "
        f"losses {row['near_loss']:.2g} times apart"
        for row in rows
    ]
    return Finding(
        f"At nearly equal loss jitter of 0.3 moves them by: {'; '.join(parts) or 'not shown'}.",
        "The half of pairs whose losses are nearest; n is half of that above. Masks do not change "
        "in the last level, so that a network has this profile at every loss it passes there.",
    )


_LIMITS = Finding(
    "It does not show what happens at full size and in the published budget, on other tasks or "
    "with other pruners.",
    "Networks of width 64 and 10,000 steps. `quick` differs in its optimiser and learning rates as "
    "well as in its levels. `published` itself has 107,800 steps, and was not run.",
)

_RULES = {
    "replication": "n = data seeds; each network has its own initial weights, flights, batches and "
    "jitter. Twins of one data seed share start and data, and are compared in pairs.",
    "similarity": "No similarity is claimed. Distances are shown without and with the noise of two "
    "unrelated networks taken off; twins share edges, and so noise: the truth lies between.",
    "degrees": "Distances under `degree` stand beside; a draw with a network's degrees, and graphs "
    "of unequal degrees alone, are shown in the place of a twin.",
    "floors": "Schedules at the floor of the loss are left out of comparisons, and named.",
    "equivalence": "Margins: half a start-distance, a factor of 2 in strength; every schedule is "
    "in the tables.",
    "one procedure": "Verdicts come from the intervals shown.",
    "coverage": "Intervals of ratios: a jackknife, whose coverage at n = 12 a test simulates; "
    "others are those of `harness.stats.mean_tests`.",
    "calibration": "z over all nodes of dense layers, which no result chose.",
    "mixing": "`degree` chooses its number of trades by a check; all draws were mixed.",
    "faithfulness": "Width 64 and 10,000 steps, not 400 and 107,800: the answer is about these.",
}
"""How the page keeps each rule."""


def _figure(far: pd.DataFrame, found: pd.DataFrame) -> Figure:
    # Without a clear distance between two starts there is no distance in its units.
    known = far.groupby("null")["value"].transform(lambda value: value.notna().any())
    shown = far[known & (far["twin"] != tables.OTHER_START)].rename(columns={"null": "outcome"})
    return conditions.figure(
        "distances",
        "How far a twin's profile is, over the distance of two starts",
        f"{tables.units(found)}, 93 % pruned; no noise taken off; 1: as far as another start; "
        f"margin: {tables.MARGIN}. Colour: start.",
        shown[["regime", "twin", "outcome", "n", "value", "low", "high"]],
        _PANELS,
        "twin",
        "regime",
    )


def _table(far: pd.DataFrame) -> Table:
    notes = {
        "value": "distance / start's",
        "low": "from",
        "high": "to",
        "least": "noise off",
        "least_low": "from",
        "least_high": "to",
        "near": "at equal loss",
        "near_low": "from",
        "near_high": "to",
        "near_loss": "losses apart",
        "excess": "beyond batch order",
        "excess_low": "from",
        "excess_high": "to",
        "adjusted": "p, corrected",
        "start": "start's / length",
    }
    columns = [Column(key, heading) for key, heading in notes.items()]
    caption = (
        "Distance of profiles between a network and its twin over the distance of two starts, with "
        "95 % intervals. Noise off: that of two unrelated networks. At equal loss: the half of "
        "pairs nearest in loss. Beyond batch order: difference of squared distances, in squared "
        "start-distances; p is corrected for all twins of one null and start. Start's / length: "
        "the distance of two starts over the length of the profile."
    )
    last = Column("verdict", "verdict", "text")
    return Table(
        "distances_by_twin",
        caption,
        far,
        [*_PLACE, Column("n", "n"), *columns, last],
        sortable=True,
    )

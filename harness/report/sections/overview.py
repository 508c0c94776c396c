"""The answer: sentences computed from the tables, and motifs at the chosen level."""

import pandas as pd

from harness.report import constant_predictor, units
from harness.report.collection import PARTS, Collection
from harness.report.pages.parts import (
    Figure,
    Finding,
    Part,
    Section,
    counted,
    listed,
    number,
    pruned,
)
from harness.report.sections.fairness import MISSING, checklist_of
from harness.report.sections.motifs import significance_chart, significance_of
from harness.report.sections.paired_differences import Z, differences_of
from harness.report.sections.performance import losses_of
from harness.report.sections.report import Report
from harness.report.sections.similarity import BETWEEN, control_tests_of, similarity_of
from harness.report.summaries import at, has_equal_densities

LOSS_DENSITIES = (1.0, 0.15, 0.07)
"""The levels that the summary names: dense, 85 % and 93 % pruned, or the nearest there are."""

MOST_CONDITIONS = 4
"""With more conditions, sentences for each would be a list; the tables say it."""


def ran(data: Collection) -> list[str]:
    """Say what was run: tasks, pruners, schedules, networks and levels."""
    done = data.trials[data.trials["status"] == "done"]
    if data.levels.empty or done.empty:
        return ["No trial has finished yet, so there is nothing to report but what is planned."]
    each = units.range_of(units.networks_of(data.levels), "network")
    parts = (*PARTS, "data_seed")
    names = {part: listed([str(name) for name in done[part].unique()]) for part in parts}
    per = "" if len(data.conditions) == 1 else f" in each of {len(data.conditions)} conditions"
    networks = listed([name for name in done["architecture"].unique() if name])
    on = f" with networks {networks}" if networks else ""
    several = "s" if done["data_seed"].nunique() > 1 else ""
    return [
        f"{each}{per}: task {names['task']}{on}, pruned by {names['pruner']} under "
        f"schedule {names['schedule']}, data seed{several} {names['data_seed']}; "
        f"{counted(len(data.densities), 'level')}, {pruned(max(data.densities))} to "
        f"{pruned(min(data.densities))}. Networks of one data seed share data and batch order. "
        f"Intervals and tests are over {units.said(list(units.by_condition(data).values()))}.",
        *_cautions(data, done),
        *_equal_densities(data),
        *units.warnings(data),
    ]


def _cautions(data: Collection, done: pd.DataFrame) -> list[str]:
    """What schedules and pruners say about their training; of which condition, if not of all."""
    said: dict[str, list[str]] = {}
    for cautions, condition in zip(done["cautions"], done["condition"], strict=True):
        for caution in filter(None, cautions.split("\n")):
            said.setdefault(caution, []).append(str(condition))
    every = len(data.conditions)
    return [
        caution if len(set(of)) == every else f"{listed(list(dict.fromkeys(of)))}: {caution}"
        for caution, of in said.items()
    ]


def _equal_densities(data: Collection) -> list[str]:
    """How levels of equal density are shown, where there are any."""
    if not has_equal_densities(data):
        return []
    return [
        "Some levels have the density of the level before: training went on without pruning. "
        "Where one level stands for a density, it is the last of them."
    ]


def loss_findings(data: Collection, losses: pd.DataFrame) -> list[Finding]:
    """State each condition's median validation loss at the dense level and two sparse ones."""
    validation = losses[losses["split"] == "validation"]
    found = []
    for condition in data.conditions[:MOST_CONDITIONS]:
        rows = validation[validation["condition"] == condition]
        if rows.empty:
            continue
        levels = [at(rows, density).iloc[0] for density in LOSS_DENSITIES]
        distinct = {row["density"]: row for row in levels}
        said = [f"{number(row['median'])} at {pruned(key)}" for key, row in distinct.items()]
        detail = [f"{number(row['lower'])} to {number(row['upper'])}" for row in distinct.values()]
        n = listed(list(dict.fromkeys(str(row["n"]) for row in distinct.values())))
        claim = f"median validation loss is {listed(said)}."
        found.append(
            Finding(
                _of(data, condition, claim),
                f"Half of the networks lie within {listed(detail)} (n\u00a0=\u00a0{n}).",
            )
        )
    return found


def _of(data: Collection, condition: str, claim: str) -> str:
    """The claim as a sentence of its own, saying its condition where there are several."""
    if len(data.conditions) > 1:
        return f"With {condition}, {claim}"
    return claim[:1].upper() + claim[1:]


def motif_findings(data: Collection, table: pd.DataFrame) -> list[Finding]:
    """Say which motifs are over- and under-represented at the chosen level, on both supports."""
    found = []
    for condition in data.conditions[:MOST_CONDITIONS] if len(table) else ():
        rows = table[table["condition"] == condition]
        if rows.empty:
            continue
        density, n, unit = rows["density"].iloc[0], int(rows["n"].max()), rows["unit"].iloc[0]
        every, live = (rows[rows["support"] == support] for support in ("all", "live"))
        claim = f"at {pruned(density)}, counting all nodes, {_represented(every)}."
        detail = f"Counting live nodes only, which is descriptive: {_represented(live)}."
        found.append(Finding(_of(data, condition, claim), f"{detail} n\u00a0=\u00a0{n} {unit}."))
    return found


def _represented(rows: pd.DataFrame) -> str:
    """Which motifs the mean z calls over- or under-represented."""
    if not rows["z"].notna().any():
        return "no z is defined"
    if (rows["verdict"] == "undecided").all():
        strongest = rows.dropna(subset="z").sort_values("z", key=abs).iloc[-1]
        return (
            f"the largest mean z is {number(strongest['z'])}, of {strongest['motif']}; there are "
            "too few networks for a test"
        )
    said: list[str] = []
    for verdict, words in (
        ("over", "over-represented"),
        ("under", "under-represented"),
        ("unclear", "not told from chance"),
        ("undecided", "not testable"),
    ):
        names = [str(name) for name in rows.loc[rows["verdict"] == verdict, "motif"]]
        if len(names) == len(rows):
            return f"all {len(rows)} motifs are {words}"
        if names:
            counts = f"{len(names)} {words} ({', '.join(names)})"
            of = f" of {len(rows)} motifs {'are' if len(names) > 1 else 'is'} "
            said.append(counts if said else counts.replace(" ", of, 1))
    return listed(said)


def similarity_findings(
    data: Collection, table: pd.DataFrame, tests: pd.DataFrame, density: float
) -> list[Finding]:
    """Say how alike the networks of a condition are at the chosen level, and between conditions."""
    chosen = table[(table["support"] == "all") & (table["density"] == density)]
    if chosen.empty:
        return []
    chosen = chosen[chosen["order"] == chosen["order"].max()]
    own = chosen[chosen["graphs"] == "networks"]
    within = own[own["comparison"] != BETWEEN]
    if within.empty:
        return []
    said = [
        f"{_interval(row)}{' with ' + row['comparison'] if len(data.conditions) > 1 else ''}"
        for _, row in within.head(MOST_CONDITIONS).iterrows()
    ]
    order = int(chosen["order"].iloc[0])
    claim = (
        f"At {pruned(density)}, the noise-corrected similarity of two networks' z is "
        f"{'; '.join(said)}; {_exceeding(tests, density, order)}."
    )
    rows = own[own["comparison"] == BETWEEN].iterrows()
    across = [f"Between conditions: {_interval(row)}." for _, row in rows]
    across += [_tested(row) for _, row in _at_order(tests, density, order).iterrows()]
    return [
        Finding(
            claim, " ".join([f"Order {order}, all nodes; 95 % intervals over networks.", *across])
        )
    ]


def _exceeding(tests: pd.DataFrame, density: float, order: int) -> str:
    """Whether similarity exceeds that of both controls: only then profiles are shared motifs."""
    tested = _at_order(tests, density, order)
    if tested.empty:
        return "no control was compared with it, so that degrees alone may explain it"
    clear = (tested["low"] > 0).groupby(tested["condition"], sort=False).agg(["all", "size"])
    exceed = clear["all"] & (clear["size"] > 1)
    if exceed.all():
        return "it exceeds that of graphs with degrees as unequal and of graphs with their degrees"
    beside = "is not shown to exceed that of graphs made from degrees alone"
    if not exceed.any():
        return f"it {beside}"
    return f"with {listed(list(exceed.index[~exceed]))} it {beside}"


def _at_order(tests: pd.DataFrame, density: float, order: int) -> pd.DataFrame:
    if tests.empty:
        return tests
    return tests[(tests["density"] == density) & (tests["order"] == order)].dropna(subset="low")


def _tested(row: pd.Series) -> str:
    return (
        f"{row['condition']}: {number(row['similarity'])} against {number(row['of_control'])} of "
        f"graphs with {row['control']}, difference {number(row['difference'])} "
        f"({number(row['low'])} to {number(row['high'])}), p {number(row['p'])}."
    )


def _interval(row: pd.Series) -> str:
    ends = f" ({number(row['low'])} to {number(row['high'])})" if pd.notna(row["low"]) else ""
    return f"{number(row['mean'])}{ends}"


def trouble_findings(data: Collection) -> list[Finding]:
    """Say what failed, was skipped, is pending or diverged, and what is left out."""
    found = []
    for status, words in (
        ("failed", "failed"),
        ("damaged", "damaged"),
        ("skipped", "skipped"),
        ("pending", "not finished"),
    ):
        rows = data.trials[data.trials["status"] == status]
        if len(rows):
            names = list(dict.fromkeys(rows["condition"].astype(str)))
            claim = f"{len(rows)} of {counted(len(data.trials), 'trial')} {words}"
            found.append(Finding(f"{claim}: {listed(names[:6])}{' …' * (len(names) > 6)}."))
    for status in ("failed", "damaged"):
        metrics = data.measurements[data.measurements["status"] == status]
        if len(metrics):
            names = list(dict.fromkeys(metrics["metric"].astype(str)))
            claim = f"{counted(len(metrics), 'measurement')} {status}"
            found.append(Finding(f"{claim}: {listed(names)}."))
    if len(data.diverged):
        found.append(Finding(f"{_diverged(data.diverged)} diverged and left out from then on."))
    found = found or [Finding("Nothing failed, was skipped or diverged.")]
    return [*found, *made_differently(data), *constant_predictor.findings(data)]


def made_differently(data: Collection) -> list[Finding]:
    """Say whether trials were computed with different versions or on different devices."""
    made = data.trials.loc[data.trials["made_with"] != "", "made_with"].value_counts(sort=False)
    if len(made) < 2:
        return []
    said = [f"{name} ({counted(int(n), 'trial')})" for name, n in made.items()]
    return [
        Finding(
            f"Trials were computed differently: {'; '.join(said)}.",
            "Their training agrees in distribution, not bit by bit: differences between conditions "
            "computed differently may have that cause.",
        )
    ]


def _diverged(table: pd.DataFrame) -> str:
    names = [
        f"{row['condition']} network {row['network']} (level {row['level']})"
        for _, row in table.head(6).iterrows()
    ]
    more = f" and {len(table) - 6} more" if len(table) > 6 else ""
    return f"{counted(len(table), 'network')}: {', '.join(names)}{more}:"


def difference_findings(table: pd.DataFrame, density: float) -> list[Finding]:
    """Say how many motifs differ between two conditions, network by network."""
    found = []
    z = table[table["kind"] == Z] if len(table) else table
    said = []
    for name, rows in z.groupby("comparison", sort=False) if len(z) else ():
        clear = rows[rows["adjusted"] <= 0.05]
        up = int((clear["difference"] > 0).sum())
        split = f" ({up} higher, {len(clear) - up} lower)" if len(clear) else ""
        said.append(f"{len(clear)} of {len(rows)} for {name}{split}")
    if said:
        more = "" if len(said) <= MOST_CONDITIONS else "; the table has the other comparisons"
        least = number(float(z["attainable"].min()))
        found.append(
            Finding(
                f"Paired by network at {pruned(density)}, the z of so many motifs differ: "
                f"{'; '.join(said[:MOST_CONDITIONS])}{more}.",
                "All nodes, p ≤ 0.05 after correction for all motifs of a comparison; smallest "
                f"attainable p "
                f"{least}, n\u00a0=\u00a0{int(z['n'].max())} "
                f"{listed(list(dict.fromkeys(z['unit'])))}.",
            )
        )
    return found


def fairness_findings(table: pd.DataFrame) -> list[Finding]:
    """Say how many criteria of a fair comparison each task passes, and which are missing."""
    found = []
    tasks = table["task"].nunique()
    for task, rows in table.groupby("task", sort=False):
        missing = [str(name) for name in rows.loc[rows["state"] == MISSING, "criterion"]]
        of = f" for task {task}" if tasks > 1 else ""
        found.append(
            Finding(
                f"The comparison of pruners passes {len(rows) - len(missing)} of {len(rows)} "
                f"criteria of a fair one{of}.",
                f"Missing: {'; '.join(missing)}." if missing else "",
            )
        )
    return found


def section(report: Report) -> Section:
    """The answer in words, and motifs at the chosen level."""
    data, table = report.data, significance_of(report)
    parts: list[Part] = []
    if not table.empty:
        parts.append(
            Figure(
                "significance",
                f"Motifs at {pruned(report.density)}",
                f"Mean z under the exact null `layered` ({report.networks}); bars are 95 % "
                f"intervals over {report.units}. All nodes (calibrated) and live nodes "
                "(descriptive). Right of 0: more copies than the layer densities explain.",
                f"Mean z of {len(report.motifs)} motifs at {pruned(report.density)}; the values "
                "are in the table of section Motifs.",
                significance_chart(table, data.conditions, report.motifs),
                table,
                panel=290 if len(data.conditions) > 1 else 0,
                axis=100,
                longest=12,
            )
        )
    findings = [
        *loss_findings(data, losses_of(report)),
        *motif_findings(data, table),
        *similarity_findings(data, similarity_of(report), control_tests_of(report), report.density),
        *difference_findings(differences_of(report), report.density),
        *fairness_findings(checklist_of(report)),
        *trouble_findings(data),
    ]
    return Section("answer", "What came out", ran(data), findings, parts)

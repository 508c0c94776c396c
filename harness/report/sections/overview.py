"""The answer: sentences computed from the tables, and what metrics add."""

import pandas as pd

from harness.report import constant_predictor
from harness.report.sections.fairness import MISSING, checklist_of
from harness.report.sections.losses import losses_of
from harness.report.sections.of_metrics import ANSWER, sections_of_metrics
from harness.report.sections.paired_differences import differences_of
from harness.report.sections.similarity import (
    BETWEEN,
    control_tests_of,
    profiles_of,
    similarity_of,
)
from harness.tables import units
from harness.tables.collection import PARTS, Collection
from harness.tables.parts import (
    Finding,
    Section,
    counted,
    listed,
    number,
    numbers,
    p_value,
    pruned,
    with_ends,
)
from harness.tables.report import Report
from harness.tables.summaries import at, has_equal_densities

LOSS_DENSITIES = (1.0, 0.15, 0.07)
"""The levels that the summary names: the nearest to dense, 85 % and 93 % pruned."""

MOST_CONDITIONS = 4
"""With more conditions, a sentence for each would be too much; the tables have all."""


def ran(data: Collection) -> list[str]:
    """Say what was run: tasks, pruners, schedules, networks and levels."""
    done = data.trials[data.trials["status"] == "done"]
    if data.levels.empty or done.empty:
        return ["No trial has finished yet, so there are no results to report."]
    each = units.range_of(units.networks_of(data.levels), "network")
    parts = (*PARTS, "data_seed")
    names = {part: listed([str(name) for name in done[part].unique()]) for part in parts}
    per = "" if len(data.conditions) == 1 else f" in each of {len(data.conditions)} conditions"
    networks = listed([name for name in done["architecture"].unique() if name])
    on = f" with networks {networks}" if networks else ""
    places = data.levels[["density", "later"]].drop_duplicates()
    several = "s" if done["data_seed"].nunique() > 1 else ""
    return [
        f"{each}{per}: task {names['task']}{on}, pruned by {names['pruner']} under "
        f"schedule {names['schedule']}, data seed{several} {names['data_seed']}; "
        f"{counted(len(places), 'level')}, {pruned(max(data.densities))} to "
        f"{pruned(min(data.densities))}. Networks of one data seed share data and batch order. "
        f"Intervals and tests are over {units.said(list(units.by_condition(data).values()))}.",
        *_cautions(data, done),
        *_equal_densities(data),
        *units.warnings(data),
    ]


def _cautions(data: Collection, done: pd.DataFrame) -> list[str]:
    """Return the cautions of schedules and pruners, with their conditions if not of all."""
    conditions: dict[str, list[str]] = {}
    for cautions, condition in zip(done["cautions"], done["condition"], strict=True):
        for caution in filter(None, cautions.split("\n")):
            conditions.setdefault(caution, []).append(str(condition))
    every = len(data.conditions)
    return [
        caution if len(set(of)) == every else f"{listed(list(dict.fromkeys(of)))}: {caution}"
        for caution, of in conditions.items()
    ]


def _equal_densities(data: Collection) -> list[str]:
    """Say how levels of equal density are shown, if there are any."""
    if not has_equal_densities(data):
        return []
    return [
        "Some levels are pruned as far as the level before, because training went on or layers "
        "changed places. Charts show each level; elsewhere the last of equal ones is taken."
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
        shown = numbers([row["median"] for row in distinct.values()])
        medians = [f"{one} at {pruned(key)}" for one, key in zip(shown, distinct, strict=True)]
        ends = iter(numbers([row[end] for row in distinct.values() for end in ("lower", "upper")]))
        detail = [f"{lower} to {upper}" for lower, upper in zip(ends, ends, strict=True)]
        n = listed(list(dict.fromkeys(str(row["n"]) for row in distinct.values())))
        claim = f"median validation loss is {listed(medians)}."
        found.append(
            Finding(
                _of(data, condition, claim),
                f"Half of the networks lie within {listed(detail)} (n\u00a0=\u00a0{n}).",
            )
        )
    return found


def _of(data: Collection, condition: str, claim: str) -> str:
    """Make a claim a sentence, which names the condition if there are several."""
    if len(data.conditions) > 1:
        return f"With {condition}, {claim}"
    return claim[:1].upper() + claim[1:]


def similarity_findings(
    data: Collection, table: pd.DataFrame, tests: pd.DataFrame, density: float
) -> list[Finding]:
    """Say how alike the networks of a condition are at the chosen level, and between conditions."""
    found = []
    for metric, (profile, controls) in profiles_of(data).items() if len(table) else ():
        kind, named = next(iter(profile.kinds.items()))
        chosen = table[(table["metric"] == metric) & (table[profile.kind] == kind)]
        chosen = chosen[(chosen["density"] == density) & (chosen["later"] == 0)]
        group = chosen[profile.group].max()
        own = chosen[(chosen[profile.group] == group) & (chosen["graphs"] == "networks")]
        within = own[own["comparison"] != BETWEEN]
        if within.empty:
            continue
        similarities = [
            f"{_interval(row)}{' with ' + row['comparison'] if len(data.conditions) > 1 else ''}"
            for _, row in within.head(MOST_CONDITIONS).iterrows()
        ]
        beside = _at_group(tests, metric, density, profile.group, group)
        rows = own[own["comparison"] == BETWEEN].iterrows()
        across = [f"Between conditions: {_interval(row)}." for _, row in rows]
        across += [_tested(row) for _, row in beside.iterrows()]
        label = data.measured[metric].schema.value(profile.value).label or profile.value
        detail = f"{profile.group} {group}, {named}; 95 % intervals over networks."
        found.append(
            Finding(
                f"At {pruned(density)}, the noise-corrected similarity of two networks' {label} is "
                f"{'; '.join(similarities)}; {_exceeding(beside, list(controls.values()))}.",
                " ".join([detail[:1].upper() + detail[1:], *across]),
            )
        )
    return found


def _exceeding(tested: pd.DataFrame, controls: list[str]) -> str:
    """Say whether similarity exceeds that of all controls, which alone shows a common motif."""
    if tested.empty:
        return "it was compared with no control, so degrees alone may explain it"
    clear = (tested["low"] > 0).groupby(tested["condition"], sort=False).agg(["all", "size"])
    exceed = clear["all"] & (clear["size"] == len(controls))
    graphs = f"that of graphs with {listed(controls)}"
    if exceed.all():
        return f"it exceeds {graphs}"
    beside = f"is not shown to exceed {graphs}"
    if not exceed.any():
        return f"it {beside}"
    return f"with {listed(list(exceed.index[~exceed]))} it {beside}"


def _at_group(
    tests: pd.DataFrame, metric: str, density: float, key: str, group: object
) -> pd.DataFrame:
    if tests.empty:
        return tests
    here = (tests["metric"] == metric) & (tests["density"] == density) & (tests[key] == group)
    return tests[here].dropna(subset="low")


def _tested(row: pd.Series) -> str:
    alike, control = numbers([row["similarity"], row["of_control"]])
    return (
        f"{row['condition']}: {alike} against {control} of graphs with {row['control']}, "
        f"difference {with_ends(row['difference'], row['low'], row['high'])}, "
        f"p {p_value(row['p'])}."
    )


def _interval(row: pd.Series) -> str:
    return with_ends(row["mean"], row["low"], row["high"])


def trouble_findings(data: Collection) -> list[Finding]:
    """Say what failed, was skipped, is not finished or diverged, and what is left out."""
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
    ways = [f"{name} ({counted(int(n), 'trial')})" for name, n in made.items()]
    return [
        Finding(
            f"Trials were computed differently: {'; '.join(ways)}.",
            "Their training agrees in distribution, not bit by bit. This may cause differences "
            "between conditions that were computed differently.",
        )
    ]


def _diverged(table: pd.DataFrame) -> str:
    names = [
        f"{row['condition']} network {row['network']} (level {row['level']})"
        for _, row in table.head(6).iterrows()
    ]
    more = f" and {len(table) - 6} more" if len(table) > 6 else ""
    return f"{counted(len(table), 'network')}: {', '.join(names)}{more}:"


def difference_findings(data: Collection, table: pd.DataFrame, density: float) -> list[Finding]:
    """Say how many quantities of a kind differ between two conditions, network by network."""
    found = []
    for family in data.families if len(table) else ():
        rows = table[table["kind"] == family.label]
        if family.single or rows.empty:
            continue
        counts = []
        for name, part in rows.groupby("comparison", sort=False):
            clear = part[part["adjusted"] <= 0.05]
            up = int((clear["difference"] > 0).sum())
            split = f" ({up} higher, {len(clear) - up} lower)" if len(clear) else ""
            counts.append(f"{len(clear)} of {len(part)} for {name}{split}")
        more = "" if len(counts) <= MOST_CONDITIONS else "; the table has the other comparisons"
        least = number(float(rows["attainable"].min()))
        found.append(
            Finding(
                f"Paired by network at {pruned(density)}, these numbers of {family.nouns} differ "
                f"in {family.label}: {'; '.join(counts[:MOST_CONDITIONS])}{more}.",
                f"{family.note} p ≤ 0.05 after correction for all {family.nouns} of a comparison; "
                f"smallest attainable p {least}, n\u00a0=\u00a0{int(rows['n'].max())} "
                f"{listed(list(dict.fromkeys(rows['unit'])))}.".lstrip(),
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
    """Return the answer in words, with what metrics add in words and figures."""
    data = report.data
    added = [one for one in sections_of_metrics(report) if one.anchor == ANSWER]
    findings = [
        *loss_findings(data, losses_of(report)),
        *(finding for one in added for finding in one.findings),
        *similarity_findings(data, similarity_of(report), control_tests_of(report), report.density),
        *difference_findings(data, differences_of(report), report.density),
        *fairness_findings(checklist_of(report)),
        *trouble_findings(data),
    ]
    lead = [*ran(data), *(line for one in added for line in one.lead)]
    return Section(ANSWER, "Results", lead, findings, [p for one in added for p in one.parts])

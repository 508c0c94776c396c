"""Fairness of a comparison of pruners: criteria, and how the runs meet them.

After Blalock, Gonzalez Ortiz, Frankle and Guttag (2020, MLSys, arXiv 2003.03033), appendix B.
"""

import numpy as np
import pandas as pd

from harness.report.pruner_comparison import BASELINES, CONTROLS, PrunerComparison, comparisons_of
from harness.report.sections.fronts import budgets
from harness.report.sections.pruner_parts import KEPT, PRUNER, columns, of_each
from harness.tables.collection import NETWORK, Collection
from harness.tables.parts import Column, Part, Section, Table, counted, listed, pruned
from harness.tables.report import Report, shared

FEWEST_DENSITIES, FEWEST_NETWORKS = 5, 3
PASSED, MISSING = "passed", "missing"
Row = tuple[str, bool, str]


@shared
def checklist_of(report: Report) -> pd.DataFrame:
    """Return the checklist of each task's comparison of pruners."""
    return of_each(report, lambda comparison: checklist(comparison, report.data))


def checklist(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Return a row for each criterion: whether it is passed or missing, and what was found."""
    rows = [
        *_sampled(comparison),
        _unpruned(comparison),
        *(_has_baseline(comparison, name) for name in BASELINES),
        _has_controls(comparison),
        _test_untouched(comparison, data),
        _budgeted(comparison),
        _effective(comparison),
        _collapse(comparison, data),
        _recorded(comparison, data),
    ]
    table = pd.DataFrame(rows, columns=["criterion", "passed", "found"])
    return table.assign(state=np.where(table["passed"], PASSED, MISSING)).drop(columns="passed")


def _sampled(comparison: PrunerComparison) -> list[Row]:
    """Check for enough densities and enough networks."""
    sparse = [density for density in comparison.densities if density < 1]
    rows = comparison.rows.drop_duplicates(["pruner", *NETWORK])
    units = comparison.units
    least = min(units.count(part) for _, part in rows.groupby("pruner"))
    seeds = rows["data_seed"].nunique()
    return [
        (
            f"At least {FEWEST_DENSITIES} densities",
            len(sparse) >= FEWEST_DENSITIES,
            f"{len(sparse)} below 1 that all pruners have",
        ),
        (
            f"At least {FEWEST_NETWORKS} replicates",
            least >= FEWEST_NETWORKS,
            f"at least {least} under each pruner, {comparison.n} under all ({units}); "
            f"{counted(seeds, 'data seed')}: networks of one share data and batch order",
        ),
    ]


def _unpruned(comparison: PrunerComparison) -> Row:
    without = [
        label for label in comparison.pruners if not (comparison.of(label)["density"] == 1).any()
    ]
    answer = f"no level of density 1 for {listed(without)}" if without else "density 1 for each"
    return ("Unpruned networks as a control", not without, answer)


def _has_baseline(comparison: PrunerComparison, name: str) -> Row:
    found = [label for label in comparison.pruners if comparison.names[label] == name]
    return (f"Baseline: {name} pruning", bool(found), listed(found) or "not among the pruners")


def _has_controls(comparison: PrunerComparison) -> Row:
    found = [label for label in comparison.pruners if comparison.names[label] in CONTROLS]
    answer = listed(found) or f"none of {listed(CONTROLS)} among the pruners"
    return ("Controls of the masks", bool(found), answer)


def _test_untouched(comparison: PrunerComparison, data: Collection) -> Row:
    """Check for test figures; only metrics read the split, after training (`training.trainer`)."""
    tested = set(data.role("test")["trial"].astype(str))
    without = [
        label for label in comparison.pruners if tested.isdisjoint(comparison.of(label)["trial"])
    ]
    if without:
        answer = f"no figures on the test split for {listed(without)}"
    else:
        answer = (
            "measured after training, by metrics only; training, pruning and stop rules are given "
            "training and validation rows. This page compares validation losses. A plugin that "
            "opens the data by itself would not be noticed"
        )
    return ("Test split held out from all choices", not without, answer)


def _budgeted(comparison: PrunerComparison) -> Row:
    table = budgets(comparison)
    if table["in_all"].isna().any():
        return ("Budgets equal and disclosed", False, "training steps are not recorded")
    unequal = table[table["equal"] < table["levels"]]
    differing = [
        f"{row['pruner']} differs at {row['levels'] - row['equal']} of {row['levels']}"
        for _, row in unequal.iterrows()
    ]
    answer = listed(differing) or "as many steps under every pruner up to each level"
    return ("Budgets equal and disclosed", not differing, f"{answer}; see the table of budgets")


def _effective(comparison: PrunerComparison) -> Row:
    without = [
        label for label in comparison.pruners if comparison.of(label)["effective"].isna().any()
    ]
    answer = (
        f"not measured for all networks of {listed(without)}" if without else "for all networks"
    )
    return ("Effective density shown", not without, answer)


def _collapse(comparison: PrunerComparison, data: Collection) -> Row:
    what = "Layer collapse flagged"
    if comparison.rows["effective"].isna().any():
        return (what, False, "effective densities are not measured for all networks")
    table = collapsed(comparison, data)
    if table.empty:
        return (what, True, "no layer of any network is without a live edge")
    first = table.groupby("pruner", sort=False)["density"].max()
    where = [f"{label} from {pruned(density)} on" for label, density in first.items()]
    return (what, True, f"collapsed: {listed(where)}; see the table of collapsed networks")


def _recorded(comparison: PrunerComparison, data: Collection) -> Row:
    trials = data.trials[data.trials["trial"].isin(comparison.rows["trial"])]
    made = list(dict.fromkeys(trials.loc[trials["made_with"] != "", "made_with"]))
    runs = {run.path.name: run.provenance for run in data.runs}
    without = [
        name
        for name in dict.fromkeys(trials["run"])
        if not (runs[name].get("versions") and runs[name].get("device"))
    ]
    answer = listed(made) or "not by trial"
    if len(made) > 1:
        answer = f"trials differ: {answer}"
    if without:
        answer = f"no versions or device in the provenance of {listed(without)}"
    return ("Hardware and versions recorded", not without, answer)


def collapsed(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Count networks in which a layer has no live edge, by pruner and level.

    Live edges lie on a path from an input to an output: without one in a layer, no input reaches
    any output. `networks` counts such networks, of `n`; `layers` names the layers without any edge
    in one of them, which are the cause.
    """
    place = ["trial", "network", "level"]

    def emptied(role: str) -> pd.Series:
        edges = data.role(role).astype({"trial": str})
        empty = edges[(edges["layer"] >= 0) & (edges["value"] == 0)]
        layers = empty.drop_duplicates([*place, "layer"]).groupby(place)["layer"]
        return layers.agg(lambda numbers: sorted(map(int, numbers)))

    rows = comparison.rows.join(emptied("effective_edges").rename("dead"), on=place)
    rows = rows.join(emptied("edges").rename("empty"), on=place)
    rows = rows.assign(gone=(rows["effective"] == 0) | rows["dead"].notna())
    found = []
    for (label, _, density), part in rows.groupby(["pruner", "level", "density"], sort=False):
        gone = part[part["gone"]]
        if gone.empty:
            continue
        layers = sorted({layer for empty in gone["empty"].dropna() for layer in empty})
        named = ", ".join(map(str, layers)) or "none"
        found.append((label, density, len(gone), len(part), named))
    return pd.DataFrame(found, columns=["pruner", "density", "networks", "n", "layers"])


def section(report: Report) -> Section:
    """Show the checklist of the comparison, and collapsed networks."""
    if not comparisons_of(report):
        return Section("fairness", "Fairness of the comparison")
    lead = "Questions to ask of any comparison of pruners, with the answers of these runs."
    own = (
        Column("criterion", "criterion", "text"),
        Column("state", "state", "text"),
        Column("found", "what was found", "text"),
    )
    parts: list[Part] = [
        Table(
            "fairness",
            "Criteria after Blalock et al. (2020, arXiv 2003.03033), from the tables of the runs.",
            checklist_of(report),
            columns(report, *own),
        )
    ]
    gone = of_each(report, lambda comparison: collapsed(comparison, report.data))
    if len(gone):
        shown = (
            PRUNER,
            KEPT,
            Column("networks", "networks"),
            Column("n", "of"),
            Column("layers", "layers without edges", "text", note="in any of these networks"),
        )
        caption = (
            "Collapsed networks: a layer has no live edge, so that no input reaches an output. "
            "They stay in all statistics."
        )
        parts.append(Table("collapsed", caption, gone, columns(report, *shown)))
    return Section("fairness", "Fairness of the comparison", [lead], parts=parts)

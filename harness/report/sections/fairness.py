"""Fairness of a comparison of pruners: criteria, and what the runs show of each.

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
    """Enough densities, and enough networks."""
    sparse = [density for density in comparison.densities if density < 1]
    rows = comparison.rows.drop_duplicates(["pruner", *NETWORK])
    units = comparison.units
    least = min(units.count(part) for _, part in rows.groupby("pruner"))
    seeds = rows["data_seed"].nunique()
    return [
        (
            f"At least {FEWEST_DENSITIES} densities",
            len(sparse) >= FEWEST_DENSITIES,
            f"{len(sparse)} below 1 that all pruners were trained at",
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
    said = f"no level of density 1 for {listed(without)}" if without else "density 1 for each"
    return ("Unpruned networks as a control", not without, said)


def _has_baseline(comparison: PrunerComparison, name: str) -> Row:
    found = [label for label in comparison.pruners if comparison.names[label] == name]
    return (f"Baseline: {name} pruning", bool(found), listed(found) or "not among the pruners")


def _has_controls(comparison: PrunerComparison) -> Row:
    found = [label for label in comparison.pruners if comparison.names[label] in CONTROLS]
    said = listed(found) or f"none of {listed(CONTROLS)} among the pruners"
    return ("Controls of the masks", bool(found), said)


def _test_untouched(comparison: PrunerComparison, data: Collection) -> Row:
    """The split of that name is read by metrics alone, after training: `training.trainer`."""
    tested = set(data.role("test")["trial"].astype(str))
    without = [
        label for label in comparison.pruners if tested.isdisjoint(comparison.of(label)["trial"])
    ]
    if without:
        said = f"no figures on the test split for {listed(without)}"
    else:
        said = (
            "measured after training, by metrics only; training, pruning and stop rules are given "
            "training and validation rows. Comparisons on this page are of validation losses. A "
            "plugin that opens the data by itself would not be noticed"
        )
    return ("Test split held out from all choices", not without, said)


def _budgeted(comparison: PrunerComparison) -> Row:
    table = budgets(comparison)
    unequal = table[table["equal"] < table["levels"]]
    said = [
        f"{row['pruner']} differs at {row['levels'] - row['equal']} of {row['levels']}"
        for _, row in unequal.iterrows()
    ]
    found = listed(said) or "as many steps under every pruner up to each level"
    return ("Budgets equal and disclosed", not said, f"{found}; see the table of budgets")


def _effective(comparison: PrunerComparison) -> Row:
    without = [
        label for label in comparison.pruners if comparison.of(label)["effective"].isna().any()
    ]
    said = f"not measured for all networks of {listed(without)}" if without else "for all networks"
    return ("Effective density shown", not without, said)


def _collapse(comparison: PrunerComparison, data: Collection) -> Row:
    what = "Layer collapse flagged"
    if comparison.rows["effective"].isna().any():
        return (what, False, "effective densities are not measured for all networks")
    table = collapsed(comparison, data)
    if table.empty:
        return (what, True, "no layer of any network is without a live edge")
    first = table.groupby("pruner", sort=False)["density"].max()
    said = [f"{label} from {pruned(density)} on" for label, density in first.items()]
    return (what, True, f"collapsed: {listed(said)}; see the table of collapsed networks")


def _recorded(comparison: PrunerComparison, data: Collection) -> Row:
    trials = data.trials[data.trials["trial"].isin(comparison.rows["trial"])]
    made = list(dict.fromkeys(trials.loc[trials["made_with"] != "", "made_with"]))
    runs = {run.path.name: run.provenance for run in data.runs}
    without = [
        name
        for name in dict.fromkeys(trials["run"])
        if not (runs[name].get("versions") and runs[name].get("device"))
    ]
    said = listed(made) or "not by trial"
    if len(made) > 1:
        said = f"trials differ: {said}"
    if without:
        said = f"no versions or device in the provenance of {listed(without)}"
    return ("Hardware and versions recorded", not without, said)


def collapsed(comparison: PrunerComparison, data: Collection) -> pd.DataFrame:
    """Networks in which a layer has no live edge, by pruner and level.

    An edge is live on a path from an input to an output: without one in a layer, no input reaches
    any output. `networks` counts such networks, of `n`; `layers` are those that have lost all their
    edges in any of them, the cause where there are any.
    """
    place = ["trial", "network", "level"]

    def emptied(role: str) -> pd.Series:
        edges = data.role(role).astype({"trial": str})
        empty = edges[(edges["layer"] >= 0) & (edges["value"] == 0)]
        layers = empty.drop_duplicates([*place, "layer"]).groupby(place)["layer"]
        return layers.agg(lambda found: sorted(map(int, found)))

    rows = comparison.rows.join(emptied("effective_edges").rename("dead"), on=place)
    rows = rows.join(emptied("edges").rename("empty"), on=place)
    rows = rows.assign(gone=(rows["effective"] == 0) | rows["dead"].notna())
    found = []
    for (label, _, density), part in rows.groupby(["pruner", "level", "density"], sort=False):
        gone = part[part["gone"]]
        if gone.empty:
            continue
        layers = sorted({layer for found in gone["empty"].dropna() for layer in found})
        said = ", ".join(map(str, layers)) or "none"
        found.append((label, density, len(gone), len(part), said))
    return pd.DataFrame(found, columns=["pruner", "density", "networks", "n", "layers"])


def section(report: Report) -> Section:
    """A checklist of the comparison, and networks that collapsed."""
    if not comparisons_of(report):
        return Section("fairness", "Fairness of the comparison")
    lead = "What a reader should ask of a comparison of pruners, as these runs answer it."
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

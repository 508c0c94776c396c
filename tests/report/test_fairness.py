"""The checklist: each criterion is met by a run that meets it, and missing in one that does not."""

import ast
from pathlib import Path

import numpy as np
import pytest

from harness.report import collect, pruner_comparison
from harness.report.sections import fairness, overview

ROOT = Path(__file__).parents[2]
FULL = (("moth", "magnitude"), ("moth", "random"), ("moth", "shuffled[of=magnitude]"))
MADE = {"versions": {"jax": "0.10"}, "device": "a processor"}


def checked(run):
    data = collect([run])
    (comparison,) = pruner_comparison.pruner_comparisons(data)
    return fairness.checklist(comparison, data).set_index("criterion")


def missing(run):
    table = checked(run)
    return set(table.index[table["state"] == fairness.MISSING])


def test_a_run_that_has_it_all_passes(fake_run):
    table = checked(fake_run(conditions=FULL, provenance=MADE))
    assert set(table["state"]) == {fairness.PASSED}
    assert len(table) == 11
    assert table.loc["Controls of the masks", "found"] == "shuffled[of=magnitude]"
    assert table.loc["Hardware and versions recorded", "found"] == "jax 0.10.2, cpu"
    assert "8 under each pruner, 8 under all" in table.loc["At least 3 replicates", "found"]
    assert "1 data seed:" in table.loc["At least 3 replicates", "found"]


def fewer_steps(run):
    def change(levels):
        return levels.assign(steps=levels["steps"].mask(levels["trial"] == "c1", 10))

    run.edit("levels", change)


def no_effective_density(run):
    change = "measure != 'effective_density' or network > 0"
    run.edit("performance", lambda table: table.query(change))


def no_test_split(run):
    run.edit("performance", lambda table: table.query("split != 'test' or trial != 'c1'"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "change", "lacking"),
    [
        ({"networks": 2}, None, {"At least 3 replicates"}),
        ({"densities": (1.0, 0.5, 0.4, 0.3, 0.2)}, None, {"At least 5 densities"}),
        ({"densities": (0.9, 0.5, 0.4, 0.3, 0.2)}, None, {"Unpruned networks as a control"}),
        ({"conditions": FULL[:2]}, None, {"Controls of the masks"}),
        ({"conditions": FULL[::2]}, None, {"Baseline: random pruning"}),
        ({"conditions": FULL[1:]}, None, {"Baseline: magnitude pruning"}),
        ({"provenance": {"device": "d"}}, None, {"Hardware and versions recorded"}),
        ({"provenance": {"versions": {"jax": "0"}}}, None, {"Hardware and versions recorded"}),
        ({}, fewer_steps, {"Budgets equal and disclosed"}),
        ({}, no_effective_density, {"Effective density shown", "Layer collapse flagged"}),
        ({}, no_test_split, {"Test split held out from all choices"}),
    ],
)
def test_what_is_missing_is_said(fake_run, settings, change, lacking):
    run = fake_run(**{"conditions": FULL, "provenance": MADE} | settings)
    if change:
        change(run)
    assert missing(run) == lacking
    table = checked(run).reset_index().assign(task="moth")
    (finding,) = overview.fairness_findings(table)
    assert f"passes {11 - len(lacking)} of 11" in finding.claim
    assert all(criterion in finding.detail for criterion in lacking)


def test_budgets_that_differ_are_named(fake_run):
    run = fake_run(conditions=FULL)
    fewer_steps(run)
    assert "random differs at 12 of 12" in checked(run).loc["Budgets equal and disclosed", "found"]


def test_collapsed_networks_are_listed_with_the_layers_that_are_empty(fake_run):
    run = fake_run(conditions=FULL)

    def collapse(table):
        gone = (table["trial"] == "c1") & (table["density"] <= 0.05) & (table["network"] < 3)
        effective = table["measure"].isin(["effective_edges", "effective_density"])
        emptied = (table["measure"] == "edges") & (table["layer"] == 4) & (table["density"] < 0.04)
        return table.assign(value=table["value"].mask(gone & (effective | emptied), 0.0))

    run.edit("performance", collapse)
    data = collect([run])
    (comparison,) = pruner_comparison.pruner_comparisons(data)
    table = fairness.collapsed(comparison, data).set_index("density")
    assert table["pruner"].unique().tolist() == ["random"]
    assert table["networks"].to_dict() == {0.05: 3, 0.03: 3, 0.02: 3}
    assert table["layers"].to_dict() == {0.05: "none", 0.03: "4", 0.02: "4"}
    assert set(table["n"]) == {8}
    row = fairness.checklist(comparison, data).set_index("criterion").loc["Layer collapse flagged"]
    assert row["state"] == fairness.PASSED
    assert "random from" in row["found"]


def test_no_network_has_collapsed_here(fake_run):
    data = collect([fake_run(conditions=FULL)])
    (comparison,) = pruner_comparison.pruner_comparisons(data)
    assert fairness.collapsed(comparison, data).empty


def test_machines_that_differ_are_named(fake_run):
    run = fake_run(conditions=FULL, provenance=MADE)
    trials = run.trials
    run.trials = lambda: trials().assign(made_with=np.array(["one", "one", "another"]))
    found = checked(run).loc["Hardware and versions recorded", "found"]
    assert found == "trials differ: one and another"


def test_only_metrics_read_the_test_split():
    """What the checklist says of it: no training, pruning or stop rule takes it from the data."""
    readers = set()
    # Checks of a task's data are no part of a run, and a task makes its splits.
    others = {ROOT / "harness" / "testing", ROOT / "plugins" / "tasks"}
    for path in [*ROOT.glob("harness/**/*.py"), *ROOT.glob("plugins/**/*.py")]:
        if others & set(path.parents):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "test":
                readers.add(path.relative_to(ROOT).parts[:2])
    assert readers == {("plugins", "metrics")}

"""Paired differences against the same figures computed pair by pair."""

import numpy as np
import pytest
from harness_plugins.metrics._motifs_tables import summed

from harness import stats
from harness.report import collect
from harness.report.sections import paired_differences

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def test_differences_are_of_networks_of_one_number(data):
    table = paired_differences.differences(data, 0.07)
    assert set(table["comparison"]) == {"random − magnitude"}
    assert len(table) == 2 + 13
    rows = summed(data).query("motif == 'bifan' and density == 0.07 and support == 'all'")
    wide = rows.pivot_table(index="network", columns="condition", values="z", observed=True)
    differences = (wide["random"] - wide["magnitude"]).to_numpy()
    row = table[table["quantity"] == "bifan"].iloc[0]
    assert row["difference"] == pytest.approx(differences.mean())
    found = stats.mean_test(differences)
    assert (row["p"], row["low"], row["high"]) == pytest.approx((found.p, found.low, found.high))
    assert row["adjusted"] >= row["p"]
    assert row["attainable"] == 2 / 2**8
    assert row["low"] < row["difference"] < row["high"]


def test_loss_is_compared_on_a_log_scale(data):
    row = (
        paired_differences.differences(data, 0.07).query("kind == @paired_differences.LOSS").iloc[0]
    )
    levels = data.table("performance").query(
        "measure == 'loss' and split == 'validation' and density == 0.07"
    )
    wide = levels.pivot_table(index="network", columns="condition", values="value", observed=True)
    logs = np.log10(wide["random"] / wide["magnitude"])
    assert row["difference"] == pytest.approx(logs.mean())


def test_networks_missing_under_one_condition_are_left_out(fake_run):
    run = fake_run(conditions=TWO)
    for name in ("levels", "motifs", "performance"):
        run.edit(
            name, lambda table: table[~((table["trial"] == "c1") & (table["network"].isin([2, 5])))]
        )
    assert set(paired_differences.differences(collect([run]), 0.07)["n"]) == {6}


def test_only_conditions_of_one_task_are_paired(fake_run):
    crossed = (*TWO, ("digits", "random"))
    table = paired_differences.differences(collect([fake_run(conditions=crossed)]), 0.07)
    assert set(table["comparison"]) == {"moth · random − moth · magnitude"}


def test_many_conditions_are_compared_with_the_first(fake_run):
    names = tuple(("moth", name) for name in "abcdef")
    data = collect([fake_run(conditions=names, networks=3, densities=(1.0, 0.07))])
    table = paired_differences.differences(data, 0.07)
    assert list(table["comparison"].unique()) == [f"{name} − a" for name in "bcdef"]
    assert paired_differences.limited(data, table)
    few = collect([fake_run(conditions=names[:4], networks=3, densities=(1.0, 0.07))])
    assert paired_differences.differences(few, 0.07)["comparison"].nunique() == 6


def test_one_condition_has_no_pairs(fake_run):
    assert paired_differences.differences(collect([fake_run()]), 0.07).empty

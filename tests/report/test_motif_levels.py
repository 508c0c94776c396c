"""Tables of all motifs at all levels against the same figures computed in another way."""

import numpy as np
import pytest
from harness_plugins.metrics import _motifs_levels as motif_levels
from harness_plugins.metrics._motifs_tables import summed, trained

from harness.report import collect
from harness.report.sections import of_metrics

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def mean_z(data):
    (z,) = (family for family in data.families if family.label == "z")
    return of_metrics.cells(of_metrics.by_level(z), z.signs, z.label)


def test_mean_z_is_that_of_all_nodes(data):
    table = mean_z(data)
    assert len(table) == 2 * 13 * 11
    row = table.query("condition == 'random' and quantity == 'bifan' and density == 0.07").iloc[0]
    z = summed(data).query(
        "condition == 'random' and motif == 'bifan' and density == 0.07 and support == 'all'"
    )["z"]
    assert row["mean"] == pytest.approx(z.mean())
    assert float(row["shown"].replace("−", "-")) == pytest.approx(z.mean(), abs=0.5)
    assert row["pruned"] == "93\u00a0% pruned"
    assert row["step"] == 7


def test_profiles_have_length_one_by_order(data):
    table = motif_levels.profiles(data)
    row = table.query("condition == 'magnitude' and motif == 'zigzag' and density == 0.07").iloc[0]
    rows = summed(data).query(
        "condition == 'magnitude' and order == 3 and density == 0.07 and support == 'all'"
    )
    wide = rows.pivot_table(index="network", columns="motif", values="z", observed=True)
    shares = wide["zigzag"] / np.linalg.norm(wide, axis=1)
    assert row["mean"] == pytest.approx(shares.mean())
    assert row["upper"] == pytest.approx(shares.quantile(0.75))


def test_conditions_with_other_levels_share_one_numbering(fake_run):
    first = fake_run("first", densities=(1.0, 0.5, 0.07))
    second = fake_run("second", conditions=(("moth", "random"),), densities=(1.0, 0.3, 0.07))
    trials = second.trials().assign(trial="other")
    second.trials = lambda: trials
    for name in ("levels", "timings", "memory", "motifs", "performance"):
        second.edit(name, lambda table: table.assign(trial="other"))
    table = mean_z(collect([first, second]))
    assert dict(zip(table["density"], table["step"], strict=True)) == {0.5: 0, 0.3: 1, 0.07: 2}


def test_orders_are_parted(data):
    axis = motif_levels.axis(trained(data))
    assert axis[3] == motif_levels.BREAK
    assert len(axis) == 14

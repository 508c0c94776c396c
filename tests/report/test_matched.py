"""Matched comparisons against the same figures by hand: NumPy's and SciPy's, network by network."""

from itertools import product

import numpy as np
import pytest

from harness import stats
from harness.report import Report, collect, pruner_comparison
from harness.report.sections import matched
from harness.report.trajectories import Trajectories

TWO = (("moth", "random"), ("moth", "magnitude"))


@pytest.fixture
def run(fake_run):
    return fake_run(conditions=TWO, data_seeds=(3, 4), networks=4)


def comparison_of(run):
    data = collect([run])
    return pruner_comparison.pruner_comparisons(data)[0], data


def by_hand(comparison, x, y, targets):
    """log10 y at log10 x, for falling x, by NumPy: units x targets under each pruner."""
    found = {}
    for label in comparison.pruners:
        rows = []
        for _, network in comparison.of(label).groupby(["data_seed", "network"]):
            logs = np.log10(network[[x, y]].to_numpy())[::-1]
            at = np.interp(np.log10(targets), logs[:, 0], logs[:, 1], left=np.nan, right=np.nan)
            rows.append(at)
        found[label] = np.array(rows)
    return found


def test_losses_are_interpolated_at_effective_densities(run):
    comparison, _ = comparison_of(run)
    table = matched.at_effective_density(comparison)
    targets = np.array(matched.EFFECTIVE_DENSITIES)
    values = by_hand(comparison, "effective", "loss", targets)
    differences = values["random"] - values["magnitude"]
    assert np.isfinite(differences).all(), "0.02 ** 1.3 is below all of them"
    assert table["target"].tolist() == targets.tolist()
    assert set(table["comparison"]) == {"random − magnitude"}
    assert set(table["n"]) == {8}
    np.testing.assert_allclose(table["ratio"], 10 ** differences.mean(axis=0))
    np.testing.assert_allclose(table["of_baseline"], 10 ** np.median(values["magnitude"], axis=0))
    tested = stats.mean_tests(differences)
    np.testing.assert_allclose(table["p"], tested.p)
    np.testing.assert_allclose(table["ratio_low"], 10**tested.low)
    assert (table["adjusted"] >= table["p"]).all()
    assert (table["ratio_low"] < table["ratio"]).all()
    assert (table["ratio"] < table["ratio_high"]).all()
    assert set(table["attainable"]) == {2 / 2**8}


def test_networks_that_do_not_get_there_are_left_out(run):
    def collapsed(table):
        gone = (table["pruner"] == "random") & (table["measure"] == "effective_density")
        gone &= (table["network"] == 1) & (table["density"] < 0.2)
        return table.assign(value=table["value"].mask(gone, 0.0))

    run.edit("performance", collapsed)
    table = matched.at_effective_density(comparison_of(run)[0]).set_index("target")
    assert table["n"].to_dict() == {0.5: 8, 0.2: 8, 0.1: 6, 0.05: 6, 0.02: 6, 0.01: 6}
    assert table.loc[0.1, "attainable"] == 2 / 2**6


def test_targets_that_no_pair_reaches_are_no_rows(run):
    run.edit("performance", lambda table: table[table["density"] > 0.1])
    run.edit("levels", lambda table: table[table["density"] > 0.1])
    table = matched.at_effective_density(comparison_of(run)[0])
    assert table["target"].tolist() == [0.5, 0.2, 0.1]


def monotone(run):
    """Losses that rise from level to level, so that NumPy can interpolate back."""

    def change(table):
        loss = (table["measure"] == "loss") & (table["split"] == "validation")
        better = np.where(table["pruner"] == "random", 1.05, 1.0) * (1 + 0.02 * table["network"])
        values = better * 1e-3 * table["density"] ** -0.4
        return table.assign(value=table["value"].mask(loss, values))

    run.edit("performance", change)
    return run


def test_the_density_at_a_loss_is_where_it_is_first_exceeded(run):
    comparison, _ = comparison_of(monotone(run))
    assert matched.dense_loss(comparison) == pytest.approx(1.03e-3)
    table = matched.at_loss(comparison)
    assert table["multiple"].tolist() == list(matched.LOSS_MULTIPLES)
    np.testing.assert_allclose(table["target"].astype(float), 1.03e-3 * table["multiple"])
    # loss = c d^-0.4 is linear in logarithms: d = (c / loss)^2.5, and pruners differ by 1.05 in c.
    constants = 1e-3 * (1 + 0.02 * np.arange(4))
    for row in table.itertuples():
        expected = np.median((constants / row.target) ** 2.5)
        assert row.of_baseline == pytest.approx(expected, rel=1e-3)
        assert row.of_pruner == pytest.approx(1.05**2.5 * expected, rel=1e-3)
    np.testing.assert_allclose(table["ratio"], 1.05**2.5)
    assert set(table["n"]) == {8}
    assert table["p"].isna().all(), "ratios without spread have no p"


def test_a_loss_that_falls_before_it_rises_is_exceeded_where_it_rises(run):
    comparison, _ = comparison_of(run)
    network = comparison.of("random").query("data_seed == 3 and network == 0").head(4)
    network = network.assign(loss=[3.0, 1.0, 1.0, 4.0])
    assert matched.exceeded(Trajectories(network), 2.0)[0] == pytest.approx(2.5)
    assert np.isnan(matched.exceeded(Trajectories(network), 5.0)[0])
    assert np.isnan(matched.exceeded(Trajectories(network.head(2)), 2.0)[0]), (
        "it falls below, and stays"
    )


def test_z_is_that_of_the_place_where_the_loss_is_exceeded(run):
    comparison, data = comparison_of(monotone(run))
    (z,) = (family for family in data.families if family.label == "z")
    table = matched.quantities_at_loss(comparison, z).set_index("target")
    loss = np.log10(matched.dense_loss(comparison) * matched.QUANTITY_MULTIPLE)
    found = {}
    for label in comparison.pruners:
        z = run.table("motifs").query(
            "pruner == @label and motif == 'bifan' and support == 'all' and base_layer == -1"
        )
        losses = comparison.of(label).set_index(["data_seed", "network", "level"])["loss"]
        for (seed, number), rows in z.groupby(["data_seed", "network"]):
            logs = np.log10(losses[seed, number].to_numpy())
            place = np.interp(loss, logs, np.arange(len(logs)))
            z_by_level = rows.sort_values("level")["z"].to_numpy()
            found[label, seed, number] = np.interp(place, np.arange(len(logs)), z_by_level)
    units = list(product((3, 4), range(4)))
    differences = np.array([found["random", *u] - found["magnitude", *u] for u in units])
    assert table.loc["bifan", "n"] == 8
    assert table.loc["bifan", "difference"] == pytest.approx(differences.mean())
    assert table.loc["bifan", "p"] == stats.mean_test(differences).p
    assert len(table) == 13


def test_max_t_is_over_the_targets_of_one_comparison(fake_run):
    names = (*TWO, ("moth", "another"))
    three, _ = comparison_of(fake_run(conditions=names))
    two, _ = comparison_of(fake_run(conditions=names[:2]))
    both = matched.at_effective_density(three)
    assert list(both["comparison"].unique()) == ["random − magnitude", "another − magnitude"]
    alone = matched.at_effective_density(two)
    kept = both[both["pruner"] == "random"].reset_index(drop=True)
    np.testing.assert_array_equal(kept["adjusted"], alone["adjusted"])


def test_nothing_is_matched_where_effective_densities_are_not_measured(run):
    run.edit("performance", lambda table: table[table["split"] != "structure"])
    assert matched.at_effective_density(comparison_of(run)[0]).empty


def test_no_motifs_no_table(run):
    run._tables["motifs"] = []
    report = Report(comparison_of(run)[1])
    assert {family.label for family in report.data.families} == {"effective density"}
    names = {part.name for part in matched.section(report).parts}
    assert "matched_loss_effective_density" in names
    assert "matched_loss_motifs" not in names

"""Levels of equal density, as a plateau has: n counts networks, never networks and levels."""

import pandas as pd
import pytest
from harness_plugins.metrics import _motifs_levels as motif_levels
from harness_plugins.metrics import _motifs_sections as motifs
from harness_plugins.metrics import _performance_sections as layers
from harness_plugins.metrics import _performance_sections as performance
from harness_plugins.metrics._motifs_tables import summed, trained

from harness import stats
from harness.report import build, collect, losses_by_network, pruner_comparison
from harness.report.sections import (
    fairness,
    fronts,
    losses,
    matched,
    networks,
    of_metrics,
    paired_differences,
    ranks,
    similarity,
    wiring,
)
from harness.tables import summaries

TWO = (("moth", "magnitude"), ("moth", "random"))
PLATEAU = (1.0, 0.3, 0.07, 0.07, 0.07, 0.02)
LAST = 4
"""The level that stands for 93 % pruned."""
NETWORKS = 6


@pytest.fixture
def run(fake_run):
    return fake_run(conditions=TWO, networks=NETWORKS, densities=PLATEAU)


@pytest.fixture
def data(run):
    return collect([run])


def of_level(data, level=LAST):
    return summed(data)[(summed(data)["level"] == level) & (summed(data)["support"] == "all")]


def test_a_level_near_a_density_is_the_last_of_equal_ones(data):
    assert set(summaries.at(data.levels, 0.07)["level"]) == {LAST}
    assert set(summaries.at(data.levels, 0.4)["level"]) == {1}
    assert summaries.has_equal_densities(data)


def test_each_condition_has_the_last_level_of_its_own_schedule(fake_run):
    first = fake_run("first", conditions=TWO[:1], densities=PLATEAU, networks=2)
    second = fake_run("second", conditions=TWO[1:], densities=(1.0, 0.07, 0.01), networks=2)
    for name in ("levels", "timings", "memory", "motifs", "performance"):
        second.edit(name, lambda table: table.assign(trial="other"))
    trials = second.trials().assign(trial="other")
    second.trials = lambda: trials
    found = summaries.at(collect([first, second]).levels, 0.07)
    assert found.groupby("condition", observed=True)["level"].unique().map(list).to_dict() == {
        "magnitude": [LAST],
        "random": [1],
    }


def test_motifs_are_those_of_one_level(data):
    table = motifs.significance(data, 0.07)
    assert set(table["n"]) == {NETWORKS}
    row = table.query("condition == 'random' and support == 'all' and motif == 'bifan'").iloc[0]
    z = of_level(data).query("condition == 'random' and motif == 'bifan'")["z"]
    assert row["z"] == pytest.approx(z.mean())
    layers = motifs.by_base_layer(data, 0.07)
    base = trained(data).query(
        "level == @LAST and base_layer == 1 and support == 'all' and motif == 'zigzag'"
    )
    mean = base[base["condition"] == "random"]["z"].mean()
    found = layers.query("condition == 'random' and support == 'all' and motif == 'zigzag'")
    assert found["from layer 1"].item() == pytest.approx(mean)


def test_every_table_by_level_counts_networks(data):
    for table in (
        losses.loss_by_density(data),
        performance.evaluations(data),
        layers.layers(data),
        motifs.motif_by_density(data),
        *(of_metrics.by_level(family) for family in data.families),
        motif_levels.profiles(data).dropna(subset="n"),
        wiring.degrees(data, 0.07),
    ):
        assert set(table["n"]) == {NETWORKS}
    assert len(networks.networks(data, 0.07)) == 2 * NETWORKS


def test_pairs_are_of_one_level(data):
    table = paired_differences.differences(data, 0.07)
    assert set(table["n"]) == {NETWORKS}
    assert set(table["attainable"]) == {2 / 2**NETWORKS}
    wide = of_level(data).pivot(index="network", columns=["condition", "motif"], values="z")
    wanted = (wide["random", "bifan"] - wide["magnitude", "bifan"]).mean()
    row = table[table["quantity"] == "bifan"].iloc[0]
    assert row["difference"] == pytest.approx(wanted)


def test_pruners_are_compared_over_networks(data):
    (comparison,) = pruner_comparison.pruner_comparisons(data)
    assert comparison.n == NETWORKS
    ranked = ranks.ranks(comparison)
    assert set(ranked["n"]) == set(ranked["networks"]) == {NETWORKS}
    assert len(ranked) == 2 * (len(PLATEAU) - 1), "each level, whatever its density"
    losses = comparison.rows[comparison.rows["level"] == LAST]
    wide = losses.pivot(index="network", columns="pruner", values="loss")
    row = ranked.query("pruner == 'random' and density == 0.07 and later == 0").iloc[0]
    assert row["rank"] == pytest.approx(wide.rank(axis=1)["random"].mean())
    assert set(fronts.loss_front(comparison)["n"]) == {NETWORKS}
    assert set(fronts.cost_front(comparison, data)["n"]) == {NETWORKS}
    budgets = fronts.budgets(comparison)
    assert set(budgets["n"]) == {NETWORKS}
    assert set(budgets["equal"]) == set(budgets["levels"]) == {len(PLATEAU)}
    for table in (
        matched.at_effective_density(comparison),
        matched.at_loss(comparison),
        *(matched.quantities_at_loss(comparison, family) for family in data.families),
    ):
        assert table["n"].max() <= NETWORKS


def test_studies_take_the_losses_of_one_level(run):
    table = losses_by_network([run])
    assert len(table) == 2 * NETWORKS * 4
    assert set(table.loc[table["density"] == 0.07, "level"]) == {LAST}


def test_collapsed_networks_are_counted_level_by_level(run):
    def collapse(table):
        gone = (table["measure"] == "effective_density") & (table["density"] == 0.07)
        return table.assign(value=table["value"].mask(gone, 0.0))

    run.edit("performance", collapse)
    data = collect([run])
    table = fairness.collapsed(pruner_comparison.pruner_comparisons(data)[0], data)
    assert set(table["n"]) == set(table["networks"]) == {NETWORKS}


@pytest.mark.slow
@pytest.mark.parametrize("later", [0, 1, 2])
def test_similarity_is_of_one_level(data, later):
    table = similarity.similarity(data)
    within = table[table["comparison"] == "random"]
    assert set(within["n"]) == {NETWORKS}
    wide = of_level(data, LAST - later).query("condition == 'random' and order == 3")
    z = wide.pivot(index="network", columns="motif", values="z").dropna(axis=1).to_numpy()
    place = "graphs == 'networks' and order == 3 and support == 'all' and density == 0.07"
    (row,) = within.query(f"{place} and later == {later}").to_dict("records")
    assert row["mean"] == pytest.approx(stats.similarity_within(z).value)


def test_other_metrics_are_summed_up_by_level(run):
    own = run.table("levels").assign(depth=1.5, metric="mine")
    run._tables["mine"] = [own.drop(columns=["steps", "train_loss", "validation_loss", "diverged"])]
    measured = run.measurements().assign(metric="mine")
    run.measurements = lambda: measured
    table = of_metrics.summed_up(collect([run]).measured["mine"].rows)
    assert set(table["n"]) == {NETWORKS}
    assert len(table) == 2 * len(PLATEAU)


@pytest.mark.slow
def test_the_page_says_which_level_stands_for_a_density(run, tmp_path):
    page = build([run], tmp_path / "report").read_text(encoding="utf-8")
    assert "the last of several" in page
    tables = tmp_path / "report" / "tables"
    for path in tables.glob("*.csv"):
        table = pd.read_csv(path)
        if "n" in table and path.stem != "similarity":
            assert (table["n"].dropna() <= NETWORKS).all(), path.stem

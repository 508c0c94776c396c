"""Ranks of pruners against ranks by hand."""

import pytest

from harness import stats
from harness.report import collect, pruner_comparison
from harness.report.sections import ranks

THREE = (("moth", "random"), ("moth", "magnitude"), ("moth", "third"))


def comparison_of(run):
    data = collect([run])
    return pruner_comparison.pruner_comparisons(data)[0], data


def wide_losses(run, density):
    losses = run.table("performance").query(
        "measure == 'loss' and split == 'validation' and density == @density"
    )
    index = ["data_seed", "network"]
    return losses.pivot_table(index=index, columns="pruner", values="value")


def test_ranks_are_taken_within_each_network(fake_run):
    run = fake_run(conditions=THREE, data_seeds=(0, 1), networks=5)
    table = ranks.ranks(comparison_of(run)[0])
    assert set(table["density"]) == set(run.densities) - {1.0}
    for density in (0.85, 0.07):
        losses = wide_losses(run, density)
        ranked = losses.rank(axis=1)
        rows = table[table["density"] == density].set_index("pruner")
        for pruner in losses:
            assert rows.loc[pruner, "rank"] == pytest.approx(ranked[pruner].mean())
            assert rows.loc[pruner, "best"] == (losses.idxmin(axis=1) == pruner).sum()
            assert rows.loc[pruner, "n"] == 10
            assert 1 <= rows.loc[pruner, "low"] <= rows.loc[pruner, "high"] <= 3
        assert rows["rank"].sum() == pytest.approx(6)
    values = wide_losses(run, 0.07).rank(axis=1)["random"].to_numpy()
    wanted = stats.mean_interval(values)
    row = table.query("density == 0.07 and pruner == 'random'").iloc[0]
    assert row["low"] == pytest.approx(max(wanted.low, 1))
    assert row["high"] == pytest.approx(min(wanted.high, 3))


def test_ties_share_their_rank_and_are_best_together(fake_run):
    run = fake_run(conditions=THREE, networks=3)
    run.edit("performance", lambda table: table.assign(value=0.5))
    table = ranks.ranks(comparison_of(run)[0])
    assert set(table["rank"]) == {2.0}
    assert set(table["best"]) == {3}


def test_a_network_that_diverged_under_one_pruner_is_ranked_under_none(fake_run):
    run = fake_run(conditions=THREE, networks=4)

    def diverge(levels):
        gone = (levels["network"] == 2) & (levels["pruner"] == "third") & (levels["level"] > 4)
        return levels.assign(diverged=gone)

    run.edit("levels", diverge)
    table = ranks.ranks(comparison_of(run)[0])
    assert table.groupby("density")["n"].unique().map(list).to_dict() == {
        density: [4 if density >= 0.25 else 3] for density in run.densities if density < 1
    }

"""Fronts, costs and budgets against counts and sums by hand."""

import numpy as np
import pandas as pd
import pytest

from harness.report import collect, pruner_comparison
from harness.report.sections import fronts

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


def test_the_front_of_loss_and_density(fake_run):
    run = fake_run(conditions=THREE)
    table = fronts.loss_front(comparison_of(run)[0])
    assert len(table) == 3 * 12
    for row in table.itertuples():
        losses = wide_losses(run, row.density)[row.pruner]
        assert row.median == pytest.approx(losses.median())
        better = (table["density"] <= row.density) & (table["median"] <= row.median)
        assert row.front == (better.sum() == 1), "only itself"
    assert 0 < table["front"].sum() < len(table)


def timed(run, seconds):
    """The run with these rows of timings: trial, level, activity, seconds."""
    columns = ["trial", "level", "activity", "seconds"]
    run.edit("timings", lambda _: pd.DataFrame(seconds, columns=columns))
    return run


SMALL = {"conditions": THREE, "networks": 4, "densities": (1.0, 0.5, 0.1)}


def test_costs_theoretical_and_measured(fake_run):
    levels = [
        *(("c0", level, "train", seconds) for level, seconds in enumerate((80.0, 8.0, 4.0))),
        *(("c0", level, "prune", 2.0) for level in (1, 2)),
        ("c0", -1, "compile", 1000.0),
        ("c0", 1, "evaluate", 1000.0),
        *(("c1", level, "train", seconds) for level, seconds in enumerate((1.0, 12.0, 20.0))),
        ("c2", 0, "take over", 0.5),
        *(("c2", level, "train", 40.0) for level in (1, 2)),
    ]
    run = timed(fake_run(**SMALL), levels)
    trials = run.trials
    run.trials = lambda: trials().assign(when=["level", "init", "level"])
    comparison, data = comparison_of(run)
    table = fronts.cost_front(comparison, data)
    seconds = table.pivot_table(index="pruner", columns="density", values="seconds")[[1, 0.5, 0.1]]
    assert seconds.loc["random"].tolist() == [20, (80 + 10) / 4, (80 + 10 + 6) / 4]
    assert seconds.loc["magnitude"].tolist() == [1 / 4, 12 / 4, 20 / 4], "each from the start"
    assert seconds.loc["third"].tolist() == [20, 120 / 4, 160 / 4], "dense as of random"
    edges = run.table("performance").query("measure == 'edges' and pruner == 'third'")
    whole = edges.groupby(["density", "network"])["value"].sum().groupby("density").median()
    third = table[table["pruner"] == "third"].set_index("density")
    pd.testing.assert_series_equal(third["weights"].sort_index(), whole, check_names=False)
    assert (third["live"] <= third["weights"]).all()
    fast = table[table["pruner"] == "magnitude"]
    assert table["front"].tolist() == table.index.isin(fast.index).tolist()


def test_times_that_are_not_recorded_stay_undefined(fake_run):
    run = timed(fake_run(**SMALL), [("c0", 0, "train", 80.0), ("c0", 2, "train", 4.0)])
    comparison, data = comparison_of(run)
    table = fronts.cost_front(comparison, data).set_index(["pruner", "density"])["seconds"]
    assert table["random", 1.0] == 20
    assert np.isnan(table["random", 0.5])
    assert np.isnan(table["random", 0.1]), "a sum with an unknown part"
    assert table["magnitude"].isna().all(), "it did not say that it took over a dense level"


def test_one_trial_without_its_times_leaves_the_mean_undefined(fake_run):
    times = [("c0", 0, "train", 8.0), ("c1", 0, "train", 12.0), ("c2", 0, "train", 8.0)]
    run = timed(fake_run(**SMALL | {"conditions": THREE[:2]}, data_seeds=(0, 1)), times)
    comparison, data = comparison_of(run)
    table = fronts.cost_front(comparison, data).set_index(["pruner", "density"])
    assert table.loc[("random", 1.0), "seconds"] == (8 + 12) / 2 / 4
    assert np.isnan(table.loc[("magnitude", 1.0), "seconds"])
    assert table.loc[("magnitude", 1.0), "trials"] == 2


def test_budgets_say_where_they_are_equal(fake_run):
    run = fake_run(**SMALL)

    def more(levels):
        late = (levels["pruner"] == "third") & (levels["level"] == 2) & (levels["network"] == 3)
        return levels.assign(steps=levels["steps"].mask(late, 2100))

    run.edit("levels", more)
    table = fronts.budgets(comparison_of(run)[0]).set_index("pruner")
    assert table["equal"].to_dict() == {"random": 3, "magnitude": 3, "third": 2}
    assert set(table["levels"]) == {3}
    assert table.loc["third", ["steps", "fewest", "most"]].tolist() == [6000, 6000, 6100]
    assert table.loc["third", "n"] == 4

"""What counts as one replicate, by the seeds of the networks and by what they share."""

import numpy as np
import pandas as pd
import pytest
from harness_plugins.metrics import _motifs_sections as motifs

from harness import stats
from harness.report import NETWORK, collect, pruner_comparison
from harness.report.sections import matched, overview, paired_differences, ranks
from harness.tables import units

TWO = (("moth", "magnitude"), ("moth", "random"))


def networks(data_seeds, each, version=3, seeds=("0",)):
    index = pd.MultiIndex.from_product([seeds, range(data_seeds), range(each)])
    return index.set_names(NETWORK).to_frame(index=False).assign(version=version)


@pytest.mark.parametrize(
    ("data_seeds", "each", "version", "said", "n"),
    [
        (1, 8, 3, "networks, given one data set", 8),
        (1, 8, 2, "networks, given one data set", 8),
        (1, 8, np.nan, "networks, given one data set", 8),
        (12, 1, 3, "networks, each with its own data", 12),
        (6, 5, 3, "data seeds, each with its own data", 6),
        (5, 5, 3, "networks, given these 5 data sets", 25),
        (2, 5, 2, "starts, given these 2 data sets", 5),
        (2, 5, np.nan, "starts, given these 2 data sets", 5),
        (12, 1, 2, "starts, given these 12 data sets", 1),
    ],
)
def test_the_unit_follows_from_the_seeds(data_seeds, each, version, said, n):
    table = networks(data_seeds, each, version)
    found = units.units_of(table)
    assert str(found) == said
    assert found.count(table) == n
    assert bool(found.warning) == (found.noun == "starts")
    values = pd.DataFrame({"x": np.arange(len(table))}, index=pd.MultiIndex.from_frame(
        table[list(NETWORK)]
    ))  # fmt: skip
    averaged = found.averaged(values)
    assert len(averaged) == n
    assert averaged["x"].mean() == pytest.approx(values["x"].mean())


def test_networks_of_other_seeds_are_other_starts():
    table = networks(2, 3, version=2, seeds=("0", "1"))
    assert units.units_of(table).count(table) == 6
    mixed = pd.concat([networks(1, 3, 3), networks(2, 3, 2).query("data_seed == 1")])
    assert units.units_of(mixed).noun == "starts", "one old run shares its starts with others"


def shared(fake_run, **settings):
    """A run of old results: network i under data seed 1 is network i under data seed 0 again."""
    run = fake_run(conditions=TWO, data_seeds=(0, 1), version=2, **settings)
    for name in ("performance", "motifs", "levels"):

        def again(table):
            first = table[table["trial"].isin(["c0", "c2"])]
            second = first.assign(data_seed=1, trial=first["trial"].map({"c0": "c1", "c2": "c3"}))
            return pd.concat([first, second])

        run.edit(name, again)
    return run


def test_starts_that_are_shared_count_once(fake_run):
    doubled = collect([shared(fake_run, networks=5)])
    alone = collect([fake_run(conditions=TWO, data_seeds=(0,), networks=5)])
    found = paired_differences.differences(doubled, 0.07)
    assert set(found["n"]) == {5}
    assert set(found["attainable"]) == {0.0625}
    assert found["p"].min() == found["adjusted"].min() == 0.0625
    assert set(motifs.significance(doubled, 0.07)["n"]) == {5}
    assert set(motifs.significance(alone, 0.07)["n"]) == {5}
    (comparison,) = pruner_comparison.pruner_comparisons(doubled)
    assert comparison.n == 5
    ranked = ranks.ranks(comparison)
    assert set(ranked["n"]) == {5}
    assert set(ranked["networks"]) == {10}
    table = matched.at_effective_density(comparison)
    assert set(table["attainable"]) == {0.0625}
    assert set(table["unit"]) == {"starts, given these 2 data sets"}


def test_what_is_the_same_twice_says_no_more_than_once(fake_run):
    """The same networks under two data seeds give the figures that one of them gives."""
    doubled = collect([shared(fake_run, networks=5)])
    half = shared(fake_run, networks=5)
    for name in ("performance", "motifs", "levels"):
        half.edit(name, lambda table: table[table["trial"].isin(["c0", "c2"])])
    once = collect([half])
    columns = ["n", "difference", "low", "high", "p", "adjusted", "attainable"]
    pd.testing.assert_frame_equal(
        paired_differences.differences(doubled, 0.07)[columns],
        paired_differences.differences(once, 0.07)[columns],
    )


def test_with_six_data_seeds_networks_are_averaged_within_them(fake_run):
    run = fake_run(conditions=TWO, data_seeds=tuple(range(6)), networks=2)
    data = collect([run])
    assert data.conditions == ("magnitude", "random")
    row = paired_differences.differences(data, 0.07).query("quantity == 'bifan'").iloc[0]
    assert (row["n"], row["unit"]) == (6, "data seeds, each with its own data")
    z = run.table("motifs").query(
        "motif == 'bifan' and density == 0.07 and support == 'all' and base_layer == -1"
    )
    by_pruner = z.pivot_table(index="data_seed", columns="pruner", values="z")
    differences = (by_pruner["random"] - by_pruner["magnitude"]).to_numpy()
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["p"] == stats.mean_test(differences).p
    assert row["attainable"] == 2 / 2**6


def test_the_answer_says_of_what_it_speaks(fake_run):
    text = " ".join(overview.ran(collect([shared(fake_run, networks=5)])))
    assert "10 networks in each of 2 conditions" in text
    assert "over starts, given these 2 data sets" in text
    assert "count once" in text
    one = " ".join(overview.ran(collect([fake_run()])))
    assert "over networks, given one data set" in one
    assert "count once" not in one


def renamed(run, seed):
    """The run with trials of its own, and a seed."""
    own = {name: [run.table(name).assign(trial=run.path.name + run.table(name)["trial"])]
           for name in ("levels", "motifs", "performance", "timings", "memory")}  # fmt: skip
    run._tables = own
    trials = run.trials()
    run.trials = lambda: trials.assign(trial=run.path.name + trials["trial"])
    run.experiment = {"seed": seed, "networks": run.networks}
    return run


def test_runs_that_share_starts_or_data_are_named(fake_run):
    same = [renamed(fake_run(name, conditions=TWO, networks=2), 0) for name in ("a", "b")]
    (told,) = units.warnings(collect(same))
    assert "Runs a and b have the same seed and data seed" in told
    assert "order of batches" not in told
    same[1].experiment |= {"batch_seed": 3}
    (told,) = units.warnings(collect(same))
    assert "but not the order of batches (batch seed 0 in a and 3 in b)" in told
    other = [renamed(fake_run(name, conditions=TWO, networks=2), n) for n, name in enumerate("cd")]
    data = collect(other)
    (told,) = units.warnings(data)
    assert "Runs c and d have data seeds in common" in told
    assert data.conditions == ("magnitude", "random"), "other seeds are more networks"
    assert set(paired_differences.differences(data, 0.07)["n"]) == {4}
    assert units.warnings(collect([fake_run(conditions=TWO)])) == []

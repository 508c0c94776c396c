"""Similarity and its controls against the same figures computed in another way."""

import numpy as np
import pytest
from harness_plugins.metrics._motifs_tables import summed, trained

from harness import stats
from harness.report import collect
from harness.report.sections import similarity

CONTROLS = ("unequal degrees alone", "the same degrees")
TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


@pytest.mark.slow
def test_similarity_equals_the_loop_over_pairs(data):
    table = similarity.similarity(data)
    row = table[
        (table["comparison"] == similarity.BETWEEN)
        & (table["order"] == 3)
        & (table["support"] == "all")
        & (table["graphs"] == "networks")
        & (table["density"] == 0.07)
    ].iloc[0]
    motifs = trained(data)[
        (trained(data)["base_layer"] == -1)
        & (trained(data)["order"] == 3)
        & (trained(data)["support"] == "all")
        & (trained(data)["density"] == 0.07)
    ]
    wide = motifs.pivot_table(index=["condition", "network"], columns="motif", values="z")
    first, second = wide.loc["magnitude"].to_numpy(), wide.loc["random"].to_numpy()
    expected = [first[i] @ second[j] for i in range(8) for j in range(8) if i != j]
    lengths = [np.mean((part**2).sum(axis=1) - 10) for part in (first, second)]
    assert row["mean"] == pytest.approx(np.mean(expected) / np.sqrt(np.prod(lengths)))
    assert row["classes"] == 10
    assert row["low"] < row["mean"] < row["high"]


def test_classes_undefined_somewhere_are_not_compared(fake_run):
    run = fake_run()
    run.edit(
        "motifs",
        lambda table: table.assign(
            z=table["z"].mask((table["motif"] == "bifan") & (table["network"] == 2))
        ),
    )
    table = similarity.similarity(collect([run]))
    assert set(table.loc[table["order"] == 3, "classes"]) == {9}
    assert set(table["n"]) == {8}


def test_controls_are_no_networks(data):
    assert set(trained(data)["support"]) == {"all", "live"}
    assert set(data.table("motifs", controls=True)["support"]) == {
        "drawn",
        "unequal-degrees",
        "degree-drawn",
    }
    table = similarity.similarity(data).query("density == 0.07 and order == 3")
    assert set(table["graphs"]) == {"networks", *CONTROLS}
    for name in CONTROLS:
        comparisons = table.loc[table["graphs"] == name, "comparison"]
        assert set(comparisons) == {"magnitude", "random", similarity.BETWEEN}


def test_runs_without_controls_are_compared_with_none(fake_run):
    run = fake_run(conditions=TWO)
    run.edit("motifs", lambda table: table[table["support"].isin(["all", "live", "drawn"])])
    older = collect([run])
    assert set(similarity.similarity(older)["graphs"]) == {"networks"}
    assert similarity.control_tests(older).empty


def test_networks_are_tested_against_their_own_controls(data):
    table = similarity.control_tests(data)
    assert list(table["density"].unique()) == [0.25, 0.15, 0.1, 0.07]
    assert (table["n"] == 8).all()
    assert (table["attainable"] == 1 / 2**7).all()
    row = table.query("order == 3 and density == 0.07 and condition == 'random'").iloc[0]
    similar = similarity.similarity(data).query(
        "order == 3 and density == 0.07 and support == 'all' and comparison == 'random'"
    )
    mean = similar.set_index("graphs")["mean"]
    assert row["similarity"] == pytest.approx(mean["networks"])
    assert row["of_control"] == pytest.approx(mean[row["control"]])
    shown = table.dropna(subset="low")
    excluded = (shown["low"] > 0) | (shown["high"] < 0)
    assert (excluded == (shown["p"] < 0.05)).all()


def test_each_network_is_paired_with_its_own_control(data):
    of = "order == 3 and density == 0.07 and condition == 'random'"
    profiles = [
        part.query(of).pivot(index="network", columns="motif", values="z").to_numpy(dtype=float)
        for part in (
            summed(data).query("support == 'all'"),
            data.table("motifs", controls=True).query("support == 'unequal-degrees'"),
        )
    ]
    by_hand = stats.similarity_difference(*profiles)
    table = similarity.control_tests(data)
    row = table.query(f"{of} and control == 'unequal degrees alone'").iloc[0]
    found = row[["difference", "low", "high", "p"]].to_list()
    assert found == pytest.approx([by_hand.value, by_hand.low, by_hand.high, by_hand.p])
    other = stats.similarity_difference(profiles[0], profiles[1][::-1])
    assert other.low != pytest.approx(by_hand.low), "else any pairs would do"


def test_means_over_a_data_seed_have_less_noise(fake_run):
    """With six data seeds a profile is a mean over networks: less noise is taken off its length."""
    data = collect([fake_run(data_seeds=tuple(range(6)), networks=4)])
    place = "order == 3 and density == 0.07 and support == 'all'"
    z = summed(data).query(place).astype({"trial": str})
    means = z.pivot_table(index="data_seed", columns="motif", values="z", observed=True)
    expected = stats.similarity_within(means.to_numpy(dtype=float), noise=stats.Noise(averaged=4))
    row = similarity.similarity(data).query(f"{place} and graphs == 'networks'").iloc[0]
    assert (row["n"], row["mean"]) == (6, pytest.approx(expected.value))

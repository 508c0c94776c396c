"""What is plotted against the same figures computed in another way."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from harness import stats
from harness.report import _similarity, _source, _summaries
from harness.report.pages import parts

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return _source.collect([fake_run(conditions=TWO)])


def test_labels_hold_only_what_differs(fake_run):
    assert _source.collect([fake_run()]).conditions == ("magnitude",)
    assert _source.collect([fake_run(conditions=TWO)]).conditions == ("magnitude", "random")
    crossed = (*TWO, ("digits", "random"))
    labels = _source.collect([fake_run(conditions=crossed)]).conditions
    assert labels == ("moth · magnitude", "moth · random", "digits · random")


def test_runs_that_differ_in_nothing_else_are_told_apart(fake_run):
    first, second = fake_run("a"), fake_run("b")
    cells = second.cells().assign(cell="other")
    second.cells = lambda: cells
    for name in ("levels", "timings", "memory", "motifs", "performance"):
        second.edit(name, lambda table: table.assign(cell="other"))
    assert _source.collect([first, second]).conditions == ("a", "b")


def test_loss_quartiles(data):
    table = _summaries.loss_by_density(data)
    row = table[
        (table["condition"] == "random")
        & (table["density"] == 0.07)
        & (table["split"] == "validation")
    ].iloc[0]
    losses = _summaries.losses(data)
    values = losses[(losses["condition"] == "random") & (losses["density"] == 0.07)]["value"]
    assert row["n"] == 8
    np.testing.assert_allclose(
        row[["lower", "median", "upper"]].astype(float), np.quantile(values, [0.25, 0.5, 0.75])
    )


def test_losses_fall_back_on_those_seen_in_training(fake_run):
    run = fake_run()
    run._tables["performance"] = []
    table = _summaries.loss_by_density(_source.collect([run]))
    assert set(table["split"]) == {"validation"}
    assert len(table) == 12


def test_significance_is_over_networks_with_its_family_of_tests(data):
    table = _summaries.significance(data, 0.07)
    assert len(table) == 2 * 2 * 13
    z = data.motifs[
        (data.motifs["condition"] == "magnitude")
        & (data.motifs["support"] == "live")
        & (data.motifs["base_layer"] == -1)
        & (data.motifs["density"] == 0.07)
    ]
    family = table[(table["condition"] == "magnitude") & (table["support"] == "live")]
    p = [
        stats.mean_test(z.loc[z["motif"] == motif, "z"].to_numpy(dtype=float)).p
        for motif in family["motif"]
    ]
    np.testing.assert_allclose(family["q"], scipy.stats.false_discovery_control(p))
    assert (family.loc[family["verdict"] == "over", "z"] > 0).all()
    assert (family.loc[family["verdict"] == "under", "z"] < 0).all()
    assert (family["n"] == 8).all()
    assert (family["attainable"] == 2 / 2**8).all()
    told = family[family["verdict"].isin(["over", "under"])]
    assert ((told["z_low"] > 0) | (told["z_high"] < 0)).all(), "one procedure: no contradiction"


def test_five_networks_are_too_few_for_a_verdict(fake_run):
    table = _summaries.significance(_source.collect([fake_run(networks=5)]), 0.07)
    assert set(table["verdict"]) == {_summaries.UNDECIDED}
    assert set(table["attainable"]) == {0.0625}


def test_undefined_z_stays_undefined(data):
    table = _summaries.motif_by_density(data)
    assert (table["density"] < 1).all()
    dense = _summaries.significance(data, 1.0)
    assert dense["z"].isna().all()
    assert (dense["verdict"] == "undecided").all()


def test_similarity_equals_the_loop_over_pairs(data):
    table = _similarity.similarity(data)
    row = table[
        (table["comparison"] == _similarity.BETWEEN)
        & (table["order"] == 3)
        & (table["support"] == "all")
        & (table["graphs"] == "networks")
        & (table["density"] == 0.07)
    ].iloc[0]
    motifs = data.motifs[
        (data.motifs["base_layer"] == -1)
        & (data.motifs["order"] == 3)
        & (data.motifs["support"] == "all")
        & (data.motifs["density"] == 0.07)
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
    table = _similarity.similarity(_source.collect([run]))
    assert set(table.loc[table["order"] == 3, "classes"]) == {9}
    assert set(table["n"]) == {8}


def test_level_nearest_to_the_one_asked_for(data):
    assert _summaries.nearest(data.densities, 0.07) == 0.07
    assert _summaries.nearest((1.0, 0.5), 0.07) == 0.5
    assert set(_summaries.at(data.levels, 0.071)["density"]) == {0.07}


def test_networks_have_one_row_each(data):
    table = _summaries.networks(data, 0.07)
    assert len(table) == 16
    assert {"validation_loss", "test_loss", "effective_density", "bifan"} <= set(table)


def test_costs_add_up(data):
    table = _summaries.costs(data)
    seconds = ["compile", "train", "measure", "total"]
    assert list(table.columns) == ["condition", *seconds, "device MB", "host MB"]
    np.testing.assert_allclose(table["total"], 92.75)
    np.testing.assert_allclose(table["host MB"], [300, 600])


def test_costs_of_runs_without_memory(fake_run):
    run = fake_run()
    run._tables["memory"] = []
    table = _summaries.costs(_source.collect([run]))
    assert "total" in table
    assert not [name for name in table if name.endswith("MB")]


def test_controls_are_no_networks(data):
    assert set(data.motifs["support"]) == {"all", "live"}
    assert set(data.drawn["support"]) == {"drawn", *_similarity.CONTROLS}
    table = _similarity.similarity(data).query("density == 0.07 and order == 3")
    assert set(table["graphs"]) == {"networks", *_similarity.CONTROLS.values()}
    for name in _similarity.CONTROLS.values():
        comparisons = table.loc[table["graphs"] == name, "comparison"]
        assert set(comparisons) == {"magnitude", "random", _similarity.BETWEEN}


def test_runs_without_controls_are_compared_with_none(fake_run):
    run = fake_run(conditions=TWO)
    run.edit("motifs", lambda table: table[table["support"].isin(["all", "live", "drawn"])])
    older = _source.collect([run])
    assert set(_similarity.similarity(older)["graphs"]) == {"networks"}
    assert _similarity.tests(older).empty


def test_networks_are_tested_against_their_own_controls(data):
    table = _similarity.tests(data)
    assert list(table["density"].unique()) == [0.25, 0.15, 0.1, 0.07]
    assert (table["n"] == 8).all()
    assert (table["attainable"] == 1 / 2**7).all()
    row = table.query("order == 3 and density == 0.07 and condition == 'random'").iloc[0]
    similar = _similarity.similarity(data).query(
        "order == 3 and density == 0.07 and support == 'all' and comparison == 'random'"
    )
    mean = similar.set_index("graphs")["mean"]
    assert row["similarity"] == pytest.approx(mean["networks"])
    assert row["of_control"] == pytest.approx(mean[row["control"]])
    shown = table.dropna(subset="low")
    excluded = (shown["low"] > 0) | (shown["high"] < 0)
    assert (excluded == (shown["p"] < 0.05)).all()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (14.0, "14"),
        (13.04, "13.0"),
        (-2.5, "−2.50"),
        (0.000847, "8.47e−4"),
        (12345.6, "12\u202f346"),
        (2.5e10, "2.50e10"),
        (float("nan"), "–"),
    ],
)
def test_numbers_as_shown(value, shown):
    assert parts.number(value) == shown
    assert parts.text(value) == shown


def test_empty_spread_has_its_columns():
    empty = pd.DataFrame({"condition": [], "value": []})
    assert "median" in _summaries.spread(empty, ["condition"], "value")
    assert stats.benjamini_hochberg(np.array([np.nan])).shape == (1,)

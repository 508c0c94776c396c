"""Conditions that do no better than a constant are left out whole, by name."""

import numpy as np
import pytest

from harness.report import build, collect, constant_predictor, pruner_comparison
from harness.report.sections import fronts, matched, networks, overview, paired_differences, ranks

THREE = (("moth", "magnitude"), ("moth", "random"), ("moth", "third"))
CONSTANT = 0.05


def with_marked(fake_run, marked, pruner="random", networks=10, since=8, **settings):
    """A run in which so many networks of one pruner are at the constant's loss at late levels."""
    run = fake_run(conditions=THREE, networks=networks, constant_loss=CONSTANT, **settings)

    def lose(table):
        gone = (table["pruner"] == pruner) & (table["level"] >= since)
        gone &= table["network"] < marked
        column = "value" if "value" in table else "validation_loss"
        if column == "value":
            gone &= (table["measure"] == "loss") & (table["split"] == "validation")
        return table.assign(**{column: table[column].mask(gone, 0.92 * CONSTANT)})

    run.edit("levels", lose)
    run.edit("performance", lose)
    return run


def test_networks_at_nine_tenths_of_the_constant_are_marked(fake_run):
    data = collect([with_marked(fake_run, marked=3)])
    table = networks.networks(data, 0.07)
    random = table[table["condition"] == "random"]
    assert random["no_better"].tolist() == [True] * 3 + [False] * 7
    assert not table.loc[table["condition"] != "random", "no_better"].any()


@pytest.mark.slow
@pytest.mark.parametrize(("marked", "out"), [(0, False), (1, False), (2, True), (10, True)])
def test_more_than_a_tenth_leaves_the_whole_level_out(fake_run, marked, out):
    data = collect([with_marked(fake_run, marked)])
    (comparison,) = pruner_comparison.pruner_comparisons(data)
    ranked = ranks.ranks(comparison)
    late, early = ranked[ranked["density"] <= 0.07], ranked[ranked["density"] > 0.07]
    assert ("random" in set(late["pruner"])) != out
    assert "random" in set(early["pruner"])
    assert set(late["n"]) == {10}, "no single network is dropped"
    assert late["rank"].max() <= (2 if out else 3)
    pairs = set(paired_differences.differences(data, 0.07)["comparison"])
    assert ("random − magnitude" in pairs) != out
    assert "third − magnitude" in pairs
    front = fronts.loss_front(comparison)
    levels = front[(front["pruner"] == "random") & front["left_out"]]
    assert set(levels["level"]) == (set(range(8, 12)) if out else set())
    assert not levels["front"].any()
    table = matched.at_effective_density(comparison).set_index(["pruner", "target"])
    reached = {target for pruner, target in table.index if pruner == "random"}
    # Level 7 has an effective density of 0.08 ** 1.3 = 0.0375.
    assert reached == ({0.5, 0.2, 0.1, 0.05} if out else {0.5, 0.2, 0.1, 0.05, 0.02, 0.01})


@pytest.mark.slow
def test_levels_left_out_are_named_with_the_reason(fake_run, tmp_path):
    run = with_marked(fake_run, marked=2)
    text = " ".join(f"{f.claim} {f.detail}" for f in constant_predictor.findings(collect([run])))
    text = text.replace("\u00a0", " ")
    assert "matched comparisons, fronts and judgements: random at 93 %" in text
    assert "(2 of 10)" in text
    assert "at least 0.9 of the best constant predictor's (0.0500)" in text
    page = build([run], tmp_path / "report").read_text(encoding="utf-8")
    assert "Left out of ranks" in page
    assert "Crossed: levels" in page


def test_networks_that_diverged_count_as_no_better(fake_run):
    run = fake_run(conditions=THREE, networks=10, constant_loss=CONSTANT)

    def diverge(levels):
        gone = (levels["pruner"] == "third") & (levels["level"] == 11) & (levels["network"] < 2)
        return levels.assign(
            diverged=gone, validation_loss=levels["validation_loss"].mask(gone, np.nan)
        )

    run.edit("levels", diverge)
    table = constant_predictor.marked_levels(collect([run]))
    assert table[["level", "marked", "n", "left_out"]].to_numpy().tolist() == [[11, 2, 10, True]]


def test_a_baseline_that_is_left_out_from_the_start_compares_with_nothing(fake_run):
    data = collect([with_marked(fake_run, marked=10, pruner="magnitude", since=0)])
    (comparison,) = pruner_comparison.pruner_comparisons(data)
    assert matched.at_loss(comparison).empty
    assert matched.at_effective_density(comparison).empty
    for family in data.families:
        assert matched.quantities_at_loss(comparison, family).empty
    assert "magnitude" not in set(ranks.ranks(comparison)["pruner"])


@pytest.mark.parametrize("there", [True, False])
def test_where_the_constant_is_not_known_nothing_is_left_out_and_it_is_said(fake_run, there):
    run = with_marked(fake_run, marked=10)
    run.edit(
        "levels",
        lambda table: (
            table.assign(constant_loss=np.nan) if there else table.drop(columns="constant_loss")
        ),
    )
    data = collect([run])
    assert constant_predictor.marked_levels(data).empty
    said = " ".join(finding.claim for finding in overview.trouble_findings(data))
    assert "the loss of the best constant predictor is not known" in said

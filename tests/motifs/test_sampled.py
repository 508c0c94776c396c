"""Sampled significance: against exact moments, and calibrated where its null holds."""

import itertools

import numpy as np
import pytest
from scipy import stats

from harness.motifs import PUBLISHED, counts, profile, sampled_profile, supported
from harness.motifs._scores import scored
from harness.sparse.graph import LayeredGraph, bias_as_nodes, strip_published


def networks(sizes=(5, 14, 12, 3), density=0.3, number=2, seed=0):
    rng = np.random.default_rng(seed)
    return LayeredGraph(
        tuple(rng.random((number, a, b)) < density for a, b in itertools.pairwise(sizes))
    )


def by_motif(table):
    return table.set_index(["network", "motif", "base_layer"]).sort_index()


@pytest.mark.slow
def test_sampling_the_layered_null_gives_its_exact_moments():
    graph = networks()
    exact = by_motif(profile(graph, supports=("all",), orders=(2, 3)))
    sampled = by_motif(sampled_profile(graph, "layered", number=3000, seed=1))
    exact = exact.loc[sampled.index]
    assert (sampled["count"] == exact["count"]).all()
    error = exact["sd"] / np.sqrt(3000)
    assert (np.abs(sampled["expected"] - exact["expected"]) < 5 * error + 1e-9).all()
    defined = exact["sd"] > 1
    np.testing.assert_allclose(sampled["sd"][defined], exact["sd"][defined], rtol=0.15)
    whole = sampled.xs(-1, level="base_layer")
    assert whole["overlap"].between(0.2, 0.4).all()
    assert whole.groupby("network")["q"].min().ge(whole.groupby("network")["p"].min()).all()


def test_p_is_that_of_its_definition_and_never_zero():
    graph = networks(number=1)
    table = sampled_profile(graph, "layered", number=199, orders=(2,), seed=2)
    defined = table.dropna(subset="p")
    assert defined["p"].ge(2 / 200).all()
    np.testing.assert_allclose(defined["p"] * 100, np.round(defined["p"] * 100))
    assert (defined.sort_values("z", key=abs)["p"].iloc[-1]) <= defined["p"].max()


def test_stars_are_undefined_under_the_degree_null():
    table = sampled_profile(networks(), "degree", number=50, seed=3)
    stars = table["motif"].isin(["diverge2", "converge2", "chain2", "diverge3", "converge3"])
    stars |= table["motif"].isin(["chain_diverge", "converge_chain"])
    assert (table.loc[stars, "sd"] == 0).all()
    assert table.loc[stars, ["z", "p", "q"]].isna().all(axis=None)
    assert (table.loc[stars, "count"] == table.loc[stars, "expected"]).all()
    rest = table[~stars & (table["base_layer"] == -1)]
    assert rest["z"].notna().all()


def test_a_constant_of_the_draws_that_the_network_misses_has_a_rank_but_no_z():
    drawn = np.full((19, 2), 5)
    found = scored(np.array([5, 7]), drawn)
    assert np.isnan(found["z"]).all()
    assert np.isnan(found["p"][0])
    assert found["p"][1] == 2 / 20
    assert (found["sd"] == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("null", ["layered", "degree"])
def test_p_is_uniform_where_the_null_holds(null):
    # Networks that are draws of the null themselves, from margins that are all alike.
    graph = networks(sizes=(8, 16, 8), number=120, seed=4)
    table = sampled_profile(graph, null, number=39, names=("biparallel",), seed=5)
    p = table[table["base_layer"] == -1]["p"]
    # Two-sided p of a discrete count is conservative: not more small ones than there should be.
    assert stats.binomtest(int((p <= 0.2).sum()), len(p), 0.2).pvalue > 1e-3
    assert stats.binomtest(int((p <= 0.5).sum()), len(p), 0.5).pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("support", ["all", "live"])
def test_p_is_uniform_on_either_support_when_draws_are_cut_down_like_the_network(support):
    """Uniform masks so sparse that the null leaves nodes bare, where the exact z on live is off."""
    sizes, edges = (6, 40, 40, 5), (24, 60, 20)
    rng = np.random.default_rng(10)
    layers = []
    for (a, b), m in zip(itertools.pairwise(sizes), edges, strict=True):
        layers.append((rng.random((200, a * b)).argsort(1) < m).reshape(200, a, b))
    graph = LayeredGraph(tuple(layers))
    names = ("zigzag", "diverge2", "chain2")
    table = sampled_profile(graph, "layered", number=39, names=names, support=support, seed=11)
    whole = table[table["base_layer"] == -1]
    assert whole["calibrated"].all()
    assert set(whole["support"]) == {support}
    for name, rows in whole.groupby("motif"):
        for level in (0.1, 0.3, 0.6):
            found = int((rows["p"] <= level).sum())
            assert stats.binomtest(found, len(rows), level).pvalue > 1e-3, (name, level)
    own = counts(supported(graph, support)[0], names=names)
    for name, rows in whole.groupby("motif"):
        np.testing.assert_array_equal(rows["count"], own[name].sum(-1))
    if support == "live":
        exact = profile(graph, supports=("live",)).query("base_layer == -1")
        off = exact.groupby("motif")["z"].mean()
        assert off["zigzag"] < -1, "here the exact z of live nodes is biased"


def test_only_the_named_classes_are_counted():
    graph = networks(number=1)
    some = sampled_profile(graph, "degree", number=20, names=("bifan", "biparallel"), seed=12)
    assert set(some["motif"]) == {"bifan", "biparallel"}
    every = sampled_profile(graph, "degree", number=20, seed=12)
    same = every[every["motif"].isin(["bifan", "biparallel"])].drop(columns=["q", "profile"])
    kept = some.drop(columns=["q", "profile"]).reset_index(drop=True)
    assert by_motif(kept).equals(by_motif(same.reset_index(drop=True)))
    with pytest.raises(ValueError, match=r"have no class bifann"):
        sampled_profile(graph, "degree", number=20, names=("bifann",))


def test_the_published_convention_compares_like_with_like():
    graph = networks((10, 30, 30, 7), 0.3, number=2, seed=6)
    bias = tuple(np.ones((2, layer.shape[2]), bool) for layer in graph.adjacency)
    graph = LayeredGraph(graph.adjacency, bias)
    table = sampled_profile(
        graph, "published", number=30, support="live-published", bias=True, seed=7,
        convention="published",
    )  # fmt: skip
    whole = table[table["base_layer"] == -1]
    assert list(whole["motif"].unique()) == list(PUBLISHED)
    assert set(whole.loc[whole["order"] == 2, "motif"]) == {"diverge2", "converge2", "chain2_pairs"}
    right = counts(bias_as_nodes(strip_published(graph)))["bifan"].sum(-1)
    assert whole[whole["motif"] == "bifan"]["count"].tolist() == right.tolist()
    assert table["overlap"].isna().all()
    assert whole["z"].notna().any()


@pytest.mark.slow
@pytest.mark.parametrize("support", ["all", "live-published"])
def test_bias_units_are_drawn_and_counted_like_the_network(support):
    """Under the layered null exact moments with bias units are known on all nodes."""
    rng = np.random.default_rng(3)
    graph = networks((5, 12, 10, 3), 0.3, number=1, seed=6)
    bias = tuple(rng.random((1, layer.shape[2])) < 0.5 for layer in graph.adjacency)
    graph = LayeredGraph(graph.adjacency, bias)
    sampled = by_motif(
        sampled_profile(graph, "layered", number=2000, bias=True, support=support, seed=1)
    )
    exact = by_motif(profile(graph, supports=(support,), bias=True)).loc[sampled.index]
    assert (sampled["count"] == exact["count"]).all()
    if support == "all":
        error = exact["sd"] / np.sqrt(2000)
        assert (np.abs(sampled["expected"] - exact["expected"]) < 5 * error + 1e-9).all()
    with pytest.raises(ValueError, match="no bias edges"):
        sampled_profile(LayeredGraph(graph.adjacency), "layered", bias=True)


def test_draws_of_a_network_do_not_depend_on_the_others():
    graph = networks(number=2, seed=8)
    first = LayeredGraph(tuple(wires[:1] for wires in graph.adjacency))
    both, alone = (sampled_profile(g, "layered", number=70, seed=9) for g in (graph, first))
    assert both[both["network"] == 0].reset_index(drop=True).equals(alone)

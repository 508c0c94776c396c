"""Moments under `degree` without draws: against draws, and all states of tiny layers."""

import itertools

import numpy as np
import pytest

from harness.motifs import (
    approximate_moments,
    counts,
    degree_approx_profile,
    independent_profile,
    sampled_profile,
)
from harness.motifs._degree_approx import LINEAR, chance_overlap
from harness.sparse.graph import LayeredGraph

SIZES = (10, 100, 100, 16)


def network(sd, empty=0, seed=0):
    """Layers of 12 % whose nodes have log-normal fitness, some sources of the widest empty."""
    rng = np.random.default_rng(seed)
    layers = []
    for shape in itertools.pairwise(SIZES):
        fitness = np.multiply.outer(*(rng.lognormal(0, sd, n) for n in shape))
        if shape[0] == shape[1]:
            fitness[rng.permutation(shape[0])[:empty]] = 1e-30
        keys = rng.gumbel(size=shape) + np.log(fitness)
        layers.append(keys > np.quantile(keys, 0.88))
    return layers


@pytest.mark.slow
@pytest.mark.parametrize(("sd", "empty"), [(0.0, 0), (0.5, 0), (1.0, 0), (0.7, 60)])
def test_means_and_spreads_are_those_of_sampled_draws(sd, empty):
    """Means within 0.09 sd and sds within 5 %, beside the error of sampling itself."""
    layers = network(sd, empty)
    batch, number = LayeredGraph(tuple(layer[None] for layer in layers)), 1600
    sampled = sampled_profile(batch, "degree", number=number, names=tuple(LINEAR), seed=1)
    table = degree_approx_profile(batch).set_index(["motif", "base_layer"])
    rows = sampled.set_index(["motif", "base_layer"])
    table = table.loc[rows.index]
    assert (table["count"] == rows["count"]).all()
    error = 1 / np.sqrt(rows["effective"])
    off = (table["expected"] - rows["expected"]) / rows["sd"]
    assert (off.abs() < 0.09 + 3 * error).all()
    assert ((table["sd"] / rows["sd"] - 1).abs() < 0.05 + 3 * error / np.sqrt(2)).all()
    assert off.abs().median() < 0.05
    if sd:  # edges that are independent, of the same mean degrees, are far from it
        loose = independent_profile(batch).set_index(["motif", "base_layer"]).loc[rows.index]
        assert (loose["sd"] > 2 * rows["sd"]).any()


def test_overlap_with_a_network_is_that_of_all_masks_of_its_margins():
    wires = np.array([[1, 1, 0, 0, 1], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 1]], bool)
    rows = [
        [np.isin(range(5), some) for some in itertools.combinations(range(5), int(row.sum()))]
        for row in wires
    ]
    every = [np.array(choice) for choice in itertools.product(*rows)]
    same = [one for one in every if (one.sum(0) == wires.sum(0)).all()]
    shared = np.mean([(one & wires).sum() for one in same]) / wires.sum()
    assert len(same) > 50
    assert chance_overlap([wires])[0] == pytest.approx(shared, abs=0.01)


def test_edges_that_degrees_determine_have_no_spread():
    full = np.ones((4, 5), bool)
    # Only the blocks off the diagonal are free, though no row or column is full or empty.
    half = np.tile(np.eye(2, dtype=bool), (2, 2))
    tied = np.block([[np.ones((4, 4), bool), half], [half, np.zeros((4, 4), bool)]])
    for layer in (full, tied):
        found = approximate_moments([layer])["zigzag"]
        own = counts(LayeredGraph((layer,)), names=("zigzag",))["zigzag"]
        assert found.total_mean == pytest.approx(own.sum(), rel=1e-6)
        assert found.total_sd == pytest.approx(0, abs=1e-3 * own.sum())
    assert np.isnan(chance_overlap([np.zeros((3, 4), bool)])[0])


def test_its_profile_is_a_preview_without_p():
    batch = LayeredGraph(tuple(np.stack([layer, layer]) for layer in network(0.5)))
    table = degree_approx_profile(batch, support="live")
    assert set(table["motif"]) == set(LINEAR)
    assert set(table["null"]) == {"degree-approx"}
    assert not table["calibrated"].any()
    assert table["uncalibrated"].str.startswith("a preview, not a test: no p").all()
    assert table["z"].notna().any()
    assert table[["p_normal", "q_normal"]].isna().all(axis=None)

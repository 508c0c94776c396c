"""Whether the chain of the `degree` null forgets its network: chains that do, one that does not."""

import itertools

import numpy as np
import pytest

from harness.motifs import Mixing, draws, enough_trades, mixing
from harness.sparse.graph import LayeredGraph


def network(sizes=(10, 80, 80, 6), density=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return LayeredGraph(tuple(rng.random((a, b)) < density for a, b in itertools.pairwise(sizes)))


def test_a_chain_forgets_its_network_within_the_trades_of_a_draw():
    found = mixing(network(), trades=120)
    assert found.overlap.shape == (120, 3)
    assert found.overlap[0, 1] > found.chance[1] + 0.2, "one trade is not enough"
    assert found.mixed_after is not None
    assert 1 < found.mixed_after <= enough_trades(network()).number
    # Sparse and random: what two states share is about the density.
    assert found.chance[1] == pytest.approx(0.1, abs=0.05)
    for name in ("bifan", "zigzag"):
        assert 0.5 < found.time[name] < 15
        assert found.effective[name] == pytest.approx(60 / found.time[name])


def test_a_network_whose_edges_prefer_some_places_is_forgotten_too():
    """It shares more with any state, however late, than two late states share with each other."""
    many = np.arange(160) < 80
    both = many[:, None] & many
    # Nodes of many edges keep to each other; with these degrees chance has 0.85, 0.35, 0.05.
    chance = np.where(both, 0.98, np.where(many[:, None] | many, 0.22, 0.18))
    start = np.random.default_rng(1).random((160, 160)) < chance
    found = mixing(LayeredGraph((start,)), trades=200)
    assert found.mixed_after is not None
    assert found.mixed_after < 40
    (late,) = draws(LayeredGraph((start,)), "degree", 40, trades=200).adjacency
    between = (late[1:] & late[:-1]).sum() / (39 * start.sum())
    assert found.chance[0] > between + 3 * found.chance_sd[0], "else any rule would do"


def test_what_cannot_change_is_mixed_from_the_start_and_has_no_time():
    full = LayeredGraph((np.ones((4, 5), bool), np.zeros((5, 3), bool)))
    found = mixing(full, trades=8)
    assert found.mixed_after == 1
    assert (found.overlap[:, 0] == 1).all()
    assert np.isnan(found.overlap[:, 1]).all()
    assert np.isnan(found.time["bifan"])


def test_a_chain_that_stays_by_its_network_is_told():
    overlap = np.linspace(1, 0.5, 40)[:, None]
    slow = Mixing(overlap, np.array([0.1]), np.array([0.01]), {}, {})
    assert slow.mixed_after is None
    beside = np.hstack([np.full_like(overlap, 0.1), overlap])
    one_slow = Mixing(beside, np.full(2, 0.1), np.full(2, 0.01), {}, {})
    assert one_slow.mixed_after is None, "one layer that stays is enough"


def test_a_chain_is_repeatable_and_mistakes_are_refused():
    one, same, other = (mixing(network(), trades=9, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.overlap, same.overlap)
    assert (one.overlap != other.overlap).any()
    with pytest.raises(ValueError, match="take 8 or more"):
        mixing(network(), trades=3)
    with pytest.raises(ValueError, match="give one network"):
        mixing(LayeredGraph((np.ones((1, 2, 2), bool),)))

"""The number of trades of a draw: enough on networks that mix slowly, and said where it is not."""

import itertools

import numpy as np
import pytest

from harness.motifs import _trades, counts, draws, enough_trades, sampled_profile
from harness.motifs._curveball import traded
from harness.sparse.graph import LayeredGraph

SIZES = (20, 120, 120, 8)
VARYING = ("chain3", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail")


def unequal(shape, density, rng, sd, groups=1):
    """A mask whose edges are drawn by the product of log-normal fitnesses, and within groups."""
    fitness = (rng.lognormal(0, sd, n) for n in shape)
    alike = np.equal.outer(*(np.arange(n) % groups for n in shape))
    keys = rng.gumbel(size=shape) + np.log(np.multiply.outer(*fitness)) + 3 * alike
    mask = np.zeros(shape, bool)
    mask.flat[np.argsort(-keys, axis=None)[: round(density * mask.size)]] = True
    return mask


def heavy_tailed(seed=0):
    rng = np.random.default_rng(seed)
    return [unequal(pair, 0.12, rng, 1.0, groups=4) for pair in itertools.pairwise(SIZES)]


def half_empty(seed=0):
    """The same, but half of the sources of the wide layer are empty and two are full."""
    layers = heavy_tailed(seed)
    order = np.random.default_rng(seed).permutation(SIZES[1])
    layers[1][order[:60]] = False
    layers[1][order[:2]] = True
    return layers


NETWORKS = {"heavy tails": heavy_tailed, "half empty": half_empty}


def drawn_counts(graph, number, trades, seed):
    found = counts(draws(graph, "degree", number, seed=seed, trades=trades), names=VARYING)
    return np.stack([found[name].sum(-1) for name in VARYING], 1)


@pytest.mark.parametrize("case", NETWORKS)
def test_z_is_that_of_a_chain_ten_times_as_long(case):
    """Mean and sd of the draws are, and so is z, which has the error of both."""
    graph = LayeredGraph(tuple(NETWORKS[case]()))
    trades = enough_trades(graph)
    assert trades.mixed
    number = 150
    few, short, longer = (
        drawn_counts(graph, number, *how)
        for how in ((3, 2), (trades.number, 3), (10 * trades.number, 4))
    )
    sd = longer.std(0, ddof=1)
    off = (np.abs(one.mean(0) - longer.mean(0)) / sd for one in (few, short))
    few_off, short_off = off
    assert (short_off < 4 * np.sqrt(2 / number)).all()
    np.testing.assert_allclose(short.std(0, ddof=1), sd, rtol=4 / np.sqrt(number))
    assert (few_off > 4 * np.sqrt(2 / number)).any(), "else any number would do"


def test_too_few_trades_are_seen():
    """Log-normal degrees: after 20 trades some per cent of the start's excess are still there."""
    rng = np.random.default_rng(0)
    mask = unequal((400, 400), 0.07, rng, 1.0)
    found = enough_trades(LayeredGraph((mask,)))
    assert found.mixed
    assert found.number > _trades.FEWEST_TRADES
    start = np.repeat(mask[None], 16, 0)
    shared = {}
    for trades in (_trades.FEWEST_TRADES // 2, found.number, 2 * found.number):
        shared[trades] = (traded(start, rng, trades) & mask).sum((1, 2))
    few, enough, longer = shared.values()
    error = np.hypot(enough.std(), longer.std()) / 4
    assert few.mean() > longer.mean() + 10 * error
    assert abs(enough.mean() - longer.mean()) < 4 * error


def test_empty_rows_take_no_part_and_waste_no_trade():
    """The same trades as without them, wherever they stand."""
    rng = np.random.default_rng(2)
    mask = rng.random((12, 9)) < 0.4
    mask[:, 4] = True
    bare = np.zeros((40, 20), bool)
    places = np.ix_(np.sort(rng.permutation(40)[:12]), np.sort(rng.permutation(20)[:9]))
    bare[places] = mask
    alone, within = (
        traded(np.repeat(one[None], 5, 0), np.random.default_rng(3), 4) for one in (mask, bare)
    )
    np.testing.assert_array_equal(within[:, places[0], places[1]], alone)
    assert within.sum() == alone.sum()


def test_the_table_says_how_many_trades_and_a_chain_that_has_not_mixed_has_no_p(monkeypatch):
    graph = LayeredGraph(tuple(wires[None] for wires in half_empty()))
    table = sampled_profile(graph, "degree", number=20, seed=1)
    one = LayeredGraph(tuple(half_empty()))
    assert set(table["trades"]) == {enough_trades(one, seed=(1, 0)).number}
    assert table["mixed"].all()
    assert table["calibrated"].all()
    assert table["p"].notna().any()
    monkeypatch.setattr(_trades, "FEWEST_TRADES", 4)
    monkeypatch.setattr(_trades, "MOST_TRADES", 4)
    table = sampled_profile(graph, "degree", number=20, seed=1)
    assert set(table["trades"]) == {4}
    assert not table["mixed"].any()
    assert not table["calibrated"].any()
    assert table["z"].notna().any()
    assert table[["p", "q"]].isna().all(axis=None)


def test_trades_are_the_same_each_time_and_on_the_device_as_good():
    graph = LayeredGraph(tuple(half_empty()))
    assert enough_trades(graph, seed=4) == enough_trades(graph, seed=4)
    small = LayeredGraph(tuple(wires[:30, :30] for wires in half_empty()[1:2]))
    found = enough_trades(small, on="device")
    assert found.mixed
    assert found.number >= _trades.FEWEST_TRADES


def test_what_cannot_change_has_mixed_at_once():
    full = LayeredGraph((np.ones((4, 5), bool), np.zeros((5, 3), bool)))
    assert enough_trades(full) == _trades.Trades(_trades.FEWEST_TRADES, mixed=True)

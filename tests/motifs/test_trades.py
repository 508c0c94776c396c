"""The number of trades of a draw: enough on networks that mix slowly, and said where it is not."""

import itertools

import numpy as np
import pytest

from harness.motifs import (
    _counts,
    _global_trades,
    _trades,
    counts,
    draws,
    enough_trades,
    overlap,
    sampled_profile,
)
from harness.motifs._global_trades import TradedMasks
from harness.sparse.graph import LayeredGraph

SIZES = (20, 120, 120, 8)
VARYING = ("chain3", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail")


def unequal(shape, density, rng, sd, groups=1, bonus=3):
    """A mask whose edges are drawn by the product of log-normal fitnesses, and within groups."""
    fitness = (rng.lognormal(0, sd, n) for n in shape)
    alike = np.equal.outer(*(np.arange(n) % groups for n in shape))
    keys = rng.gumbel(size=shape) + np.log(np.multiply.outer(*fitness)) + bonus * alike
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


def mostly_empty(seed=0):
    """Groups hold nearly all edges of the wide layer, most of whose sources are empty."""
    rng = np.random.default_rng(seed)
    sizes = itertools.pairwise((20, 200, 200, 8))
    layers = [unequal(pair, 0.4, rng, 1.0, groups=4, bonus=6) for pair in sizes]
    layers[1][rng.permutation(200)[:140]] = False
    return layers


def with_all_rows(mask):
    """Let empty and full rows and columns trade too."""
    return np.arange(mask.shape[0]), np.arange(mask.shape[1])


NETWORKS = {
    "heavy tails": (heavy_tailed, 3, _global_trades._free),
    "half empty": (half_empty, 3, _global_trades._free),
    "mostly empty": (mostly_empty, 20, with_all_rows),
}
"""With too few trades for each, and the rows and columns that take part in them."""


def traded(mask, number, trades):
    drawn = TradedMasks(mask, number, np.random.SeedSequence(3))
    drawn.trade(trades)
    return drawn.masks()


def drawn_counts(graph, number, trades, seed):
    found = counts(draws(graph, "degree", number, seed=seed, trades=trades), names=VARYING)
    return np.stack([found[name].sum(-1) for name in VARYING], 1)


@pytest.mark.slow
@pytest.mark.parametrize("case", NETWORKS)
def test_z_is_that_of_a_chain_ten_times_as_long(case, monkeypatch):
    """Mean and sd of the draws are too; as many trades as were made once would not do."""
    network, few_trades, free = NETWORKS[case]
    graph, number = LayeredGraph(tuple(network())), 200
    batch = LayeredGraph(tuple(wires[None] for wires in graph.adjacency))
    table = sampled_profile(batch, "degree", number=number, seed=3)
    rows = table[table["base_layer"] == -1].set_index("motif").loc[list(VARYING)]
    assert rows["mixed"].all()
    longer = drawn_counts(graph, number, 10 * int(rows["trades"].iloc[0]), 4)
    expected, sd = longer.mean(0), longer.std(0, ddof=1)
    error = np.sqrt(1 / number + 1 / rows["effective"])
    assert (np.abs(rows["expected"] - expected) < 4 * error * sd).all()
    assert (np.abs(rows["sd"] / sd - 1) < 4 * error / np.sqrt(2)).all()
    z = (rows["count"] - expected) / sd
    assert (
        np.abs(rows["z"] - z) < 4 * np.hypot(rows["z_error"], np.sqrt((1 + z**2 / 2) / number))
    ).all()
    monkeypatch.setattr(_global_trades, "_free", free)
    few = drawn_counts(graph, number, few_trades, 2)
    assert (np.abs(few.mean(0) - expected) > 4 * sd * np.sqrt(2 / number)).any(), "any would do"


@pytest.mark.slow
def test_draws_close_together_in_a_chain_are_worth_fewer(monkeypatch):
    """By their number over the autocorrelation time; p and the error of z say so."""
    graph = LayeredGraph(tuple(wires[None] for wires in heavy_tailed()))
    apart = sampled_profile(graph, "degree", number=640, orders=(3,), seed=5)
    monkeypatch.setattr(_trades.Trades, "between", 1)
    close = sampled_profile(graph, "degree", number=640, orders=(3,), seed=5)
    vary = apart["sd"] > 0
    assert apart["effective"][vary].median() > 0.8 * 640
    assert close["effective"][vary].median() < 0.6 * 640
    for table in (apart, close):
        assert (table["p"][vary] >= 2 / (table["effective"][vary] + 1) - 1e-12).all()
        error = np.sqrt((1 + table["z"] ** 2 / 2) / table["effective"])
        np.testing.assert_allclose(table["z_error"], error)


@pytest.mark.slow
def test_the_spread_of_means_is_what_the_worth_of_draws_says(monkeypatch):
    """Of many runs of a short chain, whose draws are close together."""
    graph = LayeredGraph(tuple(wires[None, :40, :40] for wires in heavy_tailed()[1:2]))
    monkeypatch.setattr(_trades.Trades, "between", 1)
    tables = [
        sampled_profile(graph, "degree", number=128, names=("zigzag",), seed=seed).iloc[0]
        for seed in range(60)
    ]
    means = np.std([row["expected"] for row in tables], ddof=1)
    claimed = np.sqrt(np.mean([row["sd"] ** 2 / row["effective"] for row in tables]))
    assert means == pytest.approx(claimed, rel=0.3)
    assert means > 1.2 * np.mean([row["sd"] for row in tables]) / np.sqrt(128), "not independent"


def by_curveball(mask, trades, rng):
    """Strona et al. (2014), as written: two rows at a time deal anew what only one of them has."""
    rows = [set(np.flatnonzero(row)) for row in mask]
    for _ in range(trades):
        one, other = rng.choice(len(rows), 2, replace=False)
        shared, contested = rows[one] & rows[other], sorted(rows[one] ^ rows[other])
        dealt = rng.permutation(contested)[: len(rows[one]) - len(shared)]
        rows[one], rows[other] = shared | {*dealt}, shared | ({*contested} - {*dealt})
    return np.array([np.isin(range(mask.shape[1]), list(row)) for row in rows])


def test_draws_are_as_those_of_curveball():
    mask, rng = unequal((20, 24), 0.25, np.random.default_rng(5), 0.8), np.random.default_rng(6)
    theirs = np.stack([by_curveball(mask, 200, rng) for _ in range(320)])
    found = [
        counts(LayeredGraph((drawn,)), names=("bifan", "zigzag"))
        for drawn in (traded(mask, 640, 40), theirs)
    ]
    for own, rival in zip(*(one.values() for one in found), strict=True):
        error = np.hypot(own.std() / np.sqrt(640), rival.std() / np.sqrt(320))
        assert abs(own.mean() - rival.mean()) < 4 * error
        assert own.std() == pytest.approx(rival.std(), rel=4 * np.sqrt(1 / 1280 + 1 / 640))
    start, drawn = counts(LayeredGraph((mask,)), names=("bifan",))["bifan"], found[0]["bifan"]
    assert abs(start - drawn.mean()) > 4 * drawn.std() / np.sqrt(320), "the start would not do"


@pytest.mark.slow
def test_draws_of_a_word_are_as_good_as_independent_ones():
    """The mean of its 32 draws varies from word to word by a 32nd of a draw's variance."""
    layer, words = heavy_tailed()[1], 400
    trades = enough_trades(LayeredGraph((layer,))).number
    for made, independent in ((trades, True), (2, False)):
        drawn = LayeredGraph((traded(layer, 32 * words, made),))
        for counted in counts(drawn, names=("bifan", "zigzag")).values():
            each = counted.sum(-1).reshape(words, 32)
            ratio = 32 * each.mean(1).var(ddof=1) / each.var(1, ddof=1).mean()
            assert (abs(ratio - 1) < 4 * np.sqrt(2 / words)) == independent


def test_overlap_is_at_the_chance_that_degrees_give():
    """Computed without drawing; one trade is far from it, and so is the network itself."""
    for network in (heavy_tailed, half_empty):
        graph = LayeredGraph(tuple(wires[None] for wires in network()))
        row = sampled_profile(graph, "degree", number=320, names=("bifan",), seed=6).iloc[0]
        assert row["overlap"] == pytest.approx(row["chance"], abs=0.002)
        one = LayeredGraph(tuple(network()))
        assert np.nanmin(overlap(one, draws(one, "degree", 50, trades=1))) > row["chance"] + 0.1


@pytest.mark.slow
def test_too_few_trades_are_seen():
    """Log-normal degrees: after 20 trades some per cent of the start's excess are still there."""
    rng = np.random.default_rng(0)
    mask = unequal((400, 400), 0.07, rng, 1.0)
    found = enough_trades(LayeredGraph((mask,)))
    assert found.mixed
    assert found.number > _trades.FEWEST_TRADES
    shared = {}
    for trades in (_trades.FEWEST_TRADES // 2, found.number, 2 * found.number):
        shared[trades] = (traded(mask, 16, trades) & mask).sum((1, 2))
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
    alone, within = (traded(one, 5, 4) for one in (mask, bare))
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


@pytest.mark.slow
def test_a_table_is_the_same_on_any_number_of_cores_and_on_the_device_of_the_same_draws(
    monkeypatch,
):
    graph = LayeredGraph(tuple(wires[None, :60, :60] for wires in half_empty()))
    host = sampled_profile(graph, "degree", number=320, orders=(3,), seed=7)
    monkeypatch.setattr(_counts, "cores", lambda: 1)
    assert sampled_profile(graph, "degree", number=320, orders=(3,), seed=7).equals(host)
    device = sampled_profile(graph, "degree", number=320, orders=(3,), seed=7, on="device")
    error = host["sd"] * np.sqrt(1 / host["effective"] + 1 / device["effective"])
    assert (np.abs(host["expected"] - device["expected"]) <= 4 * error).all()
    varies = host["sd"] > 1
    np.testing.assert_allclose(host["sd"][varies], device["sd"][varies], rtol=0.25)
    assert not device["expected"].equals(host["expected"]), "other random numbers"

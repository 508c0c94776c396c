"""The metric `sampled`: which networks and levels it takes, and what it makes of them."""

import itertools

import jax
import numpy as np
import pandas as pd
import pytest

from harness import Trajectory, layered, motifs
from harness.plugin.parameters import Selection
from harness.testing import TinyTask, tiny_model

DENSITIES = (1.0, 0.5, 0.2)
SIZES = (4, 9, 8, 3)


class RandomWiring(Trajectory):
    """Random networks with bias masks, from no files."""

    def graph(self, level, view=None, step=None):
        rng = np.random.default_rng(level)
        n = len(self.networks)
        density = DENSITIES[level]
        sizes = list(itertools.pairwise(SIZES))
        wires = [rng.random((n, b, a)) < density for a, b in sizes]
        return layered(wires, [rng.random((n, b)) < density for _, b in sizes])


LEVELS = RandomWiring(tiny_model(), (6, 7), DENSITIES, (), lambda: TinyTask().data(seed=0))


@pytest.fixture
def sampled(registry):
    def measure(levels, **parameters):
        parameters = {"densities": ()} | parameters
        return registry.make("metric", Selection("sampled", parameters)).measure(levels)

    return measure


def test_it_is_the_sampled_profile_of_every_level(sampled):
    table = sampled(LEVELS, draws=20)
    assert sorted(table["level"].unique()) == [0, 1, 2]
    assert set(table["network"]) == {0, 1}
    part = table[table["level"] == 2].drop(columns="level").reset_index(drop=True)
    expected = motifs.sampled_profile(LEVELS.graph(2), "degree", number=20, seed=2_000_006)
    pd.testing.assert_frame_equal(part, expected)


def test_only_the_levels_and_networks_asked_for(sampled):
    every = sampled(LEVELS, draws=5)
    some = sampled(LEVELS, draws=5, densities=(0.2,), networks=7)
    expected = every[(every["level"] == 2) & (every["network"] == 0)]
    pd.testing.assert_frame_equal(some, expected.reset_index(drop=True))


@pytest.mark.parametrize(
    ("densities", "levels"),
    [
        ((1.0, 0.5, 0.15, 0.1, 0.07, 0.03), [0, 2, 3, 4, 5]),
        ((1.0, 0.07, 0.07), [0, 2]),
        ((0.5,), [0]),
        ((1.0, 0.16, 0.16, 0.07, 0.5), [0, 2, 3]),
    ],
)
def test_the_default_levels_are_the_nearest_and_the_sparsest(registry, densities, levels):
    metric = registry.find("metric", "sampled").factory()
    assert metric.draws == 100
    assert metric.null.name == "degree"
    over = Trajectory(tiny_model(), (0,), densities, (), lambda: TinyTask().data(seed=0))
    assert over.nearest(metric.densities) == levels


def test_a_complete_network_has_one_state_under_degree_and_no_z(sampled):
    class Complete(RandomWiring):
        def graph(self, level, view=None, step=None):
            n, sizes = len(self.networks), list(itertools.pairwise(SIZES))
            return layered([np.ones((n, b, a), bool) for a, b in sizes])

    full = Complete(tiny_model(), (0,), (1.0,), (), lambda: TinyTask().data(seed=0))
    table = sampled(full, draws=5)
    assert (table["sd"] == 0).all()
    assert (table["expected"] == table["count"]).all()
    assert table[["z", "p", "q", "profile"]].isna().all(axis=None)
    assert table["mixed"].all()


def test_where_nothing_is_asked_for_an_empty_table_of_the_same_types(sampled):
    table = sampled(LEVELS, draws=5, networks=6)
    full = sampled(LEVELS, draws=5)
    assert len(table) == 0
    assert set(table.columns) == set(full.columns)
    kinds = full.dtypes.map(lambda one: one.kind)
    assert table.dtypes.map(lambda one: one.kind)[kinds.index].equals(kinds)


def test_as_published_it_counts_bias_units_and_pairs(sampled):
    how = {"convention": "published", "support": "live-published", "bias": True}
    table = sampled(LEVELS, null="published", draws=5, densities=(0.5,), **how)
    assert set(table["motif"]) == set(motifs.PUBLISHED)
    graph = LEVELS.graph(1)
    counted = motifs.published_counts(jax.tree.map(np.asarray, graph))
    sums = table[table["base_layer"] == -1].pivot(index="network", columns="motif", values="count")
    for name, by_layer in counted.items():
        assert sums[name].tolist() == by_layer.sum(-1).tolist()


def test_another_seed_draws_other_networks(sampled):
    one, other = (sampled(LEVELS, draws=5, densities=(0.5,), seed=seed) for seed in (0, 1))
    assert one["count"].equals(other["count"])
    assert not one["expected"].equals(other["expected"])


@pytest.mark.slow
def test_order_4_is_drawn_like_the_others(sampled):
    table = sampled(LEVELS, orders=(4,), draws=3, densities=(0.5,))
    expected = motifs.sampled_profile(
        LEVELS.graph(1), "degree", number=3, orders=(4,), seed=1_000_006
    )
    pd.testing.assert_frame_equal(table.drop(columns="level"), expected)

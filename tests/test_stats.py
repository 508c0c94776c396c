"""`harness.stats` against scipy, brute force and simulation."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import stats


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_equals_scipy(p):
    q = stats.benjamini_hochberg(np.array(p))
    np.testing.assert_allclose(q, scipy.stats.false_discovery_control(p), atol=1e-15)


def test_benjamini_hochberg_leaves_undefined_out():
    p = np.array([[0.01, np.nan], [0.5, 0.02]])
    q = stats.benjamini_hochberg(p)
    assert np.isnan(q[0, 1])
    expected = scipy.stats.false_discovery_control([0.01, 0.5, 0.02])
    np.testing.assert_allclose(q[~np.isnan(p)], expected)
    assert stats.benjamini_hochberg(np.array([])).size == 0


def test_mean_p_value_equals_scipy():
    values = np.random.default_rng(0).normal(0.5, size=9)
    expected = scipy.stats.ttest_1samp(values, 0).pvalue
    assert stats.mean_p_value(np.append(values, np.nan)) == pytest.approx(expected, rel=1e-10)
    assert np.isnan(stats.mean_p_value(np.array([1.0])))
    assert np.isnan(stats.mean_p_value(np.ones(4)))


def test_bca_ends_equal_scipy():
    data = np.random.default_rng(3).gamma(2.0, size=15)
    reference = scipy.stats.bootstrap(
        (data,), np.var, method="BCa", n_resamples=999, rng=np.random.default_rng(4)
    )
    jackknife = np.array([np.var(np.delete(data, i)) for i in range(15)])
    ends = stats.bca_ends(reference.bootstrap_distribution, float(np.var(data)), jackknife)
    np.testing.assert_allclose(ends, tuple(reference.confidence_interval), rtol=1e-12)


def cosines(profiles):
    return 1 - scipy.spatial.distance.cdist(profiles, profiles, "cosine")


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 4))
def test_mean_cosines_equal_the_loop_over_pairs(seed, n, conditions):
    profiles = np.random.default_rng(seed).normal(size=(conditions * n, 5))
    groups = np.repeat(np.arange(conditions), n)
    units = np.tile(np.arange(n), conditions)
    c = cosines(profiles)
    across = [
        c[i, j]
        for i, j in combinations(range(conditions * n), 2)
        if groups[i] != groups[j] and units[i] != units[j]
    ]
    alike = [c[i, j] for i, j in combinations(range(n), 2)]
    within = stats.mean_cosine_within(profiles[:n], resamples=50)
    between = stats.mean_cosine_between(profiles, groups, units, resamples=50)
    assert within.value == pytest.approx(np.mean(alike))
    assert between.value == pytest.approx(np.mean(across))
    assert within.n == between.n == n


def test_groups_need_not_share_units():
    profiles = np.random.default_rng(9).normal(size=(7, 4))
    groups, units = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0, 1, 2, 2, 3, 4, 5])
    c = cosines(profiles)
    pairs = [c[i, j] for i in range(3) for j in range(3, 7) if units[i] != units[j]]
    found = stats.mean_cosine_between(profiles, groups, units)
    assert found.value == pytest.approx(np.mean(pairs))
    assert found.n == 6


def drawn_one_by_one(statistic, n, found):
    """The BCa interval of a statistic of unit numbers, its resamples drawn one by one."""
    rng = np.random.default_rng(7)
    replicates = np.array([statistic(rng.integers(0, n, n)) for _ in range(4000)])
    jackknife = np.array([statistic(np.delete(np.arange(n), i)) for i in range(n)])
    expected = stats.bca_ends(replicates, float(statistic(np.arange(n))), jackknife)
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.03)
    assert found.low < found.value < found.high


def test_networks_are_resampled_without_self_pairs():
    n = 10
    profiles = np.random.default_rng(6).normal(loc=0.7, size=(n, 6))
    c = cosines(profiles)

    def statistic(drawn):
        return np.mean([c[i, j] for i, j in combinations(drawn, 2) if i != j])

    found = stats.mean_cosine_within(profiles, resamples=4000, seed=1)
    drawn_one_by_one(statistic, n, found)


def test_paired_networks_are_resampled_together():
    n = 10
    profiles = np.random.default_rng(6).normal(loc=0.7, size=(2 * n, 6))
    groups, units = np.repeat([0, 1], n), np.tile(np.arange(n), 2)
    c = cosines(profiles)

    def statistic(drawn):
        return np.mean([c[i, n + j] for i in drawn for j in drawn if i != j])

    found = stats.mean_cosine_between(profiles, groups, units, resamples=4000, seed=1)
    drawn_one_by_one(statistic, n, found)


def test_mean_cosine_is_seeded_and_degrades():
    profiles = np.random.default_rng(8).normal(size=(8, 3))
    assert stats.mean_cosine_within(profiles) == stats.mean_cosine_within(profiles)
    same = stats.mean_cosine_within(np.ones((4, 3)))
    np.testing.assert_allclose(same, (1.0, 1.0, 1.0, 4))
    assert stats.mean_cosine_within(np.vstack([profiles, np.zeros(3)])).n == 8
    assert np.isnan(stats.mean_cosine_within(profiles[:1]).value)
    assert np.isnan(stats.mean_cosine_within(profiles[:0]).value)
    two = stats.mean_cosine_within(profiles[:2])
    assert np.isfinite(two.value)
    assert np.isnan(two.low)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_autocorrelation_time_of_an_autoregression_is_known(memory):
    """Of x' = a x + noise it is (1 + a) / (1 - a)."""
    chance = np.random.default_rng(1)
    series = np.zeros(40_000)
    for step, noise in enumerate(chance.normal(size=len(series) - 1), start=1):
        series[step] = memory * series[step - 1] + noise
    expected = (1 + memory) / (1 - memory)
    assert stats.autocorrelation_time(series) == pytest.approx(expected, rel=0.15)


def test_autocorrelation_time_is_undefined_without_variation():
    assert np.isnan(stats.autocorrelation_time(np.ones(100)))
    assert np.isnan(stats.autocorrelation_time(np.arange(3.0)))


points = st.lists(st.floats(-5, 5), min_size=2, max_size=12)


@given(points, st.floats(-6, 6))
def test_first_rise_is_where_a_fine_walk_along_the_line_first_rises_to_the_value(values, target):
    place = stats.first_rise(np.array(values), target)
    steps = np.arange(len(values))
    rises = [a <= target <= b for a, b in pairwise(values)]
    assert np.isnan(place) == (not any(rises))
    if any(rises):
        assert rises.index(True) <= place <= rises.index(True) + 1
        # NumPy's interpolation of the same line, at the place that was found.
        assert np.interp(place, steps, values) == pytest.approx(target, abs=1e-6)
        assert stats.interpolated(np.array(values), place) == pytest.approx(target, abs=1e-6)


def test_nothing_is_extrapolated_and_undefined_ends_spoil_their_steps_only():
    values = np.array([2.0, 1.0, np.nan, 1.5, 3.0])
    assert stats.first_rise(values, 2.25) == 3.5
    assert np.isnan(stats.first_rise(values, 1.2))
    assert np.isnan(stats.first_rise(values, 3.1))
    assert stats.first_rise(-values, -1.5) == 0.5
    assert stats.first_rise(values, 3.0) == 4
    assert stats.interpolated(values, 1.0) == 1.0, "the end of an undefined step is defined"
    assert np.isnan(stats.interpolated(values, 1.5))
    assert np.isnan(stats.interpolated(values, float("nan")))
    assert np.isnan(stats.first_rise(np.array([]), 0.0))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=15))
def test_the_front_is_what_brute_force_finds(costs):
    expected = [not any(p <= x and q <= y and (p < x or q < y) for p, q in costs) for x, y in costs]
    found = stats.non_dominated(np.array(costs, dtype=float))
    assert found.tolist() == expected


def test_what_is_undefined_is_not_on_the_front_and_dominates_nothing():
    costs = np.array([[1.0, np.nan], [2.0, 2.0], [np.nan, np.nan], [2.0, 2.0]])
    assert stats.non_dominated(costs).tolist() == [False, True, False, True]

"""`harness.stats` against scipy, brute force and simulation."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
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


def first_rise(values, target):
    """Of one network, beside one that never rises and one that does at once."""
    levels = np.arange(len(values), dtype=float)
    found = stats.first_rise(np.array([values, np.full(len(values), np.nan), levels]), target)
    assert np.isnan(found[1])
    return found[0]


def interpolated(values, place):
    """Of one network, beside one of which nothing is known."""
    both = np.array([np.full(len(values), np.nan), values])
    return stats.interpolated(both, np.array([place, place]))[1]


@given(points, st.floats(-6, 6))
def test_first_rise_is_where_a_fine_walk_along_the_line_first_rises_to_the_value(values, target):
    place = first_rise(values, target)
    steps = np.arange(len(values))
    rises = [a <= target <= b for a, b in pairwise(values)]
    assert np.isnan(place) == (not any(rises))
    if any(rises):
        assert rises.index(True) <= place <= rises.index(True) + 1
        # NumPy's interpolation of the same line, at the place that was found.
        assert np.interp(place, steps, values) == pytest.approx(target, abs=1e-6)
        assert interpolated(values, place) == pytest.approx(target, abs=1e-6)


def test_nothing_is_extrapolated_and_undefined_ends_spoil_their_steps_only():
    values = np.array([2.0, 1.0, np.nan, 1.5, 3.0])
    assert first_rise(values, 2.25) == 3.5
    assert np.isnan(first_rise(values, 1.2))
    assert np.isnan(first_rise(values, 3.1))
    assert first_rise(-values, -1.5) == 0.5
    assert first_rise(values, 3.0) == 4
    assert interpolated(values, 1.0) == 1.0, "the end of an undefined step is defined"
    assert np.isnan(interpolated(values, 1.5))
    assert np.isnan(interpolated(values, float("nan")))
    assert np.isnan(first_rise(np.array([]), 0.0))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=15))
def test_the_front_is_what_brute_force_finds(costs):
    expected = [not any(p <= x and q <= y and (p < x or q < y) for p, q in costs) for x, y in costs]
    found = stats.non_dominated(np.array(costs, dtype=float))
    assert found.tolist() == expected


def test_what_is_undefined_is_not_on_the_front_and_dominates_nothing():
    costs = np.array([[1.0, np.nan], [2.0, 2.0], [np.nan, np.nan], [2.0, 2.0]])
    assert stats.non_dominated(costs).tolist() == [False, True, False, True]

"""Intervals and tests of means: coverage by simulation, and one procedure for both."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness import stats

SKEWED = np.exp(0.5)


def bimodal(share, apart):
    def draw(rng, shape):
        return rng.normal(size=shape) + apart * (rng.random(shape) < share)

    return draw, share * apart


DISTRIBUTIONS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "log-normal, sd 0.5": (lambda rng, shape: np.exp(0.5 * rng.normal(size=shape)), np.exp(0.125)),
    "log-normal, sd 1": (lambda rng, shape: np.exp(rng.normal(size=shape)), SKEWED),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "two far modes": bimodal(0.5, 20),
    "two modes": bimodal(0.5, 6),
    "a rarer mode": bimodal(0.3, 6),
    "a rarer, near mode": bimodal(0.25, 4),
    "differences of skewed values": (
        lambda rng, shape: np.exp(rng.normal(size=shape)) - np.exp(0.5 * rng.normal(size=shape)),
        SKEWED - np.exp(0.125),
    ),
}
SAMPLES = 3000


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, 8, 10])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_intervals_of_means_cover_at_least_093(name, n):
    """Every column is one sample; all share their resamples, as two calls with one seed do."""
    draw, mean = DISTRIBUTIONS[name]
    values = draw(np.random.default_rng(3), (n, SAMPLES))
    low, high = ends(values)
    covered = np.mean((low <= mean) & (mean <= high))
    assert covered >= 0.93, covered
    # Not by being endless: about three times Student's at most.
    student = 2 * scipy.stats.t.ppf(0.975, n - 1) * scipy.stats.sem(values)
    assert np.median(high - low) <= 3.3 * np.median(student)


def ends(values):
    """In blocks, and without adjusting for thousands of columns."""
    blocks = np.array_split(values, 8, axis=1)
    found = [stats.mean_tests(block, resamples=1999) for block in blocks]
    return (np.concatenate([getattr(one, end) for one in found]) for end in ("low", "high"))


@pytest.mark.parametrize("chances", [(0.9, 0.1), (0.5, 0.5), (0.6, 0.3, 0.1), (0.1, 0.2, 0.7)])
def test_intervals_of_ranks_cover_where_they_are_shown(chances):
    ranks = 1.0 + np.arange(len(chances))
    values = np.random.default_rng(0).choice(ranks, size=(8, 1000), p=chances)
    low, high = ends(values)
    shown = np.isfinite(low)
    np.testing.assert_array_equal(shown, np.ptp(values, axis=0) > 0)
    mean = ranks @ chances
    assert np.mean((low <= mean) & (mean <= high), where=shown) >= 0.93


@settings(deadline=None, max_examples=60)
@example(3, 8, -1.0, 0.95)  # Student's t alone would exclude zero,
@example(3, 8, 1.0, 0.95)  # and here bootstrap-t alone
@given(
    st.integers(0, 10_000), st.integers(2, 12), st.floats(-2, 2), st.sampled_from([0.9, 0.95, 0.99])
)
def test_p_and_interval_are_one_procedure(seed, n, shift, level):
    """p is below the error exactly where an interval is shown that does not hold zero."""
    values = np.random.default_rng(seed).exponential(size=n) - 1 + shift
    found = stats.mean_test(values, level=level, resamples=999)
    excluded = found.low > 0 or found.high < 0
    assert excluded == (found.p < 1 - level)
    assert found.attainable <= found.p <= 1


def test_the_parts_are_students_and_bootstrap_t_of_all_resamples():
    """A wide normal sample: Student's. A skewed one: bootstrap-t, drawn one by one."""
    rng = np.random.default_rng(1)
    flat = np.linspace(-1, 1, 30)
    found = stats.mean_interval(flat, level=0.95)
    half = scipy.stats.t.ppf(0.99, 29) * scipy.stats.sem(flat)
    assert found.high == pytest.approx(half, rel=0.05)
    values = rng.exponential(size=12)
    draws = values[rng.integers(0, 12, size=(40_000, 12))]
    spread = np.maximum(draws.var(axis=1, ddof=1), 0.02 * values.var(ddof=1))
    t = (draws.mean(axis=1) - values.mean()) / np.sqrt(spread / 12)
    error = scipy.stats.sem(values)
    found = stats.mean_interval(values, resamples=40_000, seed=5)
    assert found.value == pytest.approx(values.mean())
    assert found.high == pytest.approx(values.mean() - np.quantile(t, 0.01) * error, rel=0.03)
    student = values.mean() - scipy.stats.t.ppf(0.99, 11) * error
    assert found.low == pytest.approx(min(student, values.mean() - np.quantile(t, 0.99) * error))


def test_p_is_never_smaller_than_so_few_values_can_give():
    for n, least in ((2, 0.5), (5, 2.0**-4), (8, 2.0**-7), (30, 5e-4)):
        values = 100 + np.random.default_rng(n).normal(size=n)
        found = stats.mean_test(values)
        assert found.attainable == pytest.approx(least)
        assert found.p == found.attainable
        assert np.isnan(found.low) == (n < 6)


def test_nothing_is_said_of_little_or_of_values_without_spread():
    assert stats.mean_interval(np.array([])).n == 0
    two = stats.mean_test(np.array([1.0, np.nan, 3.0]))
    assert (two.value, two.n) == (2.0, 2)
    assert np.isnan(two.low)
    for same in (np.full(8, 3.0), np.zeros(8), np.full(8, 0.1)):
        found = stats.mean_test(same)
        assert (found.value, found.n) == (pytest.approx(same[0]), 8)
        assert np.isnan([found.low, found.high, found.p]).all()


def test_undefined_values_are_left_out_and_bounds_cut():
    values = np.array([1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 3.0, 1.0])
    assert stats.mean_interval(np.append(values, np.nan)) == stats.mean_interval(values)
    assert stats.mean_interval(values).low < 1
    assert stats.mean_interval(values, bounds=(1.0, 4.0)).low == 1


def test_columns_are_tested_as_alone_and_adjusted_together():
    values = np.random.default_rng(0).normal(size=(10, 6))
    values[:, 0] += 2
    found = stats.mean_tests(values)
    for column in range(6):
        alone = stats.mean_test(values[:, column])
        assert alone.p == pytest.approx(found.p[column])
        assert (alone.low, alone.high) == pytest.approx((found.low[column], found.high[column]))
    assert (found.adjusted >= found.p).all()
    assert found.adjusted[0] < 0.05 < found.adjusted[1:].min()
    flips = stats.sign_flips(values).adjusted
    np.testing.assert_allclose(found.adjusted, np.maximum(found.p, flips))


def test_families_of_true_hypotheses_are_rejected_rarely():
    rng = np.random.default_rng(4)
    least = [
        stats.mean_tests(rng.normal(size=(8, 13)), resamples=999).adjusted.min() for _ in range(150)
    ]
    assert np.mean(np.array(least) <= 0.05) <= 0.08

"""Permutation tests with covariates, against fits of whole models to every permutation."""

import itertools

import numpy as np
import pytest

from harness import stats


def t_of(outcome, column, covariates):
    """Student's t of a column, from a least-squares fit of the whole model."""
    design = np.column_stack([np.ones(len(outcome)), covariates, column])
    fit, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    error = outcome - design @ fit
    variance = error @ error / (len(outcome) - design.shape[1])
    return fit[-1] / np.sqrt(variance * np.linalg.inv(design.T @ design)[-1, -1])


def enumerated(outcome, tested, covariates):
    """p and max-T p of all permutations, as Freedman and Lane describe them."""
    start = np.column_stack([np.ones(len(outcome)), covariates])
    fitted = start @ np.linalg.lstsq(start, outcome, rcond=None)[0]
    residuals = outcome - fitted

    def every(y):
        return np.abs([t_of(y, column, covariates) for column in tested.T])

    seen = every(outcome) - 1e-9
    orders = itertools.permutations(range(len(outcome)))
    drawn = np.array([every(fitted + residuals[list(order)]) for order in orders])
    return (drawn >= seen).mean(0), (drawn.max(1)[:, None] >= seen).mean(0)


def test_p_equal_those_of_all_permutations():
    rng = np.random.default_rng(5)
    covariates = rng.normal(size=(6, 1))
    tested = rng.normal(size=(6, 2)) + covariates
    outcome = tested[:, 0] - covariates[:, 0] + rng.normal(0, 0.6, 6)
    tests = stats.freedman_lane(outcome, tested, covariates, draws=20_000)
    p, adjusted = enumerated(outcome, tested, covariates)
    assert (p < 0.5).any()
    assert tests.p == pytest.approx(p, abs=0.012)
    assert tests.adjusted == pytest.approx(adjusted, abs=0.012)


def test_slope_and_correlation_are_those_of_the_whole_model():
    rng = np.random.default_rng(1)
    covariates, tested = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    outcome = 3 + covariates @ [1, 2, 3] + tested @ [0.5, 0] + rng.normal(size=30)
    tests = stats.freedman_lane(outcome, tested, covariates, draws=9)
    for place, column in enumerate(tested.T):
        design = np.column_stack([np.ones(30), covariates, column])
        assert tests.slope[place] == pytest.approx(np.linalg.lstsq(design, outcome)[0][-1])
        t = t_of(outcome, column, covariates)
        assert tests.correlation[place] == pytest.approx(t / np.sqrt(t**2 + 25))


def test_p_are_uniform_where_only_a_covariate_matters():
    p, least = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        covariates = rng.normal(size=(25, 2))
        tested = covariates[:, :1] + rng.normal(size=(25, 3))
        outcome = 2 * covariates[:, 0] + rng.exponential(size=25)
        tests = stats.freedman_lane(outcome, tested, covariates, draws=199, seed=seed)
        p.append(tests.p[0])
        least.append(tests.adjusted.min())
    for level in (0.05, 0.2, 0.5):
        allowed = 3 * np.sqrt(level * (1 - level) / 400)
        assert np.mean(np.array(p) <= level) == pytest.approx(level, abs=allowed)
        assert np.mean(np.array(least) <= level) == pytest.approx(level, abs=allowed)


def test_what_is_determined_or_undefined():
    rng = np.random.default_rng(2)
    covariates = rng.normal(size=(20, 2))
    tested = np.column_stack([covariates.sum(1), rng.normal(size=20), np.ones(20)])
    outcome = rng.normal(size=20)
    outcome[3] = np.nan
    tests = stats.freedman_lane(outcome, tested, np.column_stack([covariates, np.ones(20)]))
    assert tests.n == 19
    np.testing.assert_array_equal(np.isnan(tests.p), [True, False, True])
    np.testing.assert_array_equal(np.isnan(tests.slope), [True, False, True])
    assert tests.adjusted[1] == tests.p[1]


def test_too_few_units_for_the_covariates():
    values = np.random.default_rng(3).normal(size=(5, 5))
    tests = stats.freedman_lane(values[:, 0], values[:, 1:2], values[:, 2:], draws=9)
    assert np.isnan([tests.p, tests.adjusted, tests.correlation, tests.slope]).all()
    assert np.isfinite(stats.freedman_lane(values[:, 0], values[:, 1:2], values[:, 3:]).p).all()

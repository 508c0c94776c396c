"""Sign flips against enumeration, and the rate of false claims."""

from itertools import product

import numpy as np
import pytest
import scipy.stats

from harness import stats


def test_sign_flips_equal_enumeration():
    x = np.random.default_rng(4).normal(0.4, size=(8, 3))
    t = np.array(
        [
            np.abs(scipy.stats.ttest_1samp(x * np.array(signs)[:, None], 0).statistic)
            for signs in product([-1, 1], repeat=8)
        ]
    )
    seen = np.abs(scipy.stats.ttest_1samp(x, 0).statistic)
    found = stats.sign_flips(x)
    np.testing.assert_allclose(found.p, (t >= seen - 1e-9).mean(axis=0))
    np.testing.assert_allclose(
        found.adjusted, [(t.max(axis=1) >= value - 1e-9).mean() for value in seen]
    )
    assert found.attainable == 2 / 2**8
    assert found.exact


def test_sign_flips_of_many_pairs_are_drawn():
    x = np.random.default_rng(5).normal(size=(40, 2)) + np.array([0, 2])
    found = stats.sign_flips(x)
    assert (found.arrangements, found.attainable) == (9999, 1e-4)
    assert found.p[1] == found.adjusted[1] == 1e-4
    student = scipy.stats.ttest_1samp(x[:, 0], 0).pvalue
    assert found.p[0] == pytest.approx(student, abs=0.03)


def test_sign_flips_of_zeros_and_of_what_is_undefined():
    x = np.array([[0.0, np.nan, 1.0], [0.0, np.nan, 2.0], [0.0, np.nan, np.nan]])
    found = stats.sign_flips(x)
    np.testing.assert_allclose(found.p, [1, np.nan, 0.5])
    assert np.isnan(found.adjusted[1])
    assert np.isnan(stats.sign_flips(np.zeros((0, 2))).p).all()


def test_max_t_keeps_the_rate_of_any_false_claim():
    least = [
        stats.sign_flips(np.random.default_rng(seed).normal(size=(9, 10))).adjusted.min()
        for seed in range(300)
    ]
    assert 0.015 <= np.mean(np.array(least) <= 0.05) <= 0.09

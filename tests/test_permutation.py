"""Permutation tests against enumeration by hand, under the null and away from it."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
import scipy.spatial
import scipy.stats

from harness import stats
from harness.stats._permutation import arrangements


def design(n, conditions):
    """Groups and units of n networks under each condition."""
    return np.repeat(np.arange(conditions), n), np.tile(np.arange(n), conditions)


def gap(profiles, groups, units):
    """Mean cosine similarity within groups less that between them, pair by pair."""
    c = 1 - scipy.spatial.distance.cdist(profiles, profiles, "cosine")
    pairs = list(combinations(range(len(profiles)), 2))
    within = [c[i, j] for i, j in pairs if groups[i] == groups[j]]
    between = [c[i, j] for i, j in pairs if groups[i] != groups[j] and units[i] != units[j]]
    return np.mean(within) - np.mean(between)


def scatter(centred, groups):
    """Largest less smallest mean distance from the centroid."""
    means = []
    for group in np.unique(groups):
        part = centred[groups == group]
        means.append(np.mean(np.linalg.norm(part - part.mean(axis=0), axis=1)))
    return max(means) - min(means)


def every_labelling(groups, units):
    """All labellings by permutation within units, one unit after the other."""
    places = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    for orders in product(*(permutations(rows) for rows in places)):
        labels = groups.copy()
        for rows, order in zip(places, orders, strict=True):
            labels[rows] = groups[list(order)]
        yield labels


@pytest.mark.parametrize(("n", "conditions"), [(5, 2), (3, 3)])
def test_tests_of_profiles_equal_enumeration(n, conditions):
    rng = np.random.default_rng(n)
    groups, units = design(n, conditions)
    profiles = rng.normal(size=(n * conditions, 4)) + 0.6 * (groups == 0)[:, None]
    every = list(every_labelling(groups, units))
    gaps = np.array([gap(profiles, labels, units) for labels in every])
    found = stats.convergence_test(profiles, groups, units)
    assert found.exact
    assert found.statistic == pytest.approx(gap(profiles, groups, units))
    assert found.p == pytest.approx(np.mean(gaps >= found.statistic - 1e-9))
    assert found.attainable == pytest.approx(np.mean(gaps >= gaps.max() - 1e-9))
    directions = profiles / np.linalg.norm(profiles, axis=1, keepdims=True)
    centred = directions - np.array([directions[groups == g].mean(axis=0) for g in groups])
    ranges = np.array([scatter(centred, labels) for labels in every])
    spread = stats.dispersion_test(profiles, groups, units)
    assert spread.statistic == pytest.approx(scatter(centred, groups))
    assert spread.p == pytest.approx(np.mean(ranges >= spread.statistic - 1e-9))


def test_units_that_lack_a_group_are_allowed():
    groups, units = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 1, 2, 2])
    profiles = np.random.default_rng(1).normal(size=(6, 3))
    gaps = np.array([gap(profiles, labels, units) for labels in every_labelling(groups, units)])
    found = stats.convergence_test(profiles, groups, units)
    assert found.p == pytest.approx(np.mean(gaps >= found.statistic - 1e-9))
    assert found.arrangements == 12


def test_many_units_are_permuted_at_random_within_units():
    groups, units = design(30, 3)
    labels, exact = arrangements(groups, units, 50, 0)
    assert not exact
    for one in labels:
        for unit in range(30):
            assert sorted(one[units == unit]) == [0, 1, 2]
    assert len(np.unique(labels[:, 5])) == 3
    profiles = np.random.default_rng(2).normal(size=(90, 4))
    found = stats.convergence_test(profiles, groups, units)
    assert (found.arrangements, found.attainable) == (999, 0.001)
    assert found == stats.convergence_test(profiles, groups, units)


def test_nothing_to_exchange_has_no_p():
    profiles = np.random.default_rng(3).normal(size=(6, 4))
    alone = stats.convergence_test(profiles, np.repeat([0, 1], 3), np.arange(6))
    assert np.isfinite(alone.statistic)
    assert np.isnan(alone.p)
    one = stats.convergence_test(profiles, np.zeros(6, int), np.arange(6))
    assert np.isnan(one.p)
    assert np.isnan(stats.dispersion_test(profiles, np.zeros(6, int), np.arange(6)).p)
    empty = stats.convergence_test(profiles[:0], np.zeros(0, int), np.zeros(0, int))
    assert np.isnan(empty.p)


def p_values(test, make, repeats=300):
    return np.array([test(*make(np.random.default_rng(seed))) for seed in range(repeats)])


def paired(shift=0.0, wider=1.0):
    """Ten networks under two conditions, their profiles alike by seed."""

    def make(rng):
        groups, units = design(10, 2)
        seed = np.tile(0.5 * rng.normal(size=(10, 6)), (2, 1))
        own = rng.normal(size=(20, 6)) * np.where(groups, wider, 1.0)[:, None]
        place = np.array([4.0, 2, 0, 0, 1, 0])
        return place + seed + own + shift * groups[:, None] * np.eye(6)[2], groups, units

    return make


def location(*of):
    return stats.convergence_test(*of, draws=199).p


def dispersion(*of):
    return stats.dispersion_test(*of, draws=199).p


def test_p_is_uniform_where_labels_are_exchangeable():
    for test in (location, dispersion):
        p = p_values(test, paired())
        assert scipy.stats.kstest(p, "uniform").pvalue > 0.001
        # 300 trials at 5 %: a standard error of 0.0126.
        assert 0.015 <= np.mean(p <= 0.05) <= 0.09


def test_location_and_dispersion_are_told_apart():
    moved = [p_values(test, paired(shift=3.0), 60) for test in (location, dispersion)]
    assert np.mean(moved[0] <= 0.05) > 0.9
    assert np.mean(moved[1] <= 0.05) < 0.3
    wider = p_values(dispersion, paired(wider=2.5), 60)
    assert np.mean(wider <= 0.05) > 0.8


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

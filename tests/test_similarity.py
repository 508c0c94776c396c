"""Noise-corrected similarity: against loops, by simulation, and on the committed networks."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import stats
from harness.stats._similarity import _pseudo

CLASSES = 10
RUNS = Path(__file__).parents[1] / "reports" / "published" / "runs"


def correlated(rng):
    """Correlations of classes of which most rise together, as under `layered`."""
    loadings = rng.normal(0.8, 0.3, size=(CLASSES, CLASSES))
    covariance = loadings @ loadings.T
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)


def networks(rng, n, strength, scatter, correlations, samples=1):
    """z of networks that point about one way, and their signals without noise."""
    direction = np.ones(CLASSES) / np.sqrt(CLASSES)
    spread = scatter * rng.normal(size=(samples, n, CLASSES)) / np.sqrt(CLASSES)
    signals = np.asarray(strength)[..., None] * (direction + spread)
    root = np.linalg.cholesky(correlations + 1e-9 * np.eye(CLASSES))
    return signals + rng.normal(size=signals.shape) @ root.T, signals


def test_similarities_equal_loops_over_pairs():
    rng = np.random.default_rng(0)
    z = rng.normal(3, 1, size=(9, 5))
    groups, units = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1]), np.array([0, 1, 2, 3, 2, 3, 4, 5, 6])
    lengths = (z**2).sum(axis=1) - 5
    alike = np.mean([z[i] @ z[j] for i, j in combinations(range(4), 2)]) / lengths[:4].mean()
    assert stats.similarity_within(z[:4]).value == pytest.approx(alike)
    pairs = [(i, j) for i in range(4) for j in range(4, 9) if units[i] != units[j]]
    scale = np.sqrt(lengths[:4].mean() * lengths[4:].mean())
    across = np.mean([z[i] @ z[j] for i, j in pairs]) / scale
    found = stats.similarity_between(z, groups, units)
    assert (found.value, found.n) == (pytest.approx(across), 7)
    # The jackknife, unit by unit.
    without = np.array([stats.similarity_within(np.delete(z, i, axis=0)).value for i in range(9)])
    whole = stats.similarity_within(z)
    pseudo = 9 * whole.value - 8 * without
    assert (whole.low, whole.high) == pytest.approx(stats.mean_interval(pseudo)[1:3])


def test_three_groups_are_compared_two_by_two():
    z = np.random.default_rng(0).normal(3, 1, size=(12, 5))
    groups, units = np.repeat([0, 1, 2], 4), np.tile(np.arange(4), 3)
    pairs = []
    for one, other in combinations(range(3), 2):
        part = (groups == one) | (groups == other)
        pairs.append(stats.similarity_between(z[part], groups[part], units[part]).value)
    assert stats.similarity_between(z, groups, units).value == pytest.approx(np.mean(pairs))


def raw_cosine(z):
    unit = z / np.linalg.norm(z, axis=-1, keepdims=True)
    products = unit @ np.swapaxes(unit, -1, -2)
    n = z.shape[-2]
    return (products.sum(axis=(-1, -2)) - n) / (n * (n - 1))


def test_nothing_rises_where_only_the_signal_grows():
    """Over fixed directions the raw cosine rises with the signal: what the correction is for."""
    rng = np.random.default_rng(1)
    correlations = correlated(rng)
    corrected, raw = [], []
    for strength in (5.0, 10.0, 40.0):
        z, _ = networks(rng, 30, strength, 0.5, np.eye(CLASSES), samples=30)
        corrected.append(np.mean([stats.similarity_within(one).value for one in z]))
        raw.append(np.mean(raw_cosine(z)))
    np.testing.assert_allclose(corrected, 0.8, atol=0.04)
    assert raw[0] < raw[2] - 0.15
    rejected = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        spread = 0.5 * rng.normal(size=(10, CLASSES)) / np.sqrt(CLASSES)
        signals = np.ones(CLASSES) / np.sqrt(CLASSES) + spread
        root = np.linalg.cholesky(correlations + 1e-9 * np.eye(CLASSES))
        noise = rng.normal(size=(2, 10, CLASSES)) @ root.T
        found = stats.similarity_difference(50 * signals + noise[1], 7 * signals + noise[0])
        rejected.append(found.p < 0.05)
    assert np.mean(rejected) <= 0.07


def test_a_rise_is_found_where_directions_change():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(15):
        before, _ = networks(rng, 10, 20.0, 1.0, np.eye(CLASSES))
        after, _ = networks(rng, 10, 20.0, 0.2, np.eye(CLASSES))
        found.append(stats.similarity_difference(after[0], before[0]))
    assert np.mean([one.low > 0 for one in found]) > 0.9
    assert all((one.p < 0.05) == (one.low > 0 or one.high < 0) for one in found)
    assert np.mean([one.value for one in found]) == pytest.approx(1 / 1.04 - 0.5, abs=0.05)


STRENGTHS = {
    "equal": lambda rng, shape: np.full(shape, 1.0),
    "skewed": lambda rng, shape: np.exp(0.5 * rng.normal(size=shape)),
    "of two kinds": lambda rng, shape: np.where(rng.random(shape) < 0.5, 1.0, 2.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 10])
@pytest.mark.parametrize("kind", STRENGTHS)
@pytest.mark.parametrize("scatter", [0.3, 1.0])
def test_intervals_of_similarity_cover(n, kind, scatter):
    rng = np.random.default_rng(3)
    correlations = correlated(rng)
    for strength in (6.0, 30.0):
        many = strength * STRENGTHS[kind](rng, (1, 200_000))
        truth = (many.mean() ** 2 / (many**2).mean()) / (1 + scatter**2)
        strengths = strength * STRENGTHS[kind](rng, (1000, n))
        z, _ = networks(rng, n, strengths, scatter, correlations, samples=1000)
        noise = stats.Noise(correlations)
        # As `similarity_within` does, all samples at once.
        pseudo = np.array([_pseudo([one], [np.arange(n)], noise)[1] for one in z]).T
        found = stats.mean_tests(pseudo, resamples=1999)
        shown = np.isfinite(found.low)
        assert shown.mean() > 0.8
        covered = np.mean((found.low <= truth) & (truth <= found.high), where=shown)
        assert covered >= 0.93, covered


def test_what_is_not_clear_of_noise_is_undefined():
    noise = np.random.default_rng(4).normal(size=(40, 8, CLASSES))
    assert np.mean([np.isnan(stats.similarity_within(one).value) for one in noise]) > 0.95
    z = np.random.default_rng(5).normal(size=(8, CLASSES)) + 1.2
    # Ten classes that rise and fall together are as noisy as one of ten times the weight.
    assert np.isnan(stats.similarity_within(z).value)
    known = stats.Noise(np.eye(CLASSES))
    assert np.isfinite(stats.similarity_within(z, noise=known).value)
    for few in (z[:0], z[:1]):
        assert np.isnan(stats.similarity_within(few)[:3]).all()
    two = stats.similarity_within(10 + z[:2])
    assert np.isfinite(two.value)
    assert np.isnan(two.low)


def test_means_of_networks_are_clear_of_noise_at_a_weaker_signal():
    """Profiles that are means over 25 networks: a fifth of the length is enough."""
    noise = np.random.default_rng(7).normal(size=(8, 25, CLASSES)).mean(axis=1)
    z = noise + 1.0
    assert np.isnan(stats.similarity_within(z).value)
    found = stats.similarity_within(z, noise=stats.Noise(averaged=25))
    assert found.value == pytest.approx(1, abs=0.05)
    assert np.isnan(stats.similarity_within(noise, noise=stats.Noise(averaged=25)).value)


def test_moments_of_few_draws_add_noise_that_is_taken_off():
    """z by means and standard deviations of R draws of a null, each network's its own."""
    rng = np.random.default_rng(6)
    means, R, n = np.array([4.0, 3, 2, 0, -2, 6]), 30, 20_000
    draws = rng.normal(size=(n, 6, R))
    z = (means + rng.normal(size=(n, 6)) - draws.mean(axis=2)) / draws.std(axis=2, ddof=1)
    dot = (z.mean(axis=0) ** 2).sum()
    assert dot / stats.signal(z, stats.Noise(draws=R)).mean() == pytest.approx(1, abs=0.007)
    assert dot / stats.signal(z).mean() < 0.985
    averaged = means + rng.normal(size=(n, 5, 6)).mean(axis=1)
    found = stats.signal(averaged, stats.Noise(averaged=5)).mean()
    assert found == pytest.approx((means**2).sum(), rel=0.005)


@pytest.mark.parametrize(
    ("run", "n", "expected"),
    [("published", 30, (0.77, 0.76, 0.94)), ("mended", 8, (1.02, 0.90, 0.95))],
)
def test_the_committed_networks_have_the_similarities_that_were_checked(run, n, expected):
    """Order 3 at 15, 85 and 93 % pruned, by independent code (float32 tables)."""
    table = pd.read_parquet(RUNS / run / "motifs.parquet")
    table = table[(table["support"] == "all") & (table["order"] == 3)]
    found = []
    for density in (0.85, 0.15, 0.07):
        part = table[np.isclose(table["density"], density)]
        z = part.pivot_table(index="network", columns="motif", values="z", observed=True)
        found.append(stats.similarity_within(z.to_numpy(dtype=float)))
    assert [one.n for one in found] == [n] * 3
    np.testing.assert_allclose([one.value for one in found], expected, atol=0.006)


@pytest.mark.parametrize("draws", [0, 200])
def test_the_interval_of_two_networks_covers_what_noise_can_do(draws):
    rng = np.random.default_rng(1)
    correlations = correlated(rng)
    noise = stats.Noise(None if draws else correlations, draws)
    held, widths = 0, []
    for _ in range(400):
        z, signals = networks(rng, 2, 40.0, 0.8, correlations)
        if draws:
            z = z * (1 + rng.normal(size=z.shape) / np.sqrt(2 * draws))
        one, other = signals[0]
        right = one @ other / np.sqrt((one @ one) * (other @ other))
        found = stats.similarity_of_two(*z[0], noise=(noise, noise))
        held += found.low <= right <= found.high
        widths.append(found.high - found.low)
    assert held / 400 > 0.93
    assert draws or held / 400 < 0.98
    assert np.mean(widths) < (0.6 if draws else 0.2)
    faint = stats.similarity_of_two(z[0, 0] / 30, z[0, 1], noise=(noise, noise))
    assert np.isnan(faint.value)

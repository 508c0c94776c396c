"""Degrees of units against the masks themselves."""

import numpy as np
import pytest
import scipy.stats

from harness.report import collect, masks
from harness.report.sections import wiring

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def run(fake_run):
    return fake_run(conditions=TWO)


def test_degrees_are_those_of_the_masks(run):
    table = wiring.degrees(collect([run]), 0.07)
    mask = run.masks("c1", 8)["layers.1.weight"]
    for side, axis in (("into", 2), ("out of", 1)):
        chosen = table.query("condition == 'random' and leaf == 'layers.1.weight'")
        rows = chosen[chosen["side"] == side].set_index("degree")
        assert len(rows) <= wiring.MOST_DEGREES
        step = rows.index[10]
        shares = (mask.sum(axis=axis) >= step).mean(axis=1)
        assert rows.loc[step, "mean"] == pytest.approx(shares.mean())
        assert rows.loc[step, "upper"] == pytest.approx(np.quantile(shares, 0.75))
        edges = round(mask.sum(axis=(1, 2)).mean())
        expected = scipy.stats.hypergeom(160_000, 400, edges).sf(step - 1)
        assert rows.loc[step, "expected"] == pytest.approx(expected)
        assert rows.loc[0, "mean"] == 1
    # Units are alike in edges into them, and differ in edges out of them.
    apart = (table["mean"] - table["expected"]).abs().groupby(table["side"]).max()
    assert apart["out of"] > 0.2 > apart["into"]


@pytest.mark.parametrize(
    ("places", "size", "edges"), [(400, 160_000, 11_200), (7, 112, 100), (5, 20, 0), (4, 4, 4)]
)
def test_the_tail_is_that_of_the_hypergeometric_distribution(places, size, edges):
    steps = np.arange(0, places + 30, 1 + places // 40)  # units of other conditions have more
    found = wiring._hypergeometric_tail(steps, places, size, edges)
    expected = scipy.stats.hypergeom(size, places, edges).sf(steps - 1)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


def test_networks_left_out_are_left_out_of_degrees(run):
    run.edit("levels", lambda table: table[table["network"] != 3])
    data = collect([run])
    for condition, numbers, leaves in masks.masks(data, 0.07):
        assert condition in ("magnitude", "random")
        assert 3 not in numbers
        assert all(len(mask) == 7 for mask in leaves.values())
    assert set(wiring.degrees(data, 0.07)["n"]) == {7}

"""Higher orders: z and prediction against a plain regression, draws, and planted graphs."""

from itertools import pairwise

import numpy as np
import pytest
from harness_plugins.metrics import higher_orders

from harness import LayeredGraph, motifs


def test_scores_are_those_of_a_regression():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 9))
    lower = rng.normal(size=(60, 6))
    reference = np.hstack([lower, lower @ mixing + rng.normal(size=(60, 9))])
    graph = np.hstack([np.full((1, 6), 3.0), np.full((1, 6), 3.0) @ mixing + 2.0])
    z, given = higher_orders.scores(graph, reference)
    assert z == pytest.approx((graph - reference.mean(0)) / reference.std(0, ddof=1))
    assert np.isnan(given[:, :6]).all()
    design = np.hstack([np.ones((60, 1)), lower])
    at = np.hstack([[1.0], graph[0, :6]])
    for column in range(6, 15):
        weights, (left,), *_ = np.linalg.lstsq(design, reference[:, column], rcond=None)
        error = np.sqrt(left / 53 * (1 + at @ np.linalg.inv(design.T @ design) @ at))
        assert given[0, column] == pytest.approx((graph[0, column] - at @ weights) / error)


def test_counts_without_spread_are_undefined():
    reference = np.random.default_rng(1).normal(size=(30, 8))
    reference[:, 6] = 4.0
    reference[:, 7] = reference[:, 0] - 2 * reference[:, 1]
    z, given = higher_orders.scores(reference[:2] + 1, reference)
    assert np.isnan(z[:, 6]).all()
    assert np.isnan(given[:, 6:]).all()


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(2)
    sizes = (12, 14, 14, 14, 9)
    layers = [rng.random(shape) < 0.25 for shape in pairwise(sizes)]
    metric = higher_orders.HigherOrders(draws=60, target=4.0)
    return metric._measured(LayeredGraph(tuple(layers)), (0, 0, 0))


def test_draws_are_calibrated_and_plants_reach_their_target(rows):
    assert set(rows["graph"]) == {"network", "draw", *(f"planted {m}" for m in motifs.VARYING)}
    draws = rows[(rows["graph"] == "draw") & (rows["order"] == 4)]
    for score in ("z", "z_given"):
        values = draws[score].dropna()
        assert 0.7 < np.sqrt((values**2).mean()) < 1.5, score
    own = rows[rows["graph"] == "planted " + rows["motif"]]
    assert len(own) == 6
    assert own["z"].mean() == pytest.approx(4.0, abs=1.0)


def test_classes_that_degrees_determine_are_undefined(rows):
    free = rows[(rows["graph"] == "network") & (rows["order"] == 4)]["z"].notna().sum()
    assert free == 37


def test_the_other_nulls_are_those_of_the_package(rows):
    assert rows["z_layered"].notna().all()
    assert rows.loc[rows["order"] == 3, "z_lower"].isna().all()
    assert rows.loc[rows["order"] == 4, "z_lower"].notna().any()

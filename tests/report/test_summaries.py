"""Summaries that several topics share."""

import numpy as np
import pandas as pd
import pytest

from harness import stats
from harness.report import collect
from harness.tables import summaries

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def test_level_nearest_to_the_one_asked_for(data):
    assert summaries.nearest(data.densities, 0.07) == 0.07
    assert summaries.nearest((1.0, 0.5), 0.07) == 0.5
    assert set(summaries.at(data.levels, 0.071)["density"]) == {0.07}


def test_empty_spread_has_its_columns():
    empty = pd.DataFrame({"condition": [], "value": []})
    assert "median" in summaries.spread(empty, ["condition"], "value")
    assert stats.benjamini_hochberg(np.array([np.nan])).shape == (1,)

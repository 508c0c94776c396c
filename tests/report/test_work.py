"""Seconds and memory, summed up."""

import numpy as np
import pytest

from harness.report import collect
from harness.report.sections import work

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def test_costs_add_up(data):
    table = work.costs(data)
    seconds = ["compile", "train", "measure", "total"]
    assert list(table.columns) == ["condition", *seconds, "device MB", "host MB"]
    np.testing.assert_allclose(table["total"], 92.75)
    np.testing.assert_allclose(table["host MB"], [300, 600])


def test_costs_of_runs_without_memory(fake_run):
    run = fake_run()
    run._tables["memory"] = []
    table = work.costs(collect([run]))
    assert "total" in table
    assert not [name for name in table if name.endswith("MB")]

"""The table of networks."""

import pytest

from harness.report import collect
from harness.report.sections import networks

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def test_networks_have_one_row_each(data):
    table = networks.networks(data, 0.07)
    assert len(table) == 16
    assert {"validation_loss", "test_loss", "effective_density", "bifan"} <= set(table)

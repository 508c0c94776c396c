"""Losses by density against the same figures computed in another way."""

import numpy as np
import pytest

from harness.report import collect
from harness.report.sections import losses
from harness.tables import summaries

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def test_loss_quartiles(data):
    table = losses.loss_by_density(data)
    row = table[
        (table["condition"] == "random")
        & (table["density"] == 0.07)
        & (table["split"] == "validation")
    ].iloc[0]
    each = summaries.losses(data)
    values = each[(each["condition"] == "random") & (each["density"] == 0.07)]["value"]
    assert row["n"] == 8
    np.testing.assert_allclose(
        row[["lower", "median", "upper"]].astype(float), np.quantile(values, [0.25, 0.5, 0.75])
    )


def test_losses_fall_back_on_those_seen_in_training(fake_run):
    run = fake_run()
    run._tables["performance"] = []
    table = losses.loss_by_density(collect([run]))
    assert set(table["split"]) == {"validation"}
    assert len(table) == 12

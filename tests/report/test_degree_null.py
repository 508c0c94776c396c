"""What degrees explain in the report: both nulls side by side, by level and network."""

import numpy as np
import pandas as pd
import pytest

from harness.report import Report, collect, excerpt
from harness.report.sections import sections_of


class Sampled:
    """A run that was measured under `degree`, too."""

    def __init__(self, run, table):
        self._run, self._table = run, table

    def __getattr__(self, name):
        return getattr(self._run, name)

    def measurements(self):
        own = self._run.measurements()
        return pd.concat([own, own.assign(metric="sampled")], ignore_index=True)

    def table(self, name):
        return self._table if name == "sampled" else self._run.table(name)


@pytest.fixture
def run(fake_run):
    return fake_run(networks=4, densities=(1.0, 0.1, 0.1))


def under_degree(run):
    """As the metric has it: by base layer and summed; stars, and level 0, have no z."""
    table = run.table("motifs")
    table = table[(table["support"] == "all") & (table["level"] != 1)].copy()
    table = table.assign(null="degree", convention="copies", bias=False, metric="sampled")
    table["mixed"] = table["network"] > 0
    table["z"] = table["network"] + 10.0 * table["level"]
    table.loc[table["motif"].isin(["diverge2", "chain2"]) | (table["level"] == 0), "z"] = np.nan
    return table


def anchors(run):
    return {section.anchor for section in sections_of(Report(collect([run])))}


def test_both_nulls_side_by_side(run):
    table = under_degree(run)
    (section,) = excerpt([Sampled(run, table)], "degree-null")
    (part,) = section.parts
    frame = part.frame
    assert set(frame["level"]) == {0, 2}, "the second of two levels of one density"
    assert "level" in [column.key for column in part.columns]
    assert (frame["n"] == 4).all()
    assert (frame["mixed"] == 3).all()
    own = run.table("motifs")
    own = own[(own["support"] == "all") & (own["base_layer"] == -1)]
    for _, row in frame.iterrows():
        same = own[(own["motif"] == row["motif"]) & (own["level"] == row["level"])]
        expected = same["z"].mean()
        assert row["z_layered"] == pytest.approx(expected, nan_ok=True)
        constant = row["level"] == 0 or row["motif"] in ("diverge2", "chain2")
        assert np.isnan(row["z_degree"]) == constant
        if not constant:
            assert row["z_degree"] == pytest.approx(21.5)


def test_other_draws_are_left_to_the_other_metrics(run):
    table = under_degree(run)
    other = table.assign(null="published", z=3.0)
    both = Sampled(run, pd.concat([table, other]))
    (section,) = excerpt([both], "metric-sampled")
    assert set(section.parts[0].frame["null"]) == {"published"}
    assert "metric-sampled" not in anchors(Sampled(run, table))
    (section,) = excerpt([both], "degree-null")
    assert not (section.parts[0].frame["z_degree"] == 3).any()


def test_a_run_without_it_has_no_such_section(fake_run):
    assert "degree-null" not in anchors(fake_run())


def test_draws_of_an_old_run_are_not_called_mixed(run):
    (section,) = excerpt([Sampled(run, under_degree(run).drop(columns="mixed"))], "degree-null")
    assert (section.parts[0].frame["mixed"] == 0).all()

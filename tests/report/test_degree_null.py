"""What degrees explain in the report: both nulls side by side, by level and network."""

import numpy as np
import pandas as pd
import pytest
from harness_plugins.metrics import _motifs_chance
from harness_plugins.metrics._motifs_example import example_of
from harness_plugins.metrics._motifs_nulls import NULLS

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


@pytest.mark.slow
def test_other_draws_are_left_to_the_other_metrics(run):
    table = under_degree(run)
    other = table.assign(null="published", z=3.0)
    both = Sampled(run, pd.concat([table, other]))
    (section,) = excerpt([both], "metric-sampled")
    assert set(section.parts[0].frame["null"]) == {"published"}
    assert "metric-sampled" not in anchors(Sampled(run, table))
    (section,) = excerpt([both], "degree-null")
    assert not (section.parts[0].frame["z_degree"] == 3).any()


@pytest.mark.slow
def test_a_run_without_it_has_no_such_section(fake_run):
    assert "degree-null" not in anchors(fake_run())


def test_draws_of_an_old_run_are_not_called_mixed(run):
    (section,) = excerpt([Sampled(run, under_degree(run).drop(columns="mixed"))], "degree-null")
    assert (section.parts[0].frame["mixed"] == 0).all()


def test_the_count_stands_as_many_sd_from_each_curve_as_z_says(run):
    drawn = under_degree(run).assign(draws=100)
    drawn["count"] = drawn["expected"] + drawn["z"].fillna(0) * drawn["sd"]
    report = Report(collect([Sampled(run, drawn)]))
    one = example_of(report)
    table = _motifs_chance.against_chance(one)
    curves = _motifs_chance.curves(table)
    assert table["motif"].nunique() == _motifs_chance.MOST_CLASSES
    assert set(table["null"]) == set(NULLS.values())
    assert not set(table["motif"]) & {"diverge2", "chain2"}, "degrees fix their counts"
    for _, row in table.iterrows():
        curve = curves[(curves["motif"] == row["motif"]) & (curves["null"] == row["null"])]
        peak = curve.loc[curve["height"].idxmax(), "place"]
        sd = (curve["place"].max() - peak) / 4
        assert (row["count"] - peak) / sd == pytest.approx(row["z"])
        inside = curve["place"].min() <= row["count"] <= curve["place"].max()
        assert inside == (abs(row["z"]) <= 4)
        height = np.interp(peak + sd, curve["place"], curve["height"])
        assert height == pytest.approx(np.exp(-0.5), abs=0.01)
    assert table["z"].abs().max() > 4 > table["z"].abs().min()
    (figure,) = _motifs_chance.figures(report)
    assert "exact; under `degree`, of 100 draws" in figure.caption


def test_without_draws_the_exact_null_stands_alone(run):
    report = Report(collect([run]))
    table = _motifs_chance.against_chance(example_of(report))
    assert set(table["null"]) == {"layer densities"}
    assert (table["z"].abs().diff().dropna() <= 0).all(), "the strongest first"
    (figure,) = _motifs_chance.figures(report)
    assert "degree" not in figure.caption

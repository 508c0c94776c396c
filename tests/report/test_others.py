"""Metrics of others in the report: every number summed up, whatever the metric."""

import numpy as np
import pandas as pd
import pytest

from harness.report import excerpt


class Measuring:
    """A run with the table of someone's metric beside its own."""

    def __init__(self, run, table, label="travelled[power=2]"):
        self._run, self._table, self._label = run, table, label

    def __getattr__(self, name):
        return getattr(self._run, name)

    def measurements(self):
        own = self._run.measurements()
        return pd.concat([own, own.assign(metric=self._label)], ignore_index=True)

    def table(self, name):
        return self._table if name == "travelled" else self._run.table(name)


def test_the_table_of_a_metric_of_ones_own_is_summed_up(fake_run):
    run = fake_run(networks=4)
    levels = run.table("levels")[["trial", "level", "density", "network"]]
    table = pd.concat(
        [levels.assign(layer=layer, way=levels["network"].astype(float)) for layer in "ab"]
    )
    table.loc[table["network"] == 3, "way"] = np.inf
    (section,) = excerpt(
        [Measuring(run, table.assign(metric="travelled[power=2]"))], "metric-travelled"
    )
    part = section.parts[-1]
    assert part.name == "metric_travelled"
    assert set(part.frame["layer"]) == {"a", "b"}
    assert len(part.frame) == 2 * levels["density"].nunique()
    assert np.allclose(part.frame["way"], 1.0)
    assert np.allclose(part.frame["way sd"], 1.0)
    assert (part.frame["n"] == 4).all()
    assert 'run.table("travelled")' in part.caption


def test_without_one_there_is_no_such_section(fake_run):
    with pytest.raises(ValueError, match=r"no section .'metric-travelled'"):
        excerpt([fake_run()], "metric-travelled")


def test_kept_tables_may_lack_the_label_of_their_metric(fake_run):
    run = fake_run(networks=4)
    table = run.table("levels")[["trial", "level", "density", "network"]].assign(way=1.0)
    (section,) = excerpt([Measuring(run, table)], "metric-travelled")
    assert section.parts[-1].frame["way"].eq(1).all()

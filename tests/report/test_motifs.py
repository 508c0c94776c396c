"""Motifs at a level and by density against the same figures computed in another way."""

import numpy as np
import pytest
import scipy.stats
from harness_plugins.metrics import _motifs_sections as motifs
from harness_plugins.metrics._motifs_tables import trained

from harness import stats
from harness.report import collect

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def data(fake_run):
    return collect([fake_run(conditions=TWO)])


def test_significance_is_over_networks_with_its_family_of_tests(data):
    table = motifs.significance(data, 0.07)
    assert len(table) == 2 * 2 * 13
    z = trained(data)[
        (trained(data)["condition"] == "magnitude")
        & (trained(data)["support"] == "live")
        & (trained(data)["base_layer"] == -1)
        & (trained(data)["density"] == 0.07)
    ]
    family = table[(table["condition"] == "magnitude") & (table["support"] == "live")]
    p = [
        stats.mean_test(z.loc[z["motif"] == motif, "z"].to_numpy(dtype=float)).p
        for motif in family["motif"]
    ]
    np.testing.assert_allclose(family["q"], scipy.stats.false_discovery_control(p))
    assert (family.loc[family["verdict"] == "over", "z"] > 0).all()
    assert (family.loc[family["verdict"] == "under", "z"] < 0).all()
    assert (family["n"] == 8).all()
    assert (family["attainable"] == 2 / 2**8).all()
    told = family[family["verdict"].isin(["over", "under"])]
    assert ((told["z_low"] > 0) | (told["z_high"] < 0)).all(), "one procedure: no contradiction"


def test_five_networks_are_too_few_for_a_verdict(fake_run):
    table = motifs.significance(collect([fake_run(networks=5)]), 0.07)
    assert set(table["verdict"]) == {motifs.UNDECIDED}
    assert set(table["attainable"]) == {0.0625}


def test_undefined_z_stays_undefined(data):
    table = motifs.motif_by_density(data)
    assert (table["density"] < 1).all()
    dense = motifs.significance(data, 1.0)
    assert dense["z"].isna().all()
    assert (dense["verdict"] == "undecided").all()

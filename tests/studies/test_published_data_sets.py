"""The second part of the study `published`, on tables made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _published_counting as counting
from harness_plugins.studies import _published_data_sets as data_sets
from harness_plugins.studies import _published_profiles as profiles
from harness_plugins.studies import _published_tables as tables
from scipy import stats

from harness import UserError

DENSITY = 0.07
SEEDS, NETWORKS = (1, 2, 3), 2


class Made:
    """A run that is its tables."""

    path, notes = Path("made"), {}

    def __init__(self, **made):
        self._made = made
        self.experiment, self.provenance = {"seed": 0}, {}

    def trials(self):
        return pd.DataFrame({"trial": [f"t{seed}" for seed in SEEDS], "version": 4})

    measurements = trials

    def masks(self, trial, level):
        raise UserError("no masks")

    def table(self, name):
        return self._made[name]

    def tables(self):
        return list(self._made)


def networks(seeds=SEEDS, number=NETWORKS):
    rows = [(seed, network) for seed in seeds for network in range(number)]
    found = pd.DataFrame(rows, columns=["data_seed", "network"])
    return found.assign(trial="t" + found["data_seed"].astype(str), density=DENSITY, level=0)


def levels(**changed):
    own = {"train_loss": 1e-4, "validation_loss": 1e-4, "constant_loss": 1e-2, "diverged": False}
    return networks().assign(**{**own, **changed})


def motifs(z, ratios=1.0, **where):
    """Two classes of every network; `z` by network."""
    parts = [
        networks().assign(motif=motif, z=z, log2_ratio=ratios, base_layer=-1, bias=False, order=2)
        for motif in ("diverge2", "bifan")
    ]
    return pd.concat(parts, ignore_index=True).assign(support="all", null="layered", **where)


def run(z, degree=2.0, ratios=1.0, **changed):
    sampled = motifs(degree).assign(**profiles.DEGREE)
    return Made(levels=levels(**changed), motifs=motifs(z, ratios), sampled=sampled)


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["equivalent"] * 20 + ["open"] * 4, "holds"),
        (["equivalent"] * 19 + ["open"] * 5, "is open"),
        (["equivalent"] * 22 + ["different"] * 2, "is open"),
        (["equivalent"] * 21 + ["different"] * 3, "does not hold"),
    ],
)
def test_the_rule_is_that_of_the_design(verdicts, said):
    assert data_sets.verdict(pd.DataFrame({"verdict": verdicts})) == said


def test_variance_between_data_sets_is_that_of_a_one_way_analysis(monkeypatch):
    """In a balanced design the share is (F - 1) / (F - 1 + networks of a data set)."""
    rng = np.random.default_rng(0)
    each = 5
    z = {seed: rng.normal(3 * seed, 1, each) for seed in SEEDS}
    made = networks(number=each).assign(
        motif="diverge2", z=np.concatenate(list(z.values())), base_layer=-1, **counting.PUBLISHED
    )
    passed = networks(number=each).assign(train_loss=1e-4)
    (found,) = data_sets.between({"one": Made(levels=passed, sampled=made)}, 93).itertuples()
    ratio = stats.f_oneway(*z.values()).statistic
    assert found.share == pytest.approx((ratio - 1) / (ratio - 1 + each))
    assert (found.data_sets, found.n) == (3, 15)
    assert found.sd_within**2 == pytest.approx(np.mean([one.var(ddof=1) for one in z.values()]))


def test_networks_of_one_number_and_two_data_sets_are_two():
    own = levels(train_loss=[1e-4, 1.0, 1e-4, 1e-4, 1.0, 1e-4])
    last = tables.sparse_levels(Made(levels=own))
    assert list(last.index) == [(1, 0), (2, 0), (2, 1), (3, 1)]
    kept = tables.selected(tables.with_percent(networks()), Made(levels=own))
    assert list(zip(kept["data_seed"], kept["network"], strict=True)) == list(last.index)


def test_starts_are_compared_in_pairs_of_networks():
    noise = np.array([1.0, 1.1, 0.9, 1.2, 0.8, 1.0])
    table = data_sets.of_starts(data_sets.starts(run(32 * noise), run(8 * noise**0.5), 93))
    first = table.set_index("outcome").loc["strength"]
    logs = np.log2(32 * noise) - np.log2(8 * noise**0.5)
    assert first["value"] == pytest.approx(logs.mean())
    assert (first["n"], first["verdict"]) == (6, "beyond the margin")
    assert list(table["family"]) == ["primary", "secondary", "secondary"]


def test_a_diverged_network_leaves_with_its_pair():
    gone = run(3.0, diverged=[True, *[False] * 5])
    found = data_sets.starts(gone, run(2.0), 93)
    assert len(found) == 10
    assert "1/0" not in set(found["data_seed"])


def test_classes_have_their_own_differences():
    ratios = np.linspace(1.0, 2.0, 6)
    found = data_sets.classes(run(1.0, ratios=ratios), run(1.0, ratios=0.5), 93)
    assert list(found["motif"]) == ["diverge2", "bifan"]
    assert found["value"].tolist() == pytest.approx([1.0, 1.0])
    assert found["glorot"].tolist() == pytest.approx([1.5, 1.5])

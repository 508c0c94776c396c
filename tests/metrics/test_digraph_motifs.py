"""The metric `digraph-motifs`: calibrated on recurrent and skipping graphs, skipped on layers."""

import numpy as np
import pytest
from harness_plugins.architectures.residual import ResidualPerceptron
from harness_plugins.architectures.rnn import Vanilla

import harness


@pytest.mark.parametrize(
    ("architecture", "inputs", "view"),
    [
        (Vanilla(width=6), (3, 2), "recurrent"),
        (Vanilla(width=4), (3, 2), "unrolled"),
        (ResidualPerceptron(width=4, blocks=2), (3,), ""),
    ],
    ids=["recurrent", "unrolled", "residual"],
)
def test_random_masks_have_z_of_mean_0_and_variance_1(
    registry, random_trajectory, architecture, inputs, view
):
    metric = registry.find("metric", "digraph-motifs").factory(view=view, draws=200)
    table = metric.measure(random_trajectory(architecture, inputs))
    assert set(table["null"]) == {"masks"}
    assert table["calibrated"].all()
    common = table[table.groupby("motif")["sd"].transform("min") > 0.8]
    assert common["motif"].nunique() >= 3
    for motif, z in common.groupby("motif")["z"]:
        assert abs(z.mean()) < 4 / np.sqrt(len(z)), motif
        assert 0.4 < z.var() < 2.4, motif


def test_the_null_of_degrees_says_that_it_knows_no_places(registry, random_trajectory):
    metric = registry.find("metric", "digraph-motifs").factory(null="degree", draws=5)
    short = random_trajectory(Vanilla(width=6), (3, 2))
    table = metric.measure(short)
    assert not table["calibrated"].any()
    assert set(table["uncalibrated"]) == {"some places can hold no edge"}
    assert table["p"].isna().all()


def test_what_has_layers_is_skipped_with_the_reason(tmp_path):
    run = harness.run(
        "digits", "random", architecture=["mlp[sizes=[4]]", "rnn[width=4]"], networks=2,
        schedule="oneshot[density=0.4, steps=20]", metric=["digraph-motifs[draws=4]", "motifs"],
        out=tmp_path / "run",
    )  # fmt: skip
    trials = run.trials().set_index("trial")["architecture"]
    measured = run.measurements()
    measured["architecture"] = measured["trial"].map(trials)
    by = measured.set_index(["architecture", "metric"])
    skipped = by.loc[("mlp[sizes=[4]]", "digraph-motifs[draws=4]")]
    assert skipped["status"] == "skipped"
    assert "needs a graph without layers" in skipped["reason"]
    assert by.loc[("rnn[width=4]", "motifs"), "status"] == "skipped"
    assert by.loc[("rnn[width=4]", "digraph-motifs[draws=4]"), "status"] == "done"

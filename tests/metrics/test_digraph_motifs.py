"""The metric `digraph-motifs`: calibrated on recurrent and skipping graphs, skipped on layers."""

import numpy as np
import pytest
from harness_plugins.architectures.residual import ResidualPerceptron
from harness_plugins.architectures.rnn import Vanilla

import harness
from harness.plugin.model import Model
from harness.plugin.parameters import Selection
from harness.testing import TinyDigraph, TinyTask

RECURRENT = (Vanilla(width=6), (3, 2), "recurrent")
UNROLLED = (Vanilla(width=4), (3, 2), "unrolled")
RESIDUAL = (ResidualPerceptron(width=4, blocks=2), (3,), "")


def calibrated(table, least=3):
    assert table["calibrated"].all()
    common = table[table.groupby("motif")["sd"].transform("min") > 0.8]
    assert common["motif"].nunique() >= least
    for motif, z in common.groupby("motif")["z"]:
        print(motif, len(z), round(z.mean(), 3), round(z.var(), 3))
        assert abs(z.mean()) < 4 / np.sqrt(len(z)), motif
        assert 0.4 < z.var() < 2.4, motif


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "inputs", "view"),
    [RECURRENT, UNROLLED, RESIDUAL],
    ids=["recurrent", "unrolled", "residual"],
)
def test_random_masks_have_z_of_mean_0_and_variance_1(
    registry, random_trajectory, architecture, inputs, view
):
    metric = registry.find("metric", "digraph-motifs").factory(view=view, draws=200)
    table = metric.measure(random_trajectory(architecture, inputs))
    assert set(table["null"]) == {"masks"}
    calibrated(table)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("null", "architecture", "inputs"),
    [
        ("degree", Vanilla(width=10), (3, 4)),
        ("degree-mutual", Vanilla(width=10), (3, 4)),
        ("masks-degree", Vanilla(width=8), (3, 4)),
        ("masks-degree", ResidualPerceptron(width=8, blocks=2), (6,)),
    ],
    ids=["degree", "mutual", "masks-degree", "masks-degree of residual"],
)
def test_so_they_have_under_nulls_that_keep_degrees(
    registry, random_trajectory, null, architecture, inputs
):
    metric = registry.make("metric", Selection("digraph-motifs", {"null": null, "draws": 60}))
    table = metric.measure(random_trajectory(architecture, inputs))
    assert set(table["null"]) == {null}
    calibrated(table)
    assert (table["p"] <= 0.1).mean() < 0.2


@pytest.mark.slow
def test_masks_degree_keeps_the_sums_of_every_weight_array(random_trajectory):
    trajectory = random_trajectory(*RECURRENT[:2])
    network, drawn = trajectory.graph(0), trajectory.masks_degree_null(0).draw(3, 20, (1,))
    parts = {"into": np.s_[:2, 2:8], "within": np.s_[2:8, 2:8], "out": np.s_[2:8, 8:]}
    for name, (sources, targets) in parts.items():
        own = network.adjacency[3][sources, targets]
        other = drawn.adjacency[:, sources, targets]
        for axis in (-1, -2):
            np.testing.assert_array_equal(*np.broadcast_arrays(other.sum(axis), own.sum(axis)))
        assert name == "into" or (other != own).any()
    assert not (drawn.adjacency & ~(network.places.numbers[0] >= 0)).any()


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "inputs", "view"), [UNROLLED, RESIDUAL])
def test_switched_graphs_say_where_edges_share_weights(
    registry, random_trajectory, architecture, inputs, view
):
    asked = {"null": "degree", "view": view, "draws": 5}
    metric = registry.make("metric", Selection("digraph-motifs", asked))
    table = metric.measure(random_trajectory(architecture, inputs))
    assert not table["calibrated"].any()
    assert set(table["uncalibrated"]) == {"edges share weights"}
    assert table["p"].isna().all()


@pytest.mark.slow
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


def test_what_needs_igraph_is_skipped_with_that_reason_where_it_is_missing(registry, monkeypatch):
    model = Model(TinyTask(), TinyDigraph())
    tetrads = registry.find("metric", "digraph-motifs").factory(orders=(2, 3))
    topology = registry.find("metric", "topology").factory()
    triads = registry.find("metric", "digraph-motifs").factory()
    assert tetrads.reason_not_to_measure(model) is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for metric in (tetrads, topology):
        assert "need igraph: pip install 'motif-harness[igraph]'" in metric.reason_not_to_measure(
            model
        )
    assert triads.reason_not_to_measure(model) is None

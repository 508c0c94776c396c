"""The metric `participation`: Gini by its definition, and no excess in random masks."""

import numpy as np
import pytest
from harness_plugins.architectures.cnn import Convolutional
from harness_plugins.architectures.mlp import Perceptron
from harness_plugins.metrics.participation import unequal

from harness import layered, motifs


@pytest.mark.parametrize("seed", range(4))
def test_gini_is_half_the_mean_difference_over_the_mean(seed):
    copies = np.random.default_rng(seed).integers(0, 9, 25)
    gini, top = unequal(copies, 0.2)
    differences = np.abs(np.subtract.outer(copies, copies)).mean()
    assert gini == pytest.approx(differences / 2 / copies.mean())
    assert top == pytest.approx(sum(sorted(copies)[-5:]) / sum(copies))


def test_ends_of_the_scale():
    assert unequal(np.full(4, 7), 0.25).tolist() == [0.0, 0.25]
    assert unequal(np.array([0, 0, 0, 5]), 0.25).tolist() == [0.75, 1.0]
    assert np.isnan(unequal(np.zeros(4, int), 0.25)).all()
    assert np.isnan(unequal(np.zeros(0, int), 0.25)).all()


def test_a_planted_hub_has_many_times_its_share(registry):
    wires = [np.eye(8, 12, dtype=bool), np.eye(12, 8, dtype=bool)]
    wires[0][:, 0] = True
    metric = registry.find("metric", "participation").factory(orders=(2,))
    network = layered([layer.T for layer in wires])
    figures = metric._figures(network)
    copies = motifs.participation(network, (2,))["converge2"]
    assert [layer[:1].tolist() for layer in copies.nodes] == [[7], [28], [0]]
    gini, top, ratio = figures[2, "converge2", "nodes"]
    assert ratio == pytest.approx(28 / copies.expected_by_node[1])
    assert ratio > 10
    assert top == 0.5  # the hub and two more of 28 nodes
    assert 0.5 < gini < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "inputs", "view"),
    [(Perceptron(sizes=(8, 7)), (6,), ""), (Convolutional(channels=(2,)), (6, 6, 1), "units")],
    ids=["mlp", "cnn"],
)
def test_random_masks_have_no_excess(registry, random_trajectory, architecture, inputs, view):
    metric = registry.find("metric", "participation").factory(orders=(2,), view=view)
    table = metric.measure(random_trajectory(architecture, inputs))
    for _, excess in table.groupby(["motif", "part"])["gini_excess"]:
        assert abs(excess.mean()) < 4 * excess.sem()
    assert table["largest_ratio"].isna().all() == (view == "units")

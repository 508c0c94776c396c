"""The null `masks`, which redraws masks: `layered` on an MLP, calibrated on every view."""

import numpy as np
import pytest
from harness_plugins.architectures.cnn import Convolutional
from harness_plugins.architectures.mlp import Perceptron

from harness import UserError
from harness.motifs import moments
from harness.plugin.parameters import Selection
from harness.sparse.graph import edge_counts, node_counts

MLP = (Perceptron(sizes=(9, 8)), (6,))
CNN = (Convolutional(channels=(3, 4), kernel=2, pool=1), (2, 4, 4))


def measured(registry, of, **parameters):
    asked = {"null": "masks", "draws": 300, "densities": (), **parameters}
    metric = registry.make("metric", Selection("sampled", asked))
    table = metric.measure(of)
    assert table["calibrated"].all()
    return table[table["base_layer"] == -1]


@pytest.mark.slow
def test_on_a_perceptron_it_is_the_null_layered(registry, random_trajectory):
    trajectory = random_trajectory(*MLP)
    table = measured(registry, trajectory, networks=3).query("network == 0")
    graph = trajectory.graph(0)
    exact = moments(np.array([node_counts(graph)]), edge_counts(graph)[:1])
    for row in table.to_dict("records"):
        mean, sd = (float(figure[0]) for figure in (exact[row["motif"]].total_mean,
                                                    exact[row["motif"]].total_sd))  # fmt: skip
        assert abs(row["expected"] - mean) < 5 * sd / np.sqrt(300) + 1e-9, row["motif"]
        assert abs(row["sd"] - sd) < 0.25 * sd + 1e-9, row["motif"]


@pytest.mark.slow
@pytest.mark.parametrize("view", ["channels", "units"])
def test_random_masks_have_z_of_mean_0_and_variance_1(registry, random_trajectory, view):
    table = measured(registry, random_trajectory(*CNN), view=view).dropna(subset="z")
    assert table["motif"].nunique() >= 5
    for motif, z in table.groupby("motif")["z"]:
        assert abs(z.mean()) < 4 / np.sqrt(len(z)), motif
        assert 0.4 < z.var() < 2.2, motif
    low = (table["p"] <= 0.1).mean()
    assert low < 0.2


@pytest.mark.slow
def test_an_unknown_view_is_named(registry, random_trajectory):
    trajectory = random_trajectory(*CNN)
    with pytest.raises(UserError, match=r"no view 'edges'. It has channels, units"):
        measured(registry, trajectory, view="edges")


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3, 8])
def test_there_are_as_many_draws_as_asked_for_each_another(random_trajectory, number):
    trajectory = random_trajectory(*MLP)
    drawn = trajectory.masks_null(0).draw(0, number, (2,)).adjacency
    assert [len(layer) for layer in drawn] == [number] * 3
    assert len({layer.tobytes() for layer in drawn[0]}) == number
    for layer, own in zip(drawn, trajectory.graph(0).adjacency, strict=True):
        assert (layer.sum((1, 2)) == own[0].sum()).all()

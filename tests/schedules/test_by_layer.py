"""Layers with densities of their own, level by level and in a run."""

import numpy as np
import pytest
from harness_plugins.schedules.by_layer import ByLayer
from harness_plugins.schedules.geometric import Geometric

import harness


def test_each_layer_reaches_its_own_density_in_as_many_steps():
    of = Geometric(density=0.04, share=0.8, steps=40)
    levels = ByLayer(of, {"@last": 1.0, "layers.1.weight": 0.25}).levels()
    assert [level.density for level in levels] == [1.0, 0.2, 0.04]
    assert [level.by_leaf["@last"] for level in levels] == [1, 1, 1]
    middle = [level.by_leaf["layers.1.weight"] for level in levels]
    assert middle == pytest.approx([1, 0.5, 0.25])


@pytest.mark.slow
def test_a_network_gets_exactly_the_connections_asked_for(tmp_path):
    run = harness.run(
        "digits", "magnitude", architecture="mlp[sizes=[16,12]]", networks=1, metric="performance",
        schedule='by-layer[of="oneshot[density=0.1,steps=20]",'
        'densities={"@first": 0.5, "layers.1.weight": 0.5052083}]',
        out=tmp_path / "run",
    )  # fmt: skip
    (trial,) = run.trials()["trial"]
    kept = [int(np.asarray(run.masks(trial, 1)[f"layers.{at}.weight"]).sum()) for at in range(3)]
    assert kept == [512, 97, 12]

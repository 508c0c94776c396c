"""The multilayer perceptron: what of it is prunable, its graph, its outputs."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.architectures.mlp import Perceptron
from harness_plugins.tasks.moth import Moth

from harness import Model, UserError
from harness.plugin import parameters
from harness.sparse.graph import edge_counts, node_counts


def model(**facts):
    return Model(Moth(), Perceptron(sizes=(12, 5), **facts))


@pytest.mark.parametrize("biases", [False, True])
def test_prunable_and_graph(biases):
    moth = model(prune_biases=biases)
    network = moth.network(key=jax.random.key(0))
    masks = moth.prunable(network)
    assert len(masks) == (6 if biases else 3)
    masks["layers.0.weight"] = masks["layers.0.weight"].at[3, 1].set(False)
    graph = moth.graph(network, masks)
    assert node_counts(graph) == (10, 12, 5, 7)
    assert edge_counts(graph).tolist() == [119, 60, 35]
    assert not graph.adjacency[0][1, 3]
    assert (graph.bias is not None) == biases


def test_linear_network_and_activations():
    moth = model()
    network = moth.network(key=jax.random.key(0))
    inputs = jax.random.normal(jax.random.key(1), (4, 10))
    product = inputs
    for layer in network.layers:
        product = product @ layer.weight.T
    np.testing.assert_allclose(
        moth.forward(moth.linearised(network), inputs), product, rtol=1e-5, atol=1e-6
    )
    entering = moth.activations(network, inputs)
    assert [array.shape for array in entering.values()] == [(4, 10), (4, 12), (4, 5)]
    np.testing.assert_allclose(
        entering["layers.2.weight"] @ network.layers[2].weight.T,
        moth.forward(network, inputs),
        rtol=1e-5,
        atol=1e-6,
    )


def test_parameters_are_checked():
    given = {"sizes": [3, 4], "activation": "relu"}
    built = parameters.build(Perceptron, given, kind="architecture")
    assert built == Perceptron(sizes=(3, 4), activation="relu")
    for wrong in ({"sizes": [0]}, {"activation": "step"}, {"initial_scale": 0}):
        with pytest.raises(UserError):
            parameters.build(Perceptron, wrong, kind="architecture")


@pytest.mark.parametrize("rows", [512, 513, 1024, 1300])
def test_many_rows_are_taken_a_part_at_a_time_with_the_same_outputs(rows):
    network = model().network(key=jax.random.key(0))
    inputs = np.random.default_rng(0).normal(size=(rows, 10)).astype(np.float32)
    signals = inputs.astype(np.float64)
    for place, layer in enumerate(network.layers):
        signals = np.tanh(signals) if place else signals
        signals = signals @ np.asarray(layer.weight, np.float64).T + np.asarray(layer.bias)
    np.testing.assert_allclose(model().forward(network, jnp.asarray(inputs)), signals, atol=1e-5)


def test_one_row_is_a_batch_of_one():
    network = model().network(key=jax.random.key(0))
    row = jax.random.normal(jax.random.key(1), (10,))
    np.testing.assert_allclose(network(row), model().forward(network, row[None])[0])


def test_by_default_weights_are_normal_to_the_last_bit():
    key = jax.random.key(3)
    network = model(initial_scale=0.3).network(key=key)
    for layer, own in zip(network.layers, jax.random.split(key, 3), strict=True):
        drawn = 0.3 * jax.random.normal(own, layer.weight.shape, jnp.float32)
        np.testing.assert_array_equal(layer.weight, drawn)
        assert not layer.bias.any()


@pytest.mark.parametrize("initial", ["glorot", "he", "orthogonal"])
def test_initial_weights_are_of_the_scale_asked_for(initial):
    moth = Model(Moth(), Perceptron(sizes=(300, 200), initial=initial))
    network = moth.network(key=jax.random.key(0))
    weight = np.asarray(network.layers[1].weight)
    if initial == "orthogonal":
        np.testing.assert_allclose(weight @ weight.T, np.eye(200), atol=1e-4)
    else:
        expected = np.sqrt(2 / (500 if initial == "glorot" else 300))
        assert weight.std() == pytest.approx(expected, rel=0.02)
    assert not any(layer.bias.any() for layer in network.layers)


_TWO_ORTHOGONAL_LAYERS = """
import jax
from harness.machine import devices
from harness.networks.initial import drawn

devices.use_cores()

def layers(key):
    keys = jax.random.split(key)
    return [drawn("orthogonal", (32, 32), scale=1.0, key=one) for one in keys]

for number in (16, 64):
    keys = jax.random.split(jax.random.key(0), number)
    for some in (keys, devices.spread(keys, number)):
        for _ in range(10):
            jax.block_until_ready(jax.jit(jax.vmap(layers))(some))
one = jax.nn.initializers.orthogonal(column_axis=0)(jax.random.split(keys[5])[0], (32, 32))
assert (jax.vmap(layers)(keys)[0][5] == one).all()
"""


@pytest.mark.slow
def test_many_networks_with_several_orthogonal_layers_do_not_wait_for_ever():
    """Nor do they get other weights than one by one."""
    subprocess.run([sys.executable, "-c", _TWO_ORTHOGONAL_LAYERS], timeout=120, check=True)

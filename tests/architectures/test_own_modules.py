"""Modules that someone brings get leaves, order and graphs by themselves."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Shape, layered
from harness.plugin import loading
from harness.testing import check_plugin

FILE = Path(__file__).parents[1] / "plugins" / "own_modules.py"
REGISTRY = loading.load([FILE])
KEY = jax.random.key(0)


def made(name, inputs, **parameters):
    """An architecture of the file, a network, and masks with half of its weights."""
    architecture = REGISTRY.find("architecture", name).factory(**parameters)
    network = architecture.network(Shape(inputs, 3), key=KEY)
    masks = {
        name: jax.random.bernoulli(jax.random.fold_in(KEY, number), 0.5, entries.shape)
        for number, (name, entries) in enumerate(architecture.prunable(network).items())
    }
    return architecture, network, masks


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own-mlp", "grouped"])
def test_it_keeps_the_contract(name):
    found = check_plugin(REGISTRY.find("architecture", name))
    assert not [f"{one.rule}: {one.advice}" for one in found if not one.passed]


@pytest.mark.slow
def test_a_perceptron_is_wired_as_its_masks_say():
    architecture, network, masks = made("own-mlp", (5,))
    assert list(masks) == [f"module.layers.{layer}.weight" for layer in range(3)]
    for view in architecture.views:
        graph = architecture.graph(network, masks, view)
        for wires, right in zip(graph.adjacency, layered([*masks.values()]).adjacency, strict=True):
            np.testing.assert_array_equal(wires, right)


@pytest.mark.slow
def test_channels_of_two_groups_are_joined_within_their_group():
    architecture, network, masks = made("grouped", (2, 6, 6))
    full = {name: jnp.ones(mask.shape, bool) for name, mask in masks.items()}
    _, second, third = architecture.graph(network, full, "channels").adjacency
    blocks = np.kron(np.eye(2, dtype=bool), np.ones((2, 3), bool))
    np.testing.assert_array_equal(second, blocks)
    np.testing.assert_array_equal(third, np.ones((6, 3), bool))
    single = jnp.zeros((6, 2, 3, 3), bool).at[4, 1, 0, 2].set(True)
    one = {**full, "module.layers.2.weight": single}
    (rows, columns) = np.nonzero(architecture.graph(network, one, "channels").adjacency[1])
    assert (rows.tolist(), columns.tolist()) == ([3], [4])


@pytest.mark.slow
def test_layers_of_nodes_are_refused_where_a_layer_reads_more(registry):
    architecture = registry.find("architecture", "residual").factory(width=4)
    network = architecture.network(Shape((3,), 2), key=KEY)
    with pytest.raises(ValueError, match="name the view 'digraph' in `views`, not 'units'"):
        architecture.graph(network, architecture.prunable(network), "units")


def test_a_layer_that_is_called_twice_is_wired_twice():
    class Twice(eqx.Module):
        layer: eqx.nn.Linear

        def __call__(self, row):
            return self.layer(jax.nn.relu(self.layer(row)))

    class Both(type(REGISTRY.find("architecture", "own-mlp").factory())):
        def module(self, shape, *, key):
            return Twice(eqx.nn.Linear(4, 4, key=key))

    architecture = Both()
    network = architecture.network(Shape((4,), 4), key=KEY)
    entries = architecture.prunable(network)
    assert list(entries) == ["module.layer.weight"]
    mask = jax.random.bernoulli(KEY, 0.5, (4, 4))
    graph = architecture.graph(network, {"module.layer.weight": mask}, "units")
    assert len(graph.adjacency) == 2
    for wires in graph.adjacency:
        np.testing.assert_array_equal(wires, mask.T)
    entering = architecture.activations(network, jnp.ones((5, 4)))
    assert entering["module.layer.weight"].shape == (5, 4, 2)

"""Graphs of architectures against impulses that are pushed through the network, one at a time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.architectures.cnn import Convolutional
from harness_plugins.architectures.gru import Gated
from harness_plugins.architectures.residual import ResidualPerceptron
from harness_plugins.architectures.rnn import Vanilla

from harness import Shape
from harness.sparse.masks import replace

KEY = jax.random.key(0)


def half(architecture, network, density=0.4):
    """Masks of one network, each weight kept by chance."""
    entries = architecture.prunable(network)
    keys = jax.random.split(KEY, len(entries))
    return {
        name: jax.random.bernoulli(key, density, entries[name].shape)
        for name, key in zip(entries, keys, strict=True)
    }


def positive(network, masks):
    """The network with positive weights where kept, so that no two ways cancel."""
    weights = {
        name: jnp.where(mask, 0.5 + jax.random.uniform(KEY, mask.shape), 0)
        for name, mask in masks.items()
    }
    return replace(network, weights)


def moved(function, size, shape):
    """Which outputs an impulse at each input moves, (inputs, outputs)."""
    rest = np.asarray(function(jnp.zeros(shape))).ravel()
    rows = []
    for unit in range(size):
        impulse = jnp.zeros(size).at[unit].set(1.0).reshape(shape)
        rows.append(np.asarray(function(impulse)).ravel() != rest)
    return np.array(rows)


CNNS = {
    "means": Convolutional(channels=(3, 4), stride=1, pool=2),
    "strides": Convolutional(channels=(3, 4), stride=2, pool=1, kernel=2),
    "one": Convolutional(channels=(2,), stride=1, pool=3),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CNNS)
def test_units_of_a_cnn_are_joined_as_impulses_pass(name):
    architecture = CNNS[name]
    network = architecture.network(Shape((2, 6, 6), 3), key=KEY)
    masks = half(architecture, network)
    graph = architecture.graph(network, masks, "units")
    layers = positive(network, masks).module.layers
    stages, parts = [], []
    for layer in layers:  # from the outputs of one weighted layer to those of the next
        parts.append(layer)
        if isinstance(layer, eqx.nn.Linear | eqx.nn.Conv):
            stages.append(eqx.nn.Sequential(parts))
            parts = []
    shape = (2, 6, 6)
    for stage, wires in zip(stages, graph.adjacency, strict=True):
        np.testing.assert_array_equal(wires, moved(stage, int(np.prod(shape)), shape))
        shape = jax.eval_shape(stage, jnp.zeros(shape)).shape


@pytest.mark.slow
@pytest.mark.parametrize("name", CNNS)
def test_channels_of_a_cnn_are_joined_where_some_of_their_units_are(name):
    architecture = CNNS[name]
    network = architecture.network(Shape((2, 6, 6), 3), key=KEY)
    masks = half(architecture, network, density=0.05)
    units = architecture.graph(network, masks, "units").adjacency
    channels = architecture.graph(network, masks, "channels").adjacency
    sizes = [2, *architecture.channels, 3]
    for wires, joined, before, after in zip(units, channels, sizes, sizes[1:], strict=False):
        blocks = np.asarray(wires).reshape(before, wires.shape[0] // before, after, -1)
        np.testing.assert_array_equal(joined, blocks.any(axis=(1, 3)))


@pytest.mark.slow
def test_maxima_normalisation_and_dropout_leave_the_wiring_as_it_is():
    shape = Shape((1, 6, 6), 3)
    plain = Convolutional(channels=(3, 4), stride=1, pool=2)
    facts = {"channels": (3, 4), "stride": 1, "pool": 2, "pooling": "max", "normalised": True}
    other = Convolutional(**facts, dropout=0.5)
    one, two = plain.network(shape, key=KEY), other.network(shape, key=KEY)
    masks = half(plain, one)
    renamed = dict(zip(other.prunable(two), masks.values(), strict=True))
    for view in plain.views:
        first, second = plain.graph(one, masks, view), other.graph(two, renamed, view)
        for wires, again in zip(first.adjacency, second.adjacency, strict=True):
            np.testing.assert_array_equal(wires, again)


def test_what_does_not_fit_is_named_with_what_would():
    pooled = {"stride": 1, "pool": 2}
    reason = Convolutional(channels=(8, 16, 32, 64), **pooled).reason_not_to_fit(
        Shape((1, 8, 8), 10)
    )
    assert "8 x 8" in reason
    assert "use at most 3 convolutions" in reason
    fits = Convolutional(channels=(8, 16, 32), **pooled)
    assert fits.reason_not_to_fit(Shape((1, 8, 8), 10)) is None


@pytest.mark.slow
def test_a_residual_layer_reads_all_layers_before_it():
    architecture = ResidualPerceptron(width=5, blocks=2)
    network = architecture.network(Shape((4,), 3), key=KEY)
    masks = half(architecture, network)
    graph = architecture.graph(network, masks, "digraph")
    enter, *blocks, leave = (np.asarray(mask).T for mask in masks.values())
    expected = np.zeros((4 + 3 * 5 + 3,) * 2, bool)
    expected[:4, 4:9] = enter
    for number, block in enumerate([*blocks, leave]):
        columns = slice(9 + 5 * number, 9 + 5 * number + block.shape[1])
        for before in range(number + 1):
            expected[4 + 5 * before : 9 + 5 * before, columns] = block
    np.testing.assert_array_equal(graph.adjacency, expected)
    np.testing.assert_array_equal(graph.outputs, np.arange(22) >= 19)
    np.testing.assert_array_equal(graph.inputs, np.arange(22) < 4)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [Vanilla(width=4, activation="identity"), Gated(width=4)])
def test_a_recurrent_network_is_unrolled_as_impulses_pass(architecture):
    steps, inputs, outputs = 3, 2, 2
    network = architecture.network(Shape((steps, inputs), outputs), key=KEY)
    masks = half(architecture, network)
    graph = architecture.graph(network, masks, "unrolled")
    # Away from zero, where a gated unit's own past passes through the update gate alone.
    moving = positive(network, masks)
    if isinstance(architecture, Gated):  # without a bias the reset gate may have nothing to reset
        moving = eqx.tree_at(lambda read: read.cell.bias_n, moving, jnp.full(4, 0.5))
    rng = np.random.default_rng(0)
    rest = jnp.asarray(rng.uniform(0.3, 0.6, (steps, inputs)))
    first, nodes = steps * inputs, graph.adjacency.shape[0]
    found = np.zeros((nodes, nodes), bool)
    states = moving.states(rest)
    for step in range(steps):
        columns = slice(first + 4 * step, first + 4 * (step + 1))
        by_input, by_units = jax.jacobian(moving.cell, (0, 1))(rest[step], states[step])
        found[inputs * step : inputs * (step + 1), columns] = np.asarray(by_input).T != 0
        if step:
            found[columns.start - 4 : columns.start, columns] = np.asarray(by_units).T != 0
    found[nodes - outputs - 4 : nodes - outputs, nodes - outputs :] = np.asarray(
        masks["out.weight"]
    ).T
    wires = np.array(graph.adjacency)
    if isinstance(architecture, Gated):  # a gated unit keeps its past without a weight
        for step in range(1, steps):
            for unit in range(4):
                now = first + 4 * step + unit
                found[now - 4, now] = wires[now - 4, now]
    np.testing.assert_array_equal(wires, found)


def test_a_recurrent_view_folds_the_unrolled_one():
    architecture = Vanilla(width=4)
    network = architecture.network(Shape((3, 2), 2), key=KEY)
    masks = half(architecture, network)
    folded = np.asarray(architecture.graph(network, masks, "recurrent").adjacency)
    wires = np.asarray(architecture.graph(network, masks, "unrolled").adjacency)
    np.testing.assert_array_equal(folded[:2, 2:6], wires[0:2, 6:10])
    np.testing.assert_array_equal(folded[2:6, 2:6], wires[6:10, 10:14])
    np.testing.assert_array_equal(folded[2:6, 6:], wires[14:18, 18:])

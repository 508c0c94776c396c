"""The adding problem."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks.adding import Adding

from harness import Batch

SMALL = Adding(steps=7, rows=2000)


@pytest.fixture(scope="module")
def data():
    return SMALL.data(seed=0)


def test_a_number_of_each_half_is_marked(data):
    numbers, marks = np.moveaxis(data.train.inputs, -1, 0)
    assert data.train.inputs.shape == (1280, *SMALL.shape.inputs)
    assert SMALL.shape == ((7, 2), 1)
    assert (marks[:, :3].sum(1) == 1).all()
    assert (marks[:, 3:].sum(1) == 1).all()
    assert (marks.mean(0) > 0.15).all()
    assert numbers.min() >= 0
    assert numbers.max() <= 1
    for row, target in zip(data.test.inputs, data.test.targets, strict=True):
        one, two = (number for number, mark in row.tolist() if mark == 1)
        assert target.item() == pytest.approx(one + two)


def test_two_rectified_units_solve_it(data, model):
    """One unit is relu(number + mark - 1), the marked number or 0; the other adds up the first."""
    adding = model("adding", steps=7, rows=2000, width=2, activation="relu")
    network = eqx.tree_at(
        lambda net: (net.cell.into.weight, net.cell.into.bias, net.cell.within.weight,
                     net.out.weight, net.out.bias),
        adding.network(key=jax.random.key(0)),
        (jnp.asarray([[1.0, 1], [0, 0]]), jnp.asarray([-1.0, 0]), jnp.asarray([[0.0, 0], [1, 1]]),
         jnp.asarray([[1.0, 1]]), jnp.zeros(1)),
    )  # fmt: skip
    figures = adding.evaluate(network, Batch(*map(jnp.asarray, data.test)), data)
    assert set(figures) == set(adding.units) == {"rmse sum"}
    assert float(figures["rmse sum"]) < 1e-6


def test_the_best_constant_has_the_variance_of_two_uniform_numbers():
    found = Adding().data(seed=1)
    assert Adding().constant_loss(found.train, found.validation) == pytest.approx(1 / 6, rel=0.05)


def test_the_seed_decides(data):
    np.testing.assert_array_equal(data.test.inputs, SMALL.data(seed=0).test.inputs)
    assert not np.array_equal(data.test.inputs, SMALL.data(seed=1).test.inputs)

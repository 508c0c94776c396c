"""What authors of tasks, architectures and interventions are given."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import (
    AbstractArchitecture,
    Quantity,
    RegressionTask,
    TaskData,
    layered,
    recurrent,
    scaled,
    split,
    testing,
    unscaled,
)
from harness.sparse.graph import live_nodes
from harness.testing._intervention import _Subject

ROWS = np.random.default_rng(0)
INPUTS = ROWS.normal(size=(100, 3)).astype(np.float32)
TARGETS = (INPUTS[:, :2] * [5, 0.1] + 2).astype(np.float32)


@dataclass(frozen=True)
class Lines(RegressionTask):
    """Two lines."""

    name: ClassVar[str] = "lines"
    architecture: ClassVar[str] = "tiny"
    inputs: ClassVar = tuple(Quantity(name, "m") for name in "abc")
    outputs: ClassVar = (Quantity("far", "m"), Quantity("long", "s"))

    def data(self, *, seed: int) -> TaskData:
        """The same for every seed, scaled."""
        splits, scales = scaled(split(INPUTS, TARGETS))
        return TaskData(*splits, self.inputs, self.outputs, scales)


def test_scaled_rows_come_back_in_their_units():
    (train, _, test), scales = scaled(split(INPUTS, TARGETS))
    for of, rows, whole in (("input", 0, INPUTS), ("target", 1, TARGETS)):
        np.testing.assert_allclose(unscaled(train[rows], scales, of), whole[:64], atol=1e-5)
        np.testing.assert_allclose(unscaled(jnp.asarray(test[rows]), scales, of), whole[80:],
                                   atol=1e-5)  # fmt: skip


@pytest.mark.slow
def test_a_regression_task_keeps_the_contract():
    testing.assert_contract(Lines)


def test_errors_of_a_regression_task_are_in_units():
    task = Lines()
    data = task.data(seed=0)
    assert task.units == {"rmse far": "m", "rmse long": "s"}
    moved = unscaled(data.test.targets, data.scales, "target") + np.array([[3, 0.5]], np.float32)
    outputs = jnp.asarray((moved - data.scales["target_low"]) / data.scales["target_range"] - 0.5)
    told = task.evaluate(outputs, data.test, data)
    np.testing.assert_allclose([told["rmse far"], told["rmse long"]], [3, 0.5], rtol=1e-4)
    plain = TaskData(data.train, data.validation, data.test, task.inputs, task.outputs)
    bare = task.evaluate(outputs, data.test, plain)
    np.testing.assert_allclose(bare["rmse far"] * data.scales["target_range"][0], 3, rtol=1e-4)
    mean = data.train.targets.mean(0)
    assert task.constant_loss(data.train, data.test) == pytest.approx(
        float(task.loss(jnp.asarray(mean)[None], jnp.asarray(data.test.targets))), rel=1e-5
    )


class Net(eqx.Module):
    """Fields in the order of signals, which is not that of the alphabet."""

    stem: eqx.nn.Conv1d
    body: jax.Array
    gain: jax.Array
    end: eqx.nn.Linear
    steps: jax.Array
    size: int = eqx.field(static=True, default=3)


class Plain(AbstractArchitecture):
    """An architecture that says nothing of what is prunable."""

    name = "plain"

    def network(self, shape, *, key):
        stem, end = eqx.nn.Conv1d(2, 4, 3, key=key), eqx.nn.Linear(5, 3, key=key)
        return Net(stem, jnp.ones((5, 4)), jnp.ones(5), end, jnp.ones((2, 2), int))

    def graph(self, network, masks, view):
        return layered([])


def test_weights_are_prunable_where_nothing_is_said():
    network = Plain().network(None, key=jax.random.key(0))
    found = Plain().prunable(network)
    assert list(found) == ["stem.weight", "body", "end.weight"]
    assert {name: one.shape for name, one in found.items()} == {
        "stem.weight": (4, 2, 3),
        "body": (5, 4),
        "end.weight": (3, 5),
    }
    assert all(one.all() for one in found.values())


def test_a_recurrent_graph_has_inputs_units_outputs():
    into = jnp.zeros((3, 2), bool).at[1, 0].set(True)
    within = jnp.zeros((3, 3), bool).at[2, 1].set(True).at[1, 1].set(True)
    out = jnp.zeros((1, 3), bool).at[0, 2].set(True)
    graph = recurrent(into, within, out)
    assert np.argwhere(graph.adjacency).tolist() == [[0, 3], [3, 3], [3, 4], [4, 5]]
    assert graph.inputs.tolist() == [True] * 2 + [False] * 4
    assert graph.outputs.tolist() == [False] * 5 + [True]
    assert np.flatnonzero(live_nodes(graph)).tolist() == [0, 3, 4, 5]
    with pytest.raises(ValueError, match="do not fit"):
        recurrent(into, within[:2], out)


@pytest.mark.slow
def test_an_intervention_knows_the_order_of_layers(registry):
    source = _Subject(registry.find("intervention", "shuffled").factory()).source
    assert source.layers == ("first", "second")

"""Memorising: a task with shuffled targets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks.adding import Adding
from harness_plugins.tasks.digits import Digits
from harness_plugins.tasks.shuffled_targets import ShuffledTargets
from sklearn.neighbors import KNeighborsClassifier

from harness import Batch
from harness.experiment.factors import pairs


@pytest.fixture(scope="module")
def data():
    return ShuffledTargets().data(seed=0)


@pytest.fixture(scope="module")
def digits():
    return Digits().data(seed=0)


def test_inputs_stay_and_targets_move(data, digits):
    np.testing.assert_array_equal(data.train.inputs, digits.train.inputs)
    wanted = np.bincount(digits.train.targets)
    np.testing.assert_array_equal(np.bincount(data.train.targets), wanted)
    assert np.mean(data.train.targets == digits.train.targets) == pytest.approx(0.1, abs=0.03)


def test_held_out_rows_are_memorised_ones(data, digits):
    memorised = {row.tobytes(): int(target) for row, target in zip(*data.train, strict=True)}
    for part, wanted in ((data.validation, digits.validation), (data.test, digits.test)):
        assert len(part.targets) == len(wanted.targets)
        given = [memorised[row.tobytes()] for row in part.inputs]
        assert given == part.targets.tolist()
    assert not {row.tobytes() for row in data.validation.inputs} & {
        row.tobytes() for row in data.test.inputs
    }


def test_inputs_say_nothing_of_targets(data, digits):
    """Nearest neighbours: they recognise true digits, and shuffled ones by chance only."""
    for part, low, high in ((digits.train, 0.9, 1), (data.train, 0.05, 0.15)):
        known = KNeighborsClassifier(5).fit(part.inputs[:900], part.targets[:900])
        assert low < known.score(part.inputs[900:], part.targets[900:]) <= high


def test_the_seed_decides(data):
    np.testing.assert_array_equal(data.train.targets, ShuffledTargets().data(seed=0).train.targets)
    other = ShuffledTargets().data(seed=1)
    assert not np.array_equal(data.train.targets, other.train.targets)


def test_figures_are_those_of_the_other_task(data):
    task = ShuffledTargets()
    rows = Batch(*map(jnp.asarray, data.validation))
    right = 20 * jax.nn.one_hot(rows.targets, 10)
    assert float(task.evaluate(right, rows, data)["accuracy"]) == 1
    assert task.units == Digits().units
    assert task.shapes == Digits().shapes
    assert task.constant_loss(data.train, data.validation) == pytest.approx(2.3, abs=0.02)


def test_it_wraps_any_task_with_its_architecture(registry):
    asked = ["shuffled-targets", 'shuffled-targets[of="adding[steps=4]"]']
    made = [(task.label, one.label) for task, one in pairs(registry, asked, [])]
    assert made[0] == ("shuffled-targets", "mlp[sizes=[32, 16]]")
    assert made[1] == ('shuffled-targets[of="adding[steps=4]"]', "rnn")
    task = ShuffledTargets(of=Adding(steps=4, rows=200))
    found, was = task.data(seed=0), Adding(steps=4, rows=200).data(seed=0)
    assert sorted(found.train.targets.ravel()) == sorted(was.train.targets.ravel())

"""The teacher task: its wiring, counted by the harness's own motifs and by brute force."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks import _wiring
from harness_plugins.tasks.teacher import Teacher

from harness import Batch, UserError, layered, motifs
from harness.plugin import parameters

SMALL = Teacher(sizes=(12, 10), fan_in=3, rows=1000)


def graph_of(masks):
    return layered([mask[None] for mask in masks.values()])


def degrees(masks):
    return [np.sort(mask.sum(axis)) for mask in masks.values() for axis in (0, 1)]


@pytest.mark.parametrize("plant", [False, True])
def test_swaps_keep_degrees_and_move_the_number_of_bifans(plant):
    start = _wiring.regular(11, 8, 4)
    draws = np.random.default_rng(0)
    mixed = _wiring.swapped(start, 400, draws)
    found = _wiring.swapped(mixed, 400, draws, plant=plant)
    for wired in (mixed, found):
        for axis in (0, 1):
            np.testing.assert_array_equal(wired.sum(axis), start.sum(axis))
    assert not np.array_equal(mixed, start)
    brute = sum(
        found[np.ix_(sources, targets)].all()
        for sources in itertools.combinations(range(11), 2)
        for targets in itertools.combinations(range(8), 2)
    )
    assert _wiring.bifans(found) == brute
    assert (_wiring.bifans(found) > 2 * _wiring.bifans(mixed)) == plant


def test_no_swap_lowers_a_planted_number():
    wired, draws = _wiring.regular(11, 8, 4), np.random.default_rng(1)
    wired = _wiring.swapped(wired, 400, draws)
    numbers = []
    for _ in range(300):
        wired = _wiring.swapped(wired, 1, draws, plant=True)
        numbers.append(_wiring.bifans(wired))
    assert numbers == sorted(numbers)
    assert numbers[-1] > numbers[0]


def test_there_are_no_hubs():
    masks = SMALL.wiring(seed=0)
    assert [mask.shape for mask in masks.values()] == [(12, 10), (10, 12), (7, 10)]
    for mask in masks.values():
        assert (mask.sum(1) == 3).all()
        assert np.ptp(mask.sum(0)) <= 1


def test_the_planted_teacher_has_more_bifans_than_degrees_explain():
    z = {}
    for planted in ("bifan", "nothing"):
        masks = Teacher(planted=planted).wiring(seed=0)
        table = motifs.sampled_profile(graph_of(masks), "degree", number=200, orders=(3,))
        rows = table.query("motif == 'bifan' and base_layer == -1 and support == 'all'")
        z[planted] = rows["z"].item()
    assert z["bifan"] > 10
    assert abs(z["nothing"]) < 4


def test_both_arms_have_the_same_degrees():
    arms = [Teacher(planted=planted).wiring(seed=3) for planted in ("bifan", "nothing")]
    for one, two in zip(*map(degrees, arms), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_student_with_the_teachers_weights_makes_no_error(model):
    teacher = model("teacher", sizes=(12, 10), fan_in=3, rows=1000)
    data = SMALL.data(seed=4)
    network = teacher.network(key=jax.random.key(0))
    weights = SMALL.weights(seed=4)
    network = eqx.tree_at(
        lambda net: [layer.weight for layer in net.layers],
        network, [jnp.asarray(weight) for weight in weights.values()],
    )  # fmt: skip
    assert set(weights) == set(teacher.prunable(network))
    batch = Batch(*map(jnp.asarray, data.test))
    found = teacher.evaluate(network, batch, data)
    assert max(map(float, found.values())) < 1e-5
    assert teacher.task.constant_loss(data.train, data.test) > 0.1


def test_the_seed_decides_and_notes_say_how_to_make_the_masks_again():
    data = SMALL.data(seed=4)
    np.testing.assert_array_equal(data.train.targets, SMALL.data(seed=4).train.targets)
    assert not np.array_equal(data.train.targets, SMALL.data(seed=5).train.targets)
    counted = motifs.counts(graph_of(SMALL.wiring(seed=4)), (3,), names=["bifan"])["bifan"]
    assert data.notes["bi-fans of the teacher"] == int(counted.sum())
    again = eval(data.notes["teacher"].split(": ")[1])
    np.testing.assert_equal(again, SMALL.wiring(seed=4))


def test_a_fan_in_that_no_layer_has_is_refused():
    with pytest.raises(UserError, match="fan_in = 6: a layer has 5 nodes"):
        parameters.build(Teacher, {"sizes": (5,), "fan_in": 6}, kind="task")

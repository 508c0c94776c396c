"""SET and RigL: a sparse start, then weights dropped and grown."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Level
from harness.sparse.masks import target

KEY = jax.random.key(3)
GOAL = target({"first": 60, "second": 36}, 0.4)


@pytest.fixture
def dense(seen):
    return {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["set", "rigl"])
def test_the_first_step_is_a_random_sparse_start_that_changes_no_weight(
    made, seen, dense, name, counted
):
    pruner, evidence = made(name), seen(mask=dense)
    started = pruner.init(evidence, key=KEY)
    update, started = pruner.step(evidence, GOAL, started, key=KEY)
    assert started
    number = counted(update.mask)
    assert sum(number.values()) == int(GOAL.total)
    # Erdős-Rényi: inputs plus outputs, 17 to 15.
    assert number == {"first": 20, "second": 18}
    assert all(np.array_equal(update.params[leaf], evidence.weights[leaf]) for leaf in number)
    other, _ = pruner.step(evidence, GOAL, jnp.asarray(False), key=jax.random.key(8))
    assert not np.array_equal(other.mask["first"], update.mask["first"])


def regrown(pruner, evidence, progress=0.0):
    evidence.progress = jnp.float32(progress)
    update, _ = pruner.step(evidence, GOAL, jnp.asarray(True), key=KEY)
    before = {name: np.asarray(mask) for name, mask in evidence.mask.items()}
    after = {name: np.asarray(mask) for name, mask in update.mask.items()}
    return update, before, after


def test_rigl_drops_the_smallest_and_grows_where_the_gradient_is_largest(made, evidence, written):
    update, before, after = regrown(made("rigl", fraction=0.5), evidence)
    acting = written.flat(evidence.effective)
    (batch,) = written.several(evidence.batches(1))
    slope = written.shaped(np.abs(written.gradient(acting, batch)))
    for name, mask in before.items():
        number = int(mask.sum())
        dropped = int(0.5 * number)
        size = np.where(mask, np.abs(np.asarray(evidence.weights[name])), -1).ravel()
        stays = np.zeros(size.size, bool)
        stays[np.argsort(-size)[: number - dropped]] = True
        growth = np.where(stays, -1, slope[name].ravel())
        expected = stays.copy()
        expected[np.argsort(-growth)[:dropped]] = True
        assert np.array_equal(after[name].ravel(), expected)
        new = after[name] & ~mask
        assert new.any()
        assert not np.asarray(update.params[name])[new].any()
        assert np.array_equal(np.asarray(update.reset_optimizer[name]), new)
        assert np.array_equal(np.asarray(update.params[name])[~new], evidence.weights[name][~new])


@pytest.mark.slow
def test_rigl_replaces_fewer_and_fewer_along_a_cosine(made, evidence):
    pruner = made("rigl", fraction=0.5, until=0.8)
    changed = []
    for progress in (0.0, 0.4, 0.79, 0.8, 1.0):
        _, before, after = regrown(pruner, evidence, progress)
        changed.append(sum(int((after[name] & ~before[name]).sum()) for name in before))
    assert changed[0] > changed[1] > changed[2] >= changed[3] == changed[4] == 0


def test_set_grows_at_random_with_weights_of_the_initial_size(made, evidence):
    update, before, after = regrown(made("set", fraction=0.5), evidence, 0.5)
    for name, mask in before.items():
        assert after[name].sum() == mask.sum()
        size = np.abs(np.asarray(evidence.weights[name]))
        assert size[mask & ~after[name]].max() <= size[mask & after[name]].max()
        new = after[name] & ~mask
        drawn = np.asarray(update.params[name])[new]
        spread = np.asarray(evidence.initial_weights[name]).std()
        assert 0.3 * spread < drawn.std() < 3 * spread
    _, before, after = regrown(made("set"), evidence, 1.0)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def said(pruner, steps, density=0.4):
    sizes = {"first": 60, "second": 36}
    prunable = {"first": jnp.ones((12, 5), bool), "second": jnp.ones((3, 12), bool)}
    levels = [Level(1.0, steps), Level(density, steps)]
    return pruner.cautions(levels, [target(sizes, level.density) for level in levels], prunable)


@pytest.mark.parametrize("name", ["set", "rigl"])
def test_levels_and_layers_without_regrowth_are_named(made, name):
    pruner = made(name, every=10, fraction=0.3)
    assert said(pruner, 100) == []
    (short,) = said(pruner, 10)
    assert "at density 0.4 nothing regrows: its 10 steps" in short
    (few,) = said(made(name, every=10, fraction=0.3, layers=(0.4, 0.05)), 100, 0.25)
    assert "nothing regrows in second (keeps 2 of 36)" in few
    (full,) = said(made(name, every=10, layers=(1.0, 0.2)), 100, 0.7)
    assert "nothing regrows in first (keeps 60 of 60)" in full


@pytest.mark.slow
@pytest.mark.parametrize("name", ["set", "rigl"])
def test_a_layer_is_named_exactly_where_a_step_changes_nothing(made, seen, name):
    pruner, masks = made(name, every=10, layers=(0.4, 0.06)), seen().mask
    goal = target({"first": 60, "second": 36}, 0.3)
    levels, prunable = [Level(0.3, 200)], {leaf: jnp.ones_like(m) for leaf, m in masks.items()}
    told = " ".join(pruner.cautions(levels, [goal], prunable))
    start, _ = pruner.step(seen(mask=prunable), goal, jnp.asarray(False), key=KEY)
    evidence = seen(mask=start.mask)
    evidence.progress = jnp.float32(1 / 19)
    update, _ = pruner.step(evidence, goal, jnp.asarray(True), key=KEY)
    for leaf, mask in start.mask.items():
        assert (leaf in told) == bool(np.array_equal(mask, update.mask[leaf]))
    assert "second" in told

"""Straight-through training: under plain SGD it is a loop of a few lines, written out here."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from harness import AbstractSchedule, Level, leaf_map
from harness.sparse import masks as mask_algebra
from harness.sparse.masks import target
from harness.testing import tiny_model
from harness.training.rows import batch_of
from harness.training.trainer import Trainer

from .test_patterns import reasons

RATE, STEPS = 0.3, 12


class PlainDescent(AbstractSchedule):
    """A dense level and one of 40 %, trained by SGD."""

    name = "plain-descent"
    batch_size = 16

    def levels(self):
        return (Level(1.0, 4), Level(0.4, STEPS))

    def optimizer(self):
        return optax.sgd(RATE)


def trained(pruner):
    model, schedule = tiny_model(), PlainDescent()
    trainer = Trainer(model, pruner, schedule, model.task.data(seed=0), seed=0, data_seed=0)
    keys = trainer.keys((0, 1))
    state = trainer.start(keys)
    before = jax.tree.map(jnp.copy, state.network)
    first, second = schedule.levels()
    state, *_ = trainer.chunk(
        state, keys, 1, 0, STEPS, previous=first, current=second, first_batch=0
    )
    return model, trainer, before, state


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_all_weights_take_the_gradient_of_the_masked_ones(made, every, decay):
    model, trainer, before, state = trained(
        made("ste", every=every, learning_rate=RATE, decay=decay)
    )
    keep = {name: int(n) for name, n in target(trainer.sizes, 0.4).by_leaf.items()}
    regrown = 0
    for place in range(2):
        network = trainer.rules.whole(jax.tree.map(lambda leaf, at=place: leaf[at], before))
        mask = {name: jnp.ones(may.shape, bool) for name, may in trainer.prunable.items()}
        for step in range(STEPS):
            weights = mask_algebra.select(network, mask)
            if step % every == 0:
                held = weights  # pruned weights decay by what they were at the last mask
                old, mask = mask, {name: largest(w, keep[name]) for name, w in weights.items()}
                regrown += sum((mask[name] & ~old[name]).sum() for name in mask)
            acting = mask_algebra.masked(network, mask)
            batch = batch_of(trainer.rows, jnp.asarray(step), 16)
            slope = jax.grad(model.loss)(acting, batch)
            network = jax.tree.map(lambda w, g: w - RATE * g, network, slope)
            network = mask_algebra.replace(network, {
                name: w - RATE * decay * jnp.where(mask[name], 0, held[name])
                for name, w in mask_algebra.select(network, mask).items()
            })  # fmt: skip
        for name, expected in mask.items():
            np.testing.assert_array_equal(np.asarray(state.masks[name][place]), expected)
        ours = mask_algebra.apply(mask_algebra.select(network, mask), mask)
        theirs = leaf_map(lambda leaf, at=place: leaf[at],
                          mask_algebra.select(trainer.masked(state), mask))  # fmt: skip
        for name in mask:
            np.testing.assert_allclose(theirs[name], ours[name], atol=2e-6)
    assert regrown > 0, "some weights came back"
    assert np.nansum(state.diagnostics["regrown"]) == regrown


def largest(weights, number):
    flat = np.abs(np.asarray(weights)).ravel()
    kept = np.zeros(flat.size, bool)
    kept[np.argsort(-flat)[:number]] = True
    return jnp.asarray(kept.reshape(weights.shape))


def test_it_goes_with_patterns_since_its_density_does_not_ramp():
    assert reasons("ste[scope=2:4]", 0.5) is None
    assert "cannot give density 0.3" in reasons("ste[scope=2:4]", 0.3)

"""The published pruning against its rules written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Evidence
from harness.sparse import masks as mask_algebra
from harness.testing import tiny_model


def evidence(weights, masks):
    """A look at a network that is no more than its leaves."""
    network = {"layers": [{}, {}]}
    for name, leaf in weights.items():
        _, layer, kind = name.split(".")
        network["layers"][int(layer)][kind] = jnp.asarray(leaf)
    model = tiny_model()
    return Evidence(
        model,
        network,
        mask={name: jnp.asarray(mask) for name, mask in masks.items()},
        initial=network,
        rewind_point=network,
        train=model.task.data(seed=0).train,
        batch_size=8,
        batch_key=jax.random.key(0),
    )


def leaves(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {
        "layers.0.weight": (40, 10), "layers.0.bias": (40,),
        "layers.1.weight": (7, 16), "layers.1.bias": (7,),
    }  # fmt: skip
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return weights, {name: rng.random(shape) < 0.5 for name, shape in shapes.items()}


def as_published(weights, masks, pruned):
    """The published rule: sorted |w m|, entry int(c size), strictly greater, of raw weights."""
    kept = {}
    for layer in (0, 1):
        weight, bias = f"layers.{layer}.weight", f"layers.{layer}.bias"
        acting = np.sort(np.abs(weights[weight] * masks[weight]), axis=None)
        cutoff = acting[pruned * acting.size // 100]
        kept[weight] = np.abs(weights[weight]) > cutoff
        kept[bias] = np.abs(weights[bias]) > cutoff
    return kept


def stepped(registry, weights, masks, density, **parameters):
    pruner = registry.find("pruner", "zahn2022").factory(**parameters)
    target = mask_algebra.target({name: leaf.size for name, leaf in weights.items()}, density)
    look = evidence(weights, masks)
    update, _ = jax.jit(lambda t: pruner.step(look, t, (), key=jax.random.key(0)))(target)
    return {name: np.asarray(mask) for name, mask in update.mask.items()}


@pytest.mark.slow
@pytest.mark.parametrize("pruned", [15, 25, 75, 85, 90, 91, 93, 98])
def test_rule_is_the_published_one_at_every_density(registry, pruned):
    weights, masks = leaves()
    found = stepped(registry, weights, masks, (100 - pruned) / 100)
    expected = as_published(weights, masks, pruned)
    for name, mask in expected.items():
        np.testing.assert_array_equal(found[name], mask, err_msg=name)


def test_359_of_4000_survive_at_91_percent(registry):
    rng = np.random.default_rng(1)
    weights = {"layers.0.weight": rng.normal(size=(400, 10)).astype(np.float32)}
    everything = {"layers.0.weight": np.ones((400, 10), bool)}
    found = stepped(registry, weights, everything, 0.09)
    assert found["layers.0.weight"].sum() == 359


def test_each_quirk_can_be_switched_off(registry):
    weights, masks = leaves()
    without = stepped(registry, weights, masks, 0.25, regrowth=False)
    quirky = stepped(registry, weights, masks, 0.25)
    assert any((quirky[name] & ~masks[name]).any() for name in masks)
    assert not any((without[name] & ~masks[name]).any() for name in masks)
    own = stepped(registry, weights, masks, 0.25, bias_cutoff="own", regrowth=False)
    for bias in ("layers.0.bias", "layers.1.bias"):
        acting = np.abs(weights[bias] * masks[bias])
        cutoff = np.sort(acting)[75 * acting.size // 100]
        np.testing.assert_array_equal(own[bias], acting > cutoff)
        assert not np.array_equal(own[bias], without[bias])

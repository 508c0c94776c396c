"""The control that keeps the worst: what of it is the pruner that it wraps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import UserError
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.sparse.masks import target

KEY = jax.random.key(3)
SIZES = {"first": 60, "second": 36}


@pytest.fixture
def dense(seen):
    return {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}


def planned(registry, *pruners):
    return plan(checked({"tasks": ["digits"], "pruners": list(pruners)}, source=""), registry)


@pytest.mark.slow
def test_inverted_keeps_exactly_the_worst(made, seen, dense):
    update, _ = made("inverted").step(seen(mask=dense), target(SIZES, 0.3), (), key=KEY)
    for name, mask in update.mask.items():
        size, mask = np.abs(np.asarray(seen().weights[name])), np.asarray(mask)
        assert mask.sum() == int(target(SIZES, 0.3).by_leaf[name])
        assert size[mask].max() <= size[~mask].min()


def test_inverted_chooses_among_what_is_still_there(made, evidence):
    update, _ = made("inverted").step(evidence, target(SIZES, 0.2), (), key=KEY)
    for name, mask in update.mask.items():
        there, mask = np.asarray(evidence.mask[name]), np.asarray(mask)
        size = np.abs(np.asarray(evidence.weights[name]))
        assert not (mask & ~there).any()
        assert size[mask].max() <= size[there & ~mask].min()


@pytest.mark.parametrize("name", ["rigl", "zahn2022"])
def test_what_cannot_be_turned_around_is_refused(registry, name):
    with pytest.raises(UserError, match=f"'{name}' cannot be inverted"):
        planned(registry, f"inverted[of={name}]")


def test_what_is_no_pruner_cannot_be_wrapped(registry):
    with pytest.raises(UserError, match="unknown pruner 'shuffled'"):
        planned(registry, "inverted[of=shuffled]")


def test_a_bar_makes_a_grid_of_what_is_wrapped(registry):
    made = planned(registry, "inverted[of=magnitude|sensitivity]")
    assert [one.label for one in made.prunings] == ["inverted", "inverted[of=sensitivity]"]
    with pytest.raises(UserError, match="A bar outside the quotes makes a grid"):
        planned(registry, 'inverted[of="magnitude[scope=layer|global]"]')
    with pytest.raises(UserError, match="unknown pruner 'magnitud'"):
        planned(registry, "inverted[of=magnitud]")

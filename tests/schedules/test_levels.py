"""The built-in schedules against the published figures."""

import jax.numpy as jnp
import numpy as np
import pytest

PRUNED = [0, 15, 25, 35, 45, 55, 65, 75, 85, 90, 91, 92, 93, 94, 95, 96, 97, 98]
STEPS = [50000, 1900, 1900, 2000, 2100, 4300, 4300, 4600, 7800, 7600, 4600, 4500, 2200, *[2000] * 5]


def made(registry, name, **parameters):
    return registry.find("schedule", name).factory(**parameters)


def test_published_has_the_published_levels_and_steps(registry):
    levels = made(registry, "published").levels()
    assert [round(100 * (1 - level.density)) for level in levels] == PRUNED
    assert [level.steps for level in levels] == STEPS
    assert sum(STEPS) == 107_800


def test_published_stop_is_the_mean_over_networks(registry):
    assert made(registry, "published").stop_rule is None
    assert made(registry, "published", stop="network").stop_rule.scope == "network"
    assert made(registry, "published", stop="published-stop").stop_rule.scope == "ensemble"


def test_quick_has_the_published_levels_and_most_steps_at_the_first(registry):
    levels = made(registry, "quick").levels()
    assert [round(100 * (1 - level.density)) for level in levels] == PRUNED
    assert max(levels, key=lambda level: level.steps) is levels[0]
    assert "7,550" in (registry.find("schedule", "quick").factory.__doc__ or "")
    assert sum(level.steps for level in levels) == 7550


def test_effort_multiplies_every_level(registry):
    once, twice = (made(registry, "quick", effort=effort).levels() for effort in (1.0, 2.0))
    assert [level.steps for level in twice] == [2 * level.steps for level in once]


def test_weights_decay_during_the_first_third_of_the_dense_level_only(registry):
    schedule = made(registry, "quick", effort=0.003)  # nine dense steps
    optimizer = schedule.optimizer()
    weights = {"weight": jnp.ones(1)}
    state = optimizer.init(weights)
    moves = []
    for _ in range(8):
        updates, state = optimizer.update({"weight": jnp.zeros(1)}, state, weights)
        moves.append(float(updates["weight"][0]))
    decay = -schedule.dense_learning_rate * schedule.early_weight_decay
    assert moves == pytest.approx([decay] * 3 + [0.0] * 5)
    assert np.isfinite(moves).all()

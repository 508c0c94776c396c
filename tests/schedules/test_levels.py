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
    assert "40,685" in (registry.find("schedule", "quick").factory.__doc__ or "")
    assert sum(level.steps for level in levels) == 40_685


def test_effort_multiplies_every_level(registry):
    once, twice = (made(registry, "quick", effort=effort).levels() for effort in (1.0, 2.0))
    assert [level.steps for level in twice] == [2 * level.steps for level in once]


def rates(schedule):
    """The size of each update for a gradient that stays the same: Adam's is the learning rate."""
    optimizer = schedule.optimizer()
    weights = {"weight": jnp.ones(1)}
    state = optimizer.init(weights)
    found = []
    for _ in range(sum(level.steps for level in schedule.levels())):
        updates, state = optimizer.update({"weight": jnp.ones(1)}, state, weights)
        found.append(-float(updates["weight"][0]))
    return np.array(found)


@pytest.mark.slow
def test_rates_of_quick_rise_and_fall_once_in_each_level(registry):
    schedule = made(registry, "quick", effort=0.01)
    ends = np.cumsum([level.steps for level in schedule.levels()])
    dense, *later = np.split(rates(schedule), ends[:-1])
    # At a quarter of the effort and less the rates are twice those of the whole.
    assert dense.max() == pytest.approx(2 * schedule.dense_rate, rel=1e-3)
    assert dense[-1] == pytest.approx(0.2 * dense.max(), rel=0.02)
    assert (np.diff(dense[:10]) > 0).all()
    assert (np.diff(dense[10:]) < 0).all()
    longest = [part for part in later if len(part) >= 40]
    assert len(longest) == 2
    for part in longest:
        assert part.max() == pytest.approx(2 * schedule.late_rate, rel=1e-3)
        assert part[-1] < 0.15 * part.max()


@pytest.mark.parametrize(("effort", "factor"), [(4.0, 0.5), (1.0, 1.0), (0.25, 2.0), (0.01, 2.0)])
def test_rates_fall_with_the_root_of_the_effort(registry, effort, factor):
    schedule = made(registry, "quick", effort=effort)
    top = schedule.rates()(round(schedule.levels()[0].steps / 16))
    assert float(top) == pytest.approx(factor * schedule.dense_rate, rel=1e-3)

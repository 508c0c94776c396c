"""The paths of densities, and the budgets that come with them."""

import itertools

import numpy as np
import pytest

from harness import UserError
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.parameters import parse


@pytest.fixture
def made(registry):
    """A schedule as it would be written."""
    return lambda text: registry.make("schedule", parse(text)[0])


def densities(schedule):
    return [level.density for level in schedule.levels()]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("oneshot[density=0.1]", [1, 0.1]),
        ("linear[density=0.2, rounds=4]", [1, 0.8, 0.6, 0.4, 0.2]),
        ("geometric[density=0.5, share=0.2]", [1, 0.8, 0.64, 0.512, 0.5]),
        ("geometric[density=0.64, share=0.2]", [1, 0.8, 0.64]),
        ("cubic[density=0.2, rounds=2]", [1, 0.3, 0.2]),
        ("published-path[density=0.5]", [1, 0.85, 0.75, 0.65, 0.55, 0.5]),
        ("published-path[density=0.55]", [1, 0.85, 0.75, 0.65, 0.55]),
    ],
)
def test_paths_are_those_of_their_rules(made, text, path):
    assert densities(made(text)) == pytest.approx(path, abs=1e-6)


@pytest.mark.parametrize("name", ["oneshot", "linear", "geometric", "cubic", "published-path"])
def test_every_path_spends_the_same_budget(made, name):
    levels = made(f"{name}[steps=1234, dense_share=0.3]").levels()
    assert sum(level.steps for level in levels) == 1234
    assert levels[0].steps == 370
    after = [level.steps for level in levels[1:]]
    assert max(after) - min(after) <= 1


def test_a_budget_too_small_for_its_levels_is_refused(made):
    with pytest.raises(ValueError, match="20 steps are too few for 30 levels"):
        made("linear[steps=20, rounds=30]").levels()


@pytest.mark.parametrize("inner", ["quick", "published", "cubic"])
def test_jitter_moves_the_levels_between_first_and_last(made, inner):
    plain, moved = made(inner), made(f"jittered[of={inner}, amount=0.9, seed=3]")
    before, after = np.array(densities(plain)), np.array(densities(moved))
    assert (after[0], after[-1]) == (before[0], before[-1])
    assert (np.diff(after) < 0).all()
    assert (after[1:-1] != before[1:-1]).all()
    # Not past the middle to a neighbour.
    middles = np.sqrt(before[1:] * before[:-1])
    assert (after[1:-1] < middles[:-1]).all()
    assert (after[1:-1] > middles[1:]).all()
    steps = [[level.steps for level in one.levels()] for one in (plain, moved)]
    assert sum(steps[0]) == sum(steps[1])
    assert steps[0] != steps[1]
    assert moved.batch_size == plain.batch_size
    assert moved.rewind_data == plain.rewind_data


def test_jitter_follows_its_seed(made):
    one, other = made("jittered[seed=1]"), made("jittered[seed=2]")
    assert one.levels() == made("jittered[seed=1]").levels() != other.levels()


def test_a_schedule_is_a_parameter_that_is_checked(registry):
    def planned(text):
        fields = {"tasks": ["digits"], "pruners": ["magnitude"], "schedules": [text]}
        return plan(checked(fields, source=""), registry)

    made = planned('jittered[of="cubic[rounds=3]"]')
    assert made.schedules[0].label == 'jittered[of="cubic[rounds=3]"]'
    with pytest.raises(UserError, match=r"unknown schedule 'cubik'. Did you mean 'cubic'"):
        planned("jittered[of=cubik]")


def test_finer_levels_keep_the_path_and_the_steps(made):
    plain, finer = (
        made(text).levels()
        for text in ("cubic[steps=1003]", "finer[of=cubic[steps=1003], parts=3]")
    )
    assert [level.density for level in finer[::3]] == [level.density for level in plain]
    assert len(finer) == 3 * (len(plain) - 1) + 1
    ratios = [two.density / one.density for one, two in itertools.pairwise(finer)]
    np.testing.assert_allclose(ratios[0::3], ratios[1::3], rtol=1e-4)
    sums = [sum(level.steps for level in finer[at : at + 3]) for at in range(1, len(finer), 3)]
    assert [finer[0].steps, *sums] == [level.steps for level in plain]
    with pytest.raises(ValueError, match="names leaves or steps"):
        made("finer[of=snapshots]").levels()
    with pytest.raises(ValueError, match="1 steps are too few for 2 parts"):
        made("finer[of=quick[effort=0.001]]").levels()


def test_snapshots_are_even_or_at_one_ratio(made):
    inner = "oneshot[steps=2000, dense_share=0.5]"
    for spacing, steps in (("even", (0, 333, 666)), ("log", (0, 10, 100))):
        levels = made(f"snapshots[of={inner}, number=3, spacing={spacing}]").levels()
        assert [level.snapshots for level in levels] == [steps] * 2

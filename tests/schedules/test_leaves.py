"""Levels that name leaves: densities of their own, exact under every pruner, and frozen leaves."""

from dataclasses import dataclass, replace

import jax
import numpy as np
import optax
import pytest

from harness import Level, UserError
from harness.execution.trial_training import TrialTraining
from harness.experiment.choice import Choice
from harness.experiment.factors import Pruning
from harness.experiment.trial import Trial
from harness.plugin import loading
from harness.plugin.levels import resolved
from harness.plugin.parameters import parse
from harness.results import snapshot
from harness.results.snapshot import level_path
from harness.sparse import masks as mask_algebra
from harness.testing import TinyArchitecture, TinySchedule, TinyTask, tiny_model
from harness.testing._surroundings import compiling_quickly
from harness.training.state import Ensemble
from harness.training.trainer import Trainer

SIZES = {"first": 60, "second": 36}
PRUNERS = [plugin.name for plugin in loading.load().of("pruner")]
DUE = [{"first": 60, "second": 36}, {"first": 12, "second": 18}, {"first": 12, "second": 4}]
LEVELS = (
    Level(1.0, 6),
    Level(0.5, 12, by_leaf={"first": 0.2}),
    Level(0.1, 12, by_leaf={"first": 0.2}),
)


def schedule_of(levels):
    """Any levels, under an optimiser with momentum and weight decay."""

    @dataclass(frozen=True)
    class Leaves(TinySchedule):
        def levels(self):
            return levels

        def optimizer(self):
            return optax.adamw(1e-2, weight_decay=0.3)

    return Leaves()


def choice(kind, instance):
    return Choice(kind, instance.name, "tests", instance, "")


def trial_of(pruner, levels=LEVELS, **fields):
    return Trial(
        choice("task", TinyTask()),
        choice("architecture", TinyArchitecture()),
        Pruning(choice("pruner", pruner)),
        choice("schedule", schedule_of(levels)),
        **{"seed": 0, "data_seed": 0, "first": 0, "width": 2, "keep_weights": True, **fields},
    )


def trainer_of(pruner, levels=LEVELS):
    data, schedule = TinyTask().data(seed=0), schedule_of(levels)
    return Trainer(tiny_model(), pruner, schedule, data, seed=0, data_seed=0)


def trained(pruner, levels, folder):
    """What is kept of each level of a trial that is trained in a folder."""
    trial = trial_of(pruner, levels)
    assert trial.reason_to_skip is None
    TrialTraining(trial, trainer_of(pruner, levels), folder).train()
    return [snapshot.load(level_path(folder, number)) for number in range(len(levels))]


@pytest.fixture(autouse=True, scope="module")
def quickly():
    """Much is compiled here, and little computed."""
    with compiling_quickly():
        yield


@pytest.fixture
def made(registry):
    """A pruner as it would be written."""
    return lambda text: registry.make("pruner", parse(text)[0])


def kept(level):
    return {name: mask.sum(axis=(1, 2)).tolist() for name, mask in level.masks.items()}


def pruners(names):
    """The pruners that act at intervals, at intervals that fall within a few steps."""
    often = {name: f"{name}[every=3]" for name in ("set", "rigl", "gmp")}
    return [often.get(name, name) for name in names if name != "zahn2022"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", [*pruners(PRUNERS), "magnitude[scope=global]", "snip[scope=output]"]
)
def test_every_exact_pruner_keeps_the_number_of_each_leaf(made, tmp_path, text):
    found = trained(made(text), LEVELS, tmp_path)
    assert [kept(level) for level in found] == [
        {name: [number] * 2 for name, number in due.items()} for due in DUE
    ]
    overall = [sum(due.values()) / 96 for due in DUE]
    assert [level.facts["density"] for level in found] == pytest.approx(overall)


def test_a_pruner_that_heeds_the_total_alone_fails_with_the_leaf(made, tmp_path):
    @dataclass(frozen=True)
    class Total(type(made("magnitude"))):
        def step(self, evidence, target, state, *, key):
            return super().step(evidence, target._replace(binding=None), state, key=key)

    with pytest.raises(ArithmeticError, match=r"'first' \(share: 12\)"):
        trained(Total(scope="global"), LEVELS, tmp_path)


def test_what_cannot_be_honoured_is_skipped_with_its_reason(made):
    reason = trial_of(made("zahn2022")).reason_to_skip
    assert reason == "pruner 'zahn2022' keeps no exact numbers, which densities by leaf need"
    rising = (Level(1.0, 5), Level(0.2, 5, by_leaf={"second": 0.1}), Level(0.15, 5))
    reason = trial_of(made("magnitude"), rising).reason_to_skip
    assert "level 2 gives more weights to second than the level before" in reason
    assert trial_of(made("random[when=init]"), rising).reason_to_skip is None


@pytest.mark.parametrize(
    ("level", "problem"),
    [
        (
            Level(0.5, 5, by_leaf={"third": 0.1}),
            "of 'third'.*prunable leaf. It has first, sec",
        ),
        (Level(0.5, 5, by_leaf={"bias": 0.1}), "'bias'.*It has first, second"),
        (Level(0.5, 5, frozen=("layers.0",)), "freezes 'layers.0'.*It has first, second, bias"),
        (Level(0.5, 5, {"first": 0.1}, ("first",)), "freezes first and gives a new density"),
    ],
)
def test_names_of_leaves_are_checked(level, problem):
    with pytest.raises(UserError, match=f"level 1 .*{problem}"):
        resolved((Level(1.0, 5), level), tiny_model(), from_start=False)


def test_levels_that_name_no_leaf_stay_as_they_are():
    plain = TinySchedule().levels()
    assert resolved(plain, tiny_model(), from_start=False) == plain
    assert hash(LEVELS) == hash((LEVELS[0], *LEVELS[1:]))


def test_a_level_says_what_it_cannot_be():
    with pytest.raises(ValueError, match="the level has the steps 0 to 5"):
        Level(0.5, 5, snapshots=(6,))
    with pytest.raises(ValueError, match="outside 0 to 1"):
        Level(0.5, 5, by_leaf={"first": 1.5})


def test_exact_numbers_by_leaf():
    found = mask_algebra.target(SIZES, 0.5, {"first": 0.29})
    assert {name: int(number) for name, number in found.by_leaf.items()} == {
        "first": 17,
        "second": 18,
    }
    assert int(found.total) == 35
    assert found.binding == ()


FROZEN = (
    Level(1.0, 6),
    Level(0.5, 12, frozen=("second",)),
    Level(0.25, 12, frozen=("first", "bias")),
)


def bits(leaf):
    return np.asarray(leaf).view(np.uint32)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["magnitude", "lottery", "obd", "gmp[every=3]", "woodfisher"])
def test_frozen_leaves_are_neither_trained_nor_pruned(made, tmp_path, text):
    dense, first, last = trained(made(text), FROZEN, tmp_path)
    assert kept(first) == {"first": [30, 30], "second": [36, 36]}
    assert kept(last) == {"first": [30, 30], "second": [9, 9]}
    for before, after, stays in ((dense, first, ("second",)), (first, last, ("first", "bias"))):
        for name, weights in after.weights.items():
            same = np.array_equal(bits(weights), bits(before.weights[name]))
            assert same == (name in stays)
        for name in set(stays) & set(SIZES):
            np.testing.assert_array_equal(after.masks[name], before.masks[name])


@pytest.mark.slow
def test_a_leaf_frozen_in_a_training_of_its_own_stays_dense_as_it_began(made, tmp_path):
    levels = (Level(1.0, 6, frozen=("first",)), Level(0.5, 12, frozen=("first",)))
    dense, sparse = trained(made("set[every=3]"), levels, tmp_path)
    assert kept(sparse) == {"first": [60, 60], "second": [18, 18]}
    np.testing.assert_array_equal(bits(sparse.weights["first"]), bits(dense.weights["first"]))


def test_the_moments_of_a_frozen_leaf_stay_and_negative_zeros_too(made):
    trainer = trainer_of(made("magnitude"), FROZEN)
    keys = trainer.keys((0, 1))
    levels = resolved(FROZEN, tiny_model(), from_start=False)
    state = steps(trainer, trainer.start(keys), keys, levels, 0)
    second = state.network.second.at[:, 0, 0].set(-0.0)
    state = state._replace(network=replaced(state.network, second))
    before = jax.tree.map(np.array, state)
    after = steps(trainer, trainer.prune(state, keys, 1, levels[1]), keys, levels, 1)
    for one, other in zip(moments(before), moments(after), strict=True):
        np.testing.assert_array_equal(bits(one.second), bits(other.second))
        assert not np.array_equal(one.first, other.first)
    np.testing.assert_array_equal(bits(before.network.second), bits(after.network.second))


def replaced(network, second):
    return mask_algebra.replace(network, {"second": second})


def moments(state: Ensemble):
    adam = state.optimizer[0]
    return adam.mu, adam.nu


def steps(trainer, state, keys, levels, number):
    """The networks after the steps of a level."""
    before, current = levels[max(number - 1, 0)], levels[number]
    named = {"previous": before, "current": current, "first_batch": 0}
    return trainer.chunk(state, keys, number, 0, current.steps, **named)[0]


def test_levels_that_freeze_nothing_are_trained_as_ever(made, tmp_path):
    """Under a schedule that freezes a leaf at its last level only."""
    plain = (Level(1.0, 6), Level(0.5, 12), Level(0.5, 6))
    frozen = (*plain[:2], replace(plain[2], frozen=("bias",)))
    one = trained(made("magnitude"), plain, tmp_path / "plain")
    other = trained(made("magnitude"), frozen, tmp_path / "frozen")
    for number in (0, 1):
        for name, weights in one[number].weights.items():
            np.testing.assert_array_equal(weights, other[number].weights[name])

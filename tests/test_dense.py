"""Dense levels trained once for several pruners: the same bits as when each trains its own."""

from dataclasses import replace

import pytest

from harness import files
from harness.execution import shared_dense
from harness.execution.trial_training import TrialTraining
from harness.experiment.choice import Choice
from harness.experiment.factors import Pruning
from harness.experiment.trial import Trial
from harness.plugin.parameters import Selection
from harness.results import provenance
from harness.results.snapshot import level_path
from harness.testing import TinyArchitecture, TinySchedule, TinyTask, tiny_model
from harness.training.trainer import Trainer


class Plain(TinySchedule):
    """The tiny schedule, of which nothing within levels is kept."""

    def levels(self):
        return tuple(replace(level, snapshots=()) for level in super().levels())


WAITING = ("magnitude", "random", "zahn2022")
LEVELS = range(4)


def made(pruner):
    trial = Trial(
        Choice("task", "tiny", "tests", TinyTask(), ""),
        Choice("architecture", "tiny", "tests", TinyArchitecture(), ""),
        Pruning(Choice("pruner", pruner.name, "tests", pruner, "")),
        Choice("schedule", "tiny", "tests", Plain(), ""),
        seed=0,
        data_seed=0,
        first=0,
        width=2,
        keep_weights=True,
    )
    data = TinyTask().data(seed=0)
    return trial, Counting(tiny_model(), pruner, Plain(), data, seed=0, data_seed=0)


def contents(folder):
    found = []
    for number in LEVELS:
        arrays, facts = files.read_arrays(level_path(folder, number))
        found.append(({name: array.tobytes() for name, array in arrays.items()}, facts))
    return found


class Counting(Trainer):
    """A trainer that counts the steps it takes at the dense level."""

    steps = 0

    def chunk(self, state, keys, level, step, number, **named):
        self.steps += number if level == 0 else 0
        return super().chunk(state, keys, level, step, number, **named)


@pytest.fixture(scope="module")
def left(registry, tmp_path_factory):
    """A folder with the dense level that a trial of `magnitude` left."""
    shared = tmp_path_factory.mktemp("shared")
    trial, trainer = made(registry.make("pruner", Selection("magnitude")))
    TrialTraining(trial, trainer, tmp_path_factory.mktemp("first"), shared).train()
    return shared


@pytest.mark.parametrize("name", WAITING)
def test_a_trial_that_takes_over_its_dense_level_ends_with_the_same_bits(
    name, registry, left, tmp_path
):
    trial, trainer = made(registry.make("pruner", Selection(name)))
    TrialTraining(trial, trainer, tmp_path / "sharing", left).train()
    assert trainer.steps == 0
    TrialTraining(trial, trainer, tmp_path / "alone").train()
    assert trainer.steps == Plain().levels()[0].steps
    assert contents(tmp_path / "sharing") == contents(tmp_path / "alone")
    assert len(list(left.iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["at-start", "moving", "rewinding", "regrowing"])
def test_who_does_more_than_wait_trains_its_own(name, registry, left, tmp_path):
    trial, trainer = made(registry.make("pruner", Selection(name)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrialTraining, "_prune", lambda self, state, current: state)
        TrialTraining(trial, trainer, tmp_path, left).train()
    assert trainer.steps == Plain().levels()[0].steps
    assert len(list(left.iterdir())) == 1


def test_a_damaged_dense_level_is_trained_again(registry, left, tmp_path):
    (kept,) = left.iterdir()
    (tmp_path / "shared").mkdir()
    damaged = tmp_path / "shared" / kept.name
    damaged.write_bytes(kept.read_bytes()[:-100])
    trial, trainer = made(registry.make("pruner", Selection("magnitude")))
    TrialTraining(trial, trainer, tmp_path / "trial", damaged.parent).train()
    assert trainer.steps == Plain().levels()[0].steps
    assert damaged.read_bytes() == kept.read_bytes()


def test_other_networks_and_another_environment_have_a_dense_level_of_their_own(
    registry, tmp_path, monkeypatch
):
    trial, _ = made(registry.make("pruner", Selection("magnitude")))
    other, _ = made(registry.make("pruner", Selection("random")))
    here = shared_dense.path(tmp_path, trial)
    assert shared_dense.path(tmp_path, other) == here
    for change in ({"first": 2}, {"width": 3}, {"seed": 1}, {"data_seed": 1}, {"batch_seed": 1}):
        assert shared_dense.path(tmp_path, replace(trial, **change)) != here
    monkeypatch.setattr(provenance, "environment", lambda: "jax 0.0")
    assert shared_dense.path(tmp_path, trial) != here

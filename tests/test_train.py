"""The training loop: chunks, batches, events, stop rule, divergence, block width."""

import logging
import math
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.pruners.magnitude import Magnitude

from harness import (
    AbstractPruner,
    Batch,
    Level,
    Model,
    Quantity,
    StopRule,
    TaskData,
    Update,
    progress,
    prune_by_score,
)
from harness.execution import trial_training
from harness.experiment.choice import Choice
from harness.experiment.factors import Pruning
from harness.experiment.trial import Trial
from harness.sparse import masks as mask_algebra
from harness.testing import TinyArchitecture, TinySchedule, TinyTask, tiny_model
from harness.training.rows import shuffled
from harness.training.stopping import stopped
from harness.training.trainer import Trainer

LEVELS = TinySchedule().levels()


def trainer_of(pruner, *, model=None, schedule=None, seed=0, data_seed=0):
    model = model or tiny_model()
    data = model.task.data(seed=data_seed)
    schedule = schedule or TinySchedule()
    return Trainer(model, pruner, schedule, data, seed=seed, data_seed=data_seed)


def chunk(trainer, state, keys, level, step, number, *, levels=LEVELS, first_batch=0):
    return trainer.chunk(
        state,
        keys,
        level,
        step,
        number,
        previous=levels[max(level - 1, 0)],
        current=levels[level],
        first_batch=first_batch,
    )


def host(tree):
    """A copy that outlives the donation of what it was taken from."""
    return jax.tree.map(np.array, tree)


def assert_bitwise(one, other):
    for here, there in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(here, there, strict=True)


@pytest.fixture(scope="module")
def trainer():
    return trainer_of(Magnitude())


@pytest.fixture(scope="module")
def keys(trainer):
    return trainer.keys((0, 1, 2))


def test_a_network_that_has_stopped_stays_and_the_others_do_not_notice(trainer, keys):
    start = trainer.prune(trainer.start(keys), keys, 1, 0.5)
    before = host(start.network)
    stopped_second = start._replace(active=jnp.asarray([True, False, True]))
    some, losses, _ = chunk(trainer, jax.tree.map(jnp.copy, stopped_second), keys, 1, 0, 20)
    everyone, all_losses, _ = chunk(trainer, start, keys, 1, 0, 20)
    for one, all_go, frozen in zip(
        *map(jax.tree.leaves, (some.network, everyone.network, before)), strict=True
    ):
        np.testing.assert_array_equal(np.asarray(one)[[0, 2]], np.asarray(all_go)[[0, 2]])
        np.testing.assert_array_equal(np.asarray(one)[1], frozen[1])
    np.testing.assert_array_equal(losses[:, [0, 2]], all_losses[:, [0, 2]])
    assert np.isnan(losses[:, 1]).all()
    assert np.isfinite(all_losses).all()


def test_chunks_change_nothing(trainer, keys):
    levels = (Level(1.0, 40), Level(0.5, 40))

    def trained(parts):
        state, losses, step = trainer.start(keys), [], 0
        for number in parts:
            state, some, _ = chunk(trainer, state, keys, 0, step, number, levels=levels)
            losses.append(np.asarray(some))
            step += number
        return host(state), np.concatenate(losses)

    whole, losses = trained([40])
    assert losses.shape == (40, 3)
    assert np.isfinite(losses).all()
    for parts in ([10] * 4, [1, 38, 1]):
        state, same = trained(parts)
        assert_bitwise(state, whole)
        np.testing.assert_array_equal(same, losses)


class Rows(eqx.Module):
    weight: jax.Array


class OneLeaf(TinyArchitecture):
    """Its outputs are its inputs."""

    def network(self, shape, *, key):
        return Rows(jax.random.normal(key, (2, 2)))

    def forward(self, network, inputs):
        return inputs + 0 * jnp.sum(network.weight)

    def prunable(self, network):
        return {"weight": jnp.ones_like(network.weight, bool)}


@dataclass(frozen=True)
class RowTask(TinyTask):
    """Its loss is the mean of the numbers of the rows that it is shown."""

    name: ClassVar[str] = "rows"
    inputs: tuple[int, ...] = (1,)

    def data(self, *, seed):
        number = np.arange(200, dtype=np.float32)[:, None] ** 2
        split = (slice(0, 120), slice(120, 160), slice(160, 200))
        names = (Quantity("x", "1"),)
        rows = (Batch(number[part], -number[part]) for part in split)
        return TaskData(*rows, inputs=names, outputs=names)

    def loss(self, outputs, targets):
        return jnp.mean(outputs)


@dataclass(frozen=True)
class Checking(TinySchedule):
    """The tiny schedule with a stop rule."""

    stop_rule = StopRule("network", every=10, after=20, window=10)


def test_rows_are_shuffled_in_pairs_once_for_each_data_seed():
    rows = RowTask().data(seed=0).train
    first, again, other = (shuffled(rows, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert not np.array_equal(first.inputs, other.inputs)
    assert not np.array_equal(first.inputs, rows.inputs)
    np.testing.assert_array_equal(np.sort(first.inputs, axis=0), rows.inputs)
    np.testing.assert_array_equal(first.inputs, -first.targets)


def test_batches_are_read_in_the_shuffled_order_and_round_again():
    trainer = trainer_of(
        Magnitude(), model=Model(RowTask(), OneLeaf()), schedule=Checking(), data_seed=3
    )
    keys = trainer.keys((0, 1))
    data = RowTask().data(seed=3)
    train = np.asarray(shuffled(data.train, 3).inputs[:, 0])
    # 120 rows hold 7 batches of 16 and a part batch that is left; 40 rows hold 2.
    expected = [train[16 * (batch % 7) :][:16].mean() for batch in range(40)]
    checks = [data.validation.inputs[16 * (batch % 2) :][:16].mean() for batch in range(40)]
    levels = (Level(1.0, 60),)
    for first_batch, step, number in ((0, 0, 16), (9, 5, 12)):
        _, losses, checked = chunk(
            trainer,
            trainer.start(keys),
            keys,
            0,
            step,
            number,
            levels=levels,
            first_batch=first_batch,
        )
        which = slice(first_batch + step, first_batch + step + number)
        for network in range(2):
            np.testing.assert_allclose(losses[:, network], expected[which], rtol=1e-5)
            np.testing.assert_allclose(checked[:, network], checks[which], rtol=1e-5)


@dataclass(frozen=True)
class Logging(AbstractPruner):
    """Prunes during training by magnitude, and writes down when it was called and with what."""

    name: ClassVar[str] = "logging"
    when: ClassVar[str] = "during"
    every: int = 7

    def init(self, evidence, *, key):
        return {"called": jnp.int32(0), "log": jnp.zeros((20, 4))}

    def gather(self, weights, gradients, masks):
        return {"steps": jnp.float32(1)}

    def step(self, evidence, target, state, *, key):
        size = {name: jnp.abs(weight) for name, weight in evidence.weights.items()}
        mask = prune_by_score(size, evidence.mask, target, scope="global", key=key)
        steps = jnp.asarray(evidence.gathered_steps, jnp.float32)
        seen = (evidence.progress, target.total.astype(jnp.float32), steps)
        row = jnp.stack([*seen, evidence.gathered["steps"]])
        log = state["log"].at[state["called"]].set(row)
        return Update(mask), {"called": state["called"] + 1, "log": log}

    def ramp(self, previous, density, progress):
        return density + (previous - density) * (1 - progress) ** 3


@pytest.fixture(scope="module")
def logging_trainer():
    return trainer_of(Logging())


@pytest.mark.slow
@pytest.mark.parametrize("parts", [[30], [10, 13, 7]])
def test_events_during_training_come_at_their_steps_with_their_targets(logging_trainer, parts):
    trainer = logging_trainer
    levels = (Level(1.0, 11), Level(0.6, 30), Level(0.25, 30))
    keys = trainer.keys((0, 1))
    state = trainer.start(keys)
    state, _, _ = chunk(trainer, state, keys, 0, 0, 11, levels=levels)
    assert not state.pruner["called"].any(), "a dense level has no events"
    for level in (1, 2):
        step = 0
        for number in parts:
            state, _, _ = chunk(trainer, state, keys, level, step, number, levels=levels)
            step += number
    log = np.asarray(state.pruner["log"])
    assert state.pruner["called"].tolist() == [10, 10]
    expected, since = [], 11
    for before, density in ((1.0, 0.6), (0.6, 0.25)):
        for event in range(5):  # at steps 0, 7, 14, 21 and 28 of 30
            progress = event / 4
            now = density + (before - density) * (1 - progress) ** 3
            expected.append([progress, round(96 * now), since, since])
            since = 7
        since = 2
    for network in range(2):
        np.testing.assert_allclose(log[network, :10], expected, rtol=1e-6)
    kept = sum(np.asarray(mask).sum(axis=(1, 2)) for mask in state.masks.values())
    assert kept.tolist() == [24, 24]


def test_a_level_of_one_event_goes_straight_to_its_density(logging_trainer):
    trainer = logging_trainer
    levels = (Level(1.0, 5), Level(0.5, 7))
    keys = trainer.keys((0, 1))
    state, _, _ = chunk(trainer, trainer.start(keys), keys, 1, 0, 7, levels=levels)
    assert state.pruner["called"].tolist() == [1, 1]
    assert sum(np.asarray(mask)[0].sum() for mask in state.masks.values()) == 48


@dataclass(frozen=True)
class Cosine(Logging):
    """A ramp written with NumPy, as a plugin's author would."""

    def ramp(self, previous, density, progress):
        return density + (previous - density) * (1 + np.cos(np.pi * progress)) / 2


def test_a_ramp_may_answer_with_a_number_of_numpy(logging_trainer):
    trainer = logging_trainer
    previous, current = Level(1.0, 5), Level(0.5, 29)
    trainer.pruner, kept = Cosine(), trainer.pruner
    try:
        due, targets, _ = trainer._events(0, previous, current)
    finally:
        trainer.pruner = kept
    ramp = [0.5 + 0.25 * (1 + math.cos(math.pi * event / 4)) for event in range(5)]
    assert targets.total[due].tolist() == [round(96 * density) for density in ramp]


RULE = {"every": 10, "after": 20, "window": 5, "ratio": 1.01}


def falling(steps, *rates):
    return np.exp(-np.outer(np.arange(steps), rates)).astype(np.float32)


def test_a_network_stops_when_its_own_loss_no_longer_falls():
    rule = StopRule("network", **RULE)
    # Over five steps a rate of r lowers the mean by exp(5r): 1.01 lies at r = 0.00199.
    rates = (0.0, 0.0019, 0.0021, 0.1, -0.1)
    history = falling(40, *rates)
    for steps in (20, 30, 40):
        assert stopped(history[:steps], rule).tolist() == [True, True, False, False, True]
    for steps in (10, 19, 21, 25, 39):
        assert not stopped(history[:steps], rule).any(), f"asked after {steps} steps"


def test_the_ensemble_stops_as_one_on_its_mean():
    rule = StopRule("ensemble", **RULE)
    history = np.zeros((20, 2), np.float32)
    history[10:15], history[15:] = [2.0, 1.0], [1.0, 2.0]
    assert stopped(history, rule).tolist() == [True, True]  # 3 / 3
    history[15:, 1] = 1.9
    assert stopped(history, rule).tolist() == [False, False]  # 3 / 2.9
    assert stopped(history, StopRule("network", **RULE)).tolist() == [False, True]


def test_the_windows_are_those_of_the_rule():
    rule = StopRule("network", every=10, after=10, window=10)
    history = np.ones((30, 1), np.float32)
    history[:10] = 100
    assert stopped(history[:20], rule).tolist() == [False]
    assert stopped(history, rule).tolist() == [True]
    assert stopped(history[:10], rule).tolist() == [False], "one window is no comparison"


def test_a_diverged_network_does_not_keep_the_ensemble_from_stopping():
    history = np.ones((20, 3), np.float32)
    history[5:, 1] = np.nan
    assert stopped(history, StopRule("network", **RULE)).tolist() == [True, False, True]
    assert stopped(history, StopRule("ensemble", **RULE))[[0, 2]].tolist() == [True, True]


def poisoned(state, which):
    """The same with a weight of one network that is no number."""
    first = state.network.first.at[which, 0, 0].set(jnp.nan)
    return state._replace(network=eqx.tree_at(lambda n: n.first, state.network, first))


def test_a_network_that_diverges_does_not_touch_those_beside_it(trainer, keys):
    def trained(poison):
        state = poison(trainer.start(keys))
        state, losses, _ = chunk(trainer, state, keys, 0, 0, 20)
        state = trainer.prune(state, keys, 1, 0.6)
        state, more, _ = chunk(trainer, state, keys, 1, 0, 20)
        return host(state), np.concatenate([losses, more])

    well, losses = trained(lambda state: state)
    ill, other = trained(lambda state: poisoned(state, 1))
    assert np.isnan(other[:, 1]).all()
    np.testing.assert_array_equal(other[:, [0, 2]], losses[:, [0, 2]])
    assert_bitwise(*(jax.tree.map(lambda leaf: leaf[[0, 2]], one) for one in (ill, well)))
    for name in ("first", "second"):
        assert ill.masks[name][1].sum() == well.masks[name][1].sum(), "NaN ranks, lowest"


def test_one_step_at_any_width_agrees(trainer, watched):
    def step(trainer, numbers):
        own = trainer.keys(numbers)
        state, losses, _ = chunk(trainer, trainer.start(own), own, 0, 0, 1)
        return host(state.network), np.asarray(losses)

    wide, losses = step(trainer, (0, 1, 2))
    for narrow, numbers in ((trainer_of(Magnitude()), (0,)), (watched[0], (2, 1))):
        network, own = step(narrow, numbers)
        np.testing.assert_allclose(own, losses[:, list(numbers)], rtol=1e-5)
        for name in ("first", "second", "bias"):
            expected = getattr(wide, name)[list(numbers)]
            np.testing.assert_allclose(getattr(network, name), expected, atol=1e-5, rtol=1e-5)


def test_networks_differ_by_number_and_seed_and_not_by_where_they_stand(trainer):
    first = host(trainer.start(trainer.keys((0, 1, 2))).network.first)
    moved = host(trainer.start(trainer.keys((1, 2, 3))).network.first)
    np.testing.assert_array_equal(first[1:], moved[:2])
    distinct = {one.tobytes() for one in [*first, moved[2]]}
    assert len(distinct) == 4
    other = Trainer.keys(trainer_of(Magnitude(), seed=1), (0,))
    assert not np.array_equal(
        jax.random.key_data(other.weights), jax.random.key_data(trainer.keys((0,)).weights)
    )


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The trainer of a trial of two networks, and what was compiled while it ran, by level."""
    pruner = Magnitude()
    trial = Trial(
        Choice("task", "tiny", "tests", TinyTask(), ""),
        Choice("architecture", "tiny", "tests", TinyArchitecture(), ""),
        Pruning(Choice("pruner", "magnitude", "tests", pruner, "")),
        Choice("schedule", "tiny", "tests", TinySchedule(), ""),
        seed=0,
        data_seed=0,
        first=0,
        width=2,
        keep_weights=True,
    )
    trainer, records, until = trainer_of(pruner), [], {}
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())
    logger = logging.getLogger("jax")

    def count(update):
        if "level" in update.facts:
            until[update.facts["level"]] = len(compilations(records))

    logger.addHandler(handler)
    try:
        with jax.log_compiles(), progress.listening(count):
            trial_training.TrialTraining(trial, trainer, tmp_path_factory.mktemp("watched")).train()
    finally:
        logger.removeHandler(handler)
    return trainer, compilations(records), until


def compilations(records):
    return [text.split(" with ")[0] for text in records if text.startswith("Compiling")]


def test_no_level_compiles_anew(watched):
    _, names, until = watched
    for function in ("chunk", "_prune_all", "_losses"):
        assert sum(f"({function})" in text for text in names) == 1, names
    assert until[2] == until[3] == len(names), names[until[2] :]


def test_a_compiled_function_is_made_once_for_each_width(trainer, keys):
    def widths(numbers):
        before = trainer.compile_seconds
        state = trainer.start(trainer.keys(numbers))
        return state.active.shape[0], trainer.compile_seconds > before

    trainer.start(keys)
    assert widths((0, 1)) == (2, True)
    assert widths((1, 2)) == (2, False)
    assert widths((0, 1, 2)) == (3, False)


def test_targets_of_a_chunk_are_those_of_the_mask_algebra(logging_trainer):
    due, targets, progress = logging_trainer._events(5, Level(0.8, 9), Level(0.4, 40))
    assert np.flatnonzero(due).tolist() == [2, 9, 16, 23, 30]  # steps 7, 14, ... 35 of 40
    for index in np.flatnonzero(due):
        density = Logging().ramp(0.8, 0.4, float(progress[index]))
        assert targets.total[index] == mask_algebra.target(logging_trainer.sizes, density).total

"""A run says where numbers are not finite, and where a pruner keeps another number than asked."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest
from comparing import trials_of

from harness import AbstractPruner, ScorePruner, Update, leaf_map, open_run, prune_by_score
from harness.execution import measuring, workshop
from harness.sparse import finite
from harness.sparse.masks import target
from harness.testing import TinySchedule, TinyTask, tiny_model
from harness.training.trainer import Trainer
from harness.types import Level, Scope, When

LEVELS = TinySchedule().levels()
BAD = {"nan": jnp.nan, "inf": jnp.inf, "-inf": -jnp.inf}


@dataclass(frozen=True)
class Spoilt(ScorePruner):
    """Sizes of weights, but for one of the second leaf."""

    name: ClassVar[str] = "spoilt"
    when: When = "level"
    every: int = 5
    scope: Scope = "layer"
    value: float = float("nan")

    def score(self, evidence, *, key):
        scores = leaf_map(jnp.abs, evidence.weights)
        return {**scores, "second": scores["second"].at[1, 2].set(self.value)}


@dataclass(frozen=True)
class OneMore(AbstractPruner):
    """Says that it is exact, and keeps one weight too many of the first leaf."""

    name: ClassVar[str] = "one-more"
    when: When = "level"
    every: int = 5
    exact: bool = True

    def step(self, evidence, target, state, *, key):
        by_leaf = {**target.by_leaf, "first": target.by_leaf["first"] + 1}
        sizes = leaf_map(jnp.abs, evidence.weights)
        wanted = target._replace(by_leaf=by_leaf)
        masks = prune_by_score(sizes, evidence.candidates, wanted, scope="layer", key=key)
        return Update(masks), state


@dataclass(frozen=True)
class Looping(AbstractPruner):
    """Calls prune_by_score within a loop, and in its last round with finite scores."""

    name: ClassVar[str] = "looping"
    when: ClassVar[When] = "init"

    def step(self, evidence, target, state, *, key):
        def prune(number, mask):
            scores = leaf_map(jnp.abs, evidence.weights)
            bad = jnp.where(number == 0, jnp.nan, 1.0)
            scores = {**scores, "first": scores["first"] * bad}
            return prune_by_score(scores, mask, target, scope="global", key=key)

        return Update(jax.lax.fori_loop(0, 2, prune, evidence.candidates)), state


@dataclass(frozen=True)
class Careful(Spoilt):
    """Keeps no leaf with a weight that is not finite."""

    name: ClassVar[str] = "careful"
    value: float = 1.0

    def step(self, evidence, target, state, *, key):
        update, state = super().step(evidence, target, state, key=key)
        sound = leaf_map(lambda weights: jnp.isfinite(weights).all(), evidence.weights)
        return update._replace(mask=leaf_map(jnp.logical_and, update.mask, sound)), state


def trainer_of(pruner, model=None):
    model = model or tiny_model()
    data = model.task.data(seed=0)
    return Trainer(model, pruner, TinySchedule(), data, seed=0, data_seed=0)


def pruned(pruner, networks=(4, 7)):
    """The networks at the first level that is pruned."""
    trainer = trainer_of(pruner)
    keys = trainer.keys(networks)
    state = trainer.start(keys)
    if pruner.when != "during":
        return trainer.prune(state, keys, 1, LEVELS[1].density)
    return trainer.chunk(
        state, keys, 1, 0, 20, previous=LEVELS[0], current=LEVELS[1], first_batch=0
    )[0]


@pytest.mark.slow
@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("scope", ["layer", "global", "output"])
@pytest.mark.parametrize("when", ["init", "level", "during"])
def test_scores_that_are_not_finite_are_found_with_leaf_and_network(when, scope, value):
    with pytest.raises(
        FloatingPointError,
        match=r"pruner 'spoilt', level 1: .* of 'second' are not finite in network 4, 7",
    ):
        pruned(Spoilt(when=when, scope=scope, value=value))


def test_they_are_found_within_a_loop_whose_last_round_is_fine():
    with pytest.raises(
        FloatingPointError, match=r"'looping', level 1: .* 'first' are .* network 4, 7"
    ):
        pruned(Looping())


def test_complex_scores_are_refused_with_the_leaf():
    @dataclass(frozen=True)
    class Complex(Spoilt):
        def score(self, evidence, *, key):
            return {**leaf_map(jnp.abs, evidence.weights), "first": evidence.weights["first"] + 1j}

    with pytest.raises(TypeError, match="scores of 'first' are complex64"):
        pruned(Complex())


def test_a_score_that_is_not_finite_does_not_matter_where_nothing_is_chosen():
    # -inf for what is no candidate is an old habit.
    pruner = Spoilt(value=1.0)
    trainer = trainer_of(pruner)
    masks = {"a": jnp.asarray([True, False, True])}
    scores = {"a": jnp.asarray([1.0, -jnp.inf, 2.0])}
    kept = prune_by_score(
        scores, masks, target({"a": 2}, 0.5), scope="layer", key=jax.random.key(0)
    )
    assert kept["a"].tolist() == [False, False, True]
    spoilt = {"a": jnp.asarray([1.0, 0.0, jnp.nan])}
    kept = prune_by_score(
        spoilt, masks, target({"a": 2}, 0.5), scope="layer", key=jax.random.key(0)
    )
    assert not kept["a"].any()
    assert not np.asarray(pruned(pruner).inexact).any()
    assert trainer.sizes == {"first": 60, "second": 36}


@pytest.mark.slow
@pytest.mark.parametrize("when", ["init", "level", "during"])
def test_an_exact_pruner_that_keeps_another_number_fails_with_level_and_layer(when):
    told = r"'one-more', level 1: network 4 keeps 59 weights, not 58: 37 in 'first'"
    with pytest.raises(ArithmeticError, match=told):
        pruned(OneMore(when=when))
    pruned(OneMore(when=when, exact=False))


@pytest.mark.parametrize(("pruner", "kept"), [(Spoilt(value=1.0), 58), (Careful(), 22)])
def test_networks_that_have_diverged_do_not_fail_the_others(pruner, kept):
    trainer = trainer_of(pruner)
    keys = trainer.keys((0, 1))
    state = trainer.start(keys)
    broken = state.network.first.at[1, 0, 0].set(jnp.nan)
    state = state._replace(network=eqx.tree_at(lambda one: one.first, state.network, broken))
    state = trainer.prune(state, keys, 1, LEVELS[1].density)
    assert [sum(n[i] for n in trainer.kept(state).values()) for i in (0, 1)] == [58, kept]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_data_that_are_not_finite_are_refused_with_split_and_column(split):
    data = TinyTask().data(seed=0)
    finite.check_data(data)
    rows = getattr(data, split)
    for part, name in (("inputs", "x2"), ("targets", "y2")):
        values = getattr(rows, part).copy()
        values[3, 2] = values[5, 1] = np.inf
        spoilt = replace(data, **{split: rows._replace(**{part: values})})
        told = rf"the {part} of the {split} split are not all finite: 2 of .*inf in row 3.*'{name}'"
        with pytest.raises(ValueError, match=told):
            finite.check_data(spoilt)


def test_a_trial_whose_data_are_not_finite_fails_before_training(run, tmp_path, monkeypatch):
    draw = TinyTask.data

    def with_nan(self, *, seed):
        data = draw(self, seed=seed)
        data.train.inputs[7, 3] = np.nan
        return data

    monkeypatch.setattr(TinyTask, "data", with_nan)
    monkeypatch.setattr(Trainer, "start", lambda *_: pytest.fail("it trains"))
    outcome = run(tmp_path, networks=2)
    assert outcome.trained == 0
    (failure,) = outcome.failures
    assert "inputs of the train split" in failure
    assert "row 7, column 'x3'" in failure


@pytest.mark.slow
def test_a_trial_whose_networks_have_all_diverged_has_failed(run, tmp_path, monkeypatch):
    # Each network's loss becomes NaN: the schedule's rate is far too large.
    monkeypatch.setattr(TinySchedule, "optimizer", lambda self: optax.sgd(1e30))
    monkeypatch.setattr(workshop, "Trainer", Trainer)
    outcome = run(tmp_path, networks=2, metrics=["performance"])
    assert (outcome.trained, outcome.measured) == (0, 0)
    assert "every network has diverged at level 0 (density 1)" in outcome.failures[0]
    opened = open_run(tmp_path)
    assert opened.trials()["status"].tolist() == ["failed"]
    assert opened.table("levels").empty
    (folder,) = trials_of(tmp_path)
    assert pd.read_parquet(folder / "levels.parquet")["diverged"].all()


def test_a_trial_of_which_nothing_is_left_has_failed(run, tmp_path, monkeypatch):
    levels = (Level(1.0, 3), Level(0.001, 3))
    monkeypatch.setattr(TinySchedule, "levels", lambda self: levels)
    outcome = run(tmp_path, networks=2)
    assert outcome.trained == 0
    assert "nothing is left at level 1: density 0.001" in outcome.failures[0]


def test_a_task_that_changes_settings_of_jax_fails_its_trial(run, tmp_path, monkeypatch):
    draw = TinyTask.data

    def changing(self, *, seed):
        jax.config.update("jax_default_matmul_precision", "bfloat16")
        return draw(self, seed=seed)

    monkeypatch.setattr(TinyTask, "data", changing)
    outcome = run(tmp_path, networks=2)
    assert outcome.trained == 0
    assert "changes jax_default_matmul_precision of JAX" in outcome.failures[0]
    assert jax.config.values["jax_default_matmul_precision"] is None


def test_a_metric_that_changes_settings_of_jax_has_failed(run, tmp_path, monkeypatch):
    measure = measuring.measure

    def changing(*arguments):
        jax.config.update("jax_default_matmul_precision", "bfloat16")
        return measure(*arguments)

    monkeypatch.setattr(measuring, "measure", changing)
    outcome = run(tmp_path, networks=2)
    assert (outcome.trained, outcome.measured) == (1, 0)
    told = "metric 'edges': it changes jax_default_matmul_precision of JAX"
    assert told in outcome.failures[0]
    assert jax.config.values["jax_default_matmul_precision"] is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pruner", "asked", "used"),
    [("magnitude", 60, 60), ("magnitude", 5000, 120), ("snip", 5000, 120)],
)
def test_a_batch_is_limited_by_the_training_rows_alone(
    run, tmp_path, monkeypatch, pruner, asked, used
):
    # 120 training rows, 40 for validation, which limited it before.
    loss, rows = TinyTask.loss, set()
    monkeypatch.setattr(
        TinyTask,
        "loss",
        lambda self, outputs, targets: (rows.add(len(targets)), loss(self, outputs, targets))[1],
    )
    fields = {"pruners": [pruner], "schedules": [f"tiny[batch_size={asked}]"], "metrics": []}
    outcome = run(tmp_path, networks=2, **fields)
    assert rows == {used, 120, 40}  # of training, of pruning by snip, of both evaluations
    notes = [note for note in outcome.notes if f"batches have {used} rows" in note]
    assert len(notes) == (used < asked)
    (folder,) = trials_of(tmp_path)
    assert json.loads((folder / "trial.json").read_text())["batch_size"] == used


def test_timings_have_what_was_compiled_before_training(run, tmp_path, monkeypatch):
    monkeypatch.setattr(workshop, "Trainer", Trainer)
    made = []
    init = Trainer.__init__
    monkeypatch.setattr(
        Trainer, "__init__", lambda self, *a, **k: (made.append(self), init(self, *a, **k))[1]
    )
    assert trainer_of(Spoilt()).compile_seconds > 0  # for building one network
    made.clear()
    run(tmp_path, metrics=[])
    timings = open_run(tmp_path).table("timings")
    compiled = timings[timings["activity"] == "compile"].groupby("trial")["seconds"].sum()
    (trainer,) = made
    # Both trials share the trainer; each second is counted once.
    assert compiled.sum() == pytest.approx(trainer.compile_seconds, abs=0.01)

"""The contract of tasks."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.model import Model
from harness.plugin.task import AbstractTask
from harness.testing import _offers
from harness.testing._finding import Rule, expect
from harness.testing._surroundings import INDEPENDENT, drawn_before
from harness.testing._tiny import TinyArchitecture
from harness.testing._trial import Trial, same
from harness.types import Batch


def rules(task: AbstractTask) -> Iterator[Rule]:
    """The rules that a task must keep, tried with a network of one hidden layer."""
    trial = Trial(Model(task, TinyArchitecture()))
    yield Rule(
        "has finite splits in rows, the same for the same seed", partial(_splits, trial), vital=True
    )
    yield Rule("has rows of the shape that it says", partial(_shape, trial), vital=True)
    kept: list[tuple[str, Callable[[Trial], str | None]]] = [
        ("has a scalar loss with finite gradients", _loss),
        ("evaluates to the figures whose units it lists, under jit", _evaluation),
        ("has a loss that is a mean over rows", _examples),
        ("knows the loss of its best constant predictor, if it says so", _constant),
    ]
    for text, attempt in kept:
        yield Rule(text, partial(attempt, trial))
    yield Rule("is the same whatever else runs", partial(_independent, trial), vital=True)


def _shape(trial: Trial) -> None:
    shape, inputs = trial.model.task.shape, trial.data.train.inputs
    expect(
        inputs.shape[1:] == tuple(shape.inputs),
        f"an input has shape {inputs.shape[1:]}, and `shape` says {tuple(shape.inputs)}.",
    )
    told = len(trial.data.outputs)
    expect(told == shape.outputs, f"`data` names {told} outputs, `shape` has {shape.outputs}.")


def _examples(trial: Trial) -> None:
    _offers.examples(trial.model, trial.network, trial.batch)


def _constant(trial: Trial) -> str | None:
    return _offers.constant(trial.model, trial.data, trial.network)


def _splits(trial: Trial) -> None:
    for name in ("train", "validation", "test"):
        rows: Batch = getattr(trial.data, name)
        expect(len(rows.inputs) == len(rows.targets) > 0, f"the split '{name}' is not in rows.")
        for part in rows:
            expect(bool(np.isfinite(part).all()), f"the split '{name}' has non-finite values.")
    alike = same(trial.data, trial.drawn[1])
    expect(alike, "the same data seed gives other data: draw everything from `seed`.")


def _loss(trial: Trial) -> None:
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(trial.model.loss))(
        trial.network, trial.batch
    )
    expect(value.shape == (), f"the loss has shape {value.shape}: return one number.")
    finite = all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
    expect(finite, "the loss of a new network has gradients that are not finite.")


def _evaluation(trial: Trial) -> None:
    def evaluate(network: Any) -> dict[str, Any]:
        return trial.model.evaluate(network, trial.batch, trial.data)

    figures = eqx.filter_jit(evaluate)(trial.network)
    expect(
        set(figures) == set(trial.model.units),
        f"`evaluate` returns {sorted(figures)}, but `units` has {sorted(trial.model.units)}.",
    )
    expect(
        all(value.shape == () for value in figures.values()),
        "`evaluate` must return one number for each figure.",
    )


def _independent(trial: Trial) -> None:
    advice = INDEPENDENT.format(source="`seed`")
    expect(same(trial.data, trial.drawn[2]), f"of its data: {advice}")
    with drawn_before(0):
        before = trial.model.loss(trial.network, trial.batch)
    with drawn_before(1):
        trial.model.loss(trial.model.network(key=trial.keys[1]), trial.batch)
        after = trial.model.loss(trial.network, trial.batch)
    expect(bool(jnp.array_equal(before, after, equal_nan=True)), f"of its loss: {advice}")

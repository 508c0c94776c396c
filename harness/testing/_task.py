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
from harness.testing._subject import Subject, same
from harness.testing._surroundings import INDEPENDENT, drawn_before
from harness.testing._tiny import TinyArchitecture
from harness.types import Batch


def rules(task: AbstractTask) -> Iterator[Rule]:
    """Yield the rules of tasks, for a network of one hidden layer."""
    subject = Subject(Model(task, TinyArchitecture()))
    yield Rule(
        "has finite splits in rows, the same for the same seed",
        partial(_splits, subject),
        vital=True,
    )
    yield Rule("has rows of the shape that it says", partial(_shape, subject), vital=True)
    kept: list[tuple[str, Callable[[Subject], str | None]]] = [
        ("has a scalar loss with finite gradients", _loss),
        ("evaluates to the figures whose units it lists, under jit", _evaluation),
        ("has a loss that is a mean over rows", _examples),
        ("knows the loss of its best constant predictor, if it says so", _constant),
    ]
    for text, attempt in kept:
        yield Rule(text, partial(attempt, subject))
    yield Rule("is the same whatever else runs", partial(_independent, subject), vital=True)


def _shape(subject: Subject) -> None:
    shape, inputs = subject.model.task.shape, subject.data.train.inputs
    expect(
        inputs.shape[1:] == tuple(shape.inputs),
        f"an input has shape {inputs.shape[1:]}, and `shape` says {tuple(shape.inputs)}.",
    )
    named = len(subject.data.outputs)
    expect(named == shape.outputs, f"`data` names {named} outputs, `shape` has {shape.outputs}.")


def _examples(subject: Subject) -> None:
    _offers.examples(subject.model, subject.network, subject.batch)


def _constant(subject: Subject) -> str | None:
    return _offers.constant(subject.model, subject.data, subject.network)


def _splits(subject: Subject) -> None:
    for name in ("train", "validation", "test"):
        rows: Batch = getattr(subject.data, name)
        expect(len(rows.inputs) == len(rows.targets) > 0, f"the split '{name}' is not in rows.")
        for part in rows:
            expect(bool(np.isfinite(part).all()), f"the split '{name}' has non-finite values.")
    alike = same(subject.data, subject.drawn[1])
    expect(alike, "the same data seed gives other data: draw everything from `seed`.")


def _loss(subject: Subject) -> None:
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(subject.model.loss))(
        subject.network, subject.batch
    )
    expect(value.shape == (), f"the loss has shape {value.shape}: return one number.")
    finite = all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
    expect(finite, "the loss of a new network has gradients that are not finite.")


def _evaluation(subject: Subject) -> None:
    def evaluate(network: Any) -> dict[str, Any]:
        return subject.model.evaluate(network, subject.batch, subject.data)

    figures = eqx.filter_jit(evaluate)(subject.network)
    expect(
        set(figures) == set(subject.model.units),
        f"`evaluate` returns {sorted(figures)}, but `units` has {sorted(subject.model.units)}.",
    )
    expect(
        all(value.shape == () for value in figures.values()),
        "`evaluate` must return one number for each figure.",
    )


def _independent(subject: Subject) -> None:
    advice = INDEPENDENT.format(source="`seed`")
    expect(same(subject.data, subject.drawn[2]), f"of its data: {advice}")
    with drawn_before(0):
        before = subject.model.loss(subject.network, subject.batch)
    with drawn_before(1):
        subject.model.loss(subject.model.network(key=subject.keys[1]), subject.batch)
        after = subject.model.loss(subject.network, subject.batch)
    expect(bool(jnp.array_equal(before, after, equal_nan=True)), f"of its loss: {advice}")

"""Checks of what a plugin's methods return (types, shapes, names), before anything is trained."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.evidence import Evidence
from harness.plugin.metric import AbstractMetric
from harness.plugin.pruner import ScorePruner, Update
from harness.testing._finding import SuggestionError, expect
from harness.types import Key, Target

PRUNERS_MAY_NEED = frozenset({"linear", "activations", "output-loss"})
"""What tasks of the harness offer; another task may offer more."""
METRICS_MAY_NEED = frozenset({"weights", "layered", "digraph"})


def of_pruner(pruner: Any, evidence: Evidence, target: Target, state: Any, key: Key) -> None:
    """Raise `BrokenRuleError` if `score` or `step` do not return scores or masks.

    `evidence` is of one network. Tracing gives the shapes; scores are also computed.
    """
    if isinstance(pruner, ScorePruner) and type(pruner).step is ScorePruner.step:
        shapes = jax.eval_shape(lambda: pruner.score(evidence, key=key))
        _leaves("score", "a score for each weight", shapes, evidence.mask)
        scores = jax.jit(lambda: pruner.score(evidence, key=key))()
        for name, score in scores.items():
            alive = np.asarray(score)[np.asarray(evidence.candidates[name])]
            expect(
                not np.isnan(alive).any(),
                f"`score` gives '{name}' scores that are NaN, which have no order. Guard divisions "
                "by zero and logarithms of negative numbers.",
            )
    answers: list[Any] = []

    def ask() -> Any:
        answers.append(pruner.step(evidence, target, state, key=key))
        answer = answers[-1]
        good = isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Update)
        return answer[0].mask if good else ()

    masks = jax.eval_shape(ask)
    expect(
        isinstance(answers[-1], tuple) and len(answers[-1]) == 2,
        f"`step` returns {_kind(answers[-1])}: return `(Update(mask), state)`, a pair.",
    )
    expect(
        isinstance(answers[-1][0], Update),
        f"`step` returns {_kind(answers[-1][0])} first: return `(Update(mask), state)`.",
    )
    _leaves("step", "a mask for each", masks, evidence.mask)
    for name, mask in masks.items():
        expect(
            mask.dtype == jnp.bool_,
            f"`step` returns a mask of '{name}' of {mask.dtype}: return bool, True where kept.",
        )


def _kind(value: Any) -> str:
    if isinstance(value, jax.ShapeDtypeStruct | jax.Array):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"a {type(value).__name__}"


def _leaves(method: str, what: str, found: Any, like: Any) -> None:
    """Check that an answer has the names and shapes of the masks."""
    names = ", ".join(sorted(like))
    expect(
        isinstance(found, dict) and set(found) == set(like),
        f"`{method}` returns {_named(found)}: return a dict with {what} of {names}, as "
        "`harness.leaf_map` makes it of `evidence.weights`.",
    )
    for name, leaf in found.items():
        expect(
            leaf.shape == like[name].shape,
            f"`{method}` returns '{name}' of shape {leaf.shape}; the weights have "
            f"{like[name].shape}, out x in.",
        )


def _named(found: Any) -> str:
    if isinstance(found, dict):
        return f"a dict with {', '.join(map(str, found)) or 'nothing in it'}"
    return _kind(found)


def needs_of_pruner(pruner: Any) -> None:
    """Suggest a change if no task of the harness offers what a pruner needs."""
    if strange := sorted(set(pruner.needs) - PRUNERS_MAY_NEED):
        raise SuggestionError(
            f"it needs {', '.join(strange)}, which no task of the harness offers: they offer "
            f"{', '.join(sorted(PRUNERS_MAY_NEED))}. It runs only on tasks that do."
        )


def of_metric(metric: AbstractMetric) -> None:
    """Raise `BrokenRuleError` if `columns` or `needs` are wrong."""
    expect(
        isinstance(metric.columns, Mapping),
        f"`columns` is {_kind(metric.columns)}: make it a property that returns a dict, from the "
        "name of each column to its meaning.",
    )
    strange = sorted(set(metric.needs) - METRICS_MAY_NEED)
    expect(
        not strange,
        f"it needs {', '.join(strange)}: a metric may need {', '.join(sorted(METRICS_MAY_NEED))}.",
    )

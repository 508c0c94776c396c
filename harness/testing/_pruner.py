"""The contract of pruners."""

import math
import time
from collections.abc import Iterator
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.evidence import Evidence
from harness.plugin.model import Model
from harness.plugin.pruner import AbstractPruner
from harness.results import snapshot
from harness.sparse import masks as mask_algebra
from harness.testing import _answers
from harness.testing._finding import BrokenRuleError, Rule, expect
from harness.testing._surroundings import INDEPENDENT, drawn_before
from harness.testing._tiny import Largest, TinySchedule, tiny_model
from harness.training.state import Ensemble, Keys
from harness.training.trainer import Trainer
from harness.types import Level, Masks, Target

NETWORKS = (0, 1, 2)


class _Passage(NamedTuple):
    """One level of a subject, on the host: the networks before and after pruning, and trained."""

    level: int
    density: float
    before: Ensemble
    after: Ensemble
    trained: Ensemble


class _Counting(Trainer):
    """A trainer that accepts wrong numbers of weights, so that the rules below can give advice."""

    def _verified(self, state: Ensemble, *about: Any) -> Ensemble:
        try:
            return super()._verified(state, *about)
        except FloatingPointError:
            raise
        except ArithmeticError:
            return state


class _Subject:
    """A pruner at work on three tiny networks, level by level, everything compiled once."""

    def __init__(self, pruner: AbstractPruner, model: Model | None = None, seed: int = 0) -> None:
        self.pruner = pruner
        self._model, self._schedule = model or tiny_model(), TinySchedule()
        data = self._model.task.data(seed=seed)
        self.trainer = _Counting(
            self._model, pruner, self._schedule, data, seed=seed, data_seed=seed
        )
        self._train = data.train
        self._keys = self.trainer.keys(NETWORKS)
        self._answer = jax.jit(jax.vmap(self._asked, (0, 0, None)))

    @cached_property
    def passages(self) -> list[_Passage]:
        """Every level but the dense one."""
        return list(self.run())

    def begin(self) -> Ensemble:
        """Return the networks before training, after the pruner's `init`."""
        return _kept(self.trainer.start(self._keys))

    def first(self) -> Ensemble:
        """Return the first network before training."""
        return _given(jax.tree.map(lambda leaf: leaf[0], self.begin()))

    def evidence(self, state: Ensemble) -> Evidence:
        """Return the pruner's evidence on one network at the first level that prunes."""
        keys = jax.tree.map(lambda leaf: leaf[0], self._keys)
        rules, key = self.trainer.rules, jax.random.key(0)
        rows = self.trainer.rows
        return rules.evidence(state, keys, rows, key, jnp.float32(0))

    def traced(self) -> None:
        """Trace the pruner as in `run`, without compiling or computing."""
        start = jax.vmap(self.trainer.rules.start, (0, None, None))
        state = jax.eval_shape(start, self._keys, self._train, jax.random.key(0))
        target = mask_algebra.target(self.trainer.sizes, 0.5)
        jax.eval_shape(self._answer, state, self._keys, target)

    def run(self) -> Iterator[_Passage]:
        """Train and prune through all levels."""
        levels, start = self._schedule.levels(), self.begin()
        state = self.trained(start, 0)
        for number, level in enumerate(levels[1:], start=1):
            before = start if self.pruner.from_start else state
            after = before
            if self.pruner.when != "during":
                after = self.pruned(before, number)
            state = self.trained(after, number)
            pruned = state if self.pruner.when == "during" else after
            yield _Passage(number, level.density, before, pruned, state)

    def pruned(self, state: Ensemble, level: int) -> Ensemble:
        """Prune the networks to the density of a level."""
        density = self._schedule.levels()[level].density
        return _kept(self.trainer.prune(_given(state), self._keys, level, density))

    def trained(self, state: Ensemble, level: int) -> Ensemble:
        """Train the networks through a level."""
        levels = self._schedule.levels()
        first = level == 0 or self.pruner.from_start
        previous = Level(1.0, 0) if first else levels[level - 1]
        state, _, _ = self.trainer.chunk(
            _given(state), self._keys, level, 0, levels[level].steps,
            previous=previous, current=levels[level], first_batch=0,
        )  # fmt: skip
        return _kept(state)

    def answer(self, passage: _Passage) -> dict[str, np.ndarray]:
        """Return the pruner's masks, before the core makes them shrink."""
        target = mask_algebra.target(self.trainer.sizes, passage.density)
        masks = self._answer(_given(passage.before), self._keys, target)
        return {name: np.asarray(mask) for name, mask in masks.items()}

    def _asked(self, state: Ensemble, keys: Keys, target: Target) -> Masks:
        rules, key = self.trainer.rules, jax.random.key(0)
        evidence = rules.evidence(state, keys, self._train, key, jnp.float32(0))
        update, _ = self.pruner.step(evidence, target, state.pruner, key=keys.pruning)
        return update.mask


def _kept(state: Ensemble) -> Ensemble:
    return jax.tree.map(lambda leaf: leaf if _is_key(leaf) else np.array(leaf), state)


def _given(state: Ensemble) -> Ensemble:
    """Copy a state to the device; the trainer may donate the copy."""
    return jax.tree.map(lambda leaf: leaf if _is_key(leaf) else jnp.array(leaf), state)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _equal(one: Any, other: Any) -> bool:
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in leaves)


def rules(pruner: AbstractPruner) -> Iterator[Rule]:
    """Yield the rules of pruners."""
    subject = _Subject(pruner)
    yield Rule("says when it acts", partial(_acts, subject), vital=True)
    yield Rule(
        "gives scores, masks and a state as it must", partial(_answers_well, subject), vital=True
    )
    yield Rule("needs what tasks can offer", partial(_answers.needs_of_pruner, pruner))
    yield Rule("finishes on a tiny task", partial(_finishes, subject), vital=True)
    kept = [
        ("keeps the number of weights asked for, or declares that it errs", _keeps_exactly),
        ("only shrinks masks, or declares that it regrows", _shrinks),
        ("lets no optimiser move a pruned weight, or declares that they drift", _freezes),
        ("gives the same result for the same seed, whatever else runs", _repeats),
        ("prunes each network alone", _alone),
    ]
    for text, attempt in kept:
        yield Rule(text, partial(attempt, subject))


def _acts(subject: _Subject) -> None:
    pruner = subject.pruner
    expect(
        getattr(pruner, "when", None) in ("init", "level", "during"),
        "set `when` to init, level or during.",
    )
    if pruner.when == "during":
        expect(pruner.every >= 1, "a pruner `during` training needs a positive `every`.")


def _answers_well(subject: _Subject) -> None:
    target, key = mask_algebra.target(subject.trainer.sizes, 0.5), jax.random.key(0)
    with drawn_before(0):
        state = subject.first()
        _answers.of_pruner(subject.pruner, subject.evidence(state), target, state.pruner, key)


def _finishes(subject: _Subject) -> str:
    with drawn_before(0):
        passages = subject.passages
    for passage in passages:
        leaves = jax.tree.leaves(passage.after.network)
        expect(
            all(bool(np.isfinite(leaf).all()) for leaf in leaves),
            f"at density {passage.density} it leaves weights that are not finite: do not divide by "
            "what may be zero, such as a sum over pruned weights.",
        )
    share = _seconds(subject) / _seconds_of_training()
    return f"{max(share, 1):.1f} times as long as training alone, roughly, on tiny networks"


def _seconds(subject: _Subject) -> float:
    """Return the best of three times through all levels, after compilation."""

    def once() -> float:
        start = time.perf_counter()
        for _ in subject.run():
            pass
        return time.perf_counter() - start

    return min(once() for _ in range(3))


@cache
def _seconds_of_training() -> float:
    """Return the same time for training alone."""
    subject = _Subject(Largest())
    passages, best = subject.passages, math.inf
    for _ in range(3):
        start = time.perf_counter()
        subject.trained(subject.begin(), 0)
        for passage in passages:
            subject.trained(passage.after, passage.level)
        best = min(best, time.perf_counter() - start)
    return best


def _keeps_exactly(subject: _Subject) -> None:
    if not subject.pruner.exact:
        return
    for passage in subject.passages:
        wanted = int(mask_algebra.target(subject.trainer.sizes, passage.density).total)
        for network in range(len(NETWORKS)):
            kept = sum(int(np.sum(mask[network])) for mask in passage.after.masks.values())
            expect(
                kept == wanted,
                f"at density {passage.density} it keeps {kept} weights where {wanted} are due: "
                "keep exactly `target.total`, for instance with `harness.prune_by_score`.",
            )
    if subject.pruner.when == "level":
        # Schedules may have levels of equal density.
        last = subject.passages[-1]
        again = subject.pruned(last.trained, last.level)
        expect(
            not bool(np.any(again.inexact)),
            f"pruned once more to density {last.density} it keeps another number of weights.",
        )


def _shrinks(subject: _Subject) -> None:
    if subject.pruner.regrows:
        return
    for passage in subject.passages:
        answer = subject.answer(passage)
        for name, mask in answer.items():
            expect(
                not bool(np.any(mask & ~passage.before.masks[name])),
                f"it revives pruned weights of '{name}': choose among `evidence.mask`, or "
                "declare `regrows = True`.",
            )


def _freezes(subject: _Subject) -> None:
    if subject.pruner.when == "during" or subject.pruner.drifts:
        return
    for passage in subject.passages:
        masks = passage.after.masks
        held = snapshot.named_leaves(passage.after.network)
        now = snapshot.named_leaves(passage.trained.network)
        expect(
            all(
                np.array_equal(held[leaf][~mask], now[leaf][~mask]) for leaf, mask in masks.items()
            ),
            "pruned weights move in training: only `Update.params` may move them.",
        )


def _repeats(subject: _Subject) -> None:
    # Traced again: what is drawn while tracing is a constant of the compiled function. Between its
    # `init` and its first step, the pruner works on other networks.
    again = _Subject(subject.pruner)
    with drawn_before(1):
        again.begin()
        _Subject(subject.pruner, tiny_model(hidden=7), seed=1).traced()
        passages = again.passages
    if _same(subject, passages):
        return
    with drawn_before(0):
        expect(
            _same(subject, _Subject(subject.pruner).passages),
            "two runs of one seed differ: draw all randomness from `key` and keep no state between "
            "calls.",
        )
    raise BrokenRuleError(INDEPENDENT.format(source="`key`"))


def _same(subject: _Subject, passages: list[_Passage]) -> bool:
    return _equal([one.after for one in subject.passages], [one.after for one in passages])


def _alone(subject: _Subject) -> None:
    if subject.pruner.when == "during":
        return
    passage = subject.passages[0]

    def disturbed(leaf: np.ndarray) -> np.ndarray:
        return np.concatenate([leaf[:1], leaf[1:] * np.float32(1.5)])

    network = jax.tree.map(disturbed, passage.before.network)
    other = subject.pruned(passage.before._replace(network=network), passage.level)
    for name, mask in passage.after.masks.items():
        expect(
            np.array_equal(mask[0], other.masks[name][0]),
            f"the mask of one network's '{name}' depends on the networks beside it.",
        )

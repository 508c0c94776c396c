"""The masked, vmapped, jitted training loop: an ensemble, one pruner, all levels."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from harness.machine.compilation import Compiled, Precision, compiled_soon
from harness.machine.devices import alike_spread, everywhere, spread
from harness.plugin.intervention import Untouched
from harness.plugin.model import Model
from harness.plugin.pruner import AbstractPruner
from harness.plugin.schedule import AbstractSchedule
from harness.sparse import finite
from harness.sparse import masks as mask_algebra
from harness.training.loop import CHUNK, Loop
from harness.training.rows import shuffled
from harness.training.seeds import of_network, of_networks, stream
from harness.training.state import Ensemble, Keys, Rules, of_level
from harness.training.targets import Targets
from harness.types import Batch, Frozen, Level, Masks, NetworkKeys, Target, TaskData, Weights

EVALUATION_ROWS = 4096
"""The number of a split's rows for losses at the end of a level."""


class Trainer:
    """Trains and prunes blocks of networks. Compiles each function once for all levels.

    With several devices the networks of a block are spread over them.
    """

    def __init__(
        self,
        model: Model,
        pruner: AbstractPruner,
        schedule: AbstractSchedule,
        data: TaskData,
        *,
        seed: int,
        data_seed: int,
        batch_seed: int = 0,
        precision: Precision = "float32",
    ) -> None:
        self.schedule = schedule
        self.pruner = pruner
        self._seed, self._data_seed = seed, data_seed
        # Pruners and evaluations see the same rows for any order of batches.
        self._train = shuffled(data.train, data_seed)
        self._read = shuffled(data.train, data_seed, batch_seed) if batch_seed else self._train
        self._validation = Batch(*map(jnp.asarray, data.validation))
        self._placed: dict[int, tuple[Batch, Batch, Batch]] = {}
        self.batch_size = min(schedule.batch_size, self._train.inputs.shape[0])
        """Rows of a training step: the schedule's number, or all if there are fewer."""
        self._checked = min(schedule.batch_size, self._validation.inputs.shape[0])
        # Jitted: otherwise each operation would be compiled by itself.
        start = time.perf_counter()
        key = of_network(seed, data_seed, "weights", 0)
        example = compiled_soon(model.network)(key=key)
        self._built, self._counted = time.perf_counter() - start, 0.0
        static = eqx.filter(example, eqx.is_inexact_array, inverse=True)
        places = CHUNK if pruner.when == "during" else 1
        self.rules = Rules(model, pruner, schedule.optimizer(), self.batch_size, static, places)
        self._varies = model.varies(example)
        self.example = example
        """One network, for its structure."""
        self.prunable = {name: np.asarray(may) for name, may in model.prunable(example).items()}
        self.sizes = mask_algebra.count(self.prunable)
        levels = schedule.levels()
        self._targets = Targets(self.sizes, levels)
        self._freezes = any(level.frozen for level in levels)
        started = jax.vmap(self.rules.start, (0, None, None))
        self._start = Compiled(started, precision=precision)
        self._draw = Compiled(jax.vmap(self.rules.drawn), precision=precision)
        # Not donated: a pruning that goes wrong is repeated from the same state, with checks.
        self._prune = Compiled(self._prune_all, precision=precision)
        self._loop = Loop(
            self.rules, self.batch_size, self._checked, self._varies, schedule.stop_rule is not None
        )
        self._chunk = Compiled(self._loop.chunk, donate=True, precision=precision)
        self._whole_chunk = Compiled(
            partial(self._loop.chunk, number=CHUNK), donate=True, precision=precision
        )
        self._hold = Compiled(jax.vmap(self.rules.held), donate=True)
        self._evaluate = Compiled(self._losses, precision=precision)

    @property
    def rows(self) -> Batch:
        """The training rows that pruners see, in order."""
        return self._train

    @property
    def compile_seconds(self) -> float:
        """Seconds spent on compiling so far, including one network at the beginning."""
        parts = (
            self._start, self._draw, self._prune, self._chunk, self._whole_chunk, self._hold,
            self._evaluate,
        )  # fmt: skip
        return self._built + sum(part.seconds for part in parts)

    def compiled_since(self) -> float:
        """Return seconds spent on compiling since the last call, or since the trainer was made."""
        before, self._counted = self._counted, self.compile_seconds
        return self._counted - before

    def cautions(self, levels: Sequence[Level]) -> tuple[str, ...]:
        """Return the pruner's cautions about training for these levels' steps."""
        targets = [self._targets.of(level) for level in levels]
        prunable = {name: jnp.asarray(may) for name, may in self.prunable.items()}
        return tuple(self.pruner.cautions(levels, targets, prunable))

    def keys(self, networks: Sequence[int]) -> Keys:
        """Return the keys of these networks, by their numbers within the run."""
        weights, pruning = (
            of_networks(self._seed, self._data_seed, name, networks)
            for name in ("weights", "pruning")
        )
        keys = Keys(weights, pruning, jnp.asarray(networks, jnp.int32))
        return spread(keys, len(networks))

    def start(self, keys: Keys) -> Ensemble:
        """Return the networks before training."""
        return _spread(self._start(*self._beginning(keys)))

    def memory(self, networks: Sequence[int]) -> int:
        """Return the bytes of each device needed to train these networks in one block.

        This is the most that training, pruning at a level or evaluation takes. The programs are
        compiled here, and not again when they are called.
        """
        keys, width = self.keys(networks), len(networks)
        first, *_ = levels = self.schedule.levels()
        state = alike_spread(self._start.shapes(*self._beginning(keys)), width)
        rows = self._rows_for(width)
        key, events = self._batch_key(0, 1, width), self._events(0, first, first)
        taken = [
            self._program(max(level.steps for level in levels)).memory(
                state, keys, rows, key, events, self._at(0, 0, CHUNK, 0), self._frozen(first)
            ),
            self._evaluate.memory(state, rows[:2]),
        ]
        prunes = self.pruner.when != "during" and not isinstance(self.pruner, Untouched)
        if prunes and len(levels) > 1:
            target, frozen = self._targets.of(first), self._frozen(first)
            taken.append(self._prune.memory(state, keys, rows[0], key, target, 0, frozen))
        return max(taken)

    def _beginning(self, keys: Keys) -> tuple[Keys, Batch, Array]:
        width = keys.weights.shape[0]
        train, *_ = self._rows_for(width)
        return keys, train, self._batch_key(0, 0, width)

    def prune(
        self,
        state: Ensemble,
        keys: Keys,
        number: int,
        level: Level | float,
    ) -> Ensemble:
        """Prune the networks to a level's target, or to a density, at the start of level `number`.

        Raises `ArithmeticError` as `_verified` does.
        """
        level = level if isinstance(level, Level) else Level(level, 0)
        target = self._targets.of(level)
        width = state.active.shape[0]
        train, *_ = self._rows_for(width)
        key, state = self._batch_key(number, 0, width), _spread(state)
        arguments = (state, keys, train, key, target, number, self._frozen(level))
        pruned = self._prune(*arguments)
        return self._verified(pruned, keys, number, target, self._prune_all, arguments)

    def imposed(
        self, state: Ensemble, masks: Masks, weights: Weights | None, *, fresh: bool
    ) -> Ensemble:
        """Return the networks with these masks and, if given, these trained arrays by name.

        Entries that are not prunable act under any mask. With `fresh` the optimiser is reset.
        """
        act = {name: jnp.asarray(~may) for name, may in self.prunable.items()}
        masks = mask_algebra.leaf_map(lambda mask, always: mask | always[None], masks, act)
        network = state.network
        if weights is not None:
            network = mask_algebra.replace(network, weights)
        state = state._replace(masks=masks, network=network)
        if fresh:
            state = state._replace(optimizer=jax.vmap(self.rules.optimizer.init)(network))
        return _spread(state)

    def rewound(self, state: Ensemble, keys: Keys) -> Ensemble:
        """Return the networks of the pruner's rewind step, under the present masks."""
        back = state.rewind_point if self.pruner.rewind_step else self.start(keys).network
        # A copy, because the next chunk donates the arrays of its state.
        return jax.tree.map(jnp.copy, jax.vmap(self.rules.rewound)(state, back))

    def drawn(self, keys: NetworkKeys) -> Weights:
        """Return the trained arrays of networks with other initial weights, by name."""
        return self._draw(keys)

    def chunk(
        self,
        state: Ensemble,
        keys: Keys,
        level: int,
        step: int,
        number: int,
        *,
        previous: Level,
        current: Level,
        first_batch: int,
    ) -> tuple[Ensemble, Float[np.ndarray, "steps networks"], Float[np.ndarray, "steps networks"]]:
        """Train `number` <= CHUNK steps from step `step` of a level; `first_batch` is step 0's.

        Returns the state and the training and validation losses of each step, (number, networks).
        Validation losses are NaN without a stop rule. Networks that had stopped stay as they are,
        with NaN losses. Raises `ArithmeticError` as `_verified` does.
        """
        active = np.asarray(state.active)
        events = self._events(step, previous, current)
        due = np.flatnonzero(() if events is None else events[0][:number])
        before = None if active.all() and not len(due) else jax.tree.map(jnp.copy, state)
        at = self._at(level, step, number, first_batch)
        width = state.active.shape[0]
        rows, key = self._rows_for(width), self._batch_key(level, 1, width)
        others = (keys, rows, key, events, at, self._frozen(current))
        state, train, validation = self._program(number)(_spread(state), *others)
        if before is not None and len(due):
            arguments = (_spread(before), *others)
            last: Target = _one(events[1], int(due[-1]))
            state = self._verified(state, keys, level, last, self._loop.chunk, arguments)
        if before is not None and not active.all():
            state = self._hold(_spread(state), _spread(before))
        if level == 0 and step + number == self.pruner.rewind_step:
            state = self.rules.remembered(state)
            # A copy, because the next chunk donates the arrays of its state.
            state = state._replace(rewind_point=jax.tree.map(jnp.copy, state.rewind_point))
            state = state._replace(rewind_counts=jax.tree.map(jnp.copy, state.rewind_counts))
        train, validation = (np.where(active, part, np.nan) for part in (train, validation))
        return _spread(state), train[:number], validation[:number]

    def _verified(
        self,
        state: Ensemble,
        keys: Keys,
        level: int,
        target: Target,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
    ) -> Ensemble:
        """Return the state that a function of these arguments gave, if its prunings are right.

        Raises `FloatingPointError` if scores were not finite, with the leaf and the network, and
        `ArithmeticError` if an exact pruner kept another number of weights than the target's.
        """
        wrong = np.flatnonzero(np.asarray(state.inexact))
        if not len(wrong):
            return _spread(state)
        place = f"pruner '{self.pruner.name}', level {level}"
        if explanation := finite.explanation(function, arguments):
            raise FloatingPointError(f"{place}: {explanation}")
        first = int(wrong[0])
        kept = {name: int(numbers[first]) for name, numbers in self.kept(state).items()}
        counts = mask_algebra.miscount(kept, target)
        raise ArithmeticError(f"{place}: network {int(keys.number[first])} keeps {counts}")

    def losses(
        self, state: Ensemble
    ) -> tuple[Float[Array, " networks"], Float[Array, " networks"]]:
        """Return each network's training and validation loss on the first EVALUATION_ROWS rows."""
        return self._evaluate(_spread(state), self._rows_for(state.active.shape[0])[:2])

    def masked(self, state: Ensemble) -> Any:
        """Return the masked networks, with a leading axis."""
        return jax.vmap(lambda one: self.rules.arrays(self.rules.masked(one)))(state)

    def kept(self, state: Ensemble) -> dict[str, Int[np.ndarray, " networks"]]:
        """Return how many prunable weights each network keeps of each leaf."""
        return mask_algebra.kept_by_leaf(state.masks, self.prunable)

    def _program(self, steps: int) -> Compiled:
        """Return the program of so many steps: an accelerator does not wait to learn their number.

        A CPU loses nothing by that, and one program is compiled faster than two.
        """
        whole = steps >= CHUNK and jax.default_backend() != "cpu"
        return self._whole_chunk if whole else self._chunk

    def _at(self, level: int, step: int, number: int, first_batch: int) -> np.ndarray:
        """Return the numbers of a chunk in one array, which is sent to the device at once."""
        return np.asarray([level, step, number, first_batch, self.pruner.drifts], np.int32)

    def _batch_key(self, level: int, purpose: int, width: int) -> Array:
        return everywhere(stream(self._data_seed, "pruning-batches", level, purpose), width)

    def _rows_for(self, width: int) -> tuple[Batch, Batch, Batch]:
        """Return training rows, validation rows and rows in the order of batches, for a block."""
        if width not in self._placed:
            placed = everywhere((self._train, self._validation, self._read), width)
            self._placed[width] = placed
        return self._placed[width]

    def _events(self, step: int, previous: Level, current: Level) -> Any:
        """Which of the next CHUNK steps begin with a pruning, to what, and how far the level is."""
        if self.pruner.when != "during":
            return None
        return self._targets.events(self.pruner, step, CHUNK, previous, current)

    def _frozen(self, level: Level) -> Frozen | None:
        """Return which trained leaves a level freezes; None if no level of the schedule does."""
        if not self._freezes:
            return None
        names = mask_algebra.leaf_names(self.rules.arrays(self.example))
        return {name: jnp.asarray(name in level.frozen) for name in names}

    def _prune_all(
        self,
        state: Ensemble,
        keys: Keys,
        train: Batch,
        batch_key: Array,
        target: Any,
        level: Any,
        frozen: Frozen | None,
    ) -> Ensemble:
        keys = keys._replace(pruning=of_level(keys, level))
        prune = jax.vmap(self.rules.prune, (0, 0, *[None] * 5))
        return prune(state, keys, train, batch_key, target, jnp.float32(0), frozen)

    def _losses(
        self, state: Ensemble, rows: tuple[Batch, Batch]
    ) -> tuple[Float[Array, " networks"], Float[Array, " networks"]]:
        def loss(one: Ensemble, split: Batch) -> Float[Array, ""]:
            return self.rules.model.loss(
                self.rules.masked(one), Batch(*(part[:EVALUATION_ROWS] for part in split))
            )

        train, validation = (jax.vmap(loss, (0, None))(state, split) for split in rows)
        return train, validation


def _one(tree: Any, number: int) -> Any:
    """Return entry `number` of the leading axis of every leaf."""
    return jax.tree.map(lambda leaf: leaf[number], tree)


def _spread(state: Ensemble) -> Ensemble:
    """Place the networks on their devices: after a start, a checkpoint or a change by the host."""
    return spread(state, state.active.shape[0])

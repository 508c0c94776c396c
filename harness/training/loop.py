"""The training steps between two looks of the host, as one program."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from harness.training.rows import batch_of
from harness.training.state import Ensemble, Keys, Rules, of_level, of_step
from harness.types import Batch, Frozen, Weights

CHUNK = 100
"""Steps between two looks of the host at losses, stop rule, checkpoint. Affects no result."""


@dataclass(frozen=True, eq=False)
class Loop:
    """Trains a block by up to CHUNK steps: pure functions of state, keys and rows.

    `checked` is the number of validation rows of a step, if losses are `watched` for a stop rule.
    `varies` says whether networks draw in training.
    """

    rules: Rules
    batch_size: int
    checked: int
    varies: bool
    watched: bool

    def chunk(
        self,
        state: Ensemble,
        keys: Keys,
        rows: tuple[Batch, Batch, Batch],
        batch_key: Array,
        events: Any,
        at: Int[Array, "5"],
        frozen: Frozen | None,
        number: int | None = None,
    ) -> tuple[Ensemble, Float[Array, "chunk networks"], Float[Array, "chunk networks"]]:
        """Train by some steps, pruning before those that `events` names.

        `rows` are training rows, validation rows and rows in the order of batches. `at` holds
        the level, its step, the number of steps, the level's first batch and whether pruned weights
        drift. With `number` the steps are known when the program is compiled. Returns training and
        validation losses of each step, NaN where there was none.
        """
        train, validation, read = rows
        level, first_step, steps, first_batch, drifts = at
        if events is not None:
            nothing = jax.tree.map(lambda values: jnp.full_like(values, jnp.nan), state.diagnostics)
            state = state._replace(diagnostics=nothing)

        def event(index: Array, now: tuple[Ensemble, Weights]) -> tuple[Ensemble, Weights]:
            due, targets, progress = jax.tree.map(lambda leaf: leaf[index], events)
            step = first_step + index

            def prune(before: tuple[Ensemble, Weights]) -> tuple[Ensemble, Weights]:
                by_level = of_level(keys, level)
                by_step = jax.vmap(jax.random.fold_in, (0, None))(by_level, step)
                own = keys._replace(pruning=by_step)
                run = jax.vmap(self.rules.prune, (0, 0, *[None] * 6))
                key = jax.random.fold_in(batch_key, step)
                state = run(before[0], own, train, key, targets, progress, frozen, index)
                return state, jax.vmap(self.rules.effective)(state)

            return jax.lax.cond(due, prune, lambda same: same, now)

        def body(index: Array, carry: Any) -> Any:
            state, effective, train_losses, validation_losses = carry
            if events is not None:
                state, effective = event(index, (state, effective))
            number_of_batch = first_batch + first_step + index
            batch = batch_of(read, number_of_batch, self.batch_size)
            drawn = of_step(keys, level, first_step + index) if self.varies else None
            train = jax.vmap(self.rules.train, (0, 0, None, None, 0, None))
            state, effective, losses = train(state, effective, batch, drifts > 0, drawn, frozen)
            if self.watched:
                batch = batch_of(validation, number_of_batch, self.checked)
                checked = jax.vmap(lambda one: self.rules.model.loss(self.rules.masked(one), batch))
                validation_losses = validation_losses.at[index].set(checked(state))
            return state, effective, train_losses.at[index].set(losses), validation_losses

        empty = jnp.full((CHUNK, state.active.shape[0]), jnp.nan)
        start = (state, jax.vmap(self.rules.effective)(state), empty, empty)
        state, _, train_losses, validation_losses = jax.lax.fori_loop(
            0, steps if number is None else number, body, start
        )
        return state, train_losses, validation_losses

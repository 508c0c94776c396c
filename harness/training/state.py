"""The state of networks in training, one training step and one pruning."""

import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PyTree

from harness.plugin.evidence import Evidence
from harness.plugin.model import Model
from harness.plugin.pruner import AbstractPruner, Update
from harness.sparse import finite as finite_numbers
from harness.sparse import masks as mask_algebra
from harness.types import Batch, Frozen, Key, Masks, Network, NetworkKeys, Target, Weights


class Ensemble(NamedTuple):
    """Networks in training: one under `vmap`, else all with a leading axis.

    `network` holds the trained arrays, with `None` for static parts. Raw weights keep their value
    under the mask; the network acts with weight times mask. `rewind_point` is the network at the
    pruner's rewind step. `rewind_counts` is the optimiser's state at that step, with `None` for
    arrays that it keeps for each weight.
    """

    network: Network
    masks: Masks
    optimizer: PyTree
    pruner: PyTree
    gathered: PyTree
    gathered_steps: Int[Array, "*networks"]
    rewind_point: Network
    rewind_counts: PyTree
    active: Bool[Array, "*networks"]
    inexact: Bool[Array, "*networks"]
    """Whether a pruning has kept another number of weights than its target."""
    diagnostics: PyTree = ()
    """The pruner's diagnostics by name: of its last pruning, in an array of one place; during
    training, of each step of the last chunk, NaN where it did not prune."""


class Keys(NamedTuple):
    """The keys of a network's initial weights and prunings, and its number in the run."""

    weights: Key
    pruning: Key
    number: Int[Array, "*networks"]


@dataclass(frozen=True, eq=False)
class Rules:
    """What a model, a pruner and an optimiser do to one network: pure functions."""

    model: Model
    pruner: AbstractPruner
    optimizer: optax.GradientTransformation
    batch_size: int
    static: Any
    places: int = 1
    """The number of prunings whose diagnostics a state holds."""

    def arrays(self, network: Network) -> Network:
        """Return the trained arrays of a network."""
        return eqx.filter(network, eqx.is_inexact_array)

    def whole(self, arrays: Network) -> Network:
        """Return the network with these arrays."""
        return eqx.combine(arrays, self.static)

    def start(self, keys: Keys, train: Batch, batch_key: Key) -> Ensemble:
        """Return a dense network before training."""
        network = self.arrays(self.model.network(key=keys.weights))
        prunable = self.model.prunable(self.whole(network))
        state = Ensemble(
            network=network,
            masks=mask_algebra.leaf_map(jnp.ones_like, prunable),
            optimizer=self.optimizer.init(network),
            pruner=(),
            gathered=(),
            gathered_steps=jnp.zeros((), jnp.int32),
            rewind_point=None,
            rewind_counts=None,
            active=jnp.asarray(True),
            inexact=jnp.asarray(False),
            diagnostics={name: jnp.full(self.places, jnp.nan) for name in self.pruner.diagnostics},
        )
        if self.pruner.rewind_step:
            state = self.remembered(state)
        evidence = self.evidence(state, keys, train, batch_key, jnp.float32(0))
        pruner = self.pruner.init(evidence, key=keys.pruning)
        return self.forget(state._replace(pruner=pruner))

    def drawn(self, key: Key) -> Weights:
        """Return the trained arrays of a network with other initial weights, by name."""
        arrays = self.arrays(self.model.network(key=key))
        return mask_algebra.select(arrays, mask_algebra.leaf_names(arrays))

    def remembered(self, state: Ensemble) -> Ensemble:
        """Set the present networks as rewind point; also with a leading axis."""
        counts = optax.tree_utils.tree_map_params(
            self.optimizer,
            lambda moment: False,
            state.optimizer,
            transform_non_params=lambda count: True,
        )
        return state._replace(
            rewind_point=state.network, rewind_counts=eqx.filter(state.optimizer, counts)
        )

    def forget(self, state: Ensemble) -> Ensemble:
        """Reset what the pruner has gathered."""
        weights = mask_algebra.select(state.network, state.masks)
        sums = jax.eval_shape(self.pruner.gather, weights, weights, state.masks)
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), sums)
        return state._replace(gathered=zeros, gathered_steps=jnp.zeros((), jnp.int32))

    def evidence(
        self,
        state: Ensemble,
        keys: Keys,
        train: Batch,
        batch_key: Key,
        progress: Float[Array, ""],
        frozen: Frozen | None = None,
    ) -> Evidence:
        """Return what the pruner may look at."""
        initial = self.arrays(self.model.network(key=keys.weights))
        return Evidence(
            self.model,
            self.whole(state.network),
            mask=state.masks,
            initial=self.whole(initial),
            rewind_point=self.whole(state.rewind_point if self.pruner.rewind_step else initial),
            train=train,
            batch_size=self.batch_size,
            batch_key=batch_key,
            gathered=state.gathered,
            gathered_steps=state.gathered_steps,
            progress=progress,
            frozen=frozen,
        )

    def masked(self, state: Ensemble) -> Network:
        """Return the masked network."""
        return self.whole(mask_algebra.masked(state.network, state.masks))

    def train(
        self,
        state: Ensemble,
        effective: Weights,
        batch: Batch,
        drifts: Bool[Array, ""],
        key: Key | None = None,
        frozen: Frozen | None = None,
    ) -> tuple[Ensemble, Weights, Float[Array, ""]]:
        """Take one optimiser step on one batch; return state, its `effective` weights and the loss.

        The effective weights come in from the step before, so that one pass over memory updates a
        weight and masks it. The loss is that before the step.

        Gradients are taken with respect to the masked weights, so that pruners can gather them
        where the mask is False at no cost; no gradient reaches the weight there, and no update
        unless the pruner lets pruned weights drift. Stopped networks take the step too, and `held`
        undoes it. `drifts` is an argument, not a constant of the pruner, so that all pruners that
        gather nothing share one program. `key` is for models that draw in training. Leaves that
        are `frozen` stay as they are.
        """
        weights = mask_algebra.select(state.network, state.masks)
        (loss, memory), gradients = self._slope(
            mask_algebra.replace(state.network, effective), batch, key
        )
        dense = mask_algebra.select(gradients, state.masks)
        gathered = self.pruner.gather(weights, dense, state.masks)
        gradients = mask_algebra.masked(gradients, state.masks)
        if frozen is not None:
            gradients = jax.tree.map(
                lambda still, slope: jnp.where(still, 0, slope),
                _marked(gradients, frozen),
                gradients,
            )
        updates, optimizer = self.optimizer.update(gradients, state.optimizer, state.network)
        free = mask_algebra.leaf_map(lambda mask: mask | drifts, state.masks)
        updates = mask_algebra.masked(updates, free)
        network = optax.apply_updates(state.network, updates)
        if memory:
            network = eqx.tree_at(lambda whole: whole.memory, network, memory)
        new = state._replace(
            network=network,
            optimizer=optimizer,
            gathered=jax.tree.map(jnp.add, state.gathered, gathered),
            gathered_steps=state.gathered_steps + 1,
        )
        new = self.frozen(new, state, frozen)
        return new, self.effective(new), loss

    def effective(self, state: Ensemble) -> Weights:
        """Return the masked prunable weights, by name."""
        return mask_algebra.apply(mask_algebra.select(state.network, state.masks), state.masks)

    def _slope(
        self, arrays: Network, batch: Batch, key: Key | None
    ) -> tuple[tuple[Float[Array, ""], tuple[Array, ...]], Network]:
        """Return the training loss with the network's memory after it, and the gradient."""
        if key is None or not self.model.varies(self.whole(arrays)):
            loss, slope = jax.value_and_grad(
                lambda arrays: self.model.loss(self.whole(arrays), batch)
            )(arrays)
            return (loss, ()), slope
        return jax.value_and_grad(
            lambda arrays: self.model.training_loss(self.whole(arrays), batch, key=key),
            has_aux=True,
        )(arrays)

    def frozen(self, new: Ensemble, old: Ensemble, frozen: Frozen | None) -> Ensemble:
        """Return the new state with the old weights, moments and masks of frozen leaves."""
        if frozen is None:
            return new
        still = _marked(old.network, frozen)
        moments = optax.tree_utils.tree_map_params(
            self.optimizer,
            lambda moment, one: one,
            old.optimizer,
            still,
            transform_non_params=lambda count: jnp.asarray(False),
        )
        network, optimizer, masks = (
            jax.tree.map(jnp.where, *parts)
            for parts in (
                (still, old.network, new.network),
                (moments, old.optimizer, new.optimizer),
                ({name: frozen[name] for name in old.masks}, old.masks, new.masks),
            )
        )
        return new._replace(network=network, optimizer=optimizer, masks=masks)

    def held(self, ahead: Ensemble, before: Ensemble) -> Ensemble:
        """Restore networks that had already stopped, keeping only their new masks.

        Done once for many steps, since it needs as much memory traffic as part of a step.
        """
        kept = before._replace(
            masks=ahead.masks,
            pruner=ahead.pruner,
            inexact=ahead.inexact,
            diagnostics=ahead.diagnostics,
        )
        return jax.tree.map(lambda new, old: jnp.where(before.active, new, old), ahead, kept)

    def prune(
        self,
        state: Ensemble,
        keys: Keys,
        train: Batch,
        batch_key: Key,
        target: Target,
        progress: Float[Array, ""],
        frozen: Frozen | None = None,
        place: Int[Array, ""] | int = 0,
    ) -> Ensemble:
        """Call the pruner once, apply its update and reset what it gathered.

        Its diagnostics go to `place` of the state's diagnostics.
        """
        evidence = self.evidence(state, keys, train, batch_key, progress, frozen)
        diverged = ~all_finite(state.network)
        with finite_numbers.pruning(keys.number, diverged):
            update, pruner = self.pruner.step(evidence, target, state.pruner, key=keys.pruning)
        new = self.frozen(self.carry_out(state, update), state, frozen)
        diagnostics = self._diagnostics(state, update, place)
        wrong = self.miscounted(new, target) & ~diverged
        inexact = state.inexact | wrong
        return self.forget(new._replace(pruner=pruner, inexact=inexact, diagnostics=diagnostics))

    def _diagnostics(self, state: Ensemble, update: Update, place: Int[Array, ""] | int) -> PyTree:
        """Add an update's diagnostics to the state's; `TypeError` if the pruner names others."""
        new, due = update.diagnostics or {}, self.pruner.diagnostics
        if new.keys() != due.keys():
            raise TypeError(
                f"pruner '{self.pruner.name}': an update has the diagnostics {sorted(new)}, and "
                f"its `diagnostics` names {sorted(due)}"
            )
        return {name: state.diagnostics[name].at[place].set(jnp.float32(new[name])) for name in due}

    def miscounted(self, state: Ensemble, target: Target) -> Bool[Array, ""]:
        """Return whether a network misses its target's number of weights.

        An inexact pruner misses it only with no weight left. Counts by leaf if these are binding.
        """
        prunable = self.model.prunable(self.whole(state.network))
        by_leaf = mask_algebra.counted(
            {name: mask & prunable[name] for name, mask in state.masks.items()}
        )
        if target.binding is not None:
            wrong = [number != target.by_leaf[name] for name, number in by_leaf.items()]
            return jnp.any(jnp.stack(wrong))
        kept = sum(by_leaf.values())
        if self.pruner.exact:
            return jnp.asarray(kept != target.total)
        return jnp.asarray((kept == 0) & (jnp.asarray(target.total) > 0))

    def carry_out(self, state: Ensemble, update: Update) -> Ensemble:
        """Apply a pruner's update, in the order of the fields of `Update`."""
        masks = update.mask
        if not self.pruner.regrows:
            masks = mask_algebra.leaf_map(jnp.logical_and, masks, state.masks)
        prunable = self.model.prunable(self.whole(state.network))
        masks = mask_algebra.leaf_map(lambda mask, which: mask | ~which, masks, prunable)
        if update.rewind_to is not None:
            state = self.rewound(state, update.rewind_to)
        network, optimizer = state.network, state.optimizer
        if update.params is not None:
            network = mask_algebra.replace(network, update.params)
        if update.reset_optimizer is not None:
            everywhere = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, bool), network)
            optimizer = optax.tree_utils.tree_map_params(
                self.optimizer,
                lambda moment, reset: jnp.where(reset, 0, moment),
                optimizer,
                mask_algebra.replace(everywhere, update.reset_optimizer),
            )
        return state._replace(network=network, masks=masks, optimizer=optimizer)

    def rewound(self, state: Ensemble, network: Network) -> Ensemble:
        """Set the weights of a network at the rewind step, under the present masks."""
        network = self.arrays(network)
        optimizer = self.optimizer.init(network)
        if self.pruner.rewind_step:
            # Schedules go on from the rewind step; only arrays kept for weights are reset.
            optimizer = eqx.combine(state.rewind_counts, optimizer)
        return state._replace(network=network, optimizer=optimizer)


def _marked(network: Network, frozen: Frozen) -> Network:
    """Return whether each trained array of a network is frozen, in the network's structure."""
    return mask_algebra.replace(jax.tree.map(lambda leaf: jnp.asarray(False), network), frozen)


def all_finite(network: Network) -> Bool[Array, ""]:
    """Return whether all weights of one network are finite; if not, it has diverged."""
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(network)]).all()


@jax.jit
def finite(state: Ensemble) -> Bool[Array, " networks"]:
    """Return which networks of an ensemble have only finite weights; the others diverged."""
    return jax.vmap(all_finite)(state.network)


def of_level(keys: Keys, level: Any) -> NetworkKeys:
    """Return the key of each network for pruning at a level."""
    return jax.vmap(jax.random.fold_in, (0, None))(keys.pruning, level)


def of_step(keys: Keys, level: Any, step: Any) -> NetworkKeys:
    """Return the key of each network for draws in a training step, a separate stream."""

    def one(key: Key) -> Key:
        named = jax.random.fold_in(key, zlib.crc32(b"training"))
        return jax.random.fold_in(jax.random.fold_in(named, level), step)

    return jax.vmap(one)(keys.weights)

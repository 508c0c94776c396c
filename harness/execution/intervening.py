"""An intervention at one level: change the source's masks and set them on the networks."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from harness.experiment.trial import Trial
from harness.plugin.intervention import Change, Source
from harness.sparse import masks as mask_algebra
from harness.training.state import Ensemble
from harness.training.trainer import Trainer
from harness.types import Masks, NetworkKeys, Weights


class Kept(NamedTuple):
    """Masks of a level, and weights as they act or None; by leaf, networks first."""

    masks: dict[str, np.ndarray]
    weights: dict[str, np.ndarray] | None


def imposed(
    trial: Trial, trainer: Trainer, state: Ensemble, kept: Kept, level: int, keys: NetworkKeys
) -> Ensemble:
    """Return the networks with the masks of a trial's intervention, ready for training.

    Raises `ArithmeticError` if an exact intervention keeps another number of weights than its
    source, `TypeError` if masks have other names or shapes.
    """
    change, source = _changed(trial, trainer, state, kept, level, keys)
    _check(trial, trainer, change.masks, source, level)
    weights: Weights | None = change.weights
    if trial.goes_on in ("here", "not"):
        weights = {**(source.weights or {}), **(change.weights or {})}
    elif trial.goes_on == "new":
        weights = {**trainer.drawn(keys), **(change.weights or {})}
    fresh = trial.goes_on not in ("level", "rewind")
    return trainer.imposed(state, change.masks, weights, fresh=fresh)


def _changed(
    trial: Trial, trainer: Trainer, state: Ensemble, kept: Kept, level: int, keys: NetworkKeys
) -> tuple[Change, Source]:
    density = trial.levels[level].density
    prunable = {name: jnp.asarray(may) for name, may in trainer.prunable.items()}
    masks, weights = (jax.tree.map(jnp.asarray, part) for part in kept)
    source = Source(
        model=trial.model,
        pruner=trial.pruning.pruner.instance,
        level=level,
        density=density,
        masks=_among(masks, prunable),
        before=_among(state.masks, prunable),
        prunable=prunable,
        weights=weights,
        keys=keys,
        network=trainer.example,
    )
    if density == 1 or trial.intervention is None:
        return Change(source.masks), source
    return trial.intervention.change(source), source


def _among(masks: Masks, prunable: Masks) -> Masks:
    return mask_algebra.leaf_map(lambda mask, may: mask & may[None], masks, prunable)


def _check(trial: Trial, trainer: Trainer, masks: Masks, source: Source, level: int) -> None:
    """Raise if changed masks do not fit the networks, or keep another number of weights."""
    intervention = trial.intervention
    if intervention is None:
        return
    place = f"intervention '{intervention.name}', level {level}"
    shapes = {name: np.shape(mask) for name, mask in masks.items()}
    if shapes != (right := {name: mask.shape for name, mask in source.masks.items()}):
        raise TypeError(f"{place}: masks have the shapes {shapes}, not {right}")
    if not intervention.exact:
        return
    counts, due = (
        np.sum([*mask_algebra.kept_by_leaf(one, trainer.prunable).values()], axis=0)
        for one in (masks, source.masks)
    )
    if len(wrong := np.flatnonzero(counts != due)):
        first = int(wrong[0])
        raise ArithmeticError(
            f"{place}: network {trial.networks[first]} keeps {counts[first]} weights, and its "
            f"source {due[first]}"
        )

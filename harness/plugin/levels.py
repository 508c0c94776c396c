"""The levels of a schedule on one model: densities by leaf, and frozen leaves."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import equinox as eqx
import jax

from harness.errors import UserError
from harness.plugin.model import Model
from harness.plugin.pruner import AbstractPruner
from harness.sparse import masks as mask_algebra
from harness.sparse.patterns import pattern, reason_not_to_keep
from harness.types import FIRST, LAST, Level, Masks


def are_by_leaf(levels: Sequence[Level], prunable: Iterable[str]) -> bool:
    """Return whether a level gives densities of leaves, or freezes a prunable leaf."""
    frozen = {name for level in levels for name in level.frozen}
    return any(level.by_leaf for level in levels) or not frozen.isdisjoint([*prunable, FIRST, LAST])


def within(level: Level, steps: int) -> Level:
    """Return a level with another number of steps, and its snapshots within them."""
    kept = tuple(step for step in level.snapshots if step <= steps)
    return replace(level, steps=steps, snapshots=kept)


def resolved(levels: Sequence[Level], model: Model, *, from_start: bool) -> tuple[Level, ...]:
    """Return the levels with the density of every prunable leaf, and the resulting total.

    Levels that name no leaves stay as they are. With `from_start` each level is trained from the
    start, so that frozen leaves are dense; otherwise a frozen leaf keeps the density of the level
    before. Raises `UserError` if a level names an unknown leaf.
    """
    if not any(level.by_leaf or level.frozen for level in levels):
        return tuple(levels)
    names, prunable = _leaves(model)
    levels = _with_ends_named(levels, names, prunable)
    for number, level in enumerate(levels):
        _check_names(number, level.frozen, "freezes", "trained", names)
        _check_names(number, level.by_leaf, "gives a density of", "prunable", [*prunable])
        if both := set(level.frozen) & set(level.by_leaf):
            raise UserError(
                f"level {number} freezes {', '.join(sorted(both))} and gives a new density: "
                "name a leaf in `frozen` or in `by_leaf`."
            )
    if not are_by_leaf(levels, prunable):
        return tuple(levels)
    sizes = mask_algebra.count(prunable)
    made, before = [], dict.fromkeys(sizes, 1.0)
    for level in levels:
        shares = {name: level.by_leaf.get(name, level.density) for name in sizes}
        shares |= {name: before[name] for name in level.frozen if name in sizes}
        total = int(mask_algebra.target(sizes, level.density, shares).total)
        made.append(replace(level, density=total / sum(sizes.values()), by_leaf=shares))
        before = before if from_start else shares
    return tuple(made)


def _with_ends_named(levels: Sequence[Level], names: Sequence[str], prunable: Masks) -> list[Level]:
    """Return the levels with the leaves of the first and the last layer by their own names."""
    matrices = [name for name, may in prunable.items() if may.ndim > 1] or [*prunable]

    def layer(leaf: str) -> list[str]:
        inside = leaf.rpartition(".")[0] + "."
        beside = [name for name in names if name.startswith(inside)]
        alone = inside == "." or any(name in beside for name in matrices if name != leaf)
        return [leaf] if alone else beside

    ends = {FIRST: layer(matrices[0]), LAST: layer(matrices[-1])}
    made = []
    for level in levels:
        shares = dict(level.by_leaf)
        for end, leaves in ends.items():
            if end in shares:
                share = shares.pop(end)
                shares |= {leaf: share for leaf in leaves if leaf in prunable}
        frozen = itertools.chain.from_iterable(ends.get(name, [name]) for name in level.frozen)
        made.append(replace(level, by_leaf=shares, frozen=tuple(dict.fromkeys(frozen))))
    return made


def _check_names(
    number: int, asked: Iterable[str], what: str, kind: str, right: Sequence[str]
) -> None:
    if wrong := [name for name in asked if name not in right]:
        raise UserError(
            f"level {number} {what} {', '.join(map(repr, wrong))}, but the network has no such "
            f"{kind} leaf. It has {', '.join(right)}."
        )


def _leaves(model: Model) -> tuple[list[str], Masks]:
    """Return the names of all trained arrays of a network, and its prunable entries."""

    order: list[str] = []  # a traced function returns dictionaries sorted

    @eqx.filter_jit
    def prunable() -> tuple[Masks, object]:
        network = model.network(key=jax.random.key(0))
        masks = model.prunable(network)
        order[:] = masks
        return masks, eqx.filter(network, eqx.is_inexact_array)

    masks, trained = prunable()
    return mask_algebra.leaf_names(trained), {name: masks[name] for name in order}


def reason_not_to_prune(
    levels: Sequence[Level], pruner: AbstractPruner, model: Model
) -> str | None:
    """Return why a pruner cannot keep the densities of resolved levels, or None."""
    return _reason_not_by_leaf(levels, pruner) or _reason_not_to_pattern(levels, pruner, model)


def _reason_not_to_pattern(
    levels: Sequence[Level], pruner: AbstractPruner, model: Model
) -> str | None:
    """Return why the pattern that is a pruner's scope cannot give these densities, or None."""
    scope = getattr(pruner, "scope", "layer")
    if pattern(scope) is None:
        return None
    place = f"pruner '{pruner.name}' with scope={scope}"
    if pruner.when == "during" and pruner.ramp(1.0, 0.5, 0.0) != 0.5:
        return f"{place} would prune to densities between levels, which a pattern cannot give"
    _, prunable = _leaves(model)
    sizes, by_leaf = mask_algebra.count(prunable), are_by_leaf(levels, prunable)
    for number, level in enumerate(levels):
        target = mask_algebra.target(sizes, level.density, level.by_leaf if by_leaf else None)
        if reason := reason_not_to_keep(scope, prunable, target):
            return f"{place} cannot give density {level.density:g} at level {number}: {reason}"
    return None


def _reason_not_by_leaf(levels: Sequence[Level], pruner: AbstractPruner) -> str | None:
    if not any(level.by_leaf for level in levels):
        return None
    if not pruner.exact:
        return f"pruner '{pruner.name}' keeps no exact numbers, which densities by leaf need"
    if pruner.regrows or pruner.from_start:
        return None
    for number, (one, two) in enumerate(itertools.pairwise(levels), start=1):
        if rising := [name for name in two.by_leaf if two.by_leaf[name] > one.by_leaf[name]]:
            return (
                f"level {number} gives more weights to {', '.join(rising)} than the level before, "
                f"and pruner '{pruner.name}' does not regrow"
            )
    return None

"""How many weights to keep at each level, and at each pruning within one; on the host."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import jax
import numpy as np

from harness.plugin.levels import are_by_leaf
from harness.plugin.pruner import AbstractPruner
from harness.sparse.masks import at_least, at_most, target
from harness.types import Level, Target


class Targets:
    """The targets of a schedule, for leaves with these numbers of prunable entries.

    If one level is by leaf, all targets are, so that they have the same structure.
    """

    def __init__(self, sizes: Mapping[str, int], levels: Sequence[Level]) -> None:
        self._sizes = sizes
        self._by_leaf = are_by_leaf(levels, sizes)
        self._ramps: dict[tuple[Level, Level], list[Target]] = {}
        self._most: dict[float, Mapping[str, int]] = {}
        for before, level in pairwise(levels):
            if level.density < before.density:
                self._most.setdefault(level.density, self._kept(before))

    def _kept(self, level: Level) -> dict[str, int]:
        return {name: int(number) for name, number in self.of(level).by_leaf.items()}

    def of(self, level: Level) -> Target:
        """Return the target of a level: of no leaf more than at the level before."""
        by_leaf = level.by_leaf if self._by_leaf else None
        return target(self._sizes, level.density, by_leaf, self._most.get(level.density))

    def _within(
        self, ramp: Callable[..., float], previous: Level, current: Level, events: int
    ) -> list[Target]:
        """Return the target of each of a level's events: of no leaf more than at the event before.

        Where the ramp rises, as a pruner may that grows weights again, leaves may get more.
        """
        found: list[Target] = []
        least, before = self.of(current), previous.density
        for event in range(events):
            progress = event / (events - 1) if events > 1 else 1.0
            if self._by_leaf:
                found.append(self._ramped_by_leaf(ramp, previous, current, progress))
                continue
            density = ramp(previous.density, current.density, progress)
            asked = target(self._sizes, density, most=self._most.get(current.density))
            falls = found and density <= before
            found.append(at_least(at_most(asked, found[-1]) if falls else asked, least))
            before = density
        return found

    def _ramped_by_leaf(
        self, ramp: Callable[..., float], previous: Level, current: Level, progress: float
    ) -> Target:
        shares = {name: current.by_leaf.get(name, current.density) for name in self._sizes}
        for name in self._sizes.keys() - set(current.frozen):
            before = previous.by_leaf.get(name, previous.density)
            shares[name] = ramp(before, shares[name], progress)
        return target(self._sizes, current.density, shares)

    def events(
        self, pruner: AbstractPruner, step: int, number: int, previous: Level, current: Level
    ) -> Any:
        """Return which of `number` steps begin with a pruning, its target, the level's progress."""
        steps = np.arange(step, step + number)
        every = pruner.every
        last = max((current.steps - 1) // every, 0)
        dense = previous.density == current.density == 1
        due = (steps % every == 0) & (steps < current.steps) & (not dense)
        events = np.minimum(steps // every, last)
        progress = np.where(last > 0, events / max(last, 1), 1.0)
        nothing = self.of(Level(1.0, 0))
        ramped = self._ramps.get((previous, current))
        if ramped is None and due.any():
            ramped = self._within(pruner.ramp, previous, current, last + 1)
            self._ramps[previous, current] = ramped
        targets = [
            ramped[event] if ramped and one else nothing
            for one, event in zip(due, events, strict=True)
        ]
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *targets)
        return due, stacked, progress.astype(np.float32)

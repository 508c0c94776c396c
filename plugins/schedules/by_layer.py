"""Any schedule, with some layers pruned to densities of their own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Gt, Le
from pydantic import InstanceOf

from harness import AbstractSchedule, Level, hookimpl

from ._wrapped import Wrapped
from .geometric import Geometric


@dataclass(frozen=True)
class ByLayer(Wrapped):
    """Another schedule under which some layers end at densities of their own, step by step.

    A layer that is to end at density d has the density D ** (log d / log L) where the others have
    D, of which L is the last: each reaches its own in as many steps. So a network can get the
    number of connections between each two layers that another one has, such as a brain.

    **Parameters:**

    - `of`: the schedule that layers not named follow
    - `densities`: by weight, as in `layers.1.weight`, "@first" or "@last", at the last level
    """

    name: ClassVar[str] = "by-layer"
    of: InstanceOf[AbstractSchedule] = field(default_factory=Geometric)
    densities: Mapping[str, Annotated[float, Gt(0), Le(1)]] = field(
        default_factory=dict, hash=False
    )

    def levels(self) -> tuple[Level, ...]:
        """Return the other schedule's levels, with densities of the layers named."""
        levels = self.of.levels()
        whole = math.log(levels[-1].density)
        powers = {name: math.log(density) / whole for name, density in self.densities.items()}
        shares = [{name: level.density**p for name, p in powers.items()} for level in levels]
        shares[-1] = dict(self.densities)
        return tuple(
            replace(level, by_leaf={**level.by_leaf, **share})
            for level, share in zip(levels, shares, strict=True)
        )


@hookimpl
def register_schedules() -> list[type[ByLayer]]:
    """Offer the schedule to the harness."""
    return [ByLayer]

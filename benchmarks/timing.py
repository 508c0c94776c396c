"""Times that can be compared: several calls side by side, in turn, their medians."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from harness.bench import Measured


@dataclass(frozen=True)
class Timing:
    """Seconds of some calls, and how many cores were busy."""

    median: float
    least: float
    most: float
    repeats: int
    busy: float

    def per(self, number: float) -> "Timing":
        """The time of each of `number` parts of a call."""
        return Timing(
            self.median / number,
            self.least / number,
            self.most / number,
            self.repeats,
            self.busy,
        )

    def told(self, unit: str = "ms", scale: float = 1e3) -> str:
        """Spread, repeats and cores, as a note."""
        return (
            f"median of {self.repeats}, "
            f"{self.least * scale:.3g} to {self.most * scale:.3g} {unit}; "
            f"{self.busy:.1f} cores busy"
        )


def side_by_side(calls: Mapping[str, Callable[[], Any]], repeats: int = 5) -> dict[str, Timing]:
    """Time calls in turn, so that what disturbs the machine disturbs all of them.

    The first round warms up and compiles and is not counted. JAX results are waited for.
    """
    for call in calls.values():
        _timed(call)
    rounds = [{name: _timed(call) for name, call in calls.items()} for _ in range(repeats)]
    found = {}
    for name in calls:
        seconds = [one[name][0] for one in rounds]
        busy = statistics.median(one[name][1] / one[name][0] for one in rounds)
        found[name] = Timing(statistics.median(seconds), min(seconds), max(seconds), repeats, busy)
    return found


def in_seconds(what: str, seconds: Sequence[float]) -> Measured:
    """The median of some times as a figure, with their spread."""
    spread = f"median of {len(seconds)}, {min(seconds):.3g} to {max(seconds):.3g} s"
    return Measured(what, statistics.median(seconds), "s", note=spread)


def _timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of a call, by the clock and of all cores together."""
    start, used = time.perf_counter(), time.process_time()
    jax.block_until_ready(call())
    return time.perf_counter() - start, time.process_time() - used

"""The main job in small beside what a user would put together: the whole, and each part.

Both sides start with nothing cached, in one process: flights simulated, all networks trained
through the 18 levels of `quick`, pruned, evaluated, and their motifs counted beside both nulls.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness_benchmarks.by_hand import by_hand
from harness_plugins.schedules.quick import Quick

import harness
from harness.bench import Measured

NETWORKS, FLIGHTS, EFFORT = 8, 20_000, 0.05
"""A tenth of the main job's flights, and a twentieth of its steps."""

DRAWS, TIMES = 100, 10
"""The rival draws a tenth of the usual 1,000 random networks for each network and level."""

OF_DEGREES, COUNTED_AT = 100, (0.15, 0.1, 0.07)
"""Networks of the same degrees, and the densities at which both sides draw them."""

PARTS = {
    "simulation": "simulate",
    "training": "train",
    "pruning": "prune",
    "evaluation": "evaluate",
    "motifs, null `layered`": "measure",
    "motifs, null `degree`": "measure again",
}
"""Parts of the job, and the activities of a run that they are."""


_NOTE = f"of `layered` {DRAWS} draws, times {TIMES}"


def figures() -> Iterator[Measured]:
    """Seconds of the whole and of each part on both sides, and of the job at its usual size."""
    ours, whole = _ours()
    theirs = _theirs()
    rest = whole - sum(ours.values())
    yield from _beside("the whole", whole, sum(theirs.values()), _NOTE)
    for part, activity in PARTS.items():
        note = _NOTE if "layered" in part else ""
        yield from _beside(part, ours.pop(activity), theirs[part], note)
    for activity, seconds in {**ours, "report, snapshots and the rest": rest}.items():
        yield Measured(f"of ours: {activity}", seconds, "s")


def _beside(part: str, own: float, rival: float, note: str) -> Iterator[Measured]:
    yield Measured(f"{part}: ours", own, "s")
    yield Measured(f"{part}: by hand", rival, "s", rival / own, "the time", note)


def _ours() -> tuple[dict[str, float], float]:
    """The seconds of each activity of a run with an empty cache, and of the whole."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HARNESS_CACHE"] = f"{scratch}/cache"
        start = time.perf_counter()
        run = harness.run(
            f"moth[flights={FLIGHTS}, flown=0]",
            "magnitude",
            schedule=f"quick[effort={EFFORT}]",
            metric='motifs[supports=["all"]]',
            networks=NETWORKS,
            out=Path(scratch) / "run",
        )
        trained = time.perf_counter()
        spent = run.table("timings").groupby("activity")["seconds"].sum()
        seconds = {str(activity): float(took) for activity, took in spent.items()}
        again = time.perf_counter()
        harness.measure(run.path, f"sampled[draws={OF_DEGREES}, densities={list(COUNTED_AT)}]")
        seconds["measure again"] = time.perf_counter() - again
        return seconds, trained - start + seconds["measure again"]


def _theirs() -> dict[str, float]:
    """The seconds of each part of the job by hand, with as many draws as usual."""
    levels = Quick(effort=EFFORT).levels()
    spent = by_hand(NETWORKS, FLIGHTS, levels, DRAWS, OF_DEGREES, COUNTED_AT).seconds
    layered, degree = TIMES * spent.pop("null layered"), spent.pop("null degree")
    return {**spent, "motifs, null `layered`": layered, "motifs, null `degree`": degree}

"""What a small network costs, from four at once to thousands: training and the whole command.

Each number is a run of its own; compilation counts for the command, not for a step.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness import api
from harness.bench import Measured

KINDS = {
    "mlp of 32-16 nodes": ("moth[flights=5000]", "mlp[sizes=[32, 16]]", (4, 64, 1000, 10_000)),
    "cnn of 8 and 16 channels": ("digits", "cnn", (4, 64, 1000)),
    "rnn of 32 units": ("adding[rows=5000]", "rnn", (4, 64, 1000)),
}
"""Task, architecture, and numbers of networks."""

STEPS = 400
"""Of each network, before and after its one pruning."""


def figures() -> Iterator[Measured]:
    """Time a network-step, and say how many networks a command trains in a minute."""
    for kind, (task, architecture, numbers) in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            first = 0.0
            for number in numbers:
                training, whole = _trained(task, architecture, number, Path(folder) / f"{number}")
                first = first or training
                yield Measured(
                    f"{kind}: {number:,} networks",
                    training * 1e6,
                    "µs a network-step",
                    training / first,
                    f"{numbers[0]} networks",
                    f"{60 * number / whole:,.0f} a minute of {STEPS} steps, the whole command",
                )


def _trained(task: str, architecture: str, number: int, out: Path) -> tuple[float, float]:
    """Return the seconds of training a network-step, and those of the whole command."""
    start = time.perf_counter()
    run = api.run(
        task,
        "magnitude",
        architecture=architecture,
        schedule=f"oneshot[steps={STEPS}, density=0.3]",
        metric=[],
        networks=number,
        out=out,
    )
    whole = time.perf_counter() - start
    timings = run.table("timings")
    seconds = float(timings.loc[timings["activity"] == "train", "seconds"].sum())
    return seconds / number / STEPS, whole

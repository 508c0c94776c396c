"""What a network costs as there are more: time and memory, each number in a process of its own."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax

from harness.bench import Measured

SMALL = "moth[flights=20000, sizes=[64, 64, 64, 16]]"
"""On a processor: a training of hundreds of full-size networks would take too long."""
NUMBERS = (4, 16, 64, 256)
ON_ACCELERATOR = (1, 4, 16, 64, 256, 1024, 4096)
ROUNDS = 3
"""Processes for each number, in turn: what slows the machine for minutes slows all numbers."""

_CHILD = """
import json, sys
from harness_benchmarks import training
from harness_benchmarks.timing import side_by_side
from harness.machine import devices, memory
devices.use_cores()
from harness.experiment.plan import block_width
number, task = int(sys.argv[1]), sys.argv[2]
ours = training.trainer(task)
call = training.blocks(ours, number, block_width(number, ours.rules.model.size))
time = side_by_side({"": call}, repeats=5)[""].per(number * training.CHUNK)
print(json.dumps([time.median, time.told(), memory.peaks()]))
"""


@dataclass(frozen=True)
class Child:
    """What a process found: seconds of a network-step, how they were had, and peak memory."""

    seconds: float
    told: str
    peaks: dict[str, int]


def figures() -> Iterator[Measured]:
    """Time a network-step and peak memory, from few networks to many."""
    accelerated = jax.default_backend() != "cpu"
    task = "moth[flights=20000]" if accelerated else SMALL
    numbers = ON_ACCELERATOR if accelerated else NUMBERS
    rounds = [{number: _in_a_process(number, task) for number in numbers} for _ in range(ROUNDS)]
    for number in numbers:
        found = [(one[number], one[numbers[0]]) for one in rounds]
        yield from _rows(f"{number} networks", task, found)


def _rows(
    what: str, task: str, found: Sequence[tuple[Child | str, Child | str]]
) -> Iterator[Measured]:
    """The figures of a number of networks, from each round's process and that of the fewest."""
    pairs = [pair for pair in found if isinstance(pair[0], Child) and isinstance(pair[1], Child)]
    if len(pairs) < len(found):
        reasons = [part for pair in found for part in pair if isinstance(part, str)]
        yield Measured(f"{what} of {task}", None, note=reasons[0])
        return
    ratios = [mine.seconds / first.seconds for mine, first in pairs]
    spread = f"{min(ratios):.3g} to {max(ratios):.3g} x in {len(ratios)} rounds"
    yield Measured(
        f"{what} of {task}",
        statistics.median(mine.seconds for mine, _ in pairs) * 1e3,
        "ms a network-step",
        statistics.median(ratios),
        "the fewest in the same round",
        f"{spread}, in each the {pairs[0][0].told}",
    )
    for which, peak in pairs[0][0].peaks.items():
        yield Measured(f"{what}: peak memory of the {which}", peak / 2**20, "MiB")


def _in_a_process(number: int, task: str) -> Child | str:
    """What a process of its own finds, or why it failed."""
    child = [sys.executable, "-c", _CHILD, str(number), task]
    done = subprocess.run(child, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    return Child(*json.loads(done.stdout.splitlines()[-1]))

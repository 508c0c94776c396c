"""What a network costs as there are more: time and memory, each number in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator

import jax

from harness.bench import Measured

SMALL = "moth[flights=20000, sizes=[64, 64, 64, 16]]"
"""On a processor: a training of hundreds of full-size networks would take too long."""
NUMBERS = (4, 16, 64, 256)
ON_ACCELERATOR = (1, 4, 16, 64, 256, 1024, 4096)

_CHILD = """
import json, sys
from harness_benchmarks import training
from harness_benchmarks.timing import side_by_side
from harness import memory, placement
placement.use_all_cores()
from harness.experiment import block_width
number, task = int(sys.argv[1]), sys.argv[2]
ours = training.trainer(task)
call = training.blocks(ours, number, block_width(number))
time = side_by_side({"": call}, repeats=5)[""].per(number * training.CHUNK)
print(json.dumps([time.median, time.told(), ours.compile_seconds, memory.peaks()]))
"""


def figures() -> Iterator[Measured]:
    """Time a network-step and peak memory, from few networks to many."""
    accelerated = jax.default_backend() != "cpu"
    task = "moth[flights=20000]" if accelerated else SMALL
    first = None
    for number in ON_ACCELERATOR if accelerated else NUMBERS:
        child = [sys.executable, "-c", _CHILD, str(number), task]
        done = subprocess.run(child, capture_output=True, text=True)
        if done.returncode:
            yield Measured(f"{number} networks", None, note=done.stderr.strip().splitlines()[-1])
            continue
        seconds, told, compiling, peaks = json.loads(done.stdout.splitlines()[-1])
        first = first or seconds
        yield Measured(
            f"{number} networks of {task}",
            seconds * 1e3,
            "ms a network-step",
            seconds / first,
            "the first",
            f"{told}; compiled in {compiling:.1f} s",
        )
        for which, peak in peaks.items():
            yield Measured(f"{number} networks: peak memory of the {which}", peak / 2**20, "MiB")

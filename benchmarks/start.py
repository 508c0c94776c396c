"""What commands take that train nothing: help, lists, a finished run again, its report."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness_benchmarks.timing import in_seconds

from harness.bench import Measured

ROUNDS = 7
"""Rounds of all commands in turn, after one that is not counted."""

RUN = (
    "run", "--task", "moth[flights=5000, sizes=[64, 64, 16]]", "--pruner", "magnitude",
    "--networks", "4", "--schedule", "quick[effort=0.02]", "--quiet",
)  # fmt: skip
"""A small run of all 18 levels, with the default metrics."""


def figures() -> Iterator[Measured]:
    """Seconds of each command, from the start of Python to its end."""
    with tempfile.TemporaryDirectory() as scratch:
        again = [*RUN, "--out", f"{scratch}/run"]
        harness = [sys.executable, "-m", "harness.cli"]
        commands = {
            "python -c 'import jax', for comparison": [sys.executable, "-c", "import jax"],
            "harness --help": [*harness, "--help"],
            "harness list": [*harness, "list"],
            "a finished run of 4 networks and 18 levels again": [*harness, *again],
            # Elsewhere: the page that the run wrote is what a finished run finds up to date.
            "harness report on it": [
                *harness,
                "report",
                f"{scratch}/run",
                "--out",
                f"{scratch}/page",
            ],
        }
        taken: dict[str, list[float]] = {what: [] for what in commands}
        _seconds([*harness, *again], scratch)
        for _ in range(ROUNDS + 1):
            for what, command in commands.items():
                taken[what].append(_seconds(command, scratch))
        for what, (_, *seconds) in taken.items():
            yield in_seconds(what, seconds)
        charts = len(list((Path(scratch) / "page" / "charts").glob("*.svg")))
        yield Measured("charts of that report", charts)


def _seconds(command: Sequence[str], scratch: str) -> float:
    """Seconds of a command with a cache of its own and Python compiled. Raises where it fails."""
    environment = {**os.environ, "HARNESS_CACHE": f"{scratch}/cache"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    return seconds

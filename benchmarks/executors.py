"""Many small trials through executors against a serial run on one core divided by the workers.

    python benchmarks/executors.py --count 200 --executor "dask[workers=2]"

Each executor runs the same trials (digits, one network each, a toy schedule) in a new process with
an empty compilation cache. It prints wall time and the CPU time of the process and all its
children, which says more on a machine that others use.
`--count 200 --count 2000` gives the curve.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil

from harness.machine import devices

PLUGIN = Path(__file__).parents[1] / "tests" / "plugins" / "few_steps.py"
SERIAL = "serial"


def measured(executor: str, trials: int, folder: Path) -> dict[str, float]:
    """Run so many trials; return the seconds of wall and CPU time."""
    words = ["--task", "digits", "--pruner", "magnitude", "--schedule", "few-steps", "--quiet"]
    words += ["--plugin", str(PLUGIN), "--metric", "performance", "--networks", str(trials)]
    words += ["--block-width", "1", "--executor", executor, "--out", str(folder / "run")]
    environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache"), **devices.share(1)}
    start, cpu = time.perf_counter(), {}
    command = [sys.executable, "-m", "harness.cli", "run", *words]
    process = psutil.Popen(command, env=environment)
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            for one in (process, *process.children(recursive=True)):
                times = one.cpu_times()
                cpu[one.pid] = times.user + times.system
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(process.returncode)
    return {"wall": time.perf_counter() - start, "cpu": sum(cpu.values())}


def main() -> None:
    """Print a table, serial first."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, action="append")
    parser.add_argument("--executor", action="append")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    executors = asked.executor or [
        f"dask[workers={asked.workers}]",
        f"processes[workers={asked.workers}]",
    ]
    print(
        "| trials | executor | wall (s) | CPU (s) | wall over serial / workers | CPU over serial |"
    )
    print("|---|---|---|---|---|---|")
    for count in asked.count or [200]:
        serial = None
        for executor in (SERIAL, *executors):
            with tempfile.TemporaryDirectory() as folder:
                took = measured(executor, count, Path(folder))
            serial = serial or took
            over = took["wall"] / serial["wall"] * (asked.workers if took is not serial else 1) - 1
            print(
                f"| {count} | `{executor}` | {took['wall']:.1f} | {took['cpu']:.1f} "
                f"| {over:+.0%} | {took['cpu'] / serial['cpu'] - 1:+.0%} |",
                flush=True,
            )
    print(f"on {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()

"""Many small trials through executors against a serial run on one core divided by the workers.

    python benchmarks/executors.py --count 200 --executor "dask[workers=2]"

Each executor runs the same trials (digits, one network each, a toy schedule) in a new process with
an empty compilation cache. As many serial runs at once as there are workers, each of its share of
the trials, show what the machine allows: cores that share caches and memory slow each other. It
prints wall time, the CPU time of the process and all its children, which says more on a machine
that others use, and the most memory that one run's own process held.
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


def measured(executor: str, trials: int, folder: Path, *, runs: int = 1) -> dict[str, float]:
    """Run so many trials, in several runs at once; return seconds, wall and CPU, and bytes."""
    start, cpu, most = time.perf_counter(), {}, 0
    folders = [folder / str(number) for number in range(runs)]
    processes = [started(executor, trials // runs, one) for one in folders]
    while any(process.poll() is None for process in processes):
        for process in processes:
            with contextlib.suppress(psutil.Error):
                most = max(most, process.memory_info().rss)
                for one in (process, *process.children(recursive=True)):
                    times = one.cpu_times()
                    cpu[one.pid] = times.user + times.system
        time.sleep(0.2)
    if code := max(process.returncode for process in processes):
        raise SystemExit(code)
    return {"wall": time.perf_counter() - start, "cpu": sum(cpu.values()), "bytes": most}


def started(executor: str, trials: int, folder: Path) -> psutil.Popen:
    """Begin a run of so many trials."""
    words = ["--task", "digits", "--pruner", "magnitude", "--schedule", "few-steps", "--quiet"]
    words += ["--plugin", str(PLUGIN), "--metric", "performance", "--networks", str(trials)]
    words += ["--block-width", "1", "--executor", executor, "--out", str(folder / "run")]
    environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache"), **devices.share(1)}
    return psutil.Popen([sys.executable, "-m", "harness.cli", "run", *words], env=environment)


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
        "| trials | executor | wall (s) | CPU (s) | wall over serial / workers | CPU over serial "
        "| coordinator (MB) |"
    )
    print("|---|---|---|---|---|---|---|")
    for count in asked.count or [200]:
        serial = None
        for executor, runs in ((SERIAL, 1), (SERIAL, asked.workers), *((e, 1) for e in executors)):
            with tempfile.TemporaryDirectory() as folder:
                took = measured(executor, count, Path(folder), runs=runs)
            serial = serial or took
            over = took["wall"] / serial["wall"] * (asked.workers if took is not serial else 1) - 1
            at_once = f", {runs} runs at once" if runs > 1 else ""
            print(
                f"| {count} | `{executor}`{at_once} | {took['wall']:.1f} | {took['cpu']:.1f} "
                f"| {over:+.0%} | {took['cpu'] / serial['cpu'] - 1:+.0%} "
                f"| {took['bytes'] / 1e6:.0f} |",
                flush=True,
            )
    print(f"on {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()

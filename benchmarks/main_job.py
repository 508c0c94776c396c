"""The main job as its users start it: how soon it trains, and what is spent beside training."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness_benchmarks.timing import in_seconds

import harness
from harness.bench import Measured

COMMAND = ("run", "--task", "moth", "--pruner", "magnitude", "--quiet")
BESIDE = ("measure", "evaluate", "prune", "compile", "start")
EXACT = 'motifs[supports=["all", "live"]]'
"""The default metric `motifs` without its controls: what needs no draw."""
ROUNDS = 5
"""Of starts with data and programs cached, and with data alone, in turn."""
_MEASURED = re.compile(r"measured (.+) of trial \w+ in ([\d.]+) s")

_UNTIL_TRAINED = """
import os, sys
from harness import cli
from harness.training import trainer
plain = trainer.Trainer.chunk
def first(self, *arguments, **keywords):
    print("begun", flush=True)
    plain(self, *arguments, **keywords)
    print("trained", flush=True)
    os._exit(0)
trainer.Trainer.chunk = first
cli.main(sys.argv[1:])
"""


def figures() -> Iterator[Measured]:
    """Seconds to the first steps of a new process, and the activities of a whole run."""
    with tempfile.TemporaryDirectory() as scratch:
        yield from starts(Path(scratch))
        yield from spent(Path(scratch) / "whole")


def starts(folder: Path) -> Iterator[Measured]:
    """Seconds to the first step and to the end of 100, beside the import of JAX alone, in turn."""
    own = {"HARNESS_CACHE": str(folder / "cache")}
    cached, anew = "data and programs cached", "data cached, programs compiled anew"
    taken: dict[str, list[tuple[float, float]]] = {cached: [], anew: []}
    imports = []

    def once(number: int) -> tuple[float, float]:
        return until_trained([*COMMAND, "--out", str(folder / str(number))], own)

    begun, trained = once(0)
    yield Measured("command to its first step, nothing cached: simulation too", begun, "s")
    yield Measured("the same, to the end of its first 100 steps", trained, "s")
    for number in range(1, 2 * ROUNDS, 2):
        imports.append(_import_of_jax())
        taken[cached].append(once(number))
        shutil.rmtree(folder / "cache" / "programs")
        taken[anew].append(once(number + 1))
    yield in_seconds("python -c 'import jax', for comparison", imports)
    for what, both in taken.items():
        first, hundred = zip(*both, strict=True)
        yield in_seconds(f"command to its first step, {what}", first)
        yield in_seconds("the same, to the end of its first 100 steps", hundred)


def _import_of_jax() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import jax"], check=True)
    return time.perf_counter() - start


def until_trained(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of `harness` until its first call of 100 steps begins, and ends."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", _UNTIL_TRAINED, *command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        assert child.stdout is not None
        said = [(line.strip(), time.perf_counter() - start) for line in child.stdout]
    seconds = dict(said)
    if "trained" not in seconds:
        raise RuntimeError(f"the command did not come to train: {[line for line, _ in said[-5:]]}")
    return seconds["begun"], seconds["trained"]


def spent(out: Path) -> Iterator[Measured]:
    """What a whole run spends on each activity, beside training."""
    start = time.perf_counter()
    run = harness.run("moth", "magnitude", out=out)
    whole = time.perf_counter() - start
    seconds = run.table("timings").groupby("activity")["seconds"].sum()
    training = float(seconds["train"])
    yield Measured("the main job: training", training, "s", note=f"of {whole:.0f} s in all")
    for activity in BESIDE:
        took = float(seconds[activity])
        yield Measured(f"the main job: {activity}", took, "s", took / training, "training")
    harness.measure(run.path, EXACT)
    for metric, took in measured(run.path).items():
        yield Measured(f"measuring `{metric}`", took, "s", took / training, "training")


def measured(run: Path) -> dict[str, float]:
    """Seconds of each metric over all trials of a run, from its log."""
    found: dict[str, float] = {}
    for metric, seconds in _MEASURED.findall((run / "run.log").read_text()):
        found[metric] = found.get(metric, 0.0) + float(seconds)
    return found

"""Kill small runs at random moments, resume them, and compare with a run that was let alone.

    python tests/stress/kill.py --kills 100

Every run is killed (SIGKILL) a few times while it works, resumed each time, and at last left to
end; its tables must then equal those of the undisturbed run bit for bit, timings and memory apart.
Some kills must hit within a trial. No file but the log may be written in place: what replaces it
must be another file, so that a kill leaves the one or the other.
"""

import argparse
import random
import stat
import tempfile
import time
from collections import Counter
from pathlib import Path

import small_run
from comparing import assert_same_results

KILLS_PER_RUN = 5
MANY = 20
"""Of so many kills some are within a trial."""


def stress(folder: Path, kills: int, seed: int = 0) -> Counter[str]:
    """Kill runs in `folder` until `kills` have hit. Returns how often what was interrupted."""
    chance = random.Random(seed)
    small_run.caches(folder)
    reference = folder / "reference"
    assert small_run.completed(reference, page=False) == 0, small_run.said(reference)  # compiles
    begins, trained, ends = _timed(folder / "timed")
    hit: Counter[str] = Counter()
    runs = 0
    while hit.total() < kills:
        runs += 1
        run = folder / f"run-{runs}"
        versions = _versions(run)
        for _ in range(KILLS_PER_RUN):
            # Mostly while it trains and measures: starting takes as long.
            at = (begins, trained) if chance.random() < 0.8 else (0.0, ends)
            hit.update(_killed(run, chance.uniform(*at)))
            versions = _replaced(versions, _versions(run))
        assert small_run.completed(run, page=False) == 0, small_run.said(run)
        _replaced(versions, _versions(run))
        assert_same_results(run, reference)
        assert not list(run.glob("**/.*.part"))
    within = any("within a trial" in place for place in hit)
    assert within or kills < MANY, f"no kill within a trial: {hit}"
    return hit


def _versions(run: Path) -> dict[Path, tuple[int, int]]:
    """The number and the time of each file of a run, but its log and what is never kept."""
    states = {path: path.stat() for path in run.rglob("[!.]*") if path.suffix != ".log"}
    return {
        path: (state.st_ino, state.st_mtime_ns)
        for path, state in states.items()
        if stat.S_ISREG(state.st_mode)
    }


def _replaced(
    before: dict[Path, tuple[int, int]], after: dict[Path, tuple[int, int]]
) -> dict[Path, tuple[int, int]]:
    """Return the later versions. Raises `AssertionError` for a file that was written in place."""
    for path in before.keys() & after.keys():
        (old, earlier), (new, later) = before[path], after[path]
        assert old != new or earlier == later, f"'{path}' was written in place"
    return after


def _timed(run: Path) -> tuple[float, float, float]:
    """Seconds until a run has its index, all its trials, and its report."""
    start = time.time()
    assert small_run.completed(run, page=False) == 0
    ends = time.time() - start
    written = {path.name: path.stat().st_mtime - start for path in sorted(run.rglob("*.json"))}
    first = min(path.stat().st_mtime for path in run.glob("trials/*/level-00.safetensors"))
    return min(first - start, written["trial.json"]) / 2, written["trial.json"], ends


def _killed(run: Path, after: float) -> list[str]:
    """Work on a run for so many seconds, then kill it. Returns where it was, if it still worked."""
    process = small_run.started(run, page=False)
    process.join(after)
    if process.exitcode is not None:
        assert process.exitcode == 0, small_run.said(run)
        return []
    process.kill()
    process.join()
    return [_reached(run)]


def _reached(run: Path) -> str:
    """How far a run has come, by what is in its folder."""
    if not (run / "run.json").exists():
        return "nothing written"
    trials = len(list(run.glob("trials/*/trial.json")))
    within = ", within a trial" * bool(list(run.glob("trials/*/checkpoint.safetensors")))
    begun = ", a file half written" * bool(list(run.glob("**/.*.part")))
    return f"{trials} of 4 trials trained{within}{begun}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = stress(Path(scratch), asked.kills, asked.seed)
    for place, number in sorted(found.items()):
        print(f"{number:4}  {place}")
    print(f"{found.total()} kills; every run resumed to the same tables, bit for bit")

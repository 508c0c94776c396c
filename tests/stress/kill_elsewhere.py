"""Kill what carries out trials elsewhere: workers, their processes, coordinators, schedulers.

    python tests/stress/kill_elsewhere.py --workers 50 --coordinators 20 --schedulers 10 --pairs 20

Each kill is a SIGKILL at a random moment. A run that lost workers must end by itself; one that lost
its coordinator or scheduler is repeated until it ends. Its tables must equal, bit for bit, those of
a serial run held to one core; what was finished at a kill must not be written again. Pairs are
two processes started at once on one folder.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import small_run
from comparing import assert_same_results

MORE = ("--networks", "8")
"""Eight trials of two networks."""
PATIENT = "workers=2, retries=99, allowed_failures=99"
LOCAL = ("processes[workers=2, retries=99]", f"dask[{PATIENT}]")
KILLS_PER_RUN = 5


class Stress:
    """Kills runs in a folder, and compares them with a serial run that was let alone."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.chance, self.hits = folder, random.Random(seed), Counter[str]()
        self._numbers = itertools.count(1)
        small_run.caches(folder)
        self.reference = folder / "reference"
        done = small_run.completed(self.reference, *MORE, page=False, cores=1)
        assert done == 0, small_run.said(self.reference)

    def workers(self, kills: int, executors: tuple[str, ...] = LOCAL) -> None:
        """Kill workers of Dask and the processes of trials; the runs end by themselves."""
        end = self.hits.total() + kills
        for executor in itertools.cycle(executors):
            if self.hits.total() >= end:
                return
            run = self._new()
            process = small_run.started(run, *MORE, "--executor", executor, page=False)
            finished: dict[Path, int] = {}
            for _ in range(min(KILLS_PER_RUN, end - self.hits.total())):
                if not self._at_work(run, process):
                    break
                time.sleep(self.chance.uniform(0, 0.6))
                finished |= _finished(run)
                self._kill_one(process.pid)
            process.join()
            self._check(run, process.exitcode, finished)

    def coordinators(self, kills: int, executors: tuple[str, ...] = LOCAL) -> None:
        """Kill coordinators; the same command goes on."""
        done = 0
        for executor in itertools.cycle(executors):
            if done >= kills:
                return
            run, finished = self._new(), {}
            for _ in range(min(KILLS_PER_RUN, kills - done)):
                process = small_run.started(run, *MORE, "--executor", executor, page=False)
                if self._at_work(run, process):
                    time.sleep(self.chance.uniform(0, 0.6))
                    finished |= _finished(run)
                    process.kill()
                    done += 1
                    self.hits["coordinator"] += 1
                process.join()
            code = small_run.completed(run, *MORE, "--executor", executor, page=False)
            self._check(run, code, finished)

    def schedulers(self, kills: int) -> None:
        """Kill schedulers of clusters that runs have joined; another cluster goes on."""
        done = 0
        while done < kills:
            run, finished = self._new(), {}
            for kill in [True] * min(KILLS_PER_RUN, kills - done) + [False]:
                with cluster(self.folder / "scheduler.json") as scheduler:
                    where = f"dask[scheduler_file={self.folder / 'scheduler.json'}]"
                    process = small_run.started(run, *MORE, "--executor", where, page=False)
                    if kill and self._at_work(run, process):
                        time.sleep(self.chance.uniform(0, 0.6))
                        finished |= _finished(run)
                        scheduler.kill()
                        done += 1
                        self.hits["scheduler"] += 1
                    process.join()
                    assert process.exitcode in ((0, 2) if kill else (0,)), small_run.said(run)
            self._check(run, 0, finished)

    def pairs(self, number: int) -> None:
        """Start two coordinators, or two shells with one trial, at once on one folder."""
        for index in range(number):
            run = self._new()
            more = ("--executor", LOCAL[0]) if index % 2 else ()
            both = [small_run.started(run, *MORE, *more, page=False, cores=1) for _ in range(2)]
            for process in both:
                process.join()
            codes = sorted(process.exitcode for process in both)
            assert codes in ([0, 0], [0, 2]), small_run.said(run)
            self.hits[f"pair: {'one said so' if codes[1] else 'one after the other'}"] += 1
            log = (run / "run.log").read_text()
            assert log.count("INFO trains ") == 8, "a trial was trained twice"
            self._check(run, 0, {})

    def _new(self) -> Path:
        return self.folder / f"run-{next(self._numbers)}"

    def _at_work(self, run: Path, process: "object") -> bool:
        """Wait until a trial is worked on; return False if the run ends."""
        while process.is_alive():
            if any(run.glob("trials/*/.leased")):
                return True
            time.sleep(0.02)
        return False

    def _kill_one(self, coordinator: int) -> None:
        """Kill one of the processes that a coordinator has started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            victims = {}
            for process in psutil.Process(coordinator).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    command = " ".join(process.cmdline())
                    if "harness.execution.child" in command:
                        victims[process] = "process of trials"
                    elif "spawn_main" in command:
                        victims[process] = "worker of Dask"
            if victims:
                victim = self.chance.choice(sorted(victims, key=lambda one: one.pid))
                victim.kill()
                self.hits[victims[victim]] += 1

    def _check(self, run: Path, code: int | None, finished: dict[Path, int]) -> None:
        assert code == 0, small_run.said(run)
        assert_same_results(run, self.reference)
        now = {path: path.stat().st_mtime_ns for path in finished}
        assert now == finished, "a finished trial was trained again"
        assert not list(run.glob("**/.*.part"))
        assert not list(run.glob("trials/*/.leased"))


def _finished(run: Path) -> dict[Path, int]:
    """The levels of trials that are recorded as trained, with their times."""
    found = {}
    for record in run.glob("trials/*/trial.json"):
        if json.loads(record.read_text())["status"] == "done":
            levels = record.parent.glob("level-*")
            found |= {path: path.stat().st_mtime_ns for path in levels}
    return found


@contextlib.contextmanager
def cluster(file: Path) -> Iterator[subprocess.Popen]:
    """A scheduler that writes its address into a file, and two workers; all end in the end."""
    file.unlink(missing_ok=True)
    dask = [sys.executable, "-m", "dask"]
    address = ("--scheduler-file", str(file))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    scheduler = subprocess.Popen(
        [*dask, "scheduler", *address, "--port", "0", "--host", "127.0.0.1", "--no-dashboard"],
        **quiet,
    )
    command = [*dask, "worker", *address, "--nworkers", "1", "--nthreads", "1"]
    command += ["--memory-limit", "0", "--no-dashboard", "--death-timeout", "20"]
    command += ["--local-directory", str(file.parent)]
    workers = [subprocess.Popen(command, **quiet) for _ in range(2)]
    try:
        while not file.exists():
            time.sleep(0.05)
        yield scheduler
    finally:
        for process in (scheduler, *workers):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def stress(
    folder: Path, *, workers: int, coordinators: int, schedulers: int, pairs: int, seed: int = 0
) -> Counter[str]:
    """Do all of it; return how often what was hit."""
    work = Stress(folder, seed)
    for name, number in (
        ("workers", workers), ("coordinators", coordinators),
        ("schedulers", schedulers), ("pairs", pairs),
    ):  # fmt: skip
        if number:
            getattr(work, name)(number)
            print(f"{name}: {dict(work.hits)}", flush=True)
    return work.hits


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, number in (("workers", 50), ("coordinators", 20), ("schedulers", 10), ("pairs", 20)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--seed", type=int, default=0)
    with tempfile.TemporaryDirectory() as scratch:
        stress(Path(scratch), **vars(parser.parse_args()))
    print("every run ended with the tables of the serial run, bit for bit")

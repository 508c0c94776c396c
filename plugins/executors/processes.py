"""Several trials at a time on this machine, by the standard library alone."""

import queue
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness import AbstractExecutor, RunTrial, TrialReport, TrialSpec, hookimpl
from harness.execution.children import call_in_child, end_children
from harness.execution.handing_out import hand_out
from harness.machine import devices


@dataclass(frozen=True)
class Processes(AbstractExecutor):
    """As many trials at a time as there are devices, each in a long-lived process of this machine.

    **Parameters:**

    - `workers`: how many processes; 0 is one for each GPU, or for each `cores` cores
    - `cores`: how many cores each has
    - `retries`: how often a trial is tried again whose process died, as for lack of memory
    """

    name: ClassVar[str] = "processes"
    workers: int = 0
    cores: int = 1
    retries: int = 2

    def carry_out(self, trials: Sequence[TrialSpec], root: Path, run: RunTrial) -> None:
        """Carry out the trials; each process takes the next when it is free."""
        places = devices.places(self.cores, self.workers)
        free: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        for place in places:
            free.put(place)

        def carried_out(spec: TrialSpec) -> TrialReport:
            place = free.get()
            try:
                return TrialReport.of(call_in_child(place, *run.call(spec)))
            finally:
                free.put(place)

        def submit(spec: TrialSpec, avoid: frozenset[str]) -> Future[TrialReport]:
            return pool.submit(carried_out, spec)

        with ThreadPoolExecutor(len(places)) as pool:
            try:
                hand_out(trials, run, submit, retries=self.retries)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                end_children()

    def trial_cores(self) -> int:
        """Return the cores of a process."""
        return self.cores


@hookimpl
def register_executors() -> list[type[Processes]]:
    """Offer the executor to the harness."""
    return [Processes]

"""Trials on a Dask cluster: one of this machine's, one that is there, or one of SLURM jobs."""

import itertools
import json
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness import AbstractExecutor, RunTrial, TrialReport, TrialSpec, UserError, hookimpl
from harness.execution.children import call_in_child
from harness.execution.handing_out import Future, RefusedError, hand_out
from harness.execution.setup import Setup
from harness.machine import devices


@dataclass(frozen=True)
class Dask(AbstractExecutor):
    """Trials on a Dask cluster: by default one worker for each device of this machine.

    Each worker carries out one trial at a time, in a long-lived process of its own.

    **Parameters:**

    - `address`: a scheduler that is there, as tcp://HOST:8786
    - `scheduler_file`: the file in which such a scheduler wrote its address
    - `slurm`: the partition in which jobs start workers; `--dry-run` prints the script of a job
    - `jobs`: how many jobs
    - `walltime`: the time of a job, as 2:00:00
    - `memory`: the memory of a job
    - `gpus`: the GPUs of a job; give a --block-width then, which is planned for processors here
    - `workers`: the number of workers on this machine; 0 is one for each GPU, or `cores` cores
    - `cores`: how many cores each worker has
    - `retries`: how often a trial is tried again, elsewhere if possible, whose process died
    - `allowed_failures`: how often a trial may lose its worker, as by preemption, and go on
    - `timeout`: how many seconds a scheduler may take to answer
    """

    name: ClassVar[str] = "dask"
    address: str = ""
    scheduler_file: str = ""
    slurm: str = ""
    jobs: int = 1
    walltime: str = "1:00:00"
    memory: str = "8GB"
    gpus: int = 0
    workers: int = 0
    cores: int = 1
    retries: int = 2
    allowed_failures: int = 20
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if sum(map(bool, (self.address, self.scheduler_file, self.slurm))) > 1:
            raise ValueError("give one of address, scheduler_file and slurm.")

    def carry_out(self, trials: Sequence[TrialSpec], root: Path, run: RunTrial) -> None:
        """Carry out the trials on the cluster's workers, as they come and go."""
        if not trials:
            return
        distributed = _imported("distributed")
        places = [] if self._is_remote else devices.places(self.cores, self.workers)
        setup = Setup.here(trials[0].plugins, root)
        numbers = itertools.count()
        with self._client(distributed, len(places), root) as client:
            differences = _differences(client, setup, root)
            refused = set(differences)
            for where, reason in differences.items():
                note = str(RefusedError(where, reason))
                run.learn(trials[0], TrialReport(notes=(note,), left=True))

            held: list[_Held] = []

            def submit(spec: TrialSpec, avoid: frozenset[str]) -> Future:
                there = set(client.nthreads()) - refused if avoid or refused else set()
                if refused and not there:
                    raise UserError(f"no other worker is there. Finished work is kept in '{root}'.")
                key, where = f"{spec.key}-{next(numbers)}", sorted(there - avoid or there) or None
                call = (_on_worker, places, self.cores, setup, *run.call(spec))
                future = client.submit(
                    *call, key=key, workers=where, allow_other_workers=where is not None, pure=False
                )
                if where is not None:
                    held.append(_Held(future, frozenset(where)))
                    return held[-1]
                return future

            def watch() -> None:
                there = client.nthreads()
                held[:] = [one for one in held if not one.released(there)]

            try:
                hand_out(
                    trials, run, submit, retries=self.retries, refused=refused,
                    preempted=(distributed.KilledWorker, _GoneError),
                    preemptions=self.allowed_failures, watch=watch,
                )  # fmt: skip
            except CancelledError:
                raise UserError(
                    f"the Dask scheduler at {client.scheduler.address} has ended. Finished work is "
                    f"kept in '{root}': run the same command again."
                ) from None

    @property
    def _is_remote(self) -> bool:
        return bool(self.address or self.scheduler_file or self.slurm)

    @contextmanager
    def _client(self, distributed: Any, workers: int, root: Path) -> Iterator[Any]:
        """Open a client of the cluster, which ends with it if it was started here."""
        dask = _imported("dask")
        with dask.config.set({"distributed.scheduler.allowed-failures": self.allowed_failures}):
            if self.slurm:
                cluster: Any = _imported("dask_jobqueue").SLURMCluster(**self._job(root))
                cluster.scale(jobs=self.jobs)
            elif not self._is_remote:
                cluster = distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, memory_limit=0, dashboard_address=None
                )
            else:
                with self._joined(distributed, root) as client:
                    yield client
                return
        with cluster, distributed.Client(cluster) as client:
            yield client

    def _joined(self, distributed: Any, root: Path) -> Any:
        """Return a client of a scheduler that is there."""
        address = self.address
        try:
            if self.scheduler_file:
                address = json.loads(Path(self.scheduler_file).read_text())["address"]
            return distributed.Client(address, timeout=self.timeout)
        except (OSError, ValueError, KeyError) as error:
            which = f"at '{address}'" if address else f"of '{self.scheduler_file}'"
            raise UserError(
                f"no Dask scheduler answers {which} ({error or type(error).__name__}; tried for "
                f"{self.timeout:g} s). Nothing was begun, and finished work is kept in '{root}'. "
                "Start one with `dask scheduler`, or give another address."
            ) from None

    def _job(self, root: Path) -> dict[str, Any]:
        """Return what dask-jobqueue needs for a job."""
        gpus = [f"--gres=gpu:{self.gpus}"] if self.gpus else []
        return {
            **{"queue": self.slurm, "walltime": self.walltime, "memory": self.memory},
            **{"cores": self.cores, "processes": 1, "job_extra_directives": gpus},
            # One trial at a time, however many cores it has; no limit that Dask would enforce.
            "worker_extra_args": ["--nthreads", "1", "--memory-limit", "0"],
            "log_directory": str(root / "dask"),
        }

    def trial_cores(self) -> int:
        """Return the cores of a worker."""
        return self.cores

    def preview(self) -> str:
        """Return the script of a SLURM job."""
        if not self.slurm:
            return ""
        jobs = _imported("dask_jobqueue.slurm")
        job = jobs.SLURMJob("tcp://SCHEDULER:8786", name="harness", **self._job(Path("RUN")))
        return job.job_script()


class _GoneError(Exception):
    """The workers that a trial waited for have gone."""

    def __str__(self) -> str:
        return "the workers that it waited for have gone"


class _Held:
    """A trial that waits for certain workers.

    A worker that starts again has another address. If all have gone at once, Dask lets the trial
    wait for ever, even where others may serve: it is handed out again.
    """

    def __init__(self, future: Any, where: frozenset[str]) -> None:
        self._future, self._where, self._gone = future, where, False

    def add_done_callback(self, function: Callable[[Any], Any], /) -> None:
        """Call a function with this when the trial has ended."""
        self._future.add_done_callback(lambda _: function(self))

    def result(self) -> TrialReport:
        """Return the report. Raises `_GoneError` if no worker that it waited for is left."""
        try:
            report: TrialReport = self._future.result()
            return report
        except CancelledError:
            if self._gone:
                raise _GoneError from None
            raise

    def released(self, there: Iterable[str]) -> bool:
        """Return whether it need not be watched: it has ended, or its workers have gone."""
        if not self._future.done() and self._where.isdisjoint(there):
            self._gone = True
            self._future.cancel()
        return self._gone or bool(self._future.done())


def _imported(name: str) -> Any:
    """Import a part of Dask. Raises `UserError` with the line that installs it.

    The import of dask-jobqueue makes SIGINT end the process; the run's own handlers stay.
    """
    import importlib

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise UserError(
            "executor 'dask' needs Dask, which is not installed. Install it with\n"
            "  pip install 'motif-harness[dask]'"
        ) from None
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _differences(client: Any, setup: Setup, root: Path) -> dict[str, str]:
    """Return the present workers that differ from this process, and how.

    Raises `UserError` if all do.
    """
    answers = client.run(setup.difference, on_error="return")
    found = {
        where: str(answer) if isinstance(answer, str) else f"{type(answer).__name__}: {answer}"
        for where, answer in answers.items()
        if answer != ""
    }
    if found and len(found) == len(answers):
        lines = "\n".join(f"  {where}: {reason}" for where, reason in found.items())
        raise UserError(
            f"no worker can carry out trials. Finished work is kept in '{root}'.\n{lines}"
        )
    return found


def _on_worker(
    places: list[dict[str, str]], cores: int, setup: Setup, function: str, arguments: Any
) -> TrialReport:
    """Carry out a trial in the child process of the worker that runs this."""
    from distributed import get_worker

    worker = get_worker()
    if difference := setup.difference():
        raise RefusedError(worker.address, difference)
    place = places[worker.name % len(places)] if places else devices.share(cores)
    return TrialReport.of(call_in_child(place, function, arguments, where=worker.address))


@hookimpl
def register_executors() -> list[type[Dask]]:
    """Offer the executor to the harness."""
    return [Dask]

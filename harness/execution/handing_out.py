"""Hand out the trials of a run to other processes, each after its source, and take the reports."""

import queue
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

from harness.execution.children import ChildDiedError
from harness.plugin.executor import RunTrial, TrialReport, TrialSpec

AT_ONCE = 1000
"""The most trials that are handed out before their reports are in."""


WATCHED = 5.0
"""Seconds without the end of a trial after which what is under way is looked at."""


class RefusedError(Exception):
    """A worker may not carry out trials: `where` it is, and the `reason`."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.where, self.reason = where, reason

    def __str__(self) -> str:
        return f"worker {self.where} is not used: {self.reason}"


@runtime_checkable
class Future(Protocol):
    """What a trial's report comes from, as a future of `concurrent.futures` or of Dask."""

    def add_done_callback(self, function: Callable[[Any], Any], /) -> Any:
        """Call a function with the future when it is done, in any thread."""

    def result(self) -> TrialReport:
        """Return the report, or raise what happened."""


def hand_out(
    trials: Sequence[TrialSpec],
    run: RunTrial,
    submit: Callable[[TrialSpec, frozenset[str]], Future],
    *,
    retries: int,
    refused: set[str] | None = None,
    preempted: tuple[type[Exception], ...] = (),
    preemptions: int = 0,
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Carry out trials by `submit`, and return when all are done.

    `submit(spec, avoid)` begins one, if possible on a worker that is not among those to avoid, and
    returns its future. Workers that refuse are added to `refused`: they get no trial. A trial whose
    process dies is tried again up to `retries` times; errors of the types `preempted` may end it
    `preemptions` times, which is no failure. What else a future raises ends the run. `watch` is
    called when no trial has ended for `WATCHED` seconds.
    """
    keys = {spec.key for spec in trials}
    after = defaultdict(list)
    for spec in trials:
        after[spec.source if spec.source in keys else ""].append(spec)
    ready = deque(after.pop("", ()))
    attempts = _Attempts(
        run, retries, set() if refused is None else refused, preempted, preemptions
    )
    ended: queue.SimpleQueue[tuple[TrialSpec, Future]] = queue.SimpleQueue()
    flying = 0
    while ready or flying:
        while ready and flying < AT_ONCE:
            spec = ready.popleft()
            future = submit(spec, attempts.avoided(spec))
            future.add_done_callback(partial(_put, ended, spec))
            flying += 1
        spec, future = _next(ended, watch)
        flying -= 1
        report = attempts.report(spec, future)
        if report is None:
            ready.appendleft(spec)
        elif report.left:
            ready.append(spec)
        else:
            run.learn(spec, report)
            ready.extend(after.pop(spec.key, ()))


def _next(
    ended: queue.SimpleQueue[tuple[TrialSpec, Future]], watch: Callable[[], None]
) -> tuple[TrialSpec, Future]:
    while True:
        try:
            return ended.get(timeout=WATCHED)
        except queue.Empty:
            watch()


def _put(ended: queue.SimpleQueue[tuple[TrialSpec, Future]], spec: TrialSpec, done: Future) -> None:
    ended.put((spec, done))


class _Attempts:
    """Counts in vain attempts at trials, and says what becomes of each."""

    def __init__(
        self,
        run: RunTrial,
        retries: int,
        refused: set[str],
        preempted: tuple[type[Exception], ...],
        preemptions: int,
    ) -> None:
        self._run = run
        self._unfinished: tuple[type[Exception], ...] = (ChildDiedError, *preempted)
        self._limits = {True: retries, False: preemptions}
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._refused = refused
        self._ended_at: dict[str, set[str]] = defaultdict(set)

    def avoided(self, spec: TrialSpec) -> frozenset[str]:
        """Return the workers at which a trial ended before it was done."""
        return frozenset(self._ended_at[spec.key])

    def report(self, spec: TrialSpec, future: Future) -> TrialReport | None:
        """Return the report of an attempt that has ended, or None to try again."""
        try:
            return future.result()
        except RefusedError as error:
            self._refused.add(error.where)
            note = str(error)
        except self._unfinished as error:
            died = isinstance(error, ChildDiedError)
            self._counts[spec.key, died] += 1
            if self._counts[spec.key, died] > self._limits[died]:
                self._run.give_up(spec, error)
                return TrialReport()
            if isinstance(error, ChildDiedError):
                self._ended_at[spec.key].add(error.where)
            note = f"trial {spec.key}: {error}; it is tried again, from its last checkpoint"
        self._run.learn(spec, TrialReport(notes=(note,), left=True))
        return None

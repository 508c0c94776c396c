"""Isolation of plugins: whatever a call of one raises is its failure, never the end of the run."""

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import UserError, innermost

LIMIT = "HARNESS_TIME_LIMIT"
"""The environment variable with the seconds that training or measuring a trial may take."""

_log = logging.getLogger(__name__)


@contextmanager
def isolated() -> Iterator[None]:
    """Raise what a plugin raises inside as an `Exception`, so that the caller can record it.

    `SystemExit`, and a `KeyboardInterrupt` that no signal caused, become `RuntimeError`; the user's
    own interruption passes. A process that a plugin forks and does not end, ends here: it must not
    go on as a second harness. Raises `TimeoutError` after the seconds in HARNESS_TIME_LIMIT.
    """
    owner = os.getpid()
    try:
        with _watched() as interrupted:
            yield
    except Exception:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and interrupted.is_set():
            raise
        kind = f"{type(error).__name__}({error})"
        raise RuntimeError(f"a plugin raised {kind}, which would end the process") from error
    finally:
        if os.getpid() != owner:
            os._exit(1)


@contextmanager
def _watched() -> Iterator[threading.Event]:
    """Yield an event that is set if the user interrupts; enforce the time limit.

    Signals reach the main thread only: in others, the limit is only logged.
    """
    interrupted, ended, expired = threading.Event(), threading.Event(), threading.Event()
    here, lock = threading.current_thread(), threading.Lock()
    previous = signal.getsignal(signal.SIGINT)
    main = here is threading.main_thread() and previous is not None

    def on_signal(number: int, frame: Any) -> None:
        if expired.is_set():
            raise TimeoutError(f"it did not end within {seconds:g} s, the limit of {LIMIT}")
        interrupted.set()
        if callable(previous):
            previous(number, frame)

    def expire() -> None:
        with lock:
            if not ended.is_set():
                _say_what_hangs(here, seconds)
                expired.set()
                if main and hasattr(signal, "pthread_kill"):
                    signal.pthread_kill(here.ident or 0, signal.SIGINT)
                elif main:
                    signal.raise_signal(signal.SIGINT)

    seconds = _limit()
    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    if main:
        signal.signal(signal.SIGINT, on_signal)
    if seconds:
        timer.start()
    try:
        yield interrupted
    finally:
        with lock:
            ended.set()
        timer.cancel()
        if main:
            signal.signal(signal.SIGINT, previous)


def _limit() -> float:
    text = os.environ.get(LIMIT, "") or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < threading.TIMEOUT_MAX:
        raise UserError(f"{LIMIT}={text} is no number of seconds. Give one, or 0 for no limit.")
    return seconds


def _say_what_hangs(thread: threading.Thread, seconds: float) -> None:
    stack = traceback.extract_stack(sys._current_frames()[thread.ident or 0])
    place = innermost(stack)
    where = f"{place.filename}, line {place.lineno}, in {place.name}"
    _log.warning("no end after %g s (%s): it is in %s", seconds, LIMIT, where)
    print(f"no end after {seconds:g} s ({LIMIT}): it is in {where}", file=sys.stderr, flush=True)

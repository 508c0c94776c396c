"""Processes that carry out trials for this one: each is started once and kept for the next call."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import CannotWriteError, UserError

_Environment = tuple[tuple[str, str], ...]

_lock = threading.Lock()
_idle: dict[_Environment, list["_Child"]] = {}
_alive: set["_Child"] = set()


class ChildDiedError(Exception):
    """A process ended within a call, as by a signal or for lack of memory. `where` it ran."""

    def __init__(self, where: str, how: str) -> None:
        super().__init__(where, how)
        self.where, self.how = where, how

    def __str__(self) -> str:
        return f"its process {self.how}" + (f" on {self.where}" if self.where else "")


def call_in_child(
    environment: Mapping[str, str], function: str, arguments: tuple[Any, ...], *, where: str = ""
) -> Any:
    """Call "module:function" in a child process with these variables in its environment.

    Arguments and the result are plain data, such as JSON holds. An idle child serves, or a new one
    is started; threads may call at once. A child ends with this process, however this one ends.
    Raises `ChildDiedError`, naming `where`, if it ends first, and what the function raises.
    """
    key = tuple(sorted(environment.items()))
    with _lock:
        idle = _idle.setdefault(key, [])
        child = idle.pop() if idle else _Child(dict(key))
    answer = child.call(function, arguments, where)
    with _lock:
        _idle[key].append(child)
    if "refused" in answer:
        raise UserError(answer["refused"])
    if "unwritten" in answer:
        path, number, cause = answer["unwritten"]
        raise CannotWriteError(Path(path), OSError(number, cause))
    if "failed" in answer:
        raise RuntimeError(answer["failed"])
    return answer["result"]


def end_children() -> None:
    """End all child processes, those within a call too."""
    with _lock:
        _idle.clear()
        children = [*_alive]
    for child in children:
        child.end()


class _Child:
    """A process that carries out one call after the other."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.execution.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        _alive.add(self)

    def call(self, function: str, arguments: tuple[Any, ...], where: str) -> dict[str, Any]:
        """Return the result of a call, or the error that it raised."""
        calls, results = self._process.stdin, self._process.stdout
        assert calls is not None
        assert results is not None
        try:
            calls.write(json.dumps([function, arguments]).encode() + b"\n")
            calls.flush()
            answer: dict[str, Any] = json.loads(results.readline())
            return answer
        except (OSError, ValueError):
            raise ChildDiedError(where, self.end()) from None

    def end(self) -> str:
        """End the process if it has not ended; return how it ended."""
        with _lock:
            _alive.discard(self)
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"

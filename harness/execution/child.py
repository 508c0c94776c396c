"""A process that works for another one, call by call, until that one ends.

It reads pickled calls from its standard input and writes their pickled results to its standard
output; what plugins print goes to the error output.
"""

import importlib
import os
import pickle
import queue
import signal
import threading
import traceback
from typing import Any, BinaryIO

from harness.errors import CannotWriteError, UserError


def main() -> None:
    """Carry out calls until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that it works for ends it
    calls, results = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "rb"), (1, "wb")))
    os.dup2(2, 1)
    asked: queue.SimpleQueue[tuple[str, tuple[Any, ...]]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(calls, asked), daemon=True).start()
    while True:
        pickle.dump(_called(*asked.get()), results)
        results.flush()


def _read(calls: BinaryIO, asked: "queue.SimpleQueue[tuple[str, tuple[Any, ...]]]") -> None:
    """Pass on calls; end this process at once, even within a call, when the other one has ended."""
    while True:
        try:
            asked.put(pickle.load(calls))
        except EOFError:
            os._exit(0)


def _called(function: str, arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """Return the result of a call, or the error for the caller to raise."""
    module, _, name = function.partition(":")
    try:
        return getattr(importlib.import_module(module), name)(*arguments), None
    except (UserError, CannotWriteError) as error:
        return None, error
    except Exception:
        return None, RuntimeError(f"in another process:\n{traceback.format_exc()}")


if __name__ == "__main__":
    main()

"""A process that works for another one, call by call, until that one ends.

It reads calls from its standard input and writes their results to its standard output, each a line
of JSON; what plugins print goes to the error output.
"""

import importlib
import json
import os
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
    asked: queue.SimpleQueue[tuple[str, list[Any]]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(calls, asked), daemon=True).start()
    while True:
        results.write(json.dumps(_called(*asked.get())).encode() + b"\n")
        results.flush()


def _read(calls: BinaryIO, asked: "queue.SimpleQueue[tuple[str, list[Any]]]") -> None:
    """Pass on calls; end this process at once, even within a call, when the other one has ended."""
    for line in calls:
        asked.put(json.loads(line))
    os._exit(0)


def _called(function: str, arguments: list[Any]) -> dict[str, Any]:
    """Return the result of a call, or the error for the caller to raise."""
    module, _, name = function.partition(":")
    try:
        return {"result": getattr(importlib.import_module(module), name)(*arguments)}
    except UserError as error:
        return {"refused": str(error)}
    except CannotWriteError as error:
        return {"unwritten": [str(error.path), error.error.errno, error.error.strerror]}
    except Exception:
        return {"failed": f"in another process:\n{traceback.format_exc()}"}


if __name__ == "__main__":
    main()

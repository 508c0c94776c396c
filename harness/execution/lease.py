"""A lease on a trial: the right of one process to work on it, given back when the process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import CannotWriteError

LEASE = ".lease"


@contextmanager
def leased(folder: Path) -> Iterator[bool]:
    """Have a trial's folder for oneself, made if need be; False where another process has it.

    The lease is a lock on a file of this machine or of a file system that locks: it ends with the
    process, however that ends. Raises `CannotWriteError` where the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LEASE)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise CannotWriteError(folder, error) from error
    with lock:
        yield True

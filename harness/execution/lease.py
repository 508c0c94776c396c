"""A lease on a trial: one process alone may work on it, until the process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import CannotWriteError

LEASE = ".lease"


@contextmanager
def leased(folder: Path) -> Iterator[bool]:
    """Lock a trial's folder, made if need be; yield False if another process has the lock.

    The lock is on a file, on this machine or a file system that supports locks. It ends with the
    process, however that ends. Raises `CannotWriteError` if the folder cannot be made.
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

"""A lease on a folder: one process alone may work in it, as long as its heartbeat goes on."""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from filelock import SoftFileLease, Timeout

from harness.errors import CannotWriteError, UserError

LEASE = ".leased"
DURATION = 60.0
"""Seconds without a heartbeat after which a lease on another machine may be taken over."""
_POLL = 0.25


@dataclass(frozen=True)
class Lease:
    """Whether this process holds a lease, and who else holds it or held it to its own end.

    `holder` is "" where there was nobody else.
    """

    mine: bool
    holder: str = ""


@contextmanager
def leased(folder: Path, patience: float = 0.0) -> Iterator[Lease]:
    """Take the lease on a folder, made if need be, unless another process has it.

    A file with heartbeats holds the lease, on any file system that creates files exclusively. The
    lease of a process that ended without giving it up is taken over: at once on its own machine,
    elsewhere after `DURATION`, which this waits for. `patience` is how many seconds to wait
    for a process that works; -1 has no limit. Raises `CannotWriteError` if the folder cannot be
    made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / LEASE).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        lock = _on(folder / LEASE)
        holder = _named(lock.owner)
        taken = _acquired(lock, folder / LEASE, patience)
    except OSError as error:
        raise CannotWriteError(folder / LEASE, error) from error
    if not taken:
        yield Lease(False, holder or _named(lock.owner))
        return
    try:
        yield Lease(True, holder)
    finally:
        lock.release()


def working(folder: Path) -> str:
    """Return which process holds the lease on a folder, without waiting; "" if none does."""
    lock = _on(folder / LEASE)
    with suppress(OSError):
        silent = time.time() - (folder / LEASE).stat().st_mtime
        if (owner := lock.owner) is not None and (_is_here(owner) or silent < 2 * DURATION):
            return "" if _is_here(owner) and not _is_alive(owner.pid) else _named(owner)
    return ""


def check_mount(folder: Path) -> None:
    """Raise `UserError` if leases do not hold on the file system of an existing folder.

    Raises `CannotWriteError` if the file of a lease cannot be written, as on a full disk.
    """
    place = folder / f"{LEASE}-test-{os.getpid()}"
    first, second = _on(place), _on(place)
    with ExitStack() as held:
        try:
            held.enter_context(first)
        except OSError as error:
            raise CannotWriteError(place, error) from error
        os.utime(place, (1e9, 1e9))
        problem = "" if place.stat().st_mtime == 1e9 else "it does not keep the times of files"
        with suppress(Timeout):
            second.acquire(timeout=0)
            second.release()
            problem = "two processes can create the same file"
    if problem:
        raise UserError(
            f"the file system of '{folder}' cannot hold leases on trials: {problem}. Choose "
            "another --out, on a local disk or a network file system such as NFS."
        )


def _on(path: Path) -> SoftFileLease:
    return SoftFileLease(
        path, lease_duration=DURATION, heartbeat_interval=DURATION / 4, thread_local=False
    )


def _acquired(lock: SoftFileLease, path: Path, patience: float) -> bool:
    """Take a lease; return False if another process still has it after `patience`."""
    with suppress(Timeout):
        lock.acquire(timeout=0)
        return True
    with suppress(FileNotFoundError):
        # A process that was killed while it made the file: nobody else would ever remove it.
        if lock.owner is None and time.time() - path.stat().st_mtime > DURATION:
            lock.force_break()
    elsewhere = (owner := lock.owner) is not None and not _is_here(owner)
    if elsewhere and patience >= 0:
        patience = max(patience, 1.5 * DURATION)
    with suppress(Timeout):
        lock.acquire(timeout=patience, poll_interval=_POLL)
        return True
    return False


def _is_here(owner: Any) -> bool:
    """Return whether a holder is a process of this machine."""
    return owner.hostname == _host()


@cache
def _host() -> str:
    """Return the name of this machine as leases have it, which tells containers apart."""
    with tempfile.TemporaryDirectory() as folder, _on(Path(folder) / LEASE) as lock:
        owner = lock.owner
        return owner.hostname if owner is not None else ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _named(owner: Any) -> str:
    return f"process {owner.pid} on {owner.hostname}" if owner is not None else ""

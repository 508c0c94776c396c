"""Memory: how much was taken, how much is free, and whether it ran out."""

import dis
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from harness.errors import of_library, package_of

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

PROCESSES = "HARNESS_PROCESSES"
"""The variable that says how many processes, this one included, train on this machine."""
_GROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def peaks() -> dict[str, int]:
    """Return the most memory that this process has taken so far, in bytes, on host and device.

    The device's is known for accelerators only: a CPU uses the host's memory.
    """
    if resource is None:
        taken = {"host": int(psutil.Process().memory_info().peak_wset)}
    else:
        unit = 1 if sys.platform == "darwin" else 1024
        taken = {"host": unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    import jax  # late: reading a file needs no device

    statistics = jax.local_devices()[0].memory_stats() or {}
    if "peak_bytes_in_use" in statistics:
        taken["device"] = int(statistics["peak_bytes_in_use"])
    return taken


def free() -> int:
    """Return the bytes that are free on each device of this process.

    CPU devices (one for each core) share half of the host's memory evenly, also with those of the
    `PROCESSES` beside this one. The other half is for the host itself, for instance for copies of
    networks that wait to be written.
    """
    import jax

    devices = jax.local_devices()
    statistics = devices[0].memory_stats() or {}
    if "bytes_limit" in statistics:
        return int(statistics["bytes_limit"]) - int(statistics.get("bytes_in_use", 0))
    return available() // (2 * len(devices) * int(os.environ.get(PROCESSES, "1")))


def available() -> int:
    """Return the bytes of the host's memory that this process may still take.

    It is the least of what the machine has, what control groups leave (SLURM, Docker, Kubernetes
    set them), and what the limit on the address space leaves.
    """
    left = [int(psutil.virtual_memory().available), *_left_by_groups()]
    if resource is not None:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            left.append(limit - psutil.Process().memory_info().vms)
    return max(0, min(left))


def _left_by_groups() -> Iterator[int]:
    """Yield what each control group of this process leaves, and each group around it.

    Version 2 has one line "0::/path", version 1 one such as "7:memory:/path". In a container the
    path may be the host's: only folders that are there count.
    """
    try:
        lines = _OWN_GROUPS.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return
    for number, controllers, path in (line.split(":", 2) for line in lines if line.count(":") > 1):
        if number == "0" and not controllers:
            root, names = _GROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = _GROUPS / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        folder = root / path.lstrip("/")
        while folder.is_relative_to(root):
            if (left := _left_by(folder, *names)) is not None:
                yield left
            folder = folder.parent


def _left_by(folder: Path, limit: str, usage: str, cached: str) -> int | None:
    """Return what a group leaves, with the cached files that it would give up; None if no limit."""
    try:
        most, used = (int((folder / name).read_text("ascii")) for name in (limit, usage))
        rows = (line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
        reclaimable = next((int(row[1]) for row in rows if row[0] == cached), 0)
    except (OSError, ValueError):  # a limit may also be "max"
        return None
    return most - used + reclaimable


def ran_out(error: BaseException) -> bool:
    """Return whether an error, or one of its causes, says that memory ran out."""
    seen: BaseException | None = error
    while seen is not None:
        import jax

        out = isinstance(seen, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(seen)
        if out or (isinstance(seen, MemoryError) and not _claimed(seen)):
            return True
        seen = seen.__cause__
    return False


def _claimed(error: MemoryError) -> bool:
    """Return whether a statement of a plugin raised it: an allocation that fails needs none."""
    if package_of(error) == "harness" or (place := error.__traceback__) is None:
        return False
    while place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code
    stated = dis.opname[code.co_code[place.tb_lasti]] == "RAISE_VARARGS"
    return stated and not of_library(code.co_filename)

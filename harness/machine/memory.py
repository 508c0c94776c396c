"""Memory: how much was taken, how much is free, and whether it ran out."""

import resource
import sys
from pathlib import Path

import jax


def peaks() -> dict[str, int]:
    """Return the most memory that this process has taken so far, in bytes, on host and device.

    The device's is known for accelerators only: a CPU uses the host's memory.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    taken = {"host": unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    statistics = jax.local_devices()[0].memory_stats() or {}
    if "peak_bytes_in_use" in statistics:
        taken["device"] = int(statistics["peak_bytes_in_use"])
    return taken


def free() -> int | None:
    """Return the bytes that are free on each device of this process; None if unknown.

    CPU devices (one for each core) share half of the host's memory evenly. The other half is for
    the host itself, for instance for copies of networks that wait to be written.
    """
    devices = jax.local_devices()
    statistics = devices[0].memory_stats() or {}
    if "bytes_limit" in statistics:
        return int(statistics["bytes_limit"]) - int(statistics.get("bytes_in_use", 0))
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    kilobytes = dict(line.split(":", 1) for line in lines)["MemAvailable"]
    return 1024 * int(kilobytes.split()[0]) // (2 * len(devices))


def ran_out(error: BaseException) -> bool:
    """Return whether an error, or one of its causes, says that memory ran out."""
    seen: BaseException | None = error
    while seen is not None:
        out = isinstance(seen, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(seen)
        if out or isinstance(seen, MemoryError):
            return True
        seen = seen.__cause__
    return False

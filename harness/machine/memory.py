"""Memory: how much was taken, how much is left, and whether it was too little."""

import resource
import sys
from pathlib import Path

import jax


def peaks() -> dict[str, int]:
    """The most memory that this process has taken so far, in bytes: of the host, of the device.

    The device's is known for accelerators only: on a processor, its memory is the host's.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    found = {"host": unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    told = jax.local_devices()[0].memory_stats() or {}
    if "peak_bytes_in_use" in told:
        found["device"] = int(told["peak_bytes_in_use"])
    return found


def free() -> int | None:
    """Bytes that a device of this process can still be given; None where nobody can say.

    Processors, which are several devices where each core is one, share half of the host's memory
    evenly: the other half is for what the host itself holds, copies of networks to be written.
    """
    devices = jax.local_devices()
    told = devices[0].memory_stats() or {}
    if "bytes_limit" in told:
        return int(told["bytes_limit"]) - int(told.get("bytes_in_use", 0))
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    kilobytes = dict(line.split(":", 1) for line in lines)["MemAvailable"]
    return 1024 * int(kilobytes.split()[0]) // (2 * len(devices))


def ran_out(error: BaseException) -> bool:
    """Whether an error, or one that it arose from, says that memory did not suffice."""
    seen: BaseException | None = error
    while seen is not None:
        out = isinstance(seen, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(seen)
        if out or isinstance(seen, MemoryError):
            return True
        seen = seen.__cause__
    return False

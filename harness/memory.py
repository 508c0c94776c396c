"""Memory: how much was taken, and whether it was too little."""

import resource
import sys

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


def ran_out(error: BaseException) -> bool:
    """Whether an error, or one that it arose from, says that memory did not suffice."""
    seen: BaseException | None = error
    while seen is not None:
        out = isinstance(seen, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(seen)
        if out or isinstance(seen, MemoryError):
            return True
        seen = seen.__cause__
    return False

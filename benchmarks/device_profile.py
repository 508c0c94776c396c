"""What a device did, read from a profile by JAX: the share of time it was busy, and its kernels."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jax.profiler import ProfileData

from harness.bench import Measured

SHOWN = 14


def figures(folder: Path, steps: int) -> Iterator[Measured]:
    """The busy share of each device of a trace of `steps` steps, and its longest kernels."""
    (file,) = folder.rglob("*.xplane.pb")
    planes = [plane for plane in ProfileData.from_file(str(file)).planes if _is_device(plane.name)]
    if not planes:
        yield Measured("profile", None, note="no accelerator in the trace")
    for plane in planes:
        events = [
            event for line in plane.lines if line.name.startswith("Stream") for event in line.events
        ]
        if events:
            yield from _of_device(plane.name, events, steps)


def _of_device(device: str, events: Sequence[Any], steps: int) -> Iterator[Measured]:
    """The idle share of one device, and its longest kernels."""
    first, last = min(one.start_ns for one in events), max(one.end_ns for one in events)
    busy = union([(one.start_ns, one.end_ns) for one in events])
    note = f"{(last - first) / 1e9:.3g} s of {steps} steps, {len(events)} kernels"
    yield Measured(f"{device}: idle", 100 * (1 - busy / (last - first)), "%", note=note)
    kernels: dict[str, float] = defaultdict(float)
    for one in events:
        kernels[one.name] += one.duration_ns
    for name, taken in sorted(kernels.items(), key=lambda pair: -pair[1])[:SHOWN]:
        what, time = f"kernel {name[:60]}", taken / steps / 1e3
        yield Measured(what, time, "µs a step", taken / busy, "the busy time")


def union(spans: list[tuple[float, float]]) -> float:
    """The length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _is_device(name: str) -> bool:
    return name.startswith("/device:") and "CPU" not in name

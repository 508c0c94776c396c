"""What a device did, read from a profile by JAX: the share of time it was busy, and its kernels."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

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
        spans, kernels = [], defaultdict(float)
        for line in plane.lines:
            if not line.name.startswith("Stream"):
                continue
            for event in line.events:
                spans.append((event.start_ns, event.end_ns))
                kernels[event.name] += event.duration_ns
        if not spans:
            continue
        busy = union(spans)
        whole = max(end for _, end in spans) - min(start for start, _ in spans)
        yield Measured(f"{plane.name}: idle between kernels", 100 * (1 - busy / whole), "%",
                       note=f"{whole / 1e9:.3g} s of {steps} steps, {len(spans)} kernels")  # fmt: skip
        longest = sorted(kernels.items(), key=lambda pair: -pair[1])[:SHOWN]
        for name, taken in longest:
            yield Measured(f"kernel {name[:60]}", taken / steps / 1e3, "µs a step",
                           taken / busy, "the busy time")  # fmt: skip


def union(spans: list[tuple[float, float]]) -> float:
    """The length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _is_device(name: str) -> bool:
    return name.startswith("/device:") and "CPU" not in name

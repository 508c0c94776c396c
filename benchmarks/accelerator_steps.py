"""Training steps on an accelerator: by number, by precision, beside rivals, profiled."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import numpy as np
from harness_benchmarks import device_profile, roofline, training
from harness_benchmarks.architecture import BATCH, SIZES, WEIGHTS
from harness_benchmarks.timing import Timing, side_by_side

from harness.bench import Measured
from harness.machine import memory
from harness.machine.compilation import Precision

NETWORKS = 400
WIDTHS = (1, 4, 16, 64, 256, 400, 1024, 4096)
SMALL, SMALL_WIDTHS = 2, (1, 2)
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
MILLI = "ms a network-step"


def _trainer(small: bool, precision: Precision = "tf32") -> training.Trainer:
    return training.trainer(f"moth[flights={2000 if small else 20000}]", precision=precision)


def steps(out: Path, small: bool) -> Iterator[Measured]:
    """Time a network-step from one network to thousands, and the floor, in each precision."""
    ours = _trainer(small)
    width = SMALL if small else NETWORKS
    limits, moved = _limits(width, "tf32")
    bandwidth = moved / limits["traffic"].median
    yield Measured("bandwidth, three arrays", bandwidth / 1e9, "GB/s", note=_told(limits))
    for number in SMALL_WIDTHS if small else WIDTHS:
        yield _step(ours, number, "tf32", bandwidth, limits["products"])
    for which, peak in memory.peaks().items():
        yield Measured(f"peak memory of the {which}", peak / 2**20, "MiB")
    for precision in PRECISIONS:
        products = _limits(width, precision)[0]["products"]
        yield _step(_trainer(small, precision), width, precision, bandwidth, products)


def _step(
    ours: training.Trainer, number: int, precision: str, bandwidth: float, products: Timing
) -> Measured:
    """A network-step at one width, and the share of it that its floor takes."""
    call = training.blocks(ours, number, number)
    before = ours.compile_seconds
    found = side_by_side({"": call}, repeats=3)[""].per(number * training.CHUNK)
    least = roofline.BYTES_A_WEIGHT * WEIGHTS / bandwidth + products.median
    return Measured(
        f"step of {number} networks, {precision}",
        found.median * 1e6,
        "µs a network-step",
        least / found.median,
        "the floor's share",
        f"{found.told()}; floor {least * 1e6:.3g} µs, {products.median * 1e6:.3g} of it products; "
        f"compiled in {ours.compile_seconds - before:.1f} s",
    )


def _limits(width: int, precision: Precision) -> tuple[dict[str, Timing], int]:
    """The time of a network-step's products, of a stream through memory, and its bytes."""
    loops = 10
    traffic, moved = roofline.traffic(WEIGHTS, width, loops)
    calls: dict[str, Callable[[], Any]] = {
        "products": roofline.products(SIZES, BATCH, width, loops, precision=precision),
        "traffic": traffic,
    }
    times = side_by_side(calls, repeats=5)
    return {"products": times["products"].per(width * loops), "traffic": times["traffic"]}, moved


def _told(limits: dict[str, Timing]) -> str:
    return limits["traffic"].told()


def profiled(out: Path, small: bool) -> Iterator[Measured]:
    """How busy the device is while a block trains, and which kernels take its time."""
    ours = _trainer(small)
    width = SMALL if small else NETWORKS
    call = training.blocks(ours, width, width)
    for _ in range(2):
        jax.block_until_ready(call())
    folder = Path(tempfile.mkdtemp())
    try:
        with jax.profiler.trace(str(folder)):
            for _ in range(3):
                jax.block_until_ready(call())
        yield from device_profile.figures(folder, 3 * training.CHUNK)
    finally:
        shutil.rmtree(folder)


def rivals(out: Path, small: bool) -> Iterator[Measured]:
    """Our step and the rivals', in turn on the same device, all with TF32 products."""
    if not find_spec("torch"):
        yield Measured("rivals", None, note="torch is not installed")
        return
    import torch
    from harness_benchmarks import torch_functional, torch_rivals

    torch.set_float32_matmul_precision("high")
    ours = _trainer(small)
    width = SMALL if small else NETWORKS
    loops = 2 if small else 50
    rows = [np.asarray(part) for part in ours.rows]
    makers: dict[str, Callable[..., Callable[[], None]]] = {
        "PyTorch, batched": torch_rivals.batched,
        "PyTorch, batched and compiled": torch_rivals.batched_compiled,
        "PyTorch, torch.func": torch_functional.functional,
    }
    if torch.cuda.is_available():
        makers["PyTorch, batched, CUDA graph"] = torch_functional.graphed
    calls: dict[str, Callable[[], Any]] = {"ours": training.blocks(ours, width, width)}
    numbers = {"ours": width * training.CHUNK}
    for name, make in makers.items():
        try:
            call = make(width, loops, *rows)
            call()
        except Exception as error:
            yield Measured(name, None, note=f"{type(error).__name__}: {str(error)[:200]}")
            continue
        calls[name], numbers[name] = call, width * loops
    times = side_by_side(calls, repeats=5)
    mine = times["ours"].per(numbers["ours"])
    yield Measured(f"ours, {width} networks", mine.median * 1e3, MILLI, note=mine.told())
    for name in calls:
        if name != "ours":
            other = times[name].per(numbers[name])
            ratio = other.median / mine.median
            yield Measured(name, other.median * 1e3, MILLI, ratio, "our time", other.told())

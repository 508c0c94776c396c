"""Placement of an ensemble: its networks spread over the devices, or cores, of this machine."""

import os
from typing import TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from harness.machine.memory import PROCESSES

Tree = TypeVar("Tree")

_CORES = "HARNESS_CORES"
_FLAG = "xla_force_host_platform_device_count"


def use_cores(number: int | None = None) -> None:
    """Make each of so many CPU cores, by default of all, a device of JAX that trains networks.

    Cores that share every product wait for one another. Nothing changes if JAX has already started
    or XLA_FLAGS sets the number of devices. Accelerators are not affected, but a process that
    plans for others, which give a number, leaves them their memory.
    """
    if number is not None:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if _FLAG in os.environ.get("XLA_FLAGS", ""):
        return
    try:
        jax.config.update("jax_num_cpu_devices", number or cores())
    except RuntimeError:
        return


def share(number: int) -> dict[str, str]:
    """Return the environment of a process that may use so many cores, whatever else it sees.

    XLA and BLAS get as many threads as in a process that the system holds to these cores.
    """
    threads = ("PJRT_NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return dict.fromkeys((_CORES, *threads), str(number))


def places(cores_each: int, number: int = 0) -> list[dict[str, str]]:
    """Return the environments of processes that share this machine.

    There are `number`, by default one for each accelerator of this process, or for each
    `cores_each` cores. Several share an accelerator where there are fewer.
    """
    if jax.default_backend() == "cpu":
        number = number or max(1, cores() // cores_each)
        return [{**share(cores_each), PROCESSES: str(number)}] * number
    there = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(
        str(index) for index in range(jax.local_device_count())
    )
    visible = there.split(",")
    return [
        {**share(cores_each), "CUDA_VISIBLE_DEVICES": visible[index % len(visible)]}
        for index in range(number or len(visible))
    ]


def cores() -> int:
    """Return how many cores this process may use: its share, or all that the system gives it."""
    if _CORES in os.environ:
        return int(os.environ[_CORES])
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def used(width: int, devices: int) -> int:
    """Return over how many devices a block is spread: the largest number that divides its width."""
    return max(number for number in range(1, min(width, devices) + 1) if width % number == 0)


def spread(tree: Tree, width: int) -> Tree:
    """Spread arrays of `width` networks, networks first, evenly over `used` devices."""
    return _placed(tree, width, PartitionSpec("networks"))


def everywhere(tree: Tree, width: int) -> Tree:
    """Copy what the networks of a block share to each of its devices."""
    return _placed(tree, width, PartitionSpec())


def alike_spread(shapes: Tree, width: int) -> Tree:
    """Return the shapes and places of what `spread` would place, for compiling ahead."""
    where = _sharding(width, PartitionSpec("networks"))
    if where is None:
        return shapes
    placed: Tree = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=where), shapes
    )
    return placed


def _placed(tree: Tree, width: int, axes: PartitionSpec) -> Tree:
    where = _sharding(width, axes)
    if where is None:
        return tree
    placed: Tree = jax.device_put(tree, where)
    return placed


def _sharding(width: int, axes: PartitionSpec) -> NamedSharding | None:
    """Return the sharding over `used` devices; None if there is only one device."""
    devices = jax.local_devices()
    if len(devices) == 1:
        return None
    return NamedSharding(Mesh(devices[: used(width, len(devices))], ("networks",)), axes)

"""Where an ensemble lies: its networks spread over the devices, or the cores, of this machine."""

import os
from typing import TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

_FLAG = "xla_force_host_platform_device_count"


def use_all_cores() -> None:
    """Let JAX take each core of a processor for a device, so that each trains networks of its own.

    Cores that share every product wait for one another. Where JAX is at work already, or XLA_FLAGS
    says how many devices there are, nothing changes. Accelerators are not concerned.
    """
    if _FLAG in os.environ.get("XLA_FLAGS", ""):
        return
    try:
        jax.config.update("jax_num_cpu_devices", cores())
    except RuntimeError:
        return


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def used(width: int, devices: int) -> int:
    """Over how many of the devices a block of this width is spread: as many as divide it."""
    return max(number for number in range(1, min(width, devices) + 1) if width % number == 0)


def spread(tree: Tree, width: int) -> Tree:
    """Arrays of `width` networks, networks first, evenly over the devices that divide it."""
    return _placed(tree, width, PartitionSpec("networks"))


def everywhere(tree: Tree, width: int) -> Tree:
    """What the networks of such a block have in common, on each of their devices."""
    return _placed(tree, width, PartitionSpec())


def alike_spread(shapes: Tree, width: int) -> Tree:
    """The shapes of what `spread` would place, with where it would: for compiling ahead."""
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
    """Over as many devices as divide the width; None where there is but one device."""
    devices = jax.local_devices()
    if len(devices) == 1:
        return None
    return NamedSharding(Mesh(devices[: used(width, len(devices))], ("networks",)), axes)

"""Placement of an ensemble: its networks spread over the devices, or cores, of this machine."""

import os
from typing import TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

_FLAG = "xla_force_host_platform_device_count"


def use_all_cores() -> None:
    """Make each CPU core a device of JAX, so that each core trains its own networks.

    Cores that share every product wait for one another. Nothing changes if JAX has already started
    or XLA_FLAGS sets the number of devices. Accelerators are not affected.
    """
    if _FLAG in os.environ.get("XLA_FLAGS", ""):
        return
    try:
        jax.config.update("jax_num_cpu_devices", cores())
    except RuntimeError:
        return


def cores() -> int:
    """Return how many cores this process may use."""
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

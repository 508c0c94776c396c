"""Where an ensemble lies: its networks spread over all devices of this machine."""

from typing import Any, TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")


def spread(tree: Tree, width: int) -> Tree:
    """Arrays of `width` networks, networks first, evenly over all devices where that is possible.

    Where it is not, each device has them all. With one device, nothing is done.
    """
    devices = jax.local_devices()
    return _placed(
        tree, PartitionSpec("networks") if width % len(devices) == 0 else PartitionSpec()
    )


def everywhere(tree: Tree) -> Tree:
    """Arrays that every device has: data, and whatever networks have in common."""
    return _placed(tree, PartitionSpec())


def _placed(tree: Any, axes: PartitionSpec) -> Any:
    devices = jax.local_devices()
    if len(devices) == 1:
        return tree
    return jax.device_put(tree, NamedSharding(Mesh(devices, ("networks",)), axes))

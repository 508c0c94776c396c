"""Networks with a state, such as batch statistics."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def called(network: Any, row: Array) -> Array:
    """Return a network's outputs for one row, the network in Equinox's inference mode."""
    if isinstance(network, Stateful):
        return network.network(row, network.state)[0]
    return network(row)


class Stateful(eqx.Module):
    """A network with an `equinox.nn.State`, such as running means of batch normalisation.

    Make one from what `equinox.nn.make_with_state` returns: `Stateful.of(network, state)`. Its
    state is kept, restored and rewound with the weights; the optimiser does not change it. Leaves
    of the network are named `network.NAME`.
    """

    network: Any
    memory: tuple[Float[Array, "..."], ...]
    structure: Any = eqx.field(static=True)
    dtypes: tuple[str, ...] = eqx.field(static=True)

    @classmethod
    def of(cls, network: Any, state: eqx.nn.State) -> "Stateful":
        """Return the network joined with its state."""
        leaves, structure = jax.tree.flatten(state)
        dtypes = tuple(str(jnp.asarray(leaf).dtype) for leaf in leaves)
        # Floats, as all trained leaves are; counts of batches stay exact up to 2^24.
        memory = tuple(jnp.asarray(leaf, jnp.float32) for leaf in leaves)
        return cls(network, memory, structure, dtypes)

    @property
    def state(self) -> eqx.nn.State:
        """The state, for a call of the network."""
        pairs = zip(self.memory, self.dtypes, strict=True)
        return jax.tree.unflatten(self.structure, [leaf.astype(kind) for leaf, kind in pairs])

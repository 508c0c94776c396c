"""The contract of tasks."""

from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from harness import masks as mask_algebra
from harness.abstract import AbstractTask
from harness.graph import LayeredGraph, live_nodes
from harness.testing._finding import expect
from harness.types import Batch


def _edges(graph: Any) -> int:
    wires = graph.adjacency if isinstance(graph, LayeredGraph) else [graph.adjacency]
    return sum(int(np.sum(part)) for part in wires)


def _outputs_reached(graph: Any) -> bool:
    live = live_nodes(graph)
    outputs = live[-1] if isinstance(graph, LayeredGraph) else live & np.asarray(graph.outputs)
    return bool(np.any(outputs))


def rules(task: AbstractTask) -> Iterator[tuple[str, Callable[[], None]]]:
    """The rules that a task must keep, each with the trial of it."""
    data = task.data(seed=0)
    keys = jax.random.split(jax.random.key(0), 3)
    network = task.network(key=keys[0])
    batch = Batch(*(jnp.asarray(part[:32]) for part in data.train))

    def splits() -> None:
        for name in ("train", "validation", "test"):
            rows: Batch = getattr(data, name)
            expect(len(rows.inputs) == len(rows.targets) > 0, f"the split '{name}' is not in rows.")
            for part in rows:
                expect(bool(np.isfinite(part).all()), f"the split '{name}' has non-finite values.")
        again = task.data(seed=0)
        same = all(map(np.array_equal, data.train, again.train))
        expect(same, "the same data seed gives other data: draw everything from `seed`.")

    def networks() -> None:
        made = [eqx.filter(task.network(key=key), eqx.is_inexact_array) for key in (keys[0], *keys)]
        leaves = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(one)]) for one in made]
        expect(np.array_equal(leaves[0], leaves[1]), "one key gives two different networks.")
        expect(not np.array_equal(leaves[1], leaves[2]), "two keys give the same network.")

    def loss() -> None:
        value, gradient = eqx.filter_value_and_grad(task.loss)(network, batch)
        expect(value.shape == (), f"the loss has shape {value.shape}: return one number.")
        finite = all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
        expect(finite, "the loss of a new network has gradients that are not finite.")

    def prunable() -> None:
        entries = task.prunable(network)
        expect(bool(entries), "nothing is prunable: name at least one leaf.")
        names = mask_algebra.leaf_names(network)
        for name, which in entries.items():
            expect(name in names, f"prunable leaf '{name}' is none of {', '.join(names)}.")
            shape = mask_algebra.select(network, [name])[name].shape
            expect(which.shape == shape, f"prunable '{name}' has shape {which.shape}, not {shape}.")

    def masking() -> None:
        entries = task.prunable(network)
        masks = {
            name: jax.random.bernoulli(keys[1], 0.5, which.shape) | ~which
            for name, which in entries.items()
        }
        weights = mask_algebra.select(network, masks)
        other = {name: jnp.where(masks[name], leaf, leaf + 9) for name, leaf in weights.items()}
        moved = mask_algebra.replace(network, other)
        inputs = jnp.asarray(batch.inputs)
        before, after = (
            task.forward(mask_algebra.masked(one, masks), inputs) for one in (network, moved)
        )
        expect(np.array_equal(before, after), "masked weights still act on the outputs.")
        nothing = {name: ~which for name, which in entries.items()}
        if not _outputs_reached(task.wiring(network, nothing)):
            rows = np.asarray(task.forward(mask_algebra.masked(network, nothing), inputs))
            expect(
                np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)),
                "masked weights still act: with all of them masked and no path left in the wiring, "
                "outputs depend on inputs. A weight of zero must be no connection.",
            )

    def evaluation() -> None:
        def evaluate(network: Any) -> dict[str, Any]:
            return task.evaluate(network, batch, data)

        figures = eqx.filter_jit(evaluate)(network)
        expect(
            set(figures) == set(task.units),
            f"`evaluate` returns {sorted(figures)}, but `units` has {sorted(task.units)}.",
        )
        expect(
            all(value.shape == () for value in figures.values()),
            "`evaluate` must return one number for each figure.",
        )

    def wiring() -> None:
        entries = task.prunable(network)
        full = _edges(task.wiring(network, jax.tree.map(jnp.ones_like, entries)))
        none = _edges(task.wiring(network, jax.tree.map(jnp.zeros_like, entries)))
        half = {
            name: jax.random.bernoulli(keys[2], 0.5, which.shape) for name, which in entries.items()
        }
        some = _edges(task.wiring(network, half))
        told = f"wiring of full, half and no masks has {full}, {some} and {none} edges."
        expect(full > some > none, told)
        stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), half)
        graph = jax.vmap(lambda masks: task.wiring(network, masks))(stacked)
        expect(_edges(graph) == 2 * some, "wiring under vmap differs from wiring alone.")

    def ensembles() -> None:
        stacked = jax.vmap(lambda key: eqx.filter(task.network(key=key), eqx.is_inexact_array))(
            keys
        )
        static = eqx.filter(network, eqx.is_inexact_array, inverse=True)
        losses = jax.jit(jax.vmap(lambda arrays: task.loss(eqx.combine(arrays, static), batch)))(
            stacked
        )
        alone = [float(task.loss(task.network(key=key), batch)) for key in keys]
        expect(
            np.allclose(losses, alone, rtol=1e-4, atol=1e-6),
            "the loss of networks under vmap differs from that of each alone.",
        )

    yield "has finite splits in rows, the same for the same seed", splits
    yield "draws its networks from the key", networks
    yield "has a scalar loss with finite gradients", loss
    yield "names prunable leaves of its network", prunable
    yield "gives masked weights no effect", masking
    yield "evaluates to the figures whose units it lists, under jit", evaluation
    yield "has a wiring that follows the masks, under vmap", wiring
    yield "trains under vmap as alone", ensembles

"""Lesions: edges of many motifs are cut, or edges that are like them in all but their motifs."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Bool, Float, Int

from harness import AbstractIntervention, AbstractPruner, Change, Model, Source, hookimpl, motifs
from harness.sparse.graph import LayeredGraph
from harness.types import GoesOn

Layers = list[Float[np.ndarray, "_sources _targets"]]

Class3: TypeAlias = Literal[
    "diverge2", "converge2", "chain2", "diverge3", "converge3", "chain3", "chain_diverge",
    "converge_chain", "bifan", "biparallel", "zigzag", "fork_tail", "merge_tail",
]  # fmt: skip


@dataclass(frozen=True)
class Lesion(AbstractIntervention):
    """Cut the edges that take part in most copies of a motif class, or matched edges.

    What the edges of many motifs do for function shows against as many matched edges of the same
    layers: otherwise a lesion measures hubs and large weights. Each matched edge is the nearest one
    left, in random order, in log |w|, log of the product of both degrees, and log of the paths
    from inputs to outputs through it, each divided by its spread in the layer. At most half of a
    layer is cut, so that every edge can have its match. Needs layers of edges that are one weight
    each.

    **Parameters:**

    - `motif`: the class, of order 2 or 3
    - `share`: of each network's edges that is cut
    - `edges`: those of "most" copies, or the "matched" ones
    - `on`: how training goes on: not at all ("not"), from the trained weights ("here"), from the
      initial weights ("start"), or from the source's rewind point ("rewind")
    """

    name: ClassVar[str] = "lesion"
    of: ClassVar[str] = "magnitude"
    exact: ClassVar[bool] = False
    needs_weights: ClassVar[bool] = True
    motif: Class3 = "bifan"
    share: Annotated[float, Gt(0), Lt(0.5)] = 0.05
    edges: Literal["most", "matched"] = "most"
    on: Literal["not", "here", "start", "rewind"] = "not"

    def reason_not_to_fit(self, model: Model, networks: int) -> str | None:
        """Return a reason where edges are not weights."""
        reason = model.reason_not_layered
        return reason and f"intervention '{self.name}': {reason}"

    def goes_on(self, pruner: AbstractPruner) -> GoesOn:
        """Return `on`."""
        return self.on

    def change(self, source: Source) -> Change:
        """Cut the edges of each network."""
        assert source.weights is not None
        made = []
        for number, one in enumerate(source.edges()):
            kept = one.values({name: mask[number] for name, mask in source.masks.items()})
            weights = one.values({name: source.weights[name][number] for name in source.masks})
            rng = np.random.default_rng(np.ravel(jax.random.key_data(source.keys[number])))
            cut = most_copies(one.adjacency, self.motif, self.share, rng)
            if self.edges == "matched":
                sizes = [np.abs(weights[numbers]) for numbers in one.numbers]
                cut = matched(one.adjacency, cut, sizes, rng)
            for numbers, wires in zip(one.numbers, cut, strict=True):
                kept[numbers[wires]] = False
            made.append(one.leaves(kept))
        return Change({name: jnp.stack([one[name] for one in made]) for name in source.masks})


def most_copies(
    adjacency: tuple[Bool[np.ndarray, "_sources _targets"], ...],
    motif: Class3,
    share: float,
    rng: np.random.Generator,
) -> list[Bool[np.ndarray, "_sources _targets"]]:
    """Return by layer the edges of most copies: a share of all, at most half of a layer."""
    copies = motifs.participation(LayeredGraph(adjacency), names=[motif])[motif].edges
    layer, place = (
        np.concatenate(parts)
        for parts in zip(
            *(
                (np.full(wires.sum(), number), np.flatnonzero(wires))
                for number, wires in enumerate(adjacency)
            ),
            strict=True,
        )
    )
    found = np.concatenate([one[wires] for one, wires in zip(copies, adjacency, strict=True)])
    order = np.lexsort((rng.random(len(found)), -found))  # ties in random order
    cut = [np.zeros_like(wires) for wires in adjacency]
    room = [int(wires.sum()) // 2 for wires in adjacency]
    left = round(share * len(found))
    for edge in order:
        if left and room[layer[edge]]:
            cut[layer[edge]].flat[place[edge]] = True
            room[layer[edge]] -= 1
            left -= 1
    return cut


def matched(
    adjacency: tuple[Bool[np.ndarray, "_sources _targets"], ...],
    cut: list[Bool[np.ndarray, "_sources _targets"]],
    sizes: Layers,
    rng: np.random.Generator,
) -> list[Bool[np.ndarray, "_sources _targets"]]:
    """Return by layer, for each edge that is cut, one that is not and is like it."""
    layers = [wires.astype(float) for wires in adjacency]
    above, below = motifs.paths_at_nodes(layers)
    found = []
    for number, (wires, gone) in enumerate(zip(adjacency, cut, strict=True)):
        degrees = wires.sum(1)[:, None] * wires.sum(0)[None]
        paths = above[number][:, None] * below[number + 1][None]
        tiny = np.finfo(np.float32).tiny
        features = np.stack(
            [np.log(part[wires]) for part in (sizes[number] + tiny, degrees, 1 + paths)], 1
        )
        spread = features.std(0)
        features = features / np.where(spread > 0, spread, 1)
        chosen = np.zeros_like(wires)
        chosen[wires] = _nearest(features, gone[wires], rng)
        found.append(chosen)
    return found


def _nearest(
    features: Float[np.ndarray, "edges 3"],
    gone: Bool[np.ndarray, " edges"],
    rng: np.random.Generator,
) -> Bool[np.ndarray, " edges"]:
    """Return the nearest edge left for each one that is gone, in random order."""
    free, chosen = ~gone, np.zeros_like(gone)
    order: Int[np.ndarray, " cut"] = rng.permutation(np.flatnonzero(gone))
    for edge in order:
        far = np.where(free, ((features - features[edge]) ** 2).sum(1), np.inf)
        nearest = int(far.argmin())
        free[nearest], chosen[nearest] = False, True
    return chosen


@hookimpl
def register_interventions() -> list[type[Lesion]]:
    """Offer the intervention to the harness."""
    return [Lesion]

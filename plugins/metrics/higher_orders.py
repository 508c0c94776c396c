"""Motifs of order 4 beyond degrees, and beyond degrees and order 3, with controls and power."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Annotated, ClassVar

import jax
import numpy as np
from annotated_types import Ge
from jaxtyping import Bool, Float

from harness import AbstractMetric, LayeredGraph, Trajectory, hookimpl, motifs, report

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

NETWORK, DRAW, PLANTED = "network", "draw", "planted "
"""What the column `graph` holds; the last is followed by the motif planted."""

_AT_ONCE = 50
"""Graphs that are counted at a time."""

_CLASSES = [
    *(motif for motif in motifs.classes(3) if motif.name in motifs.VARYING),
    *motifs.classes(4),
]
_GIVEN = len(motifs.VARYING)


@dataclass(frozen=True)
class HigherOrders(AbstractMetric):
    """z of motifs of order 4 under null `degree`, and given the counts of order 3.

    Counts of order 4 are predicted linearly from the six counts of order 3 that vary under the
    null, over its draws. Beside each network stand draws of its own null, which show whether z is
    calibrated, and graphs made from them by swaps that plant an excess of one class of order 3
    and keep all degrees, which show power, and how far a linear prediction can be trusted.

    **Parameters:**

    - `densities`: the levels nearest to these densities are measured, the last of equally near
      ones; 0 means the sparsest level. If empty, all levels are measured
    - `draws`: random networks of the null for each network
    - `target`: z of the class planted
    - `seed`: seed of the draws
    """

    name: ClassVar[str] = "higher-orders"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    chooses_levels: ClassVar[bool] = True
    densities: tuple[float, ...] = (0.0,)
    draws: Annotated[int, Ge(20)] = 400
    target: float = 5.0
    seed: Annotated[int, Ge(0)] = 0

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, graph and motif, summed over base layers."""
        import pandas as pd

        tables = []
        for level in trajectory.nearest(self.densities) or range(len(trajectory.densities)):
            graph = trajectory.graph(level)
            if not isinstance(graph, LayeredGraph):
                raise TypeError(
                    f"the graph of '{trajectory.model.architecture.name}' is not layered"
                )
            graph = replace(graph, bias=None)
            for place, number in enumerate(trajectory.networks):
                one = jax.tree.map(lambda leaf, at=place: np.asarray(leaf[at]), graph)
                found = self._measured(one, (self.seed, level, number))
                tables.append(found.assign(level=level, network=place))
        return pd.concat(tables, ignore_index=True)

    def _measured(self, one: LayeredGraph, seed: tuple[int, int, int]) -> "pd.DataFrame":
        """Return the rows of one network and its controls."""
        import pandas as pd

        trades = motifs.enough_trades(one, seed=seed)
        number = self.draws + _GIVEN
        drawn = motifs.draws(one, "degree", number, seed=seed, trades=trades.number)
        layers = [np.asarray(layer) for layer in drawn.adjacency]
        reference = _counted([layer[: self.draws] for layer in layers])
        starts = [[layer[self.draws + at] for layer in layers] for at in range(_GIVEN)]
        planted = self._planted(starts, reference[:, :_GIVEN], seed)
        own = [np.asarray(wires) for wires in one.adjacency]
        graphs: list[Sequence[np.ndarray]] = [own, *starts, *planted]
        labels = [NETWORK, *[DRAW] * _GIVEN, *(PLANTED + name for name in motifs.VARYING)]
        stacked = [np.stack(layer) for layer in zip(*graphs, strict=True)]
        count = _counted(stacked)
        z, z_given = scores(count, reference)
        lower = motifs.given_lower_profile(LayeredGraph(tuple(stacked)), orders=(4,))
        layered = motifs.profile(LayeredGraph(tuple(stacked)), supports=["all"], orders=(3, 4))
        rows = {
            "count": count,
            "expected": np.broadcast_to(reference.mean(0), count.shape),
            "z": z,
            "z_given": z_given,
            "z_layered": _wide(layered),
            "z_lower": _wide(lower),
        }
        each = len(_CLASSES)
        return pd.DataFrame(
            {
                "graph": np.repeat(labels, each),
                "number": np.repeat(np.arange(len(labels)), each),
                "order": np.tile([motif.order for motif in _CLASSES], len(labels)),
                "motif": np.tile([motif.name for motif in _CLASSES], len(labels)),
                **{name: values.ravel() for name, values in rows.items()},
                "trades": trades.number,
                "mixed": trades.mixed,
            }
        )

    def _planted(
        self,
        starts: Sequence[Sequence[Bool[np.ndarray, "_sources _targets"]]],
        reference: Float[np.ndarray, "draws six"],
        seed: tuple[int, int, int],
    ) -> list[tuple[Bool[np.ndarray, "_sources _targets"], ...]]:
        """Return a graph for each class of order 3, planted in a start of its own."""
        places = [[motif.name for motif in _CLASSES].index(name) for name in motifs.VARYING]
        null = reference.mean(0)[places], reference.std(0, ddof=1)[places]
        rngs = np.random.default_rng([*seed, 1]).spawn(len(starts))
        begun = [motifs.Start(*both) for both in zip(starts, repeat(null), rngs)]
        targets = [self.target] * len(starts)
        planted = motifs.tempered(begun, motifs.VARYING, targets, motifs.Limits())
        return [one.adjacency for one in planted]

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "graph": "network; draw: of its null `degree`; planted: with an excess of one class",
            "number": "of the graph among those of its network",
            "order": "nodes of the motif, minus one",
            "motif": "class of the motif; of order 3 those that vary under the null",
            "count": "copies in the graph, not necessarily induced",
            "expected": "mean count of the draws",
            "z": "(count - expected) / sd over the draws; undefined where they have no spread",
            "z_given": "order 4: count less its linear prediction from order 3 over the draws, / "
            "standard error of prediction; undefined where nothing is left to predict",
            "z_layered": "z under the null `layered`, exact",
            "z_lower": "order 4: z given the counts of all lower orders under `layered`; "
            "descriptive, as unequal degrees alone can move it from 0",
            "trades": "global trades between the network and each draw",
            "mixed": "whether so many trades were enough",
        }

    @property
    def schema(self) -> "Schema":
        """Describe z by graph and motif; nothing is compared."""
        names = ("z", "z_given", "z_layered", "z_lower", "count", "expected")
        return report.Schema(
            keys=("graph", "number", "order", "motif"),
            values=tuple(report.Value(name) for name in names),
        )


def scores(
    count: Float[np.ndarray, "graphs classes"], reference: Float[np.ndarray, "draws classes"]
) -> tuple[Float[np.ndarray, "graphs classes"], Float[np.ndarray, "graphs classes"]]:
    """Return z of counts over draws, and z of what the six first classes do not predict.

    The prediction is by least squares over the draws; its standard error has two parts, the
    scatter around it and the error of the weights, which grows with the distance from the mean.
    """
    gap, centred = count - reference.mean(0), reference - reference.mean(0)
    sd = _positive(reference.std(0, ddof=1))
    lower = centred[:, :_GIVEN]
    inverse = np.linalg.pinv(lower.T @ lower, rcond=1e-10, hermitian=True)
    weights = inverse @ lower.T @ centred
    left = ((centred - lower @ weights) ** 2).sum(0)
    left = np.where(left > 1e-9 * (centred**2).sum(0), left, 0.0)
    known = gap[:, :_GIVEN]
    distance = np.einsum("gi,ij,gj->g", known, inverse, known) + 1 / len(reference)
    error = np.sqrt(left / (len(reference) - 1 - _GIVEN))
    z_given = (gap - known @ weights) / (_positive(error) * np.sqrt(1 + distance)[:, None])
    z_given[:, :_GIVEN] = np.nan
    return gap / sd, z_given


def _positive(values: Float[np.ndarray, " classes"]) -> Float[np.ndarray, " classes"]:
    return np.where(values > 0, values, np.nan)


def _counted(
    layers: Sequence[Bool[np.ndarray, "graphs _sources _targets"]],
) -> Float[np.ndarray, "graphs classes"]:
    """Count the copies of each class in a batch of graphs, a block at a time."""
    names = [motif.name for motif in _CLASSES]
    blocks = []
    for start in range(0, len(layers[0]), _AT_ONCE):
        some = LayeredGraph(tuple(layer[start : start + _AT_ONCE] for layer in layers))
        found = motifs.counts(some, (3, 4), names=names)
        blocks.append(np.stack([found[name].sum(-1) for name in names], 1).astype(float))
    return np.concatenate(blocks)


def _wide(table: "pd.DataFrame") -> Float[np.ndarray, "graphs classes"]:
    """Return z of whole graphs by class; NaN for classes that the table lacks."""
    whole = table[table["base_layer"] == motifs.TOTAL]
    wide = whole.pivot(index="network", columns="motif", values="z")
    return wide.reindex(columns=[motif.name for motif in _CLASSES]).to_numpy(float)


@hookimpl
def register_metrics() -> list[type[HigherOrders]]:
    """Offer the metric to the harness."""
    return [HigherOrders]

"""Brains beside pruned networks of as many nodes and connections: where do their motifs stand?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge

from harness import AbstractMetric, AbstractStudy, LayeredGraph, Trajectory, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Opening, RunTables, Section

SIZES = (58, 101, 29)
"""Projection, Kenyon and output neurons of the left mushroom body: the hidden layers."""

EDGES = (437, 1570)
"""Its connections from projection neurons to Kenyon cells, and from these to output neurons."""

WORM_NODES, WORM_EDGES = 302, 2266
"""Neurons of C. elegans, and its chemical connections among them."""

ROUNDS, DENSER = 5, 3
"""Levels of pruning; that from which edges are dropped to match degrees."""

DIGITS_INPUTS, DIGITS_OUTPUTS = 8, 10


@dataclass(frozen=True)
class BesideBrain(AbstractMetric):
    """Motifs of hidden layers with as many edges, and nearly the degrees, of a mushroom body.

    The hidden layers are those after the first layer of weights: two layers of edges, from the
    second on where there are as many. Each network counts as it is ("own") and with edges dropped
    until it has the brain's number of edges and, as nearly as this allows, its degrees ("matched").

    **Parameters:**

    - `like`: the side of the mushroom body of a Drosophila larva (Eichler et al. 2017)
    - `densities`: the levels nearest to these densities are measured; 0 means the sparsest level
    - `draws`: of the null `degree` for each network
    - `seed`: of the draws, and of the edges that are dropped
    """

    name: ClassVar[str] = "beside-brain"
    needs: ClassVar[frozenset[str]] = frozenset({"layered"})
    chooses_levels: ClassVar[bool] = True
    like: Literal["left", "right"] = "left"
    densities: tuple[float, ...] = (0.0,)
    draws: Annotated[int, Ge(2)] = 100
    seed: Annotated[int, Ge(0)] = 0

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, version, null, motif and base layer."""
        import numpy as np
        import pandas as pd

        from . import _brains_graphs as graphs

        brain, tables = graphs.mushroom_body(self.like), []
        for level in trajectory.nearest(self.densities):
            layers = trajectory.graph(level).adjacency
            layers = layers[1:3] if len(layers) > 2 else layers[:2]
            own = [np.asarray(wires) for wires in layers]
            rng = np.random.default_rng((self.seed, level, trajectory.networks[0]))
            matched = [
                np.stack([graphs.thinned(one, like, rng) for one in wires])
                for wires, like in zip(own, brain, strict=False)
            ]
            for version, made in (("own", own), ("matched", matched)):
                apart = [
                    np.mean([graphs.mismatch(*pair) for pair in zip(one, brain, strict=False)])
                    for one in zip(*made, strict=True)
                ]
                table = graphs.layered_profile(LayeredGraph(tuple(made)), self.draws, self.seed)
                apart_by = table["network"].map(dict(enumerate(apart)))
                tables.append(table.assign(version=version, mismatch=apart_by, level=level))
        return pd.concat(tables, ignore_index=True)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "version": "own: the network's hidden layers; matched: edges dropped until they have "
            "the brain's number of edges and nearly its degrees",
            "mismatch": "share of edge ends that lie at other degrees than the brain's, by rank",
            "null": "null model: `layered`, exact, or `degree`, drawn",
            "order": "nodes of the motif less one",
            "motif": "motif class",
            "base_layer": "layer of the motif's first nodes among the hidden ones, from 0",
            "count": "copies in the network, not necessarily induced",
            "expected": "mean count under the null",
            "sd": "standard deviation of the count under the null",
            "z": "(count - expected) / sd; undefined where sd is 0",
            "log2_ratio": "log2(count / expected); undefined where either is 0",
        }


@dataclass(frozen=True)
class Brains(AbstractStudy):
    """Where do the motifs of two brains stand among those of pruned networks of their size?

    The larval mushroom body of Drosophila beside networks whose hidden layers have as many nodes
    and connections; the chemical connections of C. elegans beside recurrent networks with as many.
    Each brain is one: its place among networks is given, and no p. The design is
    reports/brains/DESIGN.md.

    **Parameters:**

    - `flights`: simulated for each data seed of the task `moth`
    - `data_seeds`: how many, each with one network, its own data and order of batches
    - `steps`: of training of layered networks, half of them before the first pruning
    - `recurrent_steps`: of training of recurrent networks
    - `draws`: of sampled nulls, for each network and brain
    """

    name: ClassVar[str] = "brains"
    question: ClassVar[str] = "Are brains wired like pruned networks?"
    flights: Annotated[int, Ge(1)] = 10_000
    data_seeds: Annotated[int, Ge(1)] = 12
    steps: Annotated[int, Ge(20)] = 10_000
    recurrent_steps: Annotated[int, Ge(20)] = 600
    draws: Annotated[int, Ge(2)] = 100

    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Return layered networks, the same with random masks, and recurrent networks."""
        seeds = {"networks": 1, "data_seeds": list(range(1, self.data_seeds + 1)), "block_width": 1}
        moth = {"tasks": [{"name": "moth", "flights": self.flights}], **seeds}
        mlp = {"name": "mlp", "sizes": list(SIZES)}
        starts = [{**mlp, "initial_scale": 0.5}, {**mlp, "initial": "glorot"}]
        places = SIZES[0] * SIZES[1], SIZES[1] * SIZES[2]
        least = EDGES[0] / places[0]
        share = 1 - least ** (1 / ROUNDS)
        densities = {
            "@first": 1.0,
            "layers.1.weight": least,
            "layers.2.weight": EDGES[1] / places[1],
            "@last": 1.0,
        }

        def schedule(steps: int) -> dict[str, Any]:
            of = _geometric(least, steps, share=share)
            return {"name": "by-layer", "of": of, "densities": densities}

        beside = {"name": "beside-brain", "densities": [self._denser(), 0.0], "draws": self.draws}
        layered = {**moth, "metrics": [beside]}
        width = WORM_NODES - DIGITS_INPUTS - DIGITS_OUTPUTS
        weights = width * (DIGITS_INPUTS + width + DIGITS_OUTPUTS)
        triads = {"name": "digraph-motifs", "draws": self.draws, "densities": [0.0]}
        return {
            "pruned": {
                **layered,
                "architectures": starts,
                "pruners": ["magnitude"],
                "schedules": [schedule(self.steps)],
            },
            "random": {
                **layered,
                "architectures": starts[1:],
                "pruners": ["random"],
                "schedules": [schedule(20)],
            },
            "recurrent": {
                **seeds,
                "tasks": ["digits"],
                "architectures": [{"name": "rnn", "width": width}],
                "pruners": ["magnitude"],
                "schedules": [_geometric(WORM_EDGES / weights, self.recurrent_steps, share=0.5)],
                "metrics": [{**triads, "null": null} for null in ("degree-mutual", "masks")],
            },
        }

    def _denser(self) -> float:
        """Return the density of all weights at the level from which edges are dropped."""
        ends = 10 * SIZES[0] + SIZES[2] * 7
        places = SIZES[0] * SIZES[1], SIZES[1] * SIZES[2]
        kept = sum(
            place * (edges / place) ** (DENSER / ROUNDS)
            for place, edges in zip(places, EDGES, strict=True)
        )
        return round((ends + kept) / (ends + sum(places)), 4)

    def opening(self, runs: Mapping[str, "RunTables"]) -> "Opening":
        """Return the question, the answer and the chart of brains among networks."""
        from . import _brains_report

        return _brains_report.opening(self.question, runs)

    def sections(self, runs: Mapping[str, "RunTables"]) -> "Sequence[Section]":
        """Return the answer, the places of the brains, and how well networks are matched."""
        from . import _brains_report

        return _brains_report.sections(runs)


def _geometric(density: float, steps: int, share: float) -> dict[str, Any]:
    return {
        "name": "geometric",
        "density": density,
        "share": share,
        "steps": steps,
        "dense_share": 0.5,
        "dense_learning_rate": 2e-3,
        "learning_rate": 2e-3,
        "early_weight_decay": 0.0,
    }


@hookimpl
def register_studies() -> list[type[Brains]]:
    """Offer the study to the harness."""
    return [Brains]


@hookimpl
def register_metrics() -> list[type[BesideBrain]]:
    """Offer its metric to the harness."""
    return [BesideBrain]

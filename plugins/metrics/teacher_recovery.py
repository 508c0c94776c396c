"""How much of a known teacher's wiring its students recover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import jax
import numpy as np
from annotated_types import Ge
from jaxtyping import Bool, Float

from harness import AbstractMetric, Model, Trajectory, hookimpl, layered, motifs, report

from ._teacher_matching import Layer, cosine, matched

if TYPE_CHECKING:
    import pandas as pd

    from harness.report import Schema

_ORDERS = (2, 3)
Mask = Bool[np.ndarray, "*networks _targets _sources"]


@dataclass(frozen=True)
class TeacherRecovery(AbstractMetric):
    """How much of the wiring of the teacher of task `teacher` its students recover.

    A student's hidden units and their signs are first matched with the teacher's, to make their
    masked weights most alike (`_teacher_matching.matched`). `edges` is the share of the teacher's
    edges that the student then has, by layer and of all; `weights` the cosine of their weights,
    averaged over layers; `profile` the distance 1 - cosine of their z of motifs of order 2 and 3
    under `layered`, for which no units need matching. Chance is the same of random masks that keep
    as many weights of each layer, with the student's kept weights dealt to them at random, matched
    in the same way. The positive control is architecture `near-teacher`.

    **Parameters:**

    - `draws`: random masks for each network and level
    - `seed`: seed of the draws
    """

    name: ClassVar[str] = "teacher-recovery"
    needs: ClassVar[frozenset[str]] = frozenset({"weights", "layered"})
    example: ClassVar[str] = "teacher[sizes=[8, 6], fan_in=3, rows=200]"
    draws: Annotated[int, Ge(2)] = 100
    seed: Annotated[int, Ge(0)] = 0

    def reason_not_to_measure(self, model: Model) -> str | None:
        """Return a reason for other tasks, and for students of other layers than the teacher's."""
        task: Any = model.task
        if task.name != "teacher":
            return f"only task 'teacher' has a teacher, not '{task.name}'"

        def shapes() -> dict[str, Any]:
            return model.prunable(model.network(key=jax.random.key(0)))

        student = [leaf.shape for leaf in jax.eval_shape(shapes).values()]
        nodes = (len(task.inputs), *task.sizes, len(task.outputs))
        teacher = list(zip(nodes[1:], nodes, strict=False))
        if student == teacher:
            return None
        return (
            f"a student's layers must be the teacher's, {teacher}, to be matched; those of "
            f"'{model.architecture.name}' are {student}: `{task.architecture}` fits"
        )

    def measure(self, trajectory: Trajectory) -> "pd.DataFrame":
        """One row per network, level, measure and layer (-1: the whole network)."""
        import pandas as pd

        task: Any = trajectory.model.task
        teacher = [
            weight.astype(float) for weight in task.weights(seed=trajectory.data_seed).values()
        ]
        rows: list[dict[str, Any]] = []
        for level in range(len(trajectory.densities)):
            kept = trajectory.snapshot(level)
            assert kept.weights is not None, "the harness asks only where weights are kept"
            masks = {name: np.asarray(mask) for name, mask in kept.masks.items()}
            leaves = [np.asarray(kept.weights[name] * mask, float) for name, mask in masks.items()]
            for network, number in enumerate(trajectory.networks):
                rng = np.random.default_rng([self.seed, trajectory.data_seed, level, number])
                own = [leaf[network] for leaf in leaves]
                figures = self._compared(teacher, own, [m[network] for m in masks.values()], rng)
                rows += [{"level": level, "network": network, **row} for row in figures]
        return pd.DataFrame(rows)

    def _compared(
        self, teacher: list[Layer], own: list[Layer], kept: list[Mask], rng: np.random.Generator
    ) -> list[dict[str, Any]]:
        """Return the figures of one network beside those of its random masks."""
        networks = [(own, kept), *(_dealt(own, kept, rng) for _ in range(self.draws))]
        found = [_figures(teacher, weights) for weights, _ in networks]
        masks = [np.stack(layer) for layer in zip(*(one for _, one in networks), strict=True)]
        names = [*found[0], ("profile", -1)]
        matched = np.array([list(one.values()) for one in found])
        values = np.column_stack([matched, _distances(teacher, masks)])
        value, drawn = values[0], values[1:]
        sd = drawn.std(0, ddof=1)
        varies = sd > 1e-12
        z = np.divide(value - drawn.mean(0), sd, out=np.full_like(sd, np.nan), where=varies)
        tail = np.minimum((drawn >= value).sum(0), (drawn <= value).sum(0))
        p = np.where(varies, np.minimum(1, 2 * (tail + 1) / (len(drawn) + 1)), np.nan)
        columns = {"value": value, "chance": drawn.mean(0), "sd": sd, "z": z, "p": p}
        return [
            {"measure": measure, "layer": layer}
            | {column: float(numbers[place]) for column, numbers in columns.items()}
            for place, (measure, layer) in enumerate(names)
        ]

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the table."""
        return {
            "measure": "edges: share of the teacher's edges that the student has; weights: cosine "
            "of both weights, averaged over layers; profile: 1 - cosine of their motifs' z",
            "layer": "layer of weights; -1: the whole network",
            "value": "of the network, matched with the teacher",
            "chance": "mean of random masks of as many weights in each layer, matched in this way",
            "sd": "standard deviation of the same",
            "z": "(value - chance) / sd; undefined where all draws are alike",
            "p": "two-sided, each tail (r + 1) / (R + 1); undefined as z is",
        }

    @property
    def schema(self) -> "Schema":
        """All three are compared, of whole networks."""
        return report.Schema(
            keys=("measure", "layer"),
            values=(
                report.Value("value"),
                report.Value("chance"),
                report.Value("z", signs=("more than chance", "less")),
            ),
            compared=tuple(
                report.Quantities(
                    "value", {"measure": measure, "layer": -1}, label, f"teacher_{measure}"
                )
                for measure, label in (
                    ("edges", "share of the teacher's edges"),
                    ("weights", "cosine with the teacher's weights"),
                    ("profile", "distance of motif profiles"),
                )
            ),
        )


def _dealt(
    weights: list[Layer], masks: list[Mask], rng: np.random.Generator
) -> tuple[list[Layer], list[Mask]]:
    """Return the same weights and masks of each layer at other places, drawn uniformly."""
    orders = [rng.permutation(mask.size).reshape(mask.shape) for mask in masks]
    return (
        [layer.ravel()[order] for layer, order in zip(weights, orders, strict=True)],
        [mask.ravel()[order] for mask, order in zip(masks, orders, strict=True)],
    )


def _figures(teacher: list[Layer], weights: list[Layer]) -> dict[tuple[str, int], float]:
    """Return the figures of one student that need its units matched, by measure and layer."""
    moved = matched(teacher, weights)
    shared = [int(((a != 0) & (b != 0)).sum()) for a, b in zip(teacher, moved, strict=True)]
    edges = [int((layer != 0).sum()) for layer in teacher]
    figures = {("edges", -1): sum(shared) / sum(edges)}
    figures |= {("edges", layer): n / edges[layer] for layer, n in enumerate(shared)}
    return figures | {("weights", -1): cosine(teacher, moved)}


def _distances(teacher: list[Layer], masks: Sequence[Mask]) -> Float[np.ndarray, " networks"]:
    """Return 1 - cosine of z of motifs under `layered`, of each network and the teacher."""
    own, others = (_z(some) for some in ([(one != 0)[None] for one in teacher], masks))
    with np.errstate(invalid="ignore"):
        lengths = np.linalg.norm(own) * np.linalg.norm(others, axis=1)
        return np.asarray(1 - others @ own[0] / lengths)


def _z(masks: Sequence[Mask]) -> Float[np.ndarray, "networks classes"]:
    """Return z of every motif class, 0 where the null allows one count only."""
    graph = layered(masks)
    edges = np.stack([mask[0].sum() for mask in masks])[None]
    nodes = np.array([[masks[0].shape[2], *(mask.shape[1] for mask in masks)]])
    null = motifs.moments(nodes, edges, _ORDERS)
    counted = motifs.counts(graph, _ORDERS)
    columns = []
    for name, moment in null.items():
        excess, sd = counted[name].sum(-1) - moment.total_mean[0], moment.total_sd[0]
        columns.append(excess / sd if sd > 0 else 0 * excess)
    return np.stack(columns, axis=-1)


@hookimpl
def register_metrics() -> list[type[TeacherRecovery]]:
    """Offer the metric to the harness."""
    return [TeacherRecovery]

"""The main job as a user would put it together: odeint with numba, PyTorch, NumPy.

Flights one after another; all networks trained at once, their weights stacked; each pruned by
`torch.nn.utils.prune`; motifs of each network at each level counted with NumPy beside random
networks of as many edges (the null `layered`) and of the same degrees (the null `degree`, by trades
of Strona et al. 2014, compiled by numba). It keeps nothing on disk.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from harness_benchmarks import flight_rival, torch_rivals
from harness_benchmarks.motifs import counted_with_numpy, one_random_network
from harness_plugins.tasks import _moth_data, moth
from numba import njit
from torch.nn.utils import prune

from harness import Level, scaled, split

Wires = list[np.ndarray]
Draw = Callable[[Wires, np.random.Generator], Wires]


@dataclass
class Job:
    """What it found, and the seconds of its parts by name.

    `z` has an array (levels, networks, 13 classes) for each null, `losses` one (levels, networks).
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    losses: list[np.ndarray] = field(default_factory=list)
    z: dict[str, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the seconds of what is done within to a part."""
        start = time.perf_counter()
        yield
        self.seconds[part] += time.perf_counter() - start


def by_hand(
    networks: int,
    flights: int,
    levels: Sequence[Level],
    draws: int,
    of_degrees: int,
    counted_at: Sequence[float],
) -> Job:
    """Do the whole job. `of_degrees` networks of the same degrees are drawn at some densities."""
    job, rng = Job(), np.random.default_rng(0)
    with job.timed("simulation"):
        train, validation = _data(flights, rng)
    training = torch_rivals.stacked(networks, *train, seed=0, density=1.0)
    held_out = torch_rivals.batches_of(*validation)[0]
    for level in levels:
        with job.timed("pruning"):
            training.mask(_masks(training, level.density))
        with job.timed("training"):
            training.run(level.steps)
        with job.timed("evaluation"), torch.no_grad():
            job.losses.append(training.module(*held_out).numpy())
        wires = _wires(training)
        with job.timed("null layered"):
            job.z["layered"].append(_z(wires, draws, one_random_network, rng))
        if level.density in counted_at:
            with job.timed("null degree"):
                job.z["degree"].append(_z(wires, of_degrees, _same_degrees, rng))
    return job


def _data(flights: int, rng: np.random.Generator) -> tuple[tuple[np.ndarray, ...], ...]:
    initial, controls = _moth_data.draw(rng, flights)
    ends = flight_rival.flights(initial, controls)
    splits, _ = scaled(split(*moth.columns(initial, controls, ends)))
    return tuple((part.inputs, part.targets) for part in splits[:2])


def _masks(training: torch_rivals.Training, density: float) -> list[torch.Tensor]:
    """The masks that layerwise magnitude pruning leaves, for each network those of its own."""
    masks = []
    for weights in training.module.weights():
        kept = round(density * weights[0].numel())
        method = prune.L1Unstructured(amount=weights[0].numel() - kept)
        every = weights.detach()
        masks.append(torch.stack([method.compute_mask(w, torch.ones_like(w)) for w in every]))
    return masks


def _wires(training: torch_rivals.Training) -> list[Wires]:
    """The masks of each network, a matrix (sources, targets) a layer."""
    networks = len(training.masks[0])
    return [[mask[one].cpu().numpy() for mask in training.masks] for one in range(networks)]


def _z(networks: list[Wires], draws: int, drawn: Draw, rng: np.random.Generator) -> np.ndarray:
    """z of each class against some random networks, (networks, 13); NaN where all are alike."""
    found = []
    for wires in networks:
        random = np.array([counted_with_numpy(drawn(wires, rng)) for _ in range(draws)])
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append((counted_with_numpy(wires) - random.mean(0)) / random.std(0, ddof=1))
    return np.array(found)


def _same_degrees(wires: Wires, rng: np.random.Generator) -> Wires:
    drawn = []
    for layer in wires:
        places = layer.astype(np.uint8)
        _trade(places, 5 * len(places), int(rng.integers(2**31)))
        drawn.append(places.astype(float))
    return drawn


@njit
def _trade(places: np.ndarray, trades: int, seed: int) -> None:
    """Let pairs of rows trade at random what only one of both has."""
    np.random.seed(seed)  # numba knows no other generator
    for _ in range(trades):
        one, other = np.random.randint(len(places)), np.random.randint(len(places))
        differ = np.nonzero(places[one] != places[other])[0]
        own = places[one][differ]
        np.random.shuffle(own)
        for at in range(len(own)):
            places[one, differ[at]], places[other, differ[at]] = own[at], 1 - own[at]

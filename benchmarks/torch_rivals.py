"""The rivals of our training: the same networks, steps and masks in PyTorch.

Each rival sets everything up and returns a call that trains all networks by some more steps. Where
CUDA is there they run on it, otherwise on the CPU.

Masks are fixed here, so that a rival may do less than `torch.nn.utils.prune`, which multiplies by
the mask on the way forward: weights start masked, their gradients are masked, Adam starts at 0, and
what is pruned stays 0. It is faster than the product, and `check` shows that it is the same.
"""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from harness_benchmarks.architecture import BATCH, SIZES
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from harness.machine.devices import cores

RATE = 5e-4
DENSITY = 0.15
INITIAL_SCALE = 0.2
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
THREADS = cores()

Array = np.ndarray[Any, Any]
Layers = list[Tensor]
Rival = Callable[..., Callable[[], None]]


def drawn(networks: int, seed: int, density: float = DENSITY) -> tuple[Layers, Layers]:
    """Initial weights, masked, and masks: float32, for each layer (networks, out, in)."""
    generator = torch.Generator().manual_seed(seed)
    weights, masks = [], []
    for sources, targets in pairwise(SIZES):
        shape = (networks, targets, sources)
        mask = (torch.rand(shape, generator=generator) < density).float()
        weights.append((INITIAL_SCALE * torch.randn(shape, generator=generator) * mask).to(DEVICE))
        masks.append(mask.to(DEVICE))
    return weights, masks


class Single(nn.Module):
    """One network, of ordinary layers."""

    def __init__(self, weights: Layers) -> None:
        super().__init__()
        layers = [nn.Linear(a, b, device=DEVICE) for a, b in pairwise(SIZES)]
        # A sequence of linear layers to the type checker, registered as torch needs it.
        self.layers: Sequence[nn.Linear] = nn.ModuleList(layers)  # type: ignore[assignment]
        with torch.no_grad():
            for layer, weight in zip(self.layers, weights, strict=True):
                nn.init.zeros_(layer.bias)
                layer.weight.copy_(weight)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """The loss on a batch."""
        signals = inputs
        for layer in self.layers[:-1]:
            signals = torch.tanh(layer(signals))
        return functional.mse_loss(self.layers[-1](signals), targets)

    def weights(self) -> Layers:
        """Those that masks belong to."""
        return [layer.weight for layer in self.layers]


class Stack(nn.Module):
    """Many networks, their weights stacked: (networks, in, out), their biases too."""

    def __init__(self, weights: Layers) -> None:
        super().__init__()
        self.stacked = nn.ParameterList(weight.mT.contiguous() for weight in weights)
        self.biases = nn.ParameterList(
            torch.zeros(len(weight), 1, weight.shape[1], device=DEVICE) for weight in weights
        )

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each network on a batch that all share."""
        signals = inputs.expand(len(self.stacked[0]), *inputs.shape)
        last = len(self.stacked) - 1
        for place, (weight, bias) in enumerate(zip(self.stacked, self.biases, strict=True)):
            signals = torch.baddbmm(bias, signals, weight)
            if place < last:
                signals = torch.tanh(signals)
        return (signals - targets).square().mean(dim=(1, 2))

    def weights(self) -> Layers:
        """Those that masks belong to."""
        return list(self.stacked)


class Training:
    """A module, its masks and its optimiser, and how far it has read."""

    def __init__(
        self,
        module: Single | Stack,
        masks: Layers,
        batches: Sequence[tuple[Tensor, Tensor]],
        *,
        compiled: bool = False,
    ) -> None:
        self.module = module
        self._loss = torch.compile(module) if compiled else module
        self.masks = masks
        self._batches = batches
        self._optimizer = torch.optim.Adam(module.parameters(), lr=RATE, fused=True)
        self._done = 0
        self.losses = torch.empty(0)

    def recordable(self) -> None:
        """Let a CUDA graph record the optimiser's step: its count must live on the card."""
        for group in self._optimizer.param_groups:
            group["capturable"] = True

    def mask(self, masks: Layers) -> None:
        """Prune what is not in the masks: weights, and their momentum, which would move them."""
        self.masks = masks
        for weight, mask in zip(self.module.weights(), masks, strict=True):
            weight.data.mul_(mask)
            for moment in self._optimizer.state[weight].values():
                if moment.shape == mask.shape:
                    moment.mul_(mask)

    def step(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Train by one step; the loss of each network before it."""
        self._optimizer.zero_grad(set_to_none=True)
        losses: Tensor = self._loss(inputs, targets)
        losses.sum().backward()
        gradients = [w.grad for w in self.module.weights() if w.grad is not None]
        torch._foreach_mul_(gradients, self.masks)
        self._optimizer.step()
        return losses.detach()

    def run(self, steps: int) -> None:
        """Train by so many steps; their losses are fetched at the end, all at once."""
        numbers = range(self._done, self._done + steps)
        collected = [self.step(*self._batches[one % len(self._batches)]) for one in numbers]
        self._done += steps
        self.losses = torch.stack(collected).cpu()


def batches_of(inputs: Array, targets: Array) -> list[tuple[Tensor, Tensor]]:
    """The batches, on the device, in order; a last part batch is left."""
    rows = [torch.from_numpy(np.array(part, np.float32)).to(DEVICE) for part in (inputs, targets)]
    whole = len(inputs) // BATCH
    pieces = [part[: whole * BATCH].split(BATCH) for part in rows]
    return list(zip(*pieces, strict=True))


def _singles(networks: int, inputs: Array, targets: Array, seed: int) -> list[Training]:
    weights, masks = drawn(networks, seed)
    batches = batches_of(inputs, targets)
    return [
        Training(Single([w[i] for w in weights]), [m[i].contiguous() for m in masks], batches)
        for i in range(networks)
    ]


def stacked(
    networks: int,
    inputs: Array,
    targets: Array,
    seed: int,
    *,
    compiled: bool = False,
    density: float = DENSITY,
) -> Training:
    """The training of all networks at once, their weights stacked."""
    weights, masks = drawn(networks, seed, density)
    masks = [mask.mT.contiguous() for mask in masks]
    return Training(Stack(weights), masks, batches_of(inputs, targets), compiled=compiled)


def one_by_one(
    networks: int, steps: int, inputs: Array, targets: Array, seed: int = 0
) -> Callable[[], None]:
    """One network after another, each product on all cores."""
    trainings = _singles(networks, inputs, targets, seed)

    def call() -> None:
        torch.set_num_threads(THREADS)
        for training in trainings:
            training.run(steps)

    return call


def one_a_core(
    networks: int, steps: int, inputs: Array, targets: Array, seed: int = 0
) -> Callable[[], None]:
    """As many networks at a time as there are cores, in threads, each product on one core."""
    trainings = _singles(networks, inputs, targets, seed)

    def run(training: Training) -> None:
        # OpenMP keeps this number by thread, MKL for all: hence here and below.
        torch.set_num_threads(1)
        training.run(steps)

    def call() -> None:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(run, trainings))

    return call


def batched(
    networks: int, steps: int, inputs: Array, targets: Array, seed: int = 0
) -> Callable[[], None]:
    """All networks at once, stacked."""
    return _call(stacked(networks, inputs, targets, seed), steps)


def batched_compiled(
    networks: int, steps: int, inputs: Array, targets: Array, seed: int = 0
) -> Callable[[], None]:
    """All networks at once, stacked, the loss and its gradient compiled in the first call."""
    return _call(stacked(networks, inputs, targets, seed, compiled=True), steps)


def _call(training: Training, steps: int) -> Callable[[], None]:
    def call() -> None:
        torch.set_num_threads(THREADS)
        training.run(steps)

    return call


def _rivals() -> dict[str, Rival]:
    rivals: dict[str, Rival] = {"PyTorch, one by one": one_by_one, "PyTorch, batched": batched}
    if DEVICE.type == "cpu":
        rivals["PyTorch, one a core"] = one_a_core
    if shutil.which("g++"):
        rivals["PyTorch, batched and compiled"] = batched_compiled
    return rivals


RIVALS = _rivals()


def _with_torch_prune(
    weights: Layers, masks: Layers, batches: Sequence[tuple[Tensor, Tensor]], steps: int
) -> Layers:
    """The weights that act after some steps of a network pruned by `torch.nn.utils.prune`."""
    network = Single(weights)
    for layer, mask in zip(network.layers, masks, strict=True):
        prune.custom_from_mask(layer, "weight", mask)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in range(steps):
        optimizer.zero_grad()
        network(*batches[step % len(batches)]).backward()
        optimizer.step()
    # The hook sets `layer.weight` on the way forward: after the last step it is a step behind.
    return [
        torch.mul(layer.get_parameter("weight_orig"), layer.get_buffer("weight_mask")).detach()
        for layer in network.layers
    ]


def check(networks: int = 2, steps: int = 20, tolerance: float = 1e-5) -> float:
    """Assert that the rivals train alike, and as `torch.nn.utils.prune`; the largest difference."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-0.5, 0.5, (steps * BATCH, SIZES[0])).astype(np.float32)
    targets = rng.uniform(-0.5, 0.5, (steps * BATCH, SIZES[-1])).astype(np.float32)
    singles = _singles(networks, inputs, targets, seed=0)
    stack = stacked(networks, inputs, targets, seed=0)
    for training in [*singles, stack]:
        training.run(steps)
    weights, masks = drawn(networks, 0)
    worst = 0.0
    for number, training in enumerate(singles):
        pruned = _with_torch_prune(
            [weight[number] for weight in weights],
            [mask[number] for mask in masks],
            batches_of(inputs, targets),
            steps,
        )
        together = [weight[number].T.detach() for weight in stack.module.weights()]
        singly = [weight.detach() for weight in training.module.weights()]
        for one, other, third, mask in zip(singly, together, pruned, masks, strict=True):
            worst = max(worst, float((one - other).abs().max()), float((one - third).abs().max()))
            assert not one[mask[number] == 0].any(), "a pruned weight has come back"
    assert worst <= tolerance, f"the rivals differ by {worst:.1e}"
    return worst

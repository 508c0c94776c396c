"""More rivals of our training for an accelerator: PyTorch in CUDA graphs, and `torch.func`.

Both train the stacked networks of `torch_rivals` by the same steps; `tests/test_bench.py` compares
`torch.func` with the others on a processor. A CUDA graph replays the recorded step, so that no
time is lost between kernels.
"""

from collections.abc import Callable

import torch
from harness_benchmarks.torch_rivals import (
    DEVICE,
    RATE,
    Array,
    Layers,
    Single,
    Training,
    batches_of,
    drawn,
    stacked,
)
from torch import Tensor
from torch.func import functional_call, grad_and_value, vmap


class Functional:
    """One network's loss, its gradient batched by `vmap`, and torch's fused Adam on the stack."""

    def __init__(
        self, weights: Layers, masks: Layers, batches: list[tuple[Tensor, Tensor]]
    ) -> None:
        one = Single([weight[0] for weight in weights])
        copies = len(weights[0])
        biases = [torch.zeros(copies, weight.shape[1], device=DEVICE) for weight in weights]
        self.parameters = {}
        for place, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            self.parameters[f"layers.{place}.weight"] = weight.clone().requires_grad_()
            self.parameters[f"layers.{place}.bias"] = bias.requires_grad_()
        self._masks = {f"layers.{place}.weight": mask for place, mask in enumerate(masks)}

        def loss(parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
            found: Tensor = functional_call(one, parameters, (inputs, targets))
            return found

        self._slope = vmap(grad_and_value(loss), in_dims=(0, None, None))
        self._optimizer = torch.optim.Adam(self.parameters.values(), lr=RATE, fused=True)
        self._batches = batches
        self._done = 0
        self.losses = torch.empty(0)

    def run(self, steps: int) -> None:
        """Train by so many steps; their losses are fetched at the end, all at once."""
        collected = []
        for step in range(self._done, self._done + steps):
            bare = {name: one.detach() for name, one in self.parameters.items()}
            slopes, losses = self._slope(bare, *self._batches[step % len(self._batches)])
            for name, one in self.parameters.items():
                mask = self._masks.get(name)
                one.grad = slopes[name] if mask is None else slopes[name] * mask
            self._optimizer.step()
            collected.append(losses)
        self._done += steps
        self.losses = torch.stack(collected).cpu()


def functional(
    networks: int, steps: int, inputs: Array, targets: Array, seed: int = 0
) -> Callable[[], None]:
    """All networks at once by `torch.func.vmap`."""
    training = Functional(*drawn(networks, seed), batches_of(inputs, targets))
    return lambda: training.run(steps)


class Graphed:
    """A stacked training whose step is recorded once as a CUDA graph and then replayed."""

    def __init__(self, training: Training, batches: list[tuple[Tensor, Tensor]]) -> None:
        self._batches, self._done = batches, 0
        self._inputs, self._targets = (part.clone() for part in batches[0])
        training.recordable()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                training.step(self._inputs, self._targets)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._losses = training.step(self._inputs, self._targets)
        self.losses = torch.empty(0)

    def run(self, steps: int) -> None:
        """Train by so many steps; their losses are fetched at the end, all at once."""
        collected = []
        for step in range(self._done, self._done + steps):
            inputs, targets = self._batches[step % len(self._batches)]
            self._inputs.copy_(inputs)
            self._targets.copy_(targets)
            self._graph.replay()
            collected.append(self._losses.clone())
        self._done += steps
        self.losses = torch.stack(collected).cpu()


def graphed(
    networks: int, steps: int, inputs: Array, targets: Array, seed: int = 0
) -> Callable[[], None]:
    """All networks at once, stacked, each step one replay of a CUDA graph."""
    batches = batches_of(inputs, targets)
    training = Graphed(stacked(networks, inputs, targets, seed), batches)
    return lambda: training.run(steps)

"""One tiny network as pruners see it, and its loss written out in NumPy."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from harness import Evidence, leaf_map
from harness.testing import tiny_model

MODEL = tiny_model()


def seen(**changed):
    """Evidence of a tiny network with a random mask; `changed` arguments in place of these."""
    network = MODEL.network(key=jax.random.key(1))
    facts = {
        "mask": {
            "first": jax.random.bernoulli(jax.random.key(4), 0.6, (12, 5)),
            "second": jax.random.bernoulli(jax.random.key(5), 0.6, (3, 12)),
        },
        "initial": network,
        "rewind_point": network,
        "train": MODEL.task.data(seed=0).train,
        "batch_size": 16,
        "batch_key": jax.random.key(2),
    }
    model = changed.pop("model", MODEL)
    return Evidence(model, changed.pop("network", network), **{**facts, **changed})


@pytest.fixture
def evidence():
    return seen()


@pytest.fixture(name="seen")
def _seen():
    return seen


@pytest.fixture
def made(registry):
    """An instance of a pruner by name."""
    return lambda name, **parameters: registry.find("pruner", name).factory(**parameters)


class Written:
    """The tiny network's loss in float64 as a function of a flat vector of its weights."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.bias = np.asarray(evidence.network.bias, np.float64)

    def flat(self, weights):
        return np.concatenate([np.asarray(weights[name], np.float64).ravel() for name in weights])

    def shaped(self, flat):
        return {"first": flat[:60].reshape(12, 5), "second": flat[60:].reshape(3, 12)}

    def loss(self, flat, batch):
        weights = self.shaped(flat)
        hidden = np.tanh(np.asarray(batch.inputs, np.float64) @ weights["first"].T + self.bias)
        return np.mean((hidden @ weights["second"].T - np.asarray(batch.targets)) ** 2)

    def gradient(self, flat, batch, step=1e-5):
        eye = step * np.eye(flat.size)
        ends = [(self.loss(flat + e, batch), self.loss(flat - e, batch)) for e in eye]
        return np.array([(up - down) / (2 * step) for up, down in ends])

    def hessian(self, flat, batch, step=1e-4):
        eye = step * np.eye(flat.size)
        rows = [
            self.gradient(flat + e, batch, step) - self.gradient(flat - e, batch, step) for e in eye
        ]
        return np.array(rows) / (2 * step)

    def several(self, stacked):
        """The batches of a stack, one by one."""
        inputs, targets = (np.asarray(part) for part in stacked)
        return [
            SimpleNamespace(inputs=one, targets=other)
            for one, other in zip(inputs, targets, strict=True)
        ]


@pytest.fixture
def written(evidence):
    return Written(evidence)


@pytest.fixture
def counted():
    """How many weights of each leaf a mask keeps."""
    return lambda mask: {name: int(np.sum(leaf)) for name, leaf in mask.items()}


@pytest.fixture
def numbers():
    """Of a pruner's update or scores: NumPy arrays by leaf."""
    return lambda leaves: leaf_map(np.asarray, leaves)

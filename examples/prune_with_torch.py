"""Prune networks with PyTorch's own pruning, and report on them: prune_with_torch.py FOLDER."""

import csv
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.utils import prune

folder, *options = sys.argv[1:]
inputs, targets = (torch.tensor(part) for part in load_digits(return_X_y=True))
train, held_out = [
    (inputs[rows].float() / 16, targets[rows]) for rows in (slice(1400), slice(1400, None))
]
rows = [("pruner", "seed", "density", "train_loss", "validation_loss")]
for pruner, method in {"l1": prune.L1Unstructured, "random": prune.RandomUnstructured}.items():
    for seed in range(6):
        torch.manual_seed(seed)
        layers = [nn.Linear(64, 48), nn.Linear(48, 32), nn.Linear(32, 10)]
        network = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        optimizer, kept = torch.optim.Adam(network.parameters(), lr=0.01), 1.0
        for density in (1.0, 0.5, 0.25, 0.15, 0.1, 0.07):
            if density < kept:  # `amount` is a share of the weights that are left
                weights = [(layer, "weight") for layer in layers]
                prune.global_unstructured(weights, method, amount=1 - density / kept)
            kept = density
            for _ in range(40):
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(train[0]), train[1]).backward()
                optimizer.step()
            loss_on = nn.functional.cross_entropy
            losses = [loss_on(network(x), y).item() for x, y in (train, held_out)]
            rows.append((pruner, seed, density, *losses))
            path = Path(folder, "checkpoints", pruner, f"seed{seed}-density{density}.safetensors")
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(network.state_dict(), path)
with Path(folder, "losses.csv").open("w", newline="") as file:
    csv.writer(file).writerows(rows)
harness = [sys.executable, "-m", "harness.cli", "import", f"{folder}/checkpoints"]
pattern = ["{pruner}/seed{seed}-density{density}.safetensors", "--losses", f"{folder}/losses.csv"]
subprocess.run([*harness, *pattern, "--out", f"{folder}/run", *options], check=True)

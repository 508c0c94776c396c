"""`harness import`: runs of networks that somebody else's code pruned."""

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness import cli, importing, motif_profiles
from harness.errors import UserError

PATTERN = "{pruner}/seed{seed}/density{density}.npz"
SIZES, DENSITIES, SEEDS = (8, 12, 10, 5), (1.0, 0.5, 0.25), (3, 7)
ROOT = Path(__file__).parent.parent


def pruned(seed, density, *, at_random):
    """The arrays of a network: in x out, as Keras names them, and biases."""
    chance, arrays = np.random.default_rng(seed), {}
    for number, shape in enumerate(pairwise(SIZES)):
        weights = chance.normal(size=shape).astype(np.float32)
        scores = chance.random(shape) if at_random else np.abs(weights)
        cut = np.sort(scores.ravel())[-round(density * weights.size)]
        arrays[f"fc{number}.kernel"] = np.where(scores >= cut, weights, 0)
        arrays[f"fc{number}.bias"] = np.zeros(shape[1], np.float32)
    return arrays


@pytest.fixture
def checkpoints(tmp_path):
    """A folder of 12 files, and one that fits no pattern."""
    folder = tmp_path / "mine"
    for pruner in ("l1", "random"):
        for seed in SEEDS:
            for density in DENSITIES:
                path = folder / pruner / f"seed{seed}" / f"density{density}.npz"
                path.parent.mkdir(parents=True, exist_ok=True)
                np.savez(path, **pruned(seed, density, at_random=pruner == "random"))
    (folder / "README.txt").write_text("notes")
    return folder


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Call the command line in an empty folder: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([*map(str, arguments)])
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return call


def digests(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_losses(path, leave_out=(), columns=("pruner", "seed", "density", "validation_loss")):
    rows = [
        (pruner, seed, density, seed - density)
        for pruner in ("l1", "random")
        for seed in SEEDS
        for density in DENSITIES
    ]
    with path.open("w", newline="") as file:
        kept = [row for row in rows if row not in leave_out]
        csv.writer(file).writerows([columns, *(row[: len(columns)] for row in kept)])
    return path


@pytest.mark.slow
def test_the_motifs_of_an_import_are_those_of_the_command_on_the_same_files(checkpoints, command):
    before = digests(checkpoints)
    asked = ("--metric", "motifs", "--quiet", "--out")
    assert command("import", checkpoints, PATTERN, *asked, "run")[0] == 0
    run = harness.open_run("run")
    table = run.table("motifs")
    for number, seed in enumerate(SEEDS):
        path = checkpoints / "l1" / f"seed{seed}" / "density0.25.npz"
        (own,) = (motif_profiles.of_files([path]).table,)
        place = (table["pruner"] == "l1") & (table["level"] == 2) & (table["network"] == number)
        both = table[place].merge(own, on=["motif", "support", "base_layer"])
        assert len(both) == 26  # 13 classes under two supports
        for column in ("count", "expected", "z"):
            np.testing.assert_allclose(both[f"{column}_x"], both[f"{column}_y"], rtol=1e-12)

    assert command("import", checkpoints, PATTERN, *asked, "again")[0] == 0
    again = harness.open_run("again")
    for name in ("motifs", "levels"):
        pd.testing.assert_frame_equal(run.table(name), again.table(name))
    assert digests(checkpoints) == before

    code, out, _ = command("import", checkpoints, PATTERN, "--metric", "motifs", "--out", "run")
    assert (code, "Nothing to do" in out) == (0, True)
    page = (Path("run") / "report" / "index.html").read_text("utf-8")
    assert "l1" in page
    assert "loss by % pruned" not in page.lower()


@pytest.mark.slow
def test_an_import_is_measured_and_reported_as_any_run(checkpoints, command, tmp_path):
    losses = write_losses(tmp_path / "losses.csv")
    code, out, err = command(
        *("import", checkpoints, PATTERN, "--losses", losses, "--out", "run"),
        *("--metric", "motifs"),
    )
    assert code == 0, err
    assert "Loss by level" in out
    code, _, err = command(
        *("measure", "run", "--metric", "signed-motifs[draws=4]", "--metric", "performance")
    )
    assert code == 0, err
    run = harness.open_run("run")
    levels = run.table("levels")
    given = levels["network"].map(dict(enumerate(SEEDS))) - levels["density"]
    np.testing.assert_allclose(levels["validation_loss"], given)
    assert levels[["train_loss", "steps", "constant_loss"]].isna().all(axis=None)
    assert len(run.table("signed-motifs"))
    status = run.measurements().set_index("metric").loc["performance"]
    assert set(status["status"]) == {"skipped"}
    assert "without their data" in status["reason"].iloc[0]
    masks = run.masks(run.trials()["trial"][0], 2)
    kernels = pruned(SEEDS[1], 0.25, at_random=False)
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask[1], kernels[name].T != 0)
    assert command("report", "run", "--out", "page")[0] == 0


@pytest.mark.slow
def test_densities_are_those_of_the_masks(checkpoints, command):
    for path in checkpoints.rglob("density0.25.npz"):
        path.rename(path.with_name("density0.2.npz"))
    code, _, err = command(
        *("import", checkpoints, PATTERN, "--metric", "motifs", "--out", "run", "--quiet")
    )
    assert code == 0
    assert "density 0.2: the masks keep 0.2" in err
    counted = pruned(3, 0.25, at_random=False)
    kernels = [counted[name] for name in counted if "kernel" in name]
    kept = sum(np.count_nonzero(one) for one in kernels) / sum(one.size for one in kernels)
    run = harness.open_run("run")
    assert run.table("levels")["density"].min() == pytest.approx(kept, abs=1e-6)
    assert "the masks keep" in run.trials()["cautions"][0]


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ({1.0: "s0.0", 0.5: "s0.5", 0.25: "s0.75"}, "{pruner}/seed{seed}/s{sparsity}.npz"),
        ({1.0: "0", 0.5: "9", 0.25: "10"}, "{pruner}/seed{seed}/{level}.npz"),
    ],
)
def test_names_may_have_sparsities_or_numbers_of_levels(checkpoints, names, pattern, registry):
    for density, name in names.items():
        for path in checkpoints.rglob(f"density{density}.npz"):
            path.rename(path.with_name(f"{name}.npz"))
    found = importing.find(checkpoints, pattern)
    made, networks, _, notes = importing.planned(found, None, registry, ["motifs"])
    (schedule,) = made.schedules
    assert schedule.instance.densities == pytest.approx(DENSITIES, abs=0.003)
    assert list(networks.levels) == [float(name.lstrip("s")) for name in names.values()]
    assert not any("the masks keep" in note for note in notes)


def test_losses_that_are_not_finite_are_those_of_diverged_networks(checkpoints, registry, tmp_path):
    losses = write_losses(tmp_path / "losses.csv")
    losses.write_text(losses.read_text().replace("l1,7,0.5,6.5", "l1,7,0.5,inf"))
    found = importing.find(checkpoints, PATTERN)
    made, *parts = importing.planned(found, losses, registry, ["motifs"])
    networks, rows, notes = parts
    importing.write(made, tmp_path / "run", found, networks, rows, notes)
    levels = harness.open_run(tmp_path / "run").table("levels")
    wrong = levels[levels["diverged"]]
    assert wrong[["pruner", "network", "level"]].to_numpy().tolist() == [["l1", 1, 1]]
    with pytest.raises(UserError, match="which is only read"):
        importing.write(made, checkpoints / "run", found, networks, rows, notes)
    # Other networks have other keys, even under the same names.
    np.savez(checkpoints / "l1" / "seed3" / "density0.5.npz", **pruned(4, 0.5, at_random=False))
    other, *_ = importing.planned(importing.find(checkpoints, PATTERN), losses, registry)
    assert not {trial.key for trial in made.trials} & {trial.key for trial in other.trials}


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_state_dicts_of_pytorch_are_read_where_allowed(tmp_path, registry):
    import torch

    folder = tmp_path / "mine"
    folder.mkdir()
    weight = torch.arange(12.0).reshape(3, 4) - 6
    held = {"fc.weight_orig": weight, "fc.weight_mask": weight > 0, "fc.bias": torch.ones(3)}
    torch.save(held, folder / "level0.pt")
    found = importing.find(folder, "level{level}.pt")
    with pytest.raises(UserError, match="pt"):
        importing.planned(found, None, registry, ["motifs"])
    choices = harness.network_files.Choices(allow_pt=True)
    _, networks, _, _ = importing.planned(found, None, registry, ["motifs"], choices=choices)
    ((kept,),) = networks.weights.values()
    np.testing.assert_array_equal(kept, np.where(weight > 0, weight, 0))


def test_a_dry_run_lists_what_was_found(checkpoints, command):
    code, out, _ = command("import", checkpoints, PATTERN, "--dry-run")
    assert code == 0
    assert "12 files" in out
    assert "pruners: l1, random\nseeds: 3, 7\ndensity: 1, 0.5, 0.25\n" in out
    assert "README.txt" in out
    assert not Path("runs").exists()


def test_what_is_missing_is_named_and_can_be_left_out(checkpoints, command):
    (checkpoints / "l1" / "seed7" / "density0.5.npz").unlink()
    code, out, err = command("import", checkpoints, PATTERN, "--dry-run")
    assert code == 2
    assert "lacks 1 of 12 combinations: l1 seed 7 density 0.5" in err
    code, out, _ = command("import", checkpoints, PATTERN, "--dry-run", "--without", "seed=7")
    assert (code, "seeds: 3\n" in out) == (0, True)


def grown(folder):
    arrays = pruned(3, 0.5, at_random=False)
    arrays["fc2.kernel"] = np.ones((10, 6), np.float32)
    np.savez(folder / "l1" / "seed3" / "density0.5.npz", **arrays)


def doubled(folder):
    path = folder / "l1" / "seed3" / "density0.5.npz"
    shutil.copy(path, path.with_name("density0.50.npz"))


def damaged(folder):
    (folder / "l1" / "seed3" / "density0.5.npz").write_bytes(b"PK")


@pytest.mark.parametrize(
    ("change", "pattern", "options", "words"),
    [
        (None, "{pruner}/{sed}/{density}.npz", (), "unknown field 'sed'. Did you mean 'seed'?"),
        (None, "{pruner}/seed{seed}.npz", (), "needs one of {density}, {sparsity} and {level}"),
        (None, "{pruner}-{density}.npz", (), "no file in"),
        (None, PATTERN, ("--without", "seed"), "write FIELD=VALUE"),
        (None, PATTERN, ("--without", "seed=4"), "--without seed=4 fits no file"),
        (None, PATTERN, ("--channels", "--allow-pt"), "--allow-pt is for PyTorch files"),
        (grown, PATTERN, (), "8-12-10-6"),
        (doubled, PATTERN, (), "are one combination"),
        (damaged, PATTERN, (), "density0.5.npz' cannot be read as .npz"),
    ],
)
def test_mistakes_are_named(checkpoints, command, change, pattern, options, words):
    if change is not None:
        change(checkpoints)
    code, _, err = command("import", checkpoints, pattern, *options, "--out", "run")
    assert code == 2
    assert words in err.replace("\n", " ")
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("leave_out", "columns", "words"),
    [
        ([("l1", 3, 0.5, 2.5)], ("pruner", "seed", "density", "validation_loss"), "l1 seed 3 dens"),
        ([], ("pruner", "seed", "density"), "It needs pruner, seed, density, and train_loss or"),
        ([], ("pruner", "seed", "share", "validation_loss"), "It needs pruner, seed, density"),
    ],
)
def test_mistakes_in_losses_are_named(checkpoints, command, tmp_path, leave_out, columns, words):
    losses = write_losses(tmp_path / "losses.csv", leave_out, columns)
    code, _, err = command("import", checkpoints, PATTERN, "--losses", losses, "--out", "run")
    assert (code, words in err) == (2, True), err


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_the_example_prunes_with_torch_and_reports(tmp_path):
    script = ROOT / "examples" / "prune_with_torch.py"
    done = subprocess.run(
        [sys.executable, script, tmp_path, "--metric", "motifs", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    run = harness.open_run(tmp_path / "run")
    assert set(run.table("levels")["density"]) == {1.0, 0.5, 0.25, 0.15, 0.1, 0.07}
    assert run.table("levels")["validation_loss"].notna().all()
    assert (tmp_path / "run" / "report" / "index.html").is_file()
    for file in script, ROOT / "docs" / "howto" / "import.md":
        assert "prune_with_torch.py" in file.read_text("utf-8")

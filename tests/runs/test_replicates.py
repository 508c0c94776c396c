"""What networks of one run share, and what those of two data seeds or batch seeds do not."""

import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from comparing import files_of

from harness import UserError, open_run
from harness.execution import preparation
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.testing import TinyTask
from harness.training.rows import shuffled
from harness.training.seeds import of_network, of_networks, stream

DATA = Path(__file__).parents[1] / "data"


def words(key):
    return tuple(jax.random.key_data(key).tolist())


@pytest.mark.parametrize("name", ["weights", "pruning"])
@pytest.mark.parametrize("seed", [0, 7])
def test_data_seed_0_keeps_its_streams(name, seed):
    for network in range(4):
        assert words(of_network(seed, 0, name, network)) == words(stream(seed, name, network))


@pytest.mark.parametrize("name", ["weights", "pruning"])
@pytest.mark.parametrize("data_seed", [0, 3])
def test_keys_of_several_networks_are_those_of_each(name, data_seed):
    networks = [0, 2, 999_999]
    several = of_networks(7, data_seed, name, networks)
    assert several.dtype == of_network(7, data_seed, name, 0).dtype
    for key, network in zip(several, networks, strict=True):
        assert words(key) == words(of_network(7, data_seed, name, network))


def test_networks_of_two_data_seeds_share_no_key():
    def families(seed, data_seed, network):
        """Its keys, and all that are made of them by splitting and folding in, as training does."""
        for name in ("weights", "pruning"):
            key = of_network(seed, data_seed, name, network)
            yield key
            yield from (part for number in (2, 5) for part in jax.random.split(key, number))
            yield from (jax.random.fold_in(key, number) for number in range(1, 9))

    owner = {}
    for seed in range(2):
        for data_seed in (0, 1, 2, 3):
            for network in range(3):
                for key in families(seed, data_seed, network):
                    whose = owner.setdefault(words(key), (seed, data_seed, network))
                    assert whose == (seed, data_seed, network)


def masks_of(folder):
    run = open_run(folder)
    return {
        (trial["pruner"], trial["data_seed"], level): np.concatenate(
            [mask.reshape(len(mask), -1) for _, mask in sorted(found.items())], axis=1
        )
        for _, trial in run.trials().iterrows()
        for level in range(4)
        for found in [run.masks(trial["trial"], level)]
    }


@pytest.mark.slow
def test_masks_of_data_seed_0_are_those_of_result_version_2(run, tmp_path):
    # Kept by commit dc973ce. Only data seed 0 may be as it was.
    names = ["magnitude", "random", "lamp", "snip", "gmp"]
    run(tmp_path, pruners=names, networks=3, block_width=3, metrics=[], data_seeds=[0, 1])
    found = masks_of(tmp_path)
    with np.load(DATA / "masks-of-data-seed-0.npz") as kept:
        assert len(kept.files) == 20
        for name in kept.files:
            pruner, level = name.rsplit("-", 1)
            np.testing.assert_array_equal(found[pruner, 0, int(level)], kept[name], err_msg=name)
            if level != "0":
                # Of 96 weights: each network for itself, for one start alone would be enough.
                assert (found[pruner, 1, int(level)] != kept[name]).any(axis=1).all()


def test_the_batch_seed_changes_the_order_of_batches_alone(planned):
    (one,), (other,) = (planned(networks=2, batch_seed=seed).trials for seed in (0, 1))
    assert one.key != other.key
    assert "batch_seed" not in one.identity
    rows = TinyTask().data(seed=0).train
    first, again, moved = shuffled(rows, 0), shuffled(rows, 0, 0), shuffled(rows, 0, 1)
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert not np.array_equal(first.inputs, moved.inputs)
    np.testing.assert_array_equal(np.unique(first.inputs, axis=0), np.unique(moved.inputs, axis=0))


@pytest.mark.slow
def test_prunings_before_training_do_not_depend_on_the_batch_seed(run, tmp_path):
    # The rows that a pruner looks at are no batches of the training.
    fields = {"pruners": ["snip", "random"], "networks": 2, "metrics": []}
    for seed in (0, 1):
        run(tmp_path / str(seed), batch_seed=seed, **fields)
    one, other = (masks_of(tmp_path / str(seed)) for seed in (0, 1))
    assert one.keys() == other.keys()
    for place, masks in one.items():
        np.testing.assert_array_equal(masks, other[place], err_msg=str(place))
    levels = [open_run(tmp_path / str(seed)).table("levels") for seed in (0, 1)]
    assert not set(levels[0]["validation_loss"]) & set(levels[1]["validation_loss"])
    assert open_run(tmp_path / "1").experiment["batch_seed"] == 1


def test_the_default_batch_seed_is_in_no_name(planned):
    assert planned(batch_seed=0).name == planned().name != planned(batch_seed=1).name


@pytest.fixture
def earlier(folder):
    """A run folder of result version 2: its index says nothing of a version."""
    index = json.loads((folder / "run.json").read_text())
    del index["result_version"]
    (folder / "run.json").write_text(json.dumps(index))
    return folder


def test_results_of_an_earlier_version_are_read_and_not_continued(run, earlier):
    before = files_of(earlier)
    with pytest.raises(UserError, match=r"earlier version of the harness.*choose another --out"):
        run(earlier)
    with pytest.raises(UserError, match="earlier version"):
        run(earlier, networks=6)
    assert files_of(earlier) == before
    assert (open_run(earlier).trials()["status"] == "done").all()


def test_format_1_is_not_continued(registry, tmp_path):
    shutil.copytree(DATA / "run-format-1", tmp_path / "run")
    index = json.loads((tmp_path / "run" / "run.json").read_text())
    asked = plan(checked(index["experiment"], source="test"), registry)
    with pytest.raises(UserError, match="earlier version"):
        Execution(asked, tmp_path / "run").run()
    assert (open_run(tmp_path / "run").trials()["status"] == "done").all()


def test_the_folder_of_a_command_is_another_than_that_of_an_earlier_version(planned, monkeypatch):
    now = planned().name
    monkeypatch.setattr("harness.experiment.plan.RESULT_VERSION", 2)
    assert planned().name != now


def test_a_dry_run_refuses_the_folders_that_the_run_would_refuse(planned, earlier, tmp_path):
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("")
    plan = planned()
    for folder, told in (
        (earlier, "earlier version"),
        (tmp_path / "else", "not a run folder"),
        (tmp_path / "file", "is, or is below, a file"),
    ):
        with pytest.raises(UserError, match=told):
            preparation.check(plan, folder)
    preparation.check(plan, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_dry_run_refuses_a_folder_of_another_experiment_or_in_use(planned, folder):
    before = files_of(folder)
    preparation.check(planned(), folder)
    with pytest.raises(UserError, match="another experiment"):
        preparation.check(planned(seed=1), folder)
    with preparation.locked(folder), pytest.raises(UserError, match="another process"):
        preparation.check(planned(), folder)
    assert files_of(folder) == before

"""The first and the last layer of any network, by the names that levels give them."""

import numpy as np
import pytest

import harness
from harness import Level
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.levels import resolved
from harness.plugin.loading import load
from harness.types import FIRST, LAST

OF = 'of="geometric[density=0.2,share=0.5,steps=40]"'


def trial(schedule, architecture="mlp[sizes=[16,12]]", pruner="magnitude"):
    asked = {"tasks": ["digits"], "pruners": [pruner], "networks": 2, "schedules": [schedule],
             "architectures": [architecture]}  # fmt: skip
    (made,) = plan(checked(asked, source="test"), load([])).trials
    return made


@pytest.mark.parametrize(
    ("architecture", "first", "last"),
    [
        ("mlp[sizes=[16,12]]", {"layers.0.weight", "layers.0.bias"},
         {"layers.2.weight", "layers.2.bias"}),
        ("cnn", {"module.layers.0.weight", "module.layers.0.bias"},
         {"module.layers.5.weight", "module.layers.5.bias"}),
        ("gru", {"cell.weight_ih"}, {"out.weight", "out.bias"}),
        ("residual", {"module.enter.weight", "module.enter.bias"},
         {"module.leave.weight", "module.leave.bias"}),
    ],
)  # fmt: skip
def test_the_ends_of_each_architecture(architecture, first, last):
    levels = (Level(1.0, 1), Level(0.5, 1, frozen=(FIRST,)), Level(0.5, 1, frozen=(LAST,)))
    named = resolved(levels, trial("oneshot", architecture).model, from_start=False)
    assert [set(level.frozen) for level in named] == [set(), first, last]


def test_hidden_layers_follow_the_schedule_and_the_density_follows_from_all():
    dense, *levels = trial(f"frozen-ends[{OF}]").levels
    assert dense.density == 1
    assert not dense.frozen
    for level, share in zip(levels, (0.5, 0.25, 0.2), strict=True):
        assert level.by_leaf == {"layers.0.weight": 1, "layers.1.weight": share,
                                 "layers.2.weight": 1}  # fmt: skip
        assert level.density == pytest.approx((64 * 16 + share * 192 + 120) / 1336, abs=1e-3)


def test_ends_are_pruned_to_their_density_and_then_held():
    levels = trial(f"frozen-ends[{OF},density=0.4]").levels
    assert [level.by_leaf["layers.0.weight"] for level in levels] == [1, 0.5, 0.4, 0.4]
    assert [bool(level.frozen) for level in levels] == [False, False, False, True]
    levels = trial(f"frozen-ends[{OF},density=0.4,trained=true]").levels
    assert [level.by_leaf["layers.0.weight"] for level in levels] == [1, 0.5, 0.4, 0.4]
    assert not any(level.frozen for level in levels)


@pytest.mark.slow
@pytest.mark.parametrize("trained", [False, True])
def test_frozen_ends_keep_their_bits_in_a_run(tmp_path, trained):
    run = harness.run(
        "digits", ["magnitude[scope=global]", "snip"], architecture="mlp[sizes=[16,12]]",
        schedule=f"frozen-ends[{OF},trained={str(trained).lower()}]", metric="performance",
        networks=2, out=tmp_path / "run",
    )  # fmt: skip
    trials = run.trials()
    assert set(trials["status"]) == {"done"}
    for key in trials["trial"]:
        last = run.masks(key, 3)
        assert np.asarray(last["layers.0.weight"]).all()
        assert np.asarray(last["layers.2.weight"]).all()
        hidden = np.asarray(last["layers.1.weight"])
        assert (hidden.sum((1, 2)) == round(0.2 * 192)).all()
    key = trials.loc[trials["pruner"].str.startswith("magnitude"), "trial"].iloc[0]
    same = []
    for leaf in ("layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"):
        one, other = (weights_of(run, key, level)[leaf] for level in (0, 3))
        same.append(np.array_equal(one, other))
    assert all(same) != trained


def weights_of(run, key, level):
    from harness.results import snapshot

    return snapshot.load(snapshot.level_path(run.path / "trials" / key, level)).weights

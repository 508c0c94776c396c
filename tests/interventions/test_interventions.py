"""Interventions: what each keeps of its source, how training goes on, how they are asked for."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import harness
from harness import UserError
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.loading import load
from harness.results import snapshot
from harness.results.snapshot import level_path
from harness.sparse.masks import random_masks
from harness.testing._intervention import _Subject

pytestmark = pytest.mark.slow

FEW_STEPS = Path(__file__).parents[1] / "plugins" / "few_steps.py"


def planned(*pruners, **fields):
    asked = {"tasks": ["digits"], "pruners": list(pruners), "networks": 2, **fields}
    return plan(checked(asked, source="test"), load([FEW_STEPS]))


def test_random_masks_keep_as_many_and_any_as_often():
    like = {"a": jnp.arange(60).reshape(12, 5) % 4 == 0, "b": jnp.zeros((3, 12), bool)}
    among = {"a": jnp.ones((12, 5), bool).at[3].set(False), "b": jnp.ones((3, 12), bool)}
    draw = jax.jit(jax.vmap(lambda key: random_masks(like, among, key=key)))
    masks = draw(jax.random.split(jax.random.key(3), 400))
    assert (np.asarray(masks["a"]).sum(axis=(1, 2)) == 15).all()
    assert not np.asarray(masks["a"])[:, 3].any()
    assert not np.asarray(masks["b"]).any()
    share = np.asarray(masks["a"]).mean(axis=0)[np.asarray(among["a"])]
    assert np.abs(share - 15 / 55).max() < 5 * np.sqrt(15 / 55 * 40 / 55 / 400)


@pytest.mark.parametrize("name", ["shuffled", "matched-random", "reinitialised"])
def test_layer_densities_are_kept(registry, name):
    trial = _Subject(registry.find("intervention", name).factory())
    for leaf, mask in trial.masks().items():
        source = np.asarray(trial.source.masks[leaf])
        np.testing.assert_array_equal(mask.sum(axis=(1, 2)), source.sum(axis=(1, 2)))
        assert np.array_equal(mask, source) == (name == "reinitialised")


def test_a_source_is_trained_first_whether_asked_for_or_not():
    made = planned("shuffled[of='magnitude[scope=global]']".replace("'", '"'), "magnitude")
    assert [one.label for one in made.prunings] == [
        "magnitude[scope=global]",
        'shuffled[of="magnitude[scope=global]"]',
        "magnitude",
    ]
    again = planned(*made.resolved()["pruners"])
    assert again.resolved() == made.resolved()
    assert [trial.key for trial in again.trials] == [trial.key for trial in made.trials]


def test_an_intervention_is_made_on_every_pruner():
    product = planned("magnitude", "snip", interventions=["shuffled", "reinitialised"])
    written = planned("magnitude", "shuffled", "reinitialised", "snip",
                      "shuffled[of=snip]", "reinitialised[of=snip]")  # fmt: skip
    assert [one.label for one in product.prunings] == [one.label for one in written.prunings]
    assert [trial.key for trial in product.trials] == [trial.key for trial in written.trials]
    assert product.name == written.name


def test_an_intervention_on_an_intervention_brings_all_its_sources():
    made = planned('shuffled[of="reinitialised[of=snip]"]')
    assert [one.label for one in made.prunings] == [
        "snip",
        "reinitialised[of=snip]",
        'shuffled[of="reinitialised[of=snip]"]',
    ]
    *_, last = made.trials
    assert last.source.pruning.label == "reinitialised[of=snip]"
    assert last.source.source.pruning.label == "snip"


def test_the_source_is_part_of_a_key():
    one, other = planned("shuffled"), planned("shuffled[of=random]")
    assert one.trials[-1].key != other.trials[-1].key


def test_wrong_names_are_refused():
    with pytest.raises(UserError, match="A bar outside the quotes makes a grid"):
        planned('shuffled[of="magnitude[scope=layer|global]"]')
    with pytest.raises(UserError, match="unknown pruner 'magnitud'"):
        planned("shuffled[of=magnitud]")
    with pytest.raises(UserError, match="unknown intervention 'shufled'"):
        planned("magnitude", interventions=["shufled"])


def test_an_intervention_whose_source_is_skipped_is_skipped():
    made = planned(
        "shuffled[of=lottery]", "{}".format('matched-random[of="lottery[rewind_step=1000000]"]')
    )
    reasons = {trial.pruning.label: trial.reason_to_skip for trial in made.trials}
    assert reasons["shuffled[of=lottery]"] is None
    assert "its source is skipped" in reasons['matched-random[of="lottery[rewind_step=1000000]"]']


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Controls on two pruners, one of which acts before training."""
    return harness.run(
        "digits",
        ["shuffled", "reinitialised", "matched-random", "shuffled[of=snip]"],
        schedule="few-steps",
        metric="performance",
        networks=3,
        out=tmp_path_factory.mktemp("controls") / "run",
        plugins=[FEW_STEPS],
        block_width=2,
    )


def masks_of(run, pruner, level):
    trials = run.trials()
    keys = trials.loc[trials["pruner"] == pruner].sort_values("first_network")["trial"]
    parts = [
        snapshot.load(level_path(run.path / "trials" / key, level), weights=False).masks
        for key in keys
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.parametrize(
    ("control", "source"),
    [
        ("shuffled", "magnitude"),
        ("reinitialised", "magnitude"),
        ("matched-random", "magnitude"),
        ("shuffled[of=snip]", "snip"),
    ],
)
def test_each_network_is_given_the_masks_of_the_same_network_and_level(run, control, source):
    assert set(run.trials()["status"]) == {"done"}
    levels = run.table("levels")["level"].max()
    for level in range(1, levels + 1):
        own, others = masks_of(run, control, level), masks_of(run, source, level)
        for name, mask in own.items():
            if control == "reinitialised":
                assert np.array_equal(mask, others[name])
                continue
            for network in range(len(mask)):
                assert mask[network].sum() == others[name][network].sum()
            assert not np.array_equal(mask, others[name])


def test_controls_from_the_start_have_the_budget_of_all_levels_up_to_theirs(run):
    steps = run.table("levels").groupby(["pruner", "level"])["steps"].first().unstack("pruner")
    assert steps["shuffled"].tolist() == steps["magnitude"].cumsum().tolist()
    assert steps["matched-random"].tolist() == steps["magnitude"].tolist()


@pytest.fixture(scope="module")
def lesioned(tmp_path_factory):
    """Runs in which training goes on not at all, and from the source's weights."""
    folder = tmp_path_factory.mktemp("lesions")
    asked = {"tasks": ["digits"], "pruners": ["magnitude"], "schedules": ["few-steps"],
             "interventions": ["cut[on=not|here]"], "metrics": ["performance"], "networks": 2,
             "block_width": 2}  # fmt: skip
    made = plan(checked(asked, source="test"), load([FEW_STEPS, FEW_STEPS.with_name("cut.py")]))
    outcome = Execution(made, folder / "run").run()
    assert outcome.failures == []
    return harness.open_run(folder / "run")


def test_without_training_the_sources_weights_are_measured_under_the_changed_masks(lesioned):
    levels = lesioned.table("levels").set_index(["pruner", "level", "network"])
    assert (levels["steps"].unstack("pruner")["cut"] == 0).all()
    for level in range(1, int(levels.index.get_level_values("level").max()) + 1):
        ours, source = (kept_of(lesioned, name, level) for name in ("cut", "magnitude"))
        for leaf, mask in source.masks.items():
            cut = mask & ~ours.masks[leaf]
            assert (cut.sum(axis=(1, 2)) == 1).all()
            expected = np.where(cut, 0, source.weights[leaf])
            np.testing.assert_array_equal(ours.weights[leaf], expected)
    dense = levels["validation_loss"].unstack("pruner").loc[0]
    np.testing.assert_array_equal(dense["cut"], dense["magnitude"])


def test_training_goes_on_from_the_sources_weights(lesioned):
    levels = lesioned.table("levels").set_index(["pruner", "level", "network"])
    steps, label = levels["steps"].unstack("pruner"), "cut[on=here]"
    assert (steps.loc[1:, label] == steps.loc[1:, "magnitude"]).all()
    assert (steps.loc[0, label] == 0).all()
    here, left = kept_of(lesioned, label, 1), kept_of(lesioned, "cut", 1)
    moved = [np.abs(here.weights[leaf] - left.weights[leaf]).max() for leaf in left.masks]
    assert 0 < max(moved) < 0.5, "on from there, not from the initial weights"


@pytest.mark.parametrize("source", ["lottery", "lottery[rewind_step=4,retrain=full]"])
def test_from_the_rewind_point_training_goes_on_as_that_of_the_pruner_that_rewinds(
    tmp_path, source
):
    """With the source's own masks it is the source's training again, to the last bit."""
    asked = {"tasks": ["digits"], "pruners": [source], "schedules": ["few-steps"], "networks": 2,
             "interventions": ["cut[on=rewind,cuts=false]"], "metrics": ["performance"],
             "block_width": 2}  # fmt: skip
    made = plan(checked(asked, source="test"), load([FEW_STEPS, FEW_STEPS.with_name("cut.py")]))
    assert Execution(made, tmp_path / "run").run().failures == []
    run = harness.open_run(tmp_path / "run")
    source, changed = (pruning.label for pruning in made.prunings)
    steps = run.table("levels").set_index(["pruner", "level", "network"])["steps"].unstack("pruner")
    assert (steps[changed] == steps[source]).all()
    for level in range(int(run.table("levels")["level"].max()) + 1):
        ours, theirs = (kept_of(run, pruner, level) for pruner in (changed, source))
        for leaf, weights in theirs.weights.items():
            np.testing.assert_array_equal(ours.weights[leaf], weights)


def kept_of(run, pruner, level):
    trials = run.trials()
    (key,) = trials.loc[trials["pruner"] == pruner, "trial"]
    return snapshot.load(level_path(run.path / "trials" / key, level))

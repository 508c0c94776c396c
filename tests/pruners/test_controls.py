"""Controls: what each keeps of the pruner that it wraps, and what it does not."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import harness
from harness import UserError
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.loading import load
from harness.results import snapshot
from harness.results.snapshot import level_path
from harness.sparse.masks import target

KEY = jax.random.key(3)
SIZES = {"first": 60, "second": 36}
FEW_STEPS = Path(__file__).parents[1] / "plugins" / "few_steps.py"


@pytest.fixture
def dense(seen):
    return {name: jnp.ones_like(leaf) for name, leaf in seen().mask.items()}


def test_inverted_keeps_exactly_the_worst(made, seen, dense):
    update, _ = made("inverted").step(seen(mask=dense), target(SIZES, 0.3), (), key=KEY)
    for name, mask in update.mask.items():
        size, mask = np.abs(np.asarray(seen().weights[name])), np.asarray(mask)
        assert mask.sum() == int(target(SIZES, 0.3).by_leaf[name])
        assert size[mask].max() <= size[~mask].min()


def test_inverted_chooses_among_what_is_still_there(made, evidence):
    update, _ = made("inverted").step(evidence, target(SIZES, 0.2), (), key=KEY)
    for name, mask in update.mask.items():
        there, mask = np.asarray(evidence.mask[name]), np.asarray(mask)
        size = np.abs(np.asarray(evidence.weights[name]))
        assert not (mask & ~there).any()
        assert size[mask].max() <= size[there & ~mask].min()


@pytest.mark.parametrize("name", ["rigl", "zahn2022", "shuffled"])
def test_what_cannot_be_turned_around_is_refused(registry, name):
    with pytest.raises(UserError, match=f"'{name}' cannot be turned around"):
        plan(
            checked({"tasks": ["digits"], "pruners": [f"inverted[of={name}]"]}, source=""), registry
        )


@pytest.mark.parametrize("name", ["shuffled", "matched-random"])
def test_only_layer_densities_are_kept(made, seen, dense, counted, name):
    update, _ = made(name).step(seen(seen().mask, mask=dense), target(SIZES, 0.6), (), key=KEY)
    assert counted(update.mask) == counted(seen().mask)
    masks = jax.vmap(
        lambda key: (
            made(name)
            .step(seen(seen().mask, mask=dense), target(SIZES, 0.6), (), key=key)[0]
            .mask["first"]
        )
    )(jax.random.split(KEY, 400))
    share = np.asarray(masks).mean(axis=0)
    density = counted(seen().mask)["first"] / 60
    assert np.abs(share - density).max() < 5 * np.sqrt(density * (1 - density) / 400)


def test_reinitialised_keeps_the_mask_and_draws_weights_anew(made, seen, dense):
    evidence = seen(seen().mask, mask=dense)
    update, _ = made("reinitialised").step(evidence, target(SIZES, 0.6), (), key=KEY)
    assert all(np.array_equal(update.mask[name], seen().mask[name]) for name in SIZES)
    new = np.asarray(update.rewind_to.first)
    assert not np.isin(new, np.asarray(evidence.network.first)).any()
    assert new.std() == pytest.approx(0.5, rel=0.3)


def test_nothing_is_found_where_nothing_is_followed(evidence):
    with pytest.raises(RuntimeError, match="only a pruner that `follows`"):
        _ = evidence.found


def planned(*pruners, **fields):
    asked = {"tasks": ["digits"], "pruners": list(pruners), "networks": 2, **fields}
    return plan(checked(asked, source="test"), load([FEW_STEPS]))


def test_what_is_followed_is_trained_first_whether_asked_for_or_not():
    made = planned("shuffled[of='magnitude[scope=global]']".replace("'", '"'), "magnitude")
    assert [choice.label for choice in made.pruners] == [
        "magnitude[scope=global]",
        'shuffled[of="magnitude[scope=global]"]',
        "magnitude",
    ]
    again = planned(*made.resolved()["pruners"])
    assert again.resolved() == made.resolved()
    assert [cell.key for cell in again.cells] == [cell.key for cell in made.cells]


def test_a_control_of_a_control_brings_all_that_it_follows():
    made = planned('shuffled[of="reinitialised[of=snip]"]')
    assert [choice.name for choice in made.pruners] == ["snip", "reinitialised", "shuffled"]


def test_the_source_of_what_is_wrapped_is_part_of_a_key():
    one, other = planned("shuffled"), planned("shuffled[of=random]")
    assert one.cells[-1].key != other.cells[-1].key
    assert one.pruners[-1].source != other.pruners[-1].source


def test_a_bar_makes_a_grid_of_what_is_wrapped():
    made = planned("inverted[of=magnitude|sensitivity]")
    assert [choice.label for choice in made.pruners] == ["inverted", "inverted[of=sensitivity]"]
    with pytest.raises(UserError, match="A bar outside the quotes makes a grid"):
        planned('inverted[of="magnitude[scope=layer|global]"]')
    with pytest.raises(UserError, match="unknown pruner 'magnitud'"):
        planned("inverted[of=magnitud]")


def test_a_control_that_follows_what_is_skipped_is_skipped():
    made = planned(
        "shuffled[of=lottery]", "{}".format('matched-random[of="lottery[rewind_step=1000000]"]')
    )
    reasons = [cell.reason_to_skip for cell in made.cells if cell.pruner.name != "lottery"]
    assert reasons[0] is None
    assert "what it follows is skipped" in reasons[1]


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
    cells = run.cells()
    keys = cells.loc[cells["pruner"] == pruner].sort_values("first_network")["cell"]
    parts = [
        snapshot.load(level_path(run.path / "cells" / key, level), weights=False).masks
        for key in keys
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.parametrize(
    ("control", "followed"),
    [
        ("shuffled", "magnitude"),
        ("reinitialised", "magnitude"),
        ("matched-random", "magnitude"),
        ("shuffled[of=snip]", "snip"),
    ],
)
def test_each_network_is_given_the_masks_of_the_same_network_and_level(run, control, followed):
    assert set(run.cells()["status"]) == {"done"}
    levels = run.table("levels")["level"].max()
    for level in range(1, levels + 1):
        own, others = masks_of(run, control, level), masks_of(run, followed, level)
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

"""Probes of the interfaces: what someone else would write, in how many lines, and that it works."""

import ast
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.pruners.magnitude import Magnitude

import harness
from harness import Digraph, Model, Source, Trajectory, layered, motifs, testing
from harness.plugin.loading import load
from harness.results.snapshot import level_path

HERE = Path(__file__).parent
SMALL = HERE.parent / "plugins" / "small_tasks.py"
"""It has the schedule `tiny`."""

LINES = {"conv_digits": 159, "adding": 124, "quadrotor": 145, "intervene": 153}
"""Of the same probes under the interfaces of before.

`intervene` had a study as well, and `conv_digits` made its images, which the task now does.
"""
LEVELS = 4


@pytest.mark.parametrize("name", LINES)
def test_it_has_at_most_half_the_lines(name):
    text = (HERE / f"{name}.py").read_text()
    lines = text.splitlines()
    assert len(lines) <= LINES[name] // 2
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", LINES)
def test_nothing_private_is_imported(name):
    for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_") or node.attr.endswith("__"), node.attr
            continue
        else:
            continue
        assert not any(part.startswith("_") for each in imported for part in each.split("."))


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_it_keeps_the_contract(name):
    file = HERE / f"{name}.py"
    found = list(testing.check(str(file), load([file])))
    assert [(one.rule, one.advice) for one in found if not one.passed] == []


def tiny(name, folder, task, **asked):
    """A run of a probe under magnitude, two networks at four levels of few steps."""
    asked = {"metric": ("performance", "motifs"), "networks": 2, "block_width": 2, **asked}
    plugins = [HERE / f"{name}.py", SMALL]
    run = harness.run(
        task, ["magnitude"], schedule="tiny[steps=5]", out=folder / name, plugins=plugins, **asked
    )
    assert set(run.trials()["status"]) == {"done"}
    assert set(run.measurements()["status"]) == {"done"}
    assert np.isfinite(run.table("levels")["validation_loss"]).all()
    return run


def model_of(name, task, architecture):
    registry = load([HERE / f"{name}.py", SMALL])
    made = (registry.find("task", task[0]), registry.find("architecture", architecture[0]))
    return Model(
        *(one.factory(**own) for one, own in zip(made, (task[1], architecture[1]), strict=True))
    )


def graphs_of(run, model):
    """The graph of each view of the networks at the last level, and the masks there."""
    (key,) = run.trials()["trial"]
    levels = [level_path(run.path / "trials" / key, level) for level in range(LEVELS)]
    trajectory = Trajectory(model, (0, 1), (1.0, 0.6, 0.3, 0.125), levels, dict)
    return {view: trajectory.graph(LEVELS - 1, view) for view in model.views}, run.masks(
        key, LEVELS - 1
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("probes")


@pytest.mark.slow
def test_convolution_has_two_views(folder):
    run = tiny("conv_digits", folder, "digits[images=true]",
               architecture="conv-digits[channels=[2, 3]]")  # fmt: skip
    assert set(run.table("performance")["measure"]) >= {"accuracy"}
    model = model_of("conv_digits", ("digits", {"images": True}),
                     ("conv-digits", {"channels": (2, 3)}))  # fmt: skip
    graphs, masks = graphs_of(run, model)
    assert list(graphs) == ["channel", "unrolled"]
    assert graphs["channel"].places is None
    unrolled = graphs["unrolled"]
    assert [one.shape[1:] for one in unrolled.adjacency] == [(64, 72), (72, 12), (12, 10)]
    held = unrolled.places
    assert held.shared
    assert held.forbidden
    assert held.weights == 2 * 9 + 6 * 9 + 12 * 10
    kept = sum(mask.reshape(2, -1).sum(1) for mask in masks.values())
    np.testing.assert_array_equal(held.weights_of(unrolled.adjacency), kept)
    # A place of the second layer has an edge where the kernel has the tap between them.
    channel, row, column, tap = 1, 1, 0, (2, 1)
    source = channel * 36 + (2 * row + tap[0]) * 6 + 2 * column + tap[1]
    for target in range(3):
        edges = unrolled.adjacency[1][:, source, target * 4 + row * 2 + column]
        np.testing.assert_array_equal(edges, masks["layers.1.weight"][:, target, channel, *tap])


@pytest.mark.slow
def test_recurrent_network_has_two_views(folder):
    run = tiny("adding", folder, "own-adding[time=4, rows=200]", architecture="own-rnn[width=5]",
               metric="performance")  # fmt: skip
    assert set(run.table("performance")["measure"]) >= {"rmse sum"}
    model = model_of("adding", ("own-adding", {"time": 4, "rows": 200}), ("own-rnn", {"width": 5}))
    graphs, masks = graphs_of(run, model)
    digraph, unrolled = graphs["recurrent"], graphs["unrolled"]
    assert isinstance(digraph, Digraph)
    assert digraph.adjacency.shape == (2, 8, 8)
    assert digraph.places.forbidden
    assert isinstance(unrolled, Digraph)
    assert unrolled.adjacency.shape == (2, 29, 29)  # four steps of 2 inputs and 5 units, the sum
    # An edge while any of the cell's three gates keeps its weight; sources come first.
    gates = [masks[f"cell.weight_{name}"].reshape(2, 3, 5, -1).any(1) for name in ("ih", "hh")]
    into, within = (gate.swapaxes(1, 2) for gate in gates)
    np.testing.assert_array_equal(digraph.adjacency[:, :2, 2:7], into)
    np.testing.assert_array_equal(digraph.adjacency[:, 2:7, 2:7], within)
    np.testing.assert_array_equal(digraph.adjacency[:, 2:7, 7], masks["out.weight"][:, 0])
    own, read = (into.sum((1, 2)), within.sum((1, 2))), masks["out.weight"].sum((1, 2))
    # The first step has no step before it.
    np.testing.assert_array_equal(unrolled.adjacency.sum((1, 2)), 4 * own[0] + 3 * own[1] + read)


def test_a_marked_number_of_each_half_is_added():
    task = load([HERE / "adding.py"]).find("task", "own-adding").factory(time=6, rows=50)
    inputs, targets = task.data(seed=0).train
    marks = inputs[..., 1]
    assert (marks[:, :3].sum(1) == 1).all()
    assert (marks[:, 3:].sum(1) == 1).all()
    np.testing.assert_allclose(targets[:, 0], (inputs[..., 0] * marks).sum(1), rtol=1e-6)


@pytest.mark.slow
def test_quadrotor_trains_with_perceptrons(folder):
    run = tiny("quadrotor", folder, "own-quadrotor[flights=400, flown=8]")
    measured = run.table("performance").set_index("measure")["unit"].to_dict()
    assert measured["position error"] == "m"
    assert measured["rmse left thrust"] == "N"


@pytest.mark.slow
def test_true_thrusts_bring_the_quadrotor_where_it_shall_be():
    task = load([HERE / "quadrotor.py"]).find("task", "own-quadrotor").factory(flights=100, flown=8)
    data = task.data(seed=1)
    rows = jax.tree.map(jnp.asarray, data.test)
    told = task.evaluate(rows.targets, rows, data)
    assert float(told["position error"]) < 1e-4
    wrong = task.evaluate(rows.targets + 0.2, rows, data)
    assert float(wrong["position error"]) > 1e-2
    assert float(wrong["rmse spin end"]) == pytest.approx(
        0.2 * data.scales["target_range"][-1], rel=1e-3
    )


def copies(masks, motif):
    """Of a motif in each network, by the harness's own counts."""
    graph = layered([np.asarray(masks[name]) for name in sorted(masks)])
    return motifs.counts(graph, (2, 3), names=[motif])[motif].sum(-1)


def same_degrees(some, others):
    return all(
        np.array_equal(np.sum(some[name], axis), np.sum(others[name], axis))
        for name in some
        for axis in (1, 2)
    )


def source(prunable=0.9, networks=3):
    """Random masks of a quarter of the weights, some of which cannot be pruned."""
    model = Model(testing.TinyTask(inputs=(20,)), testing.TinyArchitecture(hidden=30))
    network = model.network(key=jax.random.key(0))
    draws = np.random.default_rng(0)
    may = {name: jnp.asarray(draws.random(one.shape) < prunable)
           for name, one in model.prunable(network).items()}  # fmt: skip
    masks = {name: jnp.asarray(draws.random((networks, *one.shape)) < 0.25) & one[None]
             for name, one in may.items()}  # fmt: skip
    return Source(
        model=model, pruner=Magnitude(), level=1, density=0.25, masks=masks, before=masks,
        prunable=may, weights=None, keys=jax.random.split(jax.random.key(1), networks),
        network=network,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("motif", ["bifan", "biparallel"])
def test_rewiring_moves_the_motif_at_equal_degrees(motif):
    rewired = load([HERE / "intervene.py"]).find("intervention", "rewired").factory
    start = source()
    found = {way: rewired(motif=motif, direction=way, tries=400).change(start).masks
             for way in (1, 0, -1)}  # fmt: skip
    was = copies(start.masks, motif)
    number = {way: copies(masks, motif) for way, masks in found.items()}
    assert (number[1] > 1.2 * was).all()
    assert (number[-1] < was / 1.2).all()
    assert ((number[-1] < number[0]) & (number[0] < number[1])).all()
    for masks in found.values():
        assert same_degrees(masks, start.masks)
        for name, mask in masks.items():
            assert not np.any(np.asarray(mask) & ~np.asarray(start.prunable[name])[None])
            assert not np.array_equal(mask, start.masks[name])


def test_no_try_and_no_edge_leave_the_masks():
    rewired = load([HERE / "intervene.py"]).find("intervention", "rewired").factory
    start = source()
    for masks in (start.masks, jax.tree.map(jnp.zeros_like, start.masks)):
        tries = 0 if masks is start.masks else 20
        found = rewired(tries=tries).change(replace(start, masks=masks)).masks
        for name, mask in masks.items():
            np.testing.assert_array_equal(found[name], mask)


@pytest.mark.slow
def test_rewired_masks_are_trained(folder):
    run = tiny("intervene", folder, "digits", metric="performance",
               intervention="rewired[direction=-1, tries=200]")  # fmt: skip
    keys = run.trials().set_index("pruner")["trial"]
    for level in range(1, LEVELS):
        was = run.masks(keys["magnitude"], level)
        found = run.masks(keys["rewired[direction=-1, tries=200, of=magnitude]"], level)
        assert same_degrees(found, was)
        assert (copies(found, "bifan") < copies(was, "bifan")).all()

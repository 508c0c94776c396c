"""Motifs of would-be masks: those of masks pruned by hand, at every moment that is kept."""

import numpy as np
import pytest

import harness
from harness import LayeredGraph, motifs
from harness.results import snapshot


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    of = "oneshot[density=0.2,steps=60]"
    return harness.run(
        "digits", "magnitude", architecture="mlp[sizes=[16,12]]", networks=2, block_width=2,
        schedule=f'snapshots[of="{of}",number=3,spacing=log]',
        metrics=["would-be-motifs", "motifs"],
        out=tmp_path_factory.mktemp("would-be") / "run",
    )  # fmt: skip


def test_counts_and_z_are_those_of_the_largest_weights(run):
    table = run.table("would-be-motifs").set_index(["level", "step", "motif", "network"])
    (key,) = run.trials()["trial"]
    final = run.masks(key, 1)
    path = snapshot.level_path(run.path / "trials" / key, 0)
    for step in (0, None):
        weights = snapshot.load(snapshot.at_step(path, step)).weights
        wires = []
        for leaf, mask in final.items():
            sizes = np.abs(np.asarray(weights[leaf])).reshape(2, -1)
            keep = np.asarray(mask).reshape(2, -1).sum(1)
            ranks = np.argsort(np.argsort(-sizes, axis=1), axis=1)
            wires.append((ranks < keep[:, None]).reshape(mask.shape).transpose(0, 2, 1))
        graph = LayeredGraph(tuple(wires))
        expected = motifs.profile(graph, supports=("all",)).query("base_layer == -1")
        for row in expected.itertuples():
            found = table.loc[(0, -1 if step is None else step, row.motif, row.network)]
            assert found["count"] == row.count
            assert found["z"] == pytest.approx(row.z, nan_ok=True)


def test_at_the_last_level_they_are_the_motifs_of_the_masks_there(run):
    rows = run.table("would-be-motifs").query("level == 1 and step == -1")
    there = run.table("motifs").query("level == 1 and base_layer == -1 and support == 'all'")
    keys = ["network", "motif"]
    both = rows.merge(there, on=keys, suffixes=("", "_there"))
    assert len(both) == len(rows) == 2 * 13
    np.testing.assert_array_equal(both["count"], both["count_there"])
    np.testing.assert_array_equal(both["z"], both["z_there"])

"""Regime: against weights and masks sorted by hand, and against training that moves nothing."""

import numpy as np
import pytest
from harness_plugins.metrics.regime import _figures, _sums

import harness

pytestmark = pytest.mark.slow


def test_movement_and_overlap_of_one_leaf_by_hand():
    initial = np.array([[[3.0, -4.0], [1.0, 0.5]]])
    mask = np.array([[[True, False], [True, False]]])
    found = _figures(_sums(initial, np.array([[[3.0, 0.0], [3.0, 0.0]]]), mask))
    # Of the two kept weights, 3 and 1, one moved by 2; of the largest two, 3 and -4, one is kept.
    assert found["movement"] == pytest.approx([2 / np.sqrt(10)])
    assert found["overlap"] == pytest.approx([1 / 3])
    assert found["chance"] == pytest.approx([1 / 3])  # by chance one of two of four, too


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return harness.run(
        "digits", "magnitude", architecture="mlp[sizes=[16,12]]", networks=2, metrics=["regime"],
        schedule='snapshots[of="oneshot[density=0.2,steps=40,early_weight_decay=0]",number=1]',
        block_width=2, out=tmp_path_factory.mktemp("regime") / "run",
    )  # fmt: skip


def test_every_leaf_agrees_with_what_the_run_keeps(run):
    table = run.table("regime")
    (trial,) = run.trials()["trial"]
    masks = run.masks(trial, 1)
    for network in range(2):
        rows = table[(table["network"] == network) & (table["level"] == 1)].set_index("leaf")
        assert set(rows.index) == {*masks, "all"}
        assert rows["movement"].between(0, 5, inclusive="neither").all()
        for leaf, mask in masks.items():
            kept, size = mask[network].sum(), mask[network].size
            expected = kept**2 / size
            assert rows.loc[leaf, "chance"] == pytest.approx(expected / (2 * kept - expected))
            assert rows.loc[leaf, "chance"] < rows.loc[leaf, "overlap"] <= 1
    dense = table[table["level"] == 0]
    assert (dense[["overlap", "chance"]] == 1).all(axis=None)


def test_without_initial_weights_it_says_what_to_do(tmp_path):
    with pytest.raises(RuntimeError, match=r"snapshots\[of=\.\.\., number=1\]"):
        harness.run(
            "digits", "magnitude", architecture="mlp[sizes=[8]]", networks=1, metrics=["regime"],
            schedule="oneshot[density=0.2,steps=20]", out=tmp_path / "run",
        )  # fmt: skip

"""The metric `signed-motifs`: signs come from the weights, whatever the view."""

import numpy as np
import pytest

import harness
from harness import motifs
from harness.results import snapshot


@pytest.mark.slow
def test_it_is_the_signed_profile_of_the_weights(tmp_path):
    run = harness.run(
        "digits", "random", architecture="mlp[sizes=[6,5]]", networks=2, keep_weights=True,
        schedule="oneshot[density=0.4, steps=20]", metric="signed-motifs[draws=9,densities=[]]",
        out=tmp_path / "run",
    )  # fmt: skip
    table = run.table("signed-motifs")
    (trial,) = run.trials()["trial"]
    weights = snapshot.load(snapshot.level_path(tmp_path / "run" / "trials" / trial, 1)).weights
    signs = [np.sign(weights[f"layers.{at}.weight"]).swapaxes(-1, -2).astype(int)
             for at in range(3)]  # fmt: skip
    graph = harness.layered([(layer != 0).swapaxes(-1, -2) for layer in signs])
    expected = motifs.signed_profile(graph, signs, draws=9, seed=1_000_000)
    own = table[table["level"] == 1].reset_index(drop=True)
    for column in ("motif", "base_layer", "count", "incoherent", "expected", "p"):
        np.testing.assert_array_equal(own[column], expected[column])
    assert (own["unsigned"] == 0).all()


@pytest.mark.slow
def test_kernels_of_both_signs_have_none(tmp_path):
    how = [f"signed-motifs[view={view}, draws=3]" for view in ("channels", "units")]
    run = harness.run(
        "digits", "random", architecture="cnn[channels=[3,4]]", networks=1, keep_weights=True,
        schedule="oneshot[density=0.4, steps=20]", metric=how, out=tmp_path / "run",
    )  # fmt: skip
    table = run.table("signed-motifs")
    unsigned = table.groupby("metric")["unsigned"].max()
    assert unsigned[how[0]] > 0
    assert unsigned[how[1]] == 0
    assert table.groupby("metric")["calibrated"].all().tolist() == [True, False]

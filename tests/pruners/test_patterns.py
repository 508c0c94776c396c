"""N:M and block sparsity: against loops over groups, and refused where they do not fit."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import harness
from harness import UserError, prune_by_score
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin.loading import load
from harness.sparse import masks as mask_algebra


def kept(scope, shape, density=0.5, *, ties=False, candidates=None):
    scores = {"a": jax.random.normal(jax.random.key(1), shape)}
    if ties:
        scores = {"a": jnp.zeros(shape)}
    may = {"a": jnp.ones(shape, bool) if candidates is None else candidates}
    target = mask_algebra.target({"a": int(np.prod(shape))}, density)
    prune = jax.jit(lambda key: prune_by_score(scores, may, target, scope=scope, key=key))
    return np.asarray(scores["a"]), np.asarray(prune(jax.random.key(2))["a"])


@pytest.mark.parametrize(("scope", "shape"), [("2:4", (6, 16)), ("1:3", (5, 10)),
                                              ("2:4", (6, 8, 3, 3)), ("3:4", (2, 2))])  # fmt: skip
def test_each_group_of_inputs_keeps_its_largest(scope, shape):
    scores, mask = kept(scope, shape)
    number, of = map(int, scope.split(":"))
    rows = np.moveaxis(scores, 1, -1).reshape(-1, shape[1])
    for row, found in zip(rows, np.moveaxis(mask, 1, -1).reshape(-1, shape[1]), strict=True):
        for start in range(0, len(row), of):
            group = row[start : start + of]
            keep = -(-len(group) * number // of)
            best = np.isin(np.arange(len(group)), np.argsort(-group)[:keep])
            np.testing.assert_array_equal(found[start : start + of], best)


@pytest.mark.parametrize("shape", [(8, 12), (8, 12, 3, 3)])
def test_blocks_of_largest_sums_are_kept_whole(shape):
    scores, mask = kept("block4x3", shape, 0.25)
    window = shape[2:]
    blocks = scores.reshape(2, 4, 4, 3, *window)
    sums, found = blocks.sum((1, 3)), mask.reshape(2, 4, 4, 3, *window)
    assert (found.all((1, 3)) == found.any((1, 3))).all()
    assert mask.sum() == mask.size / 4
    assert sums[found.all((1, 3))].min() > sums[~found.any((1, 3))].max()


@pytest.mark.parametrize("scope", ["2:4", "block4x4"])
def test_ties_are_broken_at_random_and_everything_fits(scope):
    _, mask = kept(scope, (64, 64), ties=True)
    assert mask.sum() == mask.size / 2
    assert 0.3 < mask[:, :32].mean() < 0.7
    assert (mask[:, 0::4].mean() < 0.8) or scope != "2:4"
    _, dense = kept(scope, (6, 10), 1.0)
    assert dense.all()


def test_only_candidates_are_kept():
    candidates = jnp.ones((4, 8), bool).at[:, :3].set(False)
    _, mask = kept("2:4", (4, 8), candidates=candidates)
    assert not mask[:, :3].any()
    assert (mask[:, 4:].sum(1) == 2).all()


def reasons(pruner, density, architecture="mlp[sizes=[16,12]]", schedule="oneshot"):
    asked = {"tasks": ["digits"], "pruners": [pruner], "networks": 2,
             "architectures": [architecture], "schedules": [f"{schedule}[density={density}]"]
             }  # fmt: skip
    (trial,) = plan(checked(asked, source="test"), load([])).trials
    return trial.reason_to_skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pruner", "density", "architecture", "reason"),
    [
        ("magnitude[scope=2:4]", 0.5, "mlp[sizes=[16,12]]", None),
        ("snip[scope=block2x4]", 0.25, "mlp[sizes=[16,16]]", None),
        ("magnitude[scope=2:4]", 0.3, "mlp[sizes=[16,12]]",
         r"'magnitude' with scope=2:4 cannot give density 0\.3 at level 1: .* density 0\.5"),
        ("magnitude[scope=2:4]", 0.5, "cnn[channels=[4]]", r"the pattern gives density 0\.5266"),
        ("magnitude[scope=block4x4]", 0.25, "mlp[sizes=[16,16]]",
         r"'layers.2.weight' has 10 x 16 weights: no whole number of blocks"),
        ("magnitude[scope=block2x4]", 0.3, "mlp[sizes=[16,16]]", "no multiple of 8"),
        ("magnitude[scope=2:4]", 0.5, "mlp[sizes=[16],prune_biases=true]", "'layers.0.bias' is no"),
        ("gmp[scope=2:4]", 0.5, "mlp[sizes=[16,12]]", "between levels"),
    ],
)  # fmt: skip
def test_densities_that_a_pattern_cannot_give_are_refused(pruner, density, architecture, reason):
    found = reasons(pruner, density, architecture)
    if reason is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(reason, found), found


def test_the_density_in_the_reason_is_the_one_that_fits():
    cnn = "cnn[channels=[4]]"
    density = reasons("magnitude[scope=2:4]", 0.5, cnn).rsplit(" ", 1)[1]
    assert reasons("magnitude[scope=2:4]", density, cnn) is None


@pytest.mark.parametrize("scope", ["4:2", "0:4", "block0x4", "blocks", "2/4"])
def test_other_scopes_are_refused_with_what_would_be_right(scope):
    with pytest.raises(UserError, match="N:M with N < M, such as 2:4"):
        reasons(f"magnitude[scope={scope}]", 0.5)


@pytest.mark.slow
def test_a_run_keeps_the_pattern(tmp_path):
    run = harness.run(
        "digits", ["magnitude[scope=2:4]", "wanda[scope=1:2]"], architecture="mlp[sizes=[16,12]]",
        schedule="oneshot[density=0.5,steps=20]", metric="performance", networks=2,
        out=tmp_path / "run",
    )  # fmt: skip
    assert set(run.trials()["status"]) == {"done"}
    for key in run.trials()["trial"]:
        for mask in run.masks(key, 1).values():
            groups = np.asarray(mask)[..., : mask.shape[-1] // 4 * 4]
            pairs = groups.reshape(*groups.shape[:-1], -1, 4).sum(-1)
            assert (pairs == 2).all()


def test_a_pattern_is_not_inverted():
    with pytest.raises(UserError, match="of another density"):
        reasons('inverted[of="magnitude[scope=2:4]"]', 0.5)

"""Checkpoints: the whole state of an ensemble, bit for bit, or a named damage."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from harness.errors import CannotWriteError
from harness.execution import checkpoint
from harness.files import DamagedFileError
from harness.testing import tiny_model
from harness.training.state import Ensemble

WIDTH = 3


def made(seed=0, *, pruner=None, rewind=True):
    draws = np.random.default_rng(seed)
    network = jax.vmap(lambda key: tiny_model().network(key=key))(
        jax.random.split(jax.random.key(seed), WIDTH)
    )
    state = pruner or {
        "key": jax.random.split(jax.random.key(seed + 7), WIDTH),
        "count": jnp.arange(WIDTH, dtype=jnp.uint32),
        "nothing": (),
        "odd": jnp.asarray(draws.normal(size=(WIDTH, 1, 0, 5)), jnp.float32),
        "flags": jnp.asarray(draws.random((WIDTH, 3)) < 0.5),
    }
    return Ensemble(
        network=network,
        masks={"first": jnp.asarray(draws.random((WIDTH, 12, 5)) < 0.1)},
        optimizer=jax.vmap(optax.adam(1e-2).init)(network),
        pruner=state,
        gathered=(),
        gathered_steps=jnp.full(WIDTH, seed, jnp.int32),
        rewind_point=network if rewind else None,
        rewind_counts={"count": jnp.full(WIDTH, 7)} if rewind else None,
        active=jnp.asarray([True, False, True]),
        inexact=jnp.asarray([False, False, True]),
    )


def plain(leaf):
    return np.asarray(
        jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
    )


HISTORY = {
    "curve": np.array([[0.5, np.nan, 1.0]], np.float32),
    "checks": np.zeros((0, WIDTH), np.float32),
    "curve_steps": np.array([100]),
}


@pytest.mark.parametrize("rewind", [True, False])
def test_a_checkpoint_round_trips_with_keys_in_the_state_of_the_pruner(tmp_path, rewind):
    state = made(3, rewind=rewind)
    path = tmp_path / "checkpoint"
    checkpoint.save(path, state, HISTORY, {"level": 2, "step": 40})
    found, history, facts = checkpoint.load(path, made(9, rewind=rewind))
    assert facts == {"level": 2, "step": 40}
    for name, values in HISTORY.items():
        np.testing.assert_array_equal(history[name], values, strict=True)
    assert jax.tree.structure(found) == jax.tree.structure(state)
    for restored, saved in zip(jax.tree.leaves(found), jax.tree.leaves(state), strict=True):
        assert restored.dtype == saved.dtype
        np.testing.assert_array_equal(plain(restored), plain(saved), strict=True)
    draw = jax.vmap(lambda key: jax.random.normal(key, (4,)))
    np.testing.assert_array_equal(draw(found.pruner["key"]), draw(state.pruner["key"]))


def test_a_checkpoint_of_another_trial_is_refused(tmp_path):
    path = tmp_path / "checkpoint"
    checkpoint.save(path, made(), HISTORY, {})
    others = {
        "another shape": made()._replace(active=jnp.ones(WIDTH + 1, bool)),
        "another type": made()._replace(gathered_steps=jnp.zeros(WIDTH, jnp.float32)),
        "more leaves": made(pruner={str(place): jnp.zeros(WIDTH) for place in range(40)}),
    }
    for like in others.values():
        with pytest.raises(DamagedFileError, match="checkpoint"):
            checkpoint.load(path, like)


def test_a_checkpoint_with_more_in_it_than_the_trial_has_is_refused(tmp_path):
    path = tmp_path / "checkpoint"
    checkpoint.save(path, made(rewind=True), HISTORY, {})
    with pytest.raises(DamagedFileError, match="checkpoint"):
        checkpoint.load(path, made(rewind=False, pruner=()))


def test_half_a_checkpoint_and_none_are_damage(tmp_path):
    path = tmp_path / "checkpoint"
    with pytest.raises(DamagedFileError, match="checkpoint"):
        checkpoint.load(path, made())
    checkpoint.save(path, made(), HISTORY, {})
    whole = path.read_bytes()
    for length in (0, 5, 300, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError, match="checkpoint"):
            checkpoint.load(path, made())


def test_a_flipped_byte_in_a_checkpoint_is_noticed(tmp_path):
    # Training from a damaged weight would give a wrong result that nothing shows.
    path = tmp_path / "checkpoint"
    checkpoint.save(path, made(), HISTORY, {"level": 0, "step": 100})
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(len(whole) // 2, len(whole), 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(DamagedFileError, match="checkpoint"):
            checkpoint.load(path, made())


def test_a_checkpoint_in_the_background_holds_the_state_as_it_was(tmp_path):
    state = {"weight": np.arange(6.0, dtype=np.float32)}
    saver = checkpoint.Saver(path := tmp_path / "checkpoint.safetensors")
    saver.save(state, {}, {"step": 1})
    state["weight"][:] = -1
    saver.save(state, {}, {"step": 2})
    saver.close()
    read, _, facts = checkpoint.load(path, state)
    assert facts == {"step": 2}
    assert (np.asarray(read["weight"]) == -1).all()


def test_a_checkpoint_that_cannot_be_written_is_reported_by_the_next_call(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    saver = checkpoint.Saver(tmp_path / "file" / "checkpoint.safetensors")
    saver.save({"weight": np.zeros(1, np.float32)}, {}, {})
    with pytest.raises(CannotWriteError):
        saver.wait()
    saver.close()

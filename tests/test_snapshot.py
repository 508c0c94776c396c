"""Levels on disk: packed masks, kept weights, figures."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness import files
from harness.files import DamagedFileError
from harness.results import snapshot
from harness.results.snapshot import Snapshot

SHAPES = {
    "layers.0.weight": (3, 5),
    "kernel": (2, 3, 1, 7),
    "one": (1,),
    "row": (9,),
    "none": (0, 4),
}
NETWORKS = 3


def made(density, *, weights=True, seed=0):
    draws = np.random.default_rng(seed)
    masks = {n: draws.random((NETWORKS, *shape)) < density for n, shape in SHAPES.items()}
    leaves = {
        name: np.where(mask, draws.normal(size=mask.shape), 0).astype(np.float32)
        for name, mask in masks.items()
    }
    leaves["bias"] = draws.normal(size=(NETWORKS, 4)).astype(np.float32)
    return Snapshot(
        masks=masks,
        weights=leaves if weights else None,
        figures={
            "train_loss": np.array([0.5, np.nan, np.inf], np.float32),
            "diverged": np.array([False, True, True]),
            "steps": np.array([10, 20, 30]),
        },
        curve=draws.normal(size=(4, NETWORKS)).astype(np.float32),
        curve_steps=np.array([100, 200, 300, 350]),
        facts={"density": density},
    )


def assert_same(one, other):
    assert set(one) == set(other)
    for name, array in one.items():
        assert other[name].dtype == array.dtype
        np.testing.assert_array_equal(other[name], array, strict=True)


@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 1.0])
def test_levels_round_trip(tmp_path, density):
    kept = made(density)
    checksum = snapshot.save(tmp_path / "level", kept)
    assert checksum == files.digest(tmp_path / "level")
    found = snapshot.load(tmp_path / "level")
    for field in ("masks", "weights", "figures"):
        assert_same(getattr(kept, field), getattr(found, field))
    np.testing.assert_array_equal(found.curve, kept.curve, strict=True)
    np.testing.assert_array_equal(found.curve_steps, kept.curve_steps, strict=True)
    assert found.facts == {"density": density}


def test_a_level_can_be_kept_and_read_without_weights(tmp_path):
    snapshot.save(tmp_path / "bare", made(0.5, weights=False))
    assert snapshot.load(tmp_path / "bare").weights is None
    snapshot.save(tmp_path / "full", made(0.5))
    found = snapshot.load(tmp_path / "full", weights=False)
    assert found.weights is None
    assert_same(found.masks, made(0.5).masks)


def test_masks_take_a_bit_an_entry_and_pruned_weights_none(tmp_path):
    masks = {"w": np.zeros((2, 100, 80), bool)}
    masks["w"][:, :5] = True
    weights = {"w": masks["w"].astype(np.float32)}
    curve, steps = np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
    kept = Snapshot(masks, weights, {}, curve, steps, {})
    snapshot.save(tmp_path / "level", kept)
    arrays, _ = files.read_arrays(tmp_path / "level")
    assert arrays["masks/w"].nbytes == 2 * 1000
    assert arrays["weights/w"].nbytes == 2 * 5 * 80 * 4


def test_the_weights_of_an_empty_network_come_back_as_zeros(tmp_path):
    snapshot.save(tmp_path / "level", made(0.0))
    for name, leaf in snapshot.load(tmp_path / "level").weights.items():
        assert leaf.any() == (name == "bias")


def test_a_file_of_another_format_is_refused(tmp_path):
    files.write_arrays(tmp_path / "level", {}, {"format": 99})
    with pytest.raises(DamagedFileError, match=r"level.* has format 99"):
        snapshot.load(tmp_path / "level")
    with pytest.raises(DamagedFileError, match="missing"):
        snapshot.load(tmp_path / "missing")


@pytest.mark.parametrize(
    "metadata",
    [
        '["format"]',
        '"format"',
        "1",
        "null",
        '{"format": 1}',
        '{"format": 1, "shapes": 3, "facts": {}}',
        '{"format": 1, "shapes": {"w": [3]}, "facts": {}}',
        '{"format": 1, "shapes": {}}',
        "nothing",
    ],
)
def test_a_file_that_is_no_level_is_damaged_not_an_accident(tmp_path, metadata):
    save_file({"other": np.zeros((1, 1))}, tmp_path / "level", {"harness": metadata})
    with pytest.raises(DamagedFileError, match="level"):
        snapshot.load(tmp_path / "level")


def test_no_flipped_byte_gives_another_level(tmp_path):
    path = tmp_path / "level"
    masks = {"w": np.array([[True, False, True]])}
    weights = {"w": np.array([[1.0, 0.0, 2.0]], np.float32)}
    curve, steps = np.ones((1, 1), np.float32), np.array([100])
    snapshot.save(path, Snapshot(masks, weights, {}, curve, steps, {"density": 0.5}))
    whole = path.read_bytes()
    silent = []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
        try:
            snapshot.load(path)
        except DamagedFileError:
            continue
        silent.append(place)
    assert not silent, f"{len(silent)} of {len(whole)} flipped bytes went unnoticed: {silent[:20]}"

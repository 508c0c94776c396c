"""Pictures of masks against the masks themselves."""

import base64
import struct
import zlib

import numpy as np
import pandas as pd
import pytest

from harness.errors import UserError
from harness.report import collect
from harness.report.sections import mask_pictures, wiring

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def run(fake_run):
    return fake_run(conditions=TWO)


def test_masks_that_cannot_be_read_are_passed_over(run):
    def unreadable(trial, level):
        raise UserError("gone")

    run.masks = unreadable
    data = collect([run])
    assert wiring.degrees(data, 0.07).empty
    assert mask_pictures.pictures(data, 0.07).empty


def decoded(address):
    """The palette indices and opacities of a PNG."""
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        assert struct.unpack(">I", content[at + 8 + size : at + 12 + size])[0] == zlib.crc32(
            kind + body
        )
        chunks[kind] = body
        at += 12 + size
    width, height, bits = struct.unpack(">IIB", chunks[b"IHDR"][:9])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    spread = np.unpackbits(rows[:, 1:], axis=1)[:, : width * bits].reshape(height, width, bits)
    return spread @ (1 << np.arange(bits)[::-1]), list(chunks[b"tRNS"])


def test_small_masks_are_pictures_of_their_entries():
    matrix = np.random.default_rng(0).random((120, 103)) < 0.3
    indices, opacity = decoded(mask_pictures.png(matrix))
    np.testing.assert_array_equal(indices, matrix)
    assert opacity == [0, 255]
    enlarged, _ = decoded(mask_pictures.png(matrix[:5]))
    np.testing.assert_array_equal(enlarged[::20], matrix[:5])


def test_large_masks_are_pictures_of_block_means():
    matrix = np.random.default_rng(0).random((1100, 700)) < np.linspace(0, 1, 700)
    indices, opacity = decoded(mask_pictures.png(matrix))
    assert indices.shape == (367, 350)
    assert indices[5, 100] == round(15 * matrix[15:18, 200:202].mean())
    assert indices[366, 200] == round(15 * matrix[1098:, 400:402].mean())
    assert opacity[0] == 0
    assert opacity[15] == 255


def test_hidden_units_are_sorted_by_degree_and_stay_the_same_units():
    rng = np.random.default_rng(1)
    first, second = rng.random((6, 3)) < 0.5, rng.random((2, 6)) < 0.5
    arranged = mask_pictures.arranged({"first": first, "second": second})
    degree = arranged["first"].sum(axis=1) + arranged["second"].sum(axis=0)
    assert (np.diff(degree) <= 0).all()
    before = second.astype(int) @ first.astype(int)
    after = arranged["second"].astype(int) @ arranged["first"].astype(int)
    np.testing.assert_array_equal(before, after)


def test_pictures_are_of_one_network_that_all_conditions_have(run):
    gone = {"c0": 0, "c1": 1}
    run.edit("levels", lambda table: table[table["trial"].map(gone) != table["network"]])
    table = mask_pictures.pictures(collect([run]), 0.07)
    assert set(table["network"]) == {2}
    assert {0.07, 0.02, 0.15} <= set(table["density"])
    row = table.query("condition == 'random' and leaf == 'layers.4.weight' and density == 0.07")
    assert row["kept"].iloc[0] == run.masks("c1", 8)["layers.4.weight"][2].sum()
    assert table["image"].str.len().sum() <= mask_pictures.MOST_BYTES


def test_levels_that_do_not_fit_are_left_out(run, monkeypatch):
    monkeypatch.setattr(mask_pictures, "MOST_BYTES", 90_000)
    table = mask_pictures.pictures(collect([run]), 0.07)
    assert 0.07 in set(table["density"])
    assert 0.5 not in set(table["density"])
    assert isinstance(table, pd.DataFrame)


def test_pictures_of_many_conditions_are_of_the_first_six(fake_run):
    names = tuple(("moth", f"p{number}") for number in range(8))
    data = collect([fake_run(conditions=names, networks=2, densities=(1.0, 0.07))])
    table = mask_pictures.pictures(data, 0.07)
    assert set(table["condition"]) == {f"p{number}" for number in range(6)}

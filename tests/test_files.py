"""Files that are whole or absent, and noticed when damaged."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import UserError, cache, files
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.files import DamagedFileError
from harness.plugin.parameters import parse

ARRAYS = {
    "scalar": np.array(2.5, np.float32),
    "empty": np.zeros((0, 3), np.float32),
    "turned": np.arange(12, dtype=np.int64).reshape(3, 4).T,
    "bits": np.array([True, False, True]),
    "odd": np.arange(30, dtype=np.uint8).reshape(5, 1, 2, 3)[::2],
}


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_arrays_and_metadata_round_trip(tmp_path):
    metadata = {"name": "ünder <script>", "numbers": [1, 2.5, None], "nested": {"a": True}}
    path = tmp_path / "new" / "folders" / "arrays.safetensors"
    checksum = files.write_arrays(path, ARRAYS, metadata)
    assert checksum == files.digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    arrays, told = files.read_arrays(path)
    assert told == metadata
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_json_and_tables_round_trip(tmp_path):
    value = {"text": 'é\n"', "list": [1, 2.5, None, True]}
    files.write_json(tmp_path / "value.json", value)
    assert files.read_json(tmp_path / "value.json") == value
    table = pd.DataFrame({"level": [0, 1], "loss": [0.5, np.nan], "name": ["a", "<b>"]})
    checksum = files.write_table(tmp_path / "table.parquet", table)
    assert checksum == files.digest(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), table)


def test_writing_replaces_what_was_there_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "file"
    files.write(path, b"long old content")
    files.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def fail(*arguments, **named):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace"), (Path, "chmod")])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failure_in_the_middle_leaves_the_old_file_and_no_litter(
    tmp_path, monkeypatch, owner, name, old
):
    path = tmp_path / "file"
    if old is not None:
        files.write(path, old)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        with pytest.raises(OSError, match="No space left"):
            files.write(path, b"new")
    assert names(tmp_path) == (["file"] if old is not None else [])
    if old is not None:
        assert path.read_bytes() == old


def test_content_is_synced_before_the_name_is_given_to_it(tmp_path, monkeypatch):
    order = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("sync"), sync(handle)))
    monkeypatch.setattr(
        Path, "replace", lambda path, target: (order.append("rename"), replace(path, target))[1]
    )
    files.write(tmp_path / "file", b"content")
    assert order[:2] == ["sync", "rename"]


def test_what_cannot_be_read_is_a_damaged_file_and_named(tmp_path):
    good = tmp_path / "good.safetensors"
    files.write_arrays(good, ARRAYS, {})
    whole = good.read_bytes()
    for number, content in enumerate((b"", b"x", whole[:7], whole[:100], whole[:-1], whole + b"x")):
        path = tmp_path / f"{number}.safetensors"
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=path.name):
            files.read_arrays(path)
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(DamagedFileError, match=path.name):
            files.read_arrays(path)
        with pytest.raises(DamagedFileError, match=path.name):
            files.read_json(path)
    (tmp_path / "half.json").write_bytes(b'{"a": 1, "b"')
    (tmp_path / "not-utf8.json").write_bytes(b'{"a": "\xff\xfe"}')
    for name in ("half.json", "not-utf8.json"):
        with pytest.raises(DamagedFileError, match=name):
            files.read_json(tmp_path / name)


def test_a_safetensors_file_of_someone_else_is_no_file_of_ours(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(DamagedFileError, match="foreign"):
        files.read_arrays(tmp_path / "foreign.safetensors")


def test_any_flipped_byte_of_a_file_of_arrays_is_noticed(tmp_path):
    path = tmp_path / "arrays.safetensors"
    files.write_arrays(path, {"weight": np.arange(6, dtype=np.float32)}, {"step": 7})
    whole = path.read_bytes()
    silent = []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
        try:
            files.read_arrays(path)
        except DamagedFileError:
            continue
        silent.append(place)
    assert not silent, f"{len(silent)} of {len(whole)} flipped bytes went unnoticed: {silent[:20]}"


def test_a_fingerprint_knows_values_not_the_order_of_keys():
    one = files.fingerprint({"a": 1, "b": [1, 2], "c": {"x": None, "y": "é"}})
    assert one == files.fingerprint({"c": {"y": "é", "x": None}, "b": [1, 2], "a": 1})
    assert len(one) == 16
    others = [
        {"a": 1},
        {"a": "1"},
        {"a": 1.5},
        {"a": [1]},
        {"a": [2, 1]},
        {"a": [1, 2]},
        [["a", 1]],
    ]
    assert len({files.fingerprint(value) for value in others}) == len(others)


DEEP = "[" * 200_000


def test_text_nested_too_deep_is_refused(tmp_path):
    for name, read in (("a.json", files.read_json), ("a.toml", files.read_toml)):
        path = tmp_path / name
        start = "a = " if name == "a.toml" else ""
        for text in (DEEP + "]" * 200_000, DEEP, "[" * 150 + "1" + "]" * 150, "9" * 5_000):
            path.write_text(start + text)
            with pytest.raises(files.DamagedFileError, match=name):
                read(path)
        path.write_text(start + "[" * 50 + "1" + "]" * 50)
        read(path)
    with pytest.raises(UserError, match="cannot be read: it is nested over 100 deep"):
        parse(f"magnitude[scope={DEEP}{']' * 200_000}]")


def test_links_and_pipes_are_not_read(tmp_path):
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("link", "pipe"):
        path = tmp_path / f"{name}.json"
        for read in (files.read_json, files.read_toml, files.read_arrays, files.read_table):
            with pytest.raises(files.DamagedFileError, match=name):
                read(path)
        assert not files.intact(path, files.digest(tmp_path / "real.json"))


def test_a_lone_surrogate_is_written_and_read_back(tmp_path):
    files.write_json(tmp_path / "a.json", {"text": "a \ud800"})
    assert files.read_json(tmp_path / "a.json") == {"text": "a \ud800"}


def test_the_home_of_an_unknown_user_is_an_error(monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", "~nosuchuser/x")
    with pytest.raises(UserError, match="home of an unknown user"):
        cache.folder()


def test_experiments_and_grids_beyond_all_measure_are_refused(registry):
    with pytest.raises(UserError, match="means 1,000,000 plugins, over 100,000"):
        parse("magnitude[" + ", ".join(f"p{n}={'|'.join('0123456789')}" for n in range(6)) + "]")
    fields = {"tasks": ["digits"], "pruners": ["random"], "block_width": 1, "networks": 1_000_000}
    asked = checked({**fields, "data_seeds": [*range(300)]}, source="test")
    with pytest.raises(UserError, match="has 300,000,000 trials, over 1,000,000"):
        plan(asked, registry)

"""The cache of costly arrays."""

import subprocess
import sys

import numpy as np
import pytest

from harness import cache

ARRAYS = {"numbers": np.arange(6.0).reshape(2, 3).T, "yes": np.array([True, False])}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))


class Maker:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return ARRAYS, {"failed": 3}


def test_made_once_then_read_back_the_same():
    make, told = Maker(), []
    first = cache.load_or_make("data", {"seed": 1}, make, report=told.append)
    second = cache.load_or_make("data", {"seed": 1}, make, report=told.append)
    assert make.calls == 1
    assert first.notes == second.notes == {"failed": 3}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(first.arrays[name], array)
        np.testing.assert_array_equal(second.arrays[name], array)
        assert second.arrays[name].dtype == array.dtype
    assert ["being made" in words for words in told] == [True, False]


def test_other_determinants_and_names_are_other_entries():
    make = Maker()
    for name, seed in (("data", 1), ("data", 2), ("more", 1)):
        cache.load_or_make(name, {"seed": seed}, make)
    assert make.calls == 3
    found = cache.entries()
    assert [entry.name for entry in found] == ["data", "data", "more"]
    assert {entry.determinants["seed"] for entry in found} == {1, 2}
    assert all(entry.bytes == entry.path.stat().st_size > 0 for entry in found)


def test_the_order_of_determinants_does_not_matter():
    make = Maker()
    cache.load_or_make("data", {"a": 1, "b": 2}, make)
    cache.load_or_make("data", {"b": 2, "a": 1}, make)
    assert make.calls == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "record"])
def test_damage_is_noticed_and_mended(damage):
    make = Maker()
    cache.load_or_make("data", {}, make)
    path = cache.entries()[0].path
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-1] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[:-5])
    elif damage == "gone":
        path.unlink()
    else:
        path.with_suffix(".json").write_text("{")
    with pytest.warns(UserWarning, match="damaged"):
        again = cache.load_or_make("data", {}, make)
    assert make.calls == 2
    np.testing.assert_array_equal(again.arrays["yes"], ARRAYS["yes"])
    cache.load_or_make("data", {}, make)
    assert make.calls == 2


def test_a_folder_that_cannot_be_written_only_warns(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))
    make = Maker()
    with pytest.warns(UserWarning, match="HARNESS_CACHE"):
        made = cache.load_or_make("data", {}, make)
    assert made.notes == {"failed": 3}
    assert cache.entries() == []
    assert cache.clear() == 0


def test_a_full_disk_only_warns_and_leaves_nothing(monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.files.write_arrays", full)
    with pytest.warns(UserWarning, match="No space left"):
        made = cache.load_or_make("data", {}, Maker())
    np.testing.assert_array_equal(made.arrays["yes"], ARRAYS["yes"])
    assert cache.entries() == []


def test_an_error_of_the_maker_is_its_own():
    def broken():
        raise OSError("the maker's own")

    with pytest.raises(OSError, match="the maker's own"):
        cache.load_or_make("data", {}, broken)
    assert cache.load_or_make("data", {}, Maker()).notes == {"failed": 3}


def test_names_cannot_leave_the_folder():
    with pytest.raises(ValueError, match="letters"):
        cache.load_or_make("../data", {}, Maker())


def test_clear_frees_entries_and_leaves_other_files(tmp_path):
    cache.load_or_make("data", {"seed": 1}, Maker())
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    half = cache.folder() / ".data-1.safetensors.abc.part"
    half.write_bytes(b"x" * 100)
    used = sum(path.stat().st_size for path in cache.folder().iterdir() if path.suffix != ".lock")
    assert cache.clear() == used > 100
    assert cache.entries() == []
    assert mine.exists()
    assert not half.exists()


ONE_OF_TWO = """
import sys, time, warnings
import numpy as np
from harness import cache

warnings.simplefilter("error")

def make():
    print("made", flush=True)
    time.sleep(1)
    return {"by": np.array([int(sys.argv[1])])}, {}

print("by", cache.load_or_make("data", {}, make).arrays["by"][0])
"""


def test_two_processes_make_it_once():
    processes = [
        subprocess.Popen([sys.executable, "-c", ONE_OF_TWO, str(number)], stdout=subprocess.PIPE)
        for number in range(2)
    ]
    said = [process.communicate(timeout=50)[0].decode().split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum("made" in words for words in said) == 1
    assert said[0][-1] == said[1][-1]
    assert len(cache.entries()) == 1

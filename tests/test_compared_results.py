"""What got worse between two files of benchmark results."""

import pytest
from harness_benchmarks import compare

OLD = """# Results
## Motifs
| what | figure | beside | how |
|---|---|---|---|
| counts | 2.178 ms a network |  | median of 5 |
| rival: igraph | 4,135 s | 1.9e+03 x the time | once |
| floor's share | 80 % |  |  |
| of a GPU | not measured |  | none |
"""


def found(tmp_path, capsys, monkeypatch, new):
    paths = tmp_path / "old.md", tmp_path / "new.md"
    for path, text in zip(paths, (OLD, new), strict=True):
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["compare", *map(str, paths)])
    with pytest.raises(SystemExit) as end:
        compare.main()
    return bool(end.value.code), capsys.readouterr().out


def test_times_and_ratios_are_read(tmp_path):
    rows = compare.figures(OLD)
    assert rows["Motifs", "counts"].value == 2.178
    assert rows["Motifs", "rival: igraph"].value == 1900
    assert len(rows) == 2, "a share has no worse side, and nothing was measured of the last"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("2.178 ms", "2.5 ms"), "Motifs: counts: 2.178 → 2.5 ms a network"),
        (("1.9e+03 x", "950 x"), "Motifs: rival: igraph: 1900 → 950 x the time"),
    ],
    ids=["a time that grew", "a ratio that shrank"],
)
def test_what_is_worse_is_printed(tmp_path, capsys, monkeypatch, change, says):
    worse, out = found(tmp_path, capsys, monkeypatch, OLD.replace(*change))
    assert worse
    assert out.splitlines() == [says, "2 figures compared, 0 not."]


@pytest.mark.parametrize(
    "change", [("2.178 ms", "2.3 ms"), ("2.178 ms", "1 ms"), ("4,135 s", "9,999 s"), ("80", "8")]
)
def test_what_is_not_worse_is_not(tmp_path, capsys, monkeypatch, change):
    worse, out = found(tmp_path, capsys, monkeypatch, OLD.replace(*change))
    assert not worse
    assert "Nothing is worse by more than 10%" in out

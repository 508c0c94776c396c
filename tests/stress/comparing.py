"""Whether two run folders hold the same: file by file, or table by table."""

import pandas as pd

from harness import open_run


def files_of(folder):
    """Every file below a folder, with its time and content."""
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def trials_of(folder):
    """The folders of the trials, in the order of their networks."""
    return [folder / "trials" / key for key in open_run(folder).trials()["trial"]]


def results(folder):
    """All tables but what a run took."""
    opened = open_run(folder)
    return {
        name: opened.table(name) for name in opened.tables() if name not in ("timings", "memory")
    }


def assert_same_results(one, other):
    first, second = results(one), results(other)
    assert set(first) == set(second)
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name], check_exact=True)
        assert not table.empty

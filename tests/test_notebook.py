"""The notebook of the documentation: its cells run, and what its text says is so."""

import ast
import json
from pathlib import Path

import altair as alt
import numpy as np
import pytest

FILE = Path(__file__).parent.parent / "docs" / "first-run.ipynb"
NOTEBOOK = json.loads(FILE.read_text(encoding="utf-8"))


def results(cells, names):
    """Run cells as a notebook does, and yield the value of each one's last expression."""
    for cell in cells:
        *body, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(body, []), cell["id"], "exec"), names)
        yield eval(compile(ast.Expression(last.value), cell["id"], "eval"), names)


@pytest.mark.slow
def test_the_cells_run_and_show_what_the_text_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    run, table, chart, layered, degree = results(cells, names)
    assert "<td>4</td>" in run._repr_html_()
    assert (tmp_path / "first-run" / "report" / "charts" / "motif_z_heatmap.svg").is_file()
    assert set(table["count"]) == {4}
    assert len(table) == 13
    assert isinstance(chart, alt.TopLevelMixin)
    assert layered.loc["diverge2", "z"] > 5
    assert np.isnan(degree.loc["diverge2", "z"])
    assert abs(degree.loc["bifan", "z"]) < 3


def test_the_notebook_is_kept_without_output_and_linked():
    for cell in NOTEBOOK["cells"]:
        assert cell["cell_type"] == "markdown" or not cell["outputs"]
    assert len({cell["id"] for cell in NOTEBOOK["cells"]}) == len(NOTEBOOK["cells"])
    assert "first-run.ipynb>" in (FILE.parent / "tutorial.md").read_text(encoding="utf-8")

"""What README.md, plugins/README.md and the pages that it leads to show works as it stands."""

import re
from pathlib import Path

import pytest

from harness import testing
from harness.plugin import loading

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PLUGINS = (ROOT / "plugins" / "README.md").read_text("utf-8")
PRUNER, START, ARCHITECTURE = (
    (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    for page in ("howto/pruner", "start", "architecture")
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "name", "lines"), [(PRUNER, "my_pruner.py", 20), (PLUGINS, "my_architecture.py", 15)]
)
def test_a_plugin_in_a_few_lines_keeps_the_contract(page, name, lines, tmp_path):
    blocks = re.findall(rf"```python\n# {name}\n(.*?)```", page, re.DOTALL)
    assert [len([line for line in block.splitlines() if line]) <= lines for block in blocks] == [
        True
    ]
    file = tmp_path / name
    file.write_text(blocks[0])
    findings = list(testing.check(str(file), loading.load([file])))
    assert findings
    assert [finding.advice for finding in findings if not finding.passed] == []


def test_the_readme_is_read_in_a_minute_or_two():
    assert len(README.split()) <= 500
    assert len(README.splitlines()) <= 65


def test_the_architecture_page_is_a_picture_and_at_most_twenty_lines():
    title, text = ARCHITECTURE.split("\n", 1)
    assert title == "# Architecture"
    (picture,) = re.findall(r"```.*?```", text, re.DOTALL)
    assert len([line for line in text.replace(picture, "").splitlines() if line]) <= 20
    named = {*re.findall(r"[a-z_]+(?:/[a-z_]+)*\.py", text)}
    assert named
    homes = (ROOT / "harness", ROOT)
    assert [one for one in named if not any((home / one).exists() for home in homes)] == []


def test_ci_runs_the_test_line_of_the_readme():
    lines = [line for line in README.splitlines() if ".venv/bin/pytest" in line]
    assert lines[0].strip().startswith("python3 -m venv .venv && ")
    assert "grep -m1 -F '.venv/bin/pytest' README.md" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_documentation_starts_with_the_two_lines_of_the_readme():
    lines = [line for line in README.splitlines() if line.startswith("    python3 -m venv")]
    assert len(lines) == 2
    assert [line for line in START.splitlines() if line.startswith("    python3 -m venv")] == lines


def test_every_link_to_a_file_leads_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []

"""What the README shows works as it stands there."""

import re
from pathlib import Path

from harness import testing
from harness.plugin import loading

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_pruner_in_twenty_lines_keeps_the_contract(tmp_path):
    code = next(
        block
        for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        if "@hookimpl" in block
    )
    file = tmp_path / "my_pruner.py"
    file.write_text(code)
    findings = list(testing.check(str(file), loading.load([file])))
    assert findings
    assert [finding.advice for finding in findings if not finding.passed] == []


def test_ci_runs_the_test_line_of_the_readme():
    lines = [line for line in README.splitlines() if ".venv/bin/pytest" in line]
    assert lines[0].strip().startswith("python3 -m venv .venv && ")
    assert "grep -m1 -F '.venv/bin/pytest' README.md" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_link_to_a_file_leads_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []

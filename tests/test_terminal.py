"""What the terminal shows while a run works: plain lines, or bars that fit."""

import io
import re

import pytest
from rich.console import Console

from harness import cache, progress
from harness.cli import terminal


@pytest.fixture
def heard():
    """Updates of a long run, as plain lines."""

    def lines(*updates):
        on = Console(file=io.StringIO(), width=80)
        with terminal.showing_progress(quiet=False, on=on):
            for activity, done, total, facts in updates:
                progress.update(activity, done, total, **facts)
        return on.file.getvalue().splitlines()

    return lines


def test_an_activity_without_parts_is_one_line(heard):
    once = [("compiling, once", done, 1, {}) for done in (0, 1, 0, 1)]
    measuring = [("measuring", n, 1, {"metric": name}) for name in "ab" for n in (0, 1)]
    assert heard(*once, *measuring, ("trials", 1, 1, {})) == [
        "compiling, once",
        "measuring: a",
        "measuring: b",
    ]


def test_what_is_kept_says_how_much_once(heard, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    updates = []

    def made():
        progress.update("simulating flights", 0, 200_000)
        return {}, {}

    with progress.listening(updates.append):
        cache.load_or_make("flights", {}, made)
        cache.load_or_make("flights", {}, made)
    (update,) = updates
    parts = (update.activity, update.done, update.total, update.facts)
    assert heard(parts) == ["simulating 200,000 flights, once: 0%"]
    assert heard((*parts[:3], {})) == ["simulating flights: 0%"]


def lines_of(on):
    """All lines drawn so far, without codes of the terminal."""
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", on.file.getvalue())
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "\r", drawn)
    return [line.rstrip() for line in re.split(r"[\r\n]+", drawn) if line.strip()]


def test_bars_fit_eighty_columns():
    on = Console(file=io.StringIO(), width=80, force_terminal=True)
    facts = {"level": 17, "levels": 18, "sparsity": 0.98, "loss": 1e-3, "trial": 7, "trials": 12}
    with terminal.showing_progress(quiet=False, on=on):
        progress.update("compiling, once", 0, 1)
        progress.update("compiling, once", 1, 1)
        with progress.within(once=True):
            progress.update("simulating flights", 100_000, 200_000)
        middle = lines_of(on)
        with progress.within(once=True):
            progress.update("simulating flights", 200_000, 200_000)
        progress.update("training", 5, 10, pruner="magnitude[scope=[x]]" * 4, **facts)
    shown = lines_of(on)
    assert all(len(line) <= 80 for line in shown)
    assert any("simulating 200,000 flights, once" in line for line in middle)
    assert "training" in shown[-1]
    assert "50%" in shown[-1]
    assert "level 18/18, 98\u00a0% pruned, loss 1.00e-03" in shown[-1]
    assert "flights" not in shown[-2]
    assert "compiling" not in shown[-2]


def test_only_a_terminal_waits_with_a_spinner(monkeypatch):
    for is_terminal, quiet in ((True, False), (True, True), (False, False)):
        on = Console(file=io.StringIO(), force_terminal=is_terminal)
        monkeypatch.setattr(terminal, "console", on)
        with terminal.waiting("loading", quiet=quiet):
            pass
        assert ("loading" in on.file.getvalue()) == (is_terminal and not quiet)

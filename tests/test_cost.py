"""The estimate of a dry run: arithmetic at the machine's rate, and what each step takes beside."""

from pathlib import Path

import pytest

from harness.experiment import cost
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading

FIELDS = {"tasks": ["tiny"], "pruners": ["magnitude"], "schedules": ["tiny"], "metrics": []}
PLUGINS = Path(__file__).parent / "plugins"


@pytest.mark.parametrize("width", [1, 4])
def test_small_networks_cost_their_steps(monkeypatch, width):
    registry = loading.load([PLUGINS / "small_tasks.py"])
    fields = {**FIELDS, "networks": 4, "block_width": width}
    made = plan(checked(fields, source="test"), registry)
    monkeypatch.setattr(cost, "product_rate", lambda: 1e30)
    fast = cost.cost(made)
    steps = sum(sum(trial.budgets) for trial in made.trials)
    assert fast.network_steps == width * steps
    assert fast.seconds == pytest.approx(steps * cost.STEP_SECONDS)
    monkeypatch.setattr(cost, "product_rate", lambda: 1e6)
    one = cost.cost(made).seconds - fast.seconds
    monkeypatch.setattr(cost, "product_rate", lambda: 1e5)
    assert cost.cost(made).seconds - fast.seconds == pytest.approx(10 * one)
    assert one > 0

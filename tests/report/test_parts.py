"""How numbers read on a page."""

import pandas as pd
import pytest

from harness.report.pages.writer import _conditions
from harness.tables import parts


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (14.0, "14"),
        (13.04, "13.0"),
        (-2.5, "−2.50"),
        (0.000847, "8.47e−4"),
        (12345.6, "12\u202f346"),
        (2.5e10, "2.50e10"),
        (float("nan"), "–"),
    ],
)
def test_numbers_as_shown(value, shown):
    assert parts.number(value) == shown
    assert parts.text(value) == shown


def test_conditions_are_selected_by_their_parts_and_by_their_pruner_alone():
    trials = pd.DataFrame(
        {
            "condition": ["lamp · quick", "snip · quick"],
            "pruner": ["lamp", "snip"],
            "task": "moth",
            "architecture": "",
        }
    )
    found = _conditions(trials)
    assert found["lamp · quick"] == {"task": "moth", "architecture": "", "pruner": "lamp"}
    assert found["snip"] == {"pruner": "snip"}
    assert _conditions(None) == {}

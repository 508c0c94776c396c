"""How numbers read on a page."""

import numpy as np
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
    assert parts.texts([value]) == [shown]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1e-5, 1e-4, 2e-4], ["1.00e−5", "1.00e−4", "2.00e−4"]),
        ([0.00199, 0.0037], ["0.00199", "0.00370"]),
        ([0.00012, 0.5, 0.0034], ["0.00012", "0.50000", "0.00340"]),
        ([-0.004, 1.5, 12.25, 0.0], ["0", "1.5", "12.2", "0"]),
        ([0.98, 1.0, 1.06], ["0.98", "1.00", "1.06"]),
        ([3, 14.0, 1200], ["3", "14", "1\u202f200"]),
        ([1.5, 12345.6, 2.0], ["1.5", "12\u202f345.6", "2.0"]),
        ([99.97], ["100"]),
        ([2.5, float("nan"), float("inf"), -float("inf")], ["2.50", "–", "∞", "−∞"]),
        ([1e-5, 2.5, 123456.0], ["1.00e−5", "2.50", "123\u202f456"]),
        ([], []),
    ],
)
def test_numbers_of_a_column_are_formatted_alike(values, shown):
    assert parts.numbers(values) == shown
    names = [*map(str, range(len(values)))]
    frame = pd.DataFrame({"name": names, "value": np.array(values, float)})
    columns = [parts.Column("name", "name", "text"), parts.Column("value", "value")]
    table = parts.Table("some", "", frame, columns)
    assert table.texts == [list(row) for row in zip(names, shown, strict=True)]
    assert [[text for text, *_ in row] for row in table.rows] == table.texts


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("kept", 1.0, "0\u00a0%"),
        ("kept", 0.07, "93\u00a0%"),
        ("kept", 0.07776, "92.2\u00a0%"),
        ("kept", 0.0005, "99.95\u00a0%"),
        ("kept", float("nan"), "–"),
        ("share", 0.0712, "7.12\u00a0%"),
        ("p", 0.0123, "0.012"),
        ("p", 0.00049, "< 0.001"),
        ("p", 0.001, "0.001"),
        ("text", 1.5, "1.5"),
        ("text", None, "–"),
    ],
)
def test_kinds_of_columns(kind, value, shown):
    assert parts.texts([value], kind) == [shown]


def test_what_rounds_to_zero_has_no_sign():
    assert [parts.fixed(value, 2, "+") for value in (0.004, -0.004, 0.006)] == ["0", "0", "+0.01"]
    assert parts.fixed(-0.26, 1) == "−0.3"


def test_estimates_with_their_interval():
    assert parts.with_ends(0.5, -0.0004, 1.25, head="95 % ") == "0.50 (95 % 0 to 1.25)"
    assert parts.with_ends(0.5, float("nan"), float("nan")) == "0.500"


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

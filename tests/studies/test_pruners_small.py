"""The second part of the study `pruners`, on tables made by hand."""

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _pruners_small as small
from harness_plugins.studies import _pruners_tables as tables


@pytest.mark.parametrize(
    ("ratio", "low", "high", "adjusted", "said"),
    [
        (0.5, 0.4, 0.6, 0.01, small.LESS),
        (2.0, 1.5, 2.5, 0.05, small.MORE),
        (1.01, 0.95, 1.08, 0.9, small.CLOSE),
        (1.01, 0.80, 1.30, 0.9, small.OPEN),
        (0.5, 0.4, 0.6, np.nan, small.OPEN),
    ],
)
def test_a_loss_is_judged_by_its_corrected_p_and_then_by_its_interval(
    ratio, low, high, adjusted, said
):
    row = pd.Series({"ratio": ratio, "low": low, "high": high, "adjusted": adjusted})
    assert small._loss_verdict(row) == said


def outcomes(**verdicts):
    """Outcomes of one pruner each: (outcome, value, verdict from either start)."""
    rows = [
        {"pruner": name, "outcome": outcome, "start": start, "value": value, "verdict": one}
        for name, (outcome, *pairs) in verdicts.items()
        for start, (value, one) in zip(small.STARTS, pairs, strict=True)
    ]
    return pd.DataFrame(rows)


def test_pruners_agree_where_both_starts_say_the_same():
    table = outcomes(
        both=("loss", (-1.0, small.LESS), (-0.5, small.LESS)),
        turned=("loss", (-1.0, small.LESS), (0.5, small.MORE)),
        close=("loss", (-1.0, small.LESS), (0.0, small.CLOSE)),
        unclear=("loss", (-1.0, small.LESS), (0.0, small.OPEN)),
    )
    assert small.agreeing(table, "loss", -1.0) == ["both"]
    assert small.agreeing(table, "loss", 1.0) == []
    assert small.depending(table) == ["close", "turned"]


def test_the_sparsest_density_without_floors_is_of_all_pruners_but_controls():
    rows = [
        ("a", 0.1, 1.0), ("b", 0.1, 1.0), ("shuffled", 0.1, 1.0),
        ("a", 0.05, 1.0), ("b", 0.05, 1.0), ("shuffled", 0.05, np.nan),
        ("a", 0.02, 1.0), ("b", 0.02, np.nan), ("shuffled", 0.02, 1.0),
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=["pruner", "density", "ratio"]).assign(start="Glorot")
    assert small.without_floors(found) == {"Glorot": 0.05}
    assert small.without_floors(found[found["density"] == 0.02]) == {}


def test_strength_at_equal_density_is_paired_by_data_seed():
    rng = np.random.default_rng(0)
    base = rng.uniform(1, 10, 12)
    parts = [
        pd.DataFrame({"pruner": name, "data_seed": range(12), "strength": base * factor})
        for name, factor in (("magnitude", 1.0), ("strong", 5 * rng.uniform(0.95, 1.05, 12)))
    ]
    (row,) = small.at_density(pd.concat(parts)).itertuples()
    assert row.pruner == "strong"
    assert row.value == pytest.approx(np.log2(5), abs=0.05)
    assert row.verdict == "beyond the margin"


def test_what_degrees_leave_is_told_by_the_interval():
    made = pd.concat(
        pd.DataFrame({"pruner": name, "degree_strength": 2.0**logs, "control": 1.0})
        for name, logs in (
            ("left", np.linspace(2, 3, 12)),
            ("explained", np.linspace(-0.5, 0.5, 12)),
            ("unclear", np.linspace(-1, 3, 12)),
        )
    )
    said = small.beyond_degrees(made).set_index("pruner")["verdict"]
    assert said.to_dict() == {
        "left": "something is left",
        "explained": "degrees explain it",
        "unclear": "open",
    }
    assert tables.CHOSEN == 0.07776

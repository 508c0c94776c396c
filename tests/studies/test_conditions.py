"""Means and paired differences by condition, and the checklist, as studies show them."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from harness import stats
from harness.report import RULES, checklist, conditions


def found(shift=1.0, n=12):
    """Outcomes of `n` pairs: `b` is `shift` above `a`, but for noise of a tenth."""
    rng = np.random.default_rng(0)
    base = rng.normal(5, 1, n)
    rows = [
        {"start": start, "data_seed": seed, "loss": base[seed] + up + rng.normal(0, 0.1)}
        for start, up in (("a", 0.0), ("b", shift))
        for seed in range(n)
    ]
    return pd.DataFrame(rows)


def test_means_are_those_of_each_condition():
    table = conditions.means(found(), ["start"], ["loss"])
    plain = found().groupby("start")["loss"].mean()
    assert table["value"].tolist() == pytest.approx(plain[table["start"]].tolist())
    geometric = conditions.means(found(), ["start"], ["loss"], geometric=True)
    by_hand = found().groupby("start")["loss"].apply(scipy.stats.gmean)
    assert geometric["value"].tolist() == pytest.approx(by_hand[geometric["start"]].tolist())
    assert (table["low"] < table["value"]).all()
    assert set(table["n"]) == {12}


def test_differences_are_paired_by_data_seed():
    table = conditions.differences(found(), ["start"], "loss", {"b − a": ("b", "a")})
    wide = found().pivot(index="data_seed", columns="start", values="loss")
    test = stats.mean_test((wide["b"] - wide["a"]).to_numpy())
    assert table[["value", "low", "high", "p"]].iloc[0].tolist() == pytest.approx(list(test[:4]))
    assert table["high"].iloc[0] - table["low"].iloc[0] < 0.5
    none = conditions.differences(found(), ["start"], "loss", {"c − a": ("c", "a")})
    assert none.empty


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.1, 2.0, conditions.BEYOND),
        (-3.0, -1.2, conditions.BEYOND),
        (-0.5, 0.9, conditions.WITHIN),
        (0.5, 1.5, conditions.OPEN),
        (np.nan, np.nan, conditions.OPEN),
    ],
)
def test_verdicts_come_from_the_interval(low, high, verdict):
    assert conditions.verdict({"low": low, "high": high}, 1.0) == verdict


def test_strength_leaves_out_undefined_z():
    rows = pd.DataFrame({"trial": ["x", "x", "x", "y"], "z": [3.0, 4.0, np.inf, np.nan]})
    size = conditions.strength(rows)
    assert size["x"] == pytest.approx(12.5**0.5)
    assert np.isnan(size["y"])


def test_the_figure_has_a_panel_an_outcome():
    means = conditions.means(found(), ["start"], ["loss"])
    figure = conditions.figure("one", "Loss", "n = 12.", means, {"loss": "loss"}, "start")
    assert figure.data["panel"].unique().tolist() == ["loss"]
    assert "12" in figure.chart.to_json()


def test_every_rule_is_kept_by_name():
    kept = dict.fromkeys(RULES, "kept")
    (table,) = checklist(kept).parts
    assert len(table.frame) == len(RULES) == 10
    with pytest.raises(ValueError, match="mixing"):
        checklist({name: text for name, text in kept.items() if name != "mixing"})
    with pytest.raises(ValueError, match="another"):
        checklist(kept | {"another": "kept"})

"""The comparison of the default schedule with the published protocol, and the committed verdict."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_benchmarks import fidelity

REPORT = Path(__file__).parent.parent / "reports" / "fidelity" / "tables"


def motifs(by_class, pruned=93):
    rows = [
        {"motif": motif, "network": network, "z": z}
        for motif, values in by_class.items()
        for network, z in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(density=1 - pruned / 100, support="all", base_layer=-1)


def test_classes_are_compared_by_means_and_spread_of_the_reference():
    reference = motifs({"clear": [9.0, 10.0, 11.0], "unclear": [-3.0, 0.5, 3.0]})
    judged = motifs({"clear": [-12.0, -12.0, -12.0], "unclear": [-1.0, -1.0, -1.0]})
    table = fidelity.compared(reference, judged).set_index("motif")
    assert table.loc["clear", "deviation"] == pytest.approx(-22)
    assert table["clear"].to_dict() == {"clear": True, "unclear": False}
    assert table["right_sign"].to_dict() == {"clear": False, "unclear": True}


def test_a_level_fails_by_a_sign_by_classes_or_by_its_loss():
    table = pd.DataFrame({"pruned": 93, "deviation": np.zeros(13), "right_sign": True})
    loss = pd.DataFrame({"pruned": [93], "ratio": [1.9]})
    assert fidelity.verdict(table, loss)["faithful"].all()
    assert not fidelity.verdict(table, loss.assign(ratio=2.1))["faithful"].any()
    far = table.assign(deviation=np.repeat([0.0, 1.1], [9, 4]))
    assert not fidelity.verdict(far, loss)["faithful"].any()
    wrong = table.assign(right_sign=np.arange(13) > 0)
    assert not fidelity.verdict(wrong, loss)["faithful"].any()


def test_what_the_schedule_says_of_itself_follows_from_the_committed_tables(registry):
    said = registry.find("schedule", "quick").factory().cautions()[0]
    table, verdict = (pd.read_csv(REPORT / f"{name}.csv") for name in ("classes", "verdict"))
    assert table.loc[table["clear"], "right_sign"].all()
    for pruned, rows in table[table["deviation"].abs() > 1].groupby("pruned"):
        (part,) = re.findall(rf"for ([^;]*?) at {pruned} %", said.replace("and for", ", for"))
        named = dict(re.findall(r"(\w+) \(([+-][\d.]+)\)", part.rpartition("for ")[2]))
        far = zip(rows["motif"], rows["deviation"], strict=True)
        assert named == {motif: f"{deviation:+.1f}" for motif, deviation in far}
    ratios = [f"{ratio:.1f}" for ratio in verdict["loss_ratio"]]
    assert f"median loss is {ratios[0]}, {ratios[1]} and {ratios[2]} times" in said
    other = registry.find("schedule", "quick").factory(effort=0.5).cautions()[0]
    assert "not known" in other
    assert "fork_tail" not in other


def test_the_committed_verdict_follows_from_the_committed_tables():
    table, said = (pd.read_csv(REPORT / f"{name}.csv") for name in ("classes", "verdict"))
    loss = said.rename(columns={"loss_ratio": "ratio"})[["pruned", "ratio"]]
    again = fidelity.verdict(table, loss)
    pd.testing.assert_frame_equal(again, said, check_dtype=False)
    assert again["within"].tolist() == [13, 11, 9]
    reference = pd.read_parquet(REPORT.parents[2] / fidelity.REFERENCE / "motifs.parquet")
    means = fidelity.compared(reference, reference).set_index(["pruned", "motif"])
    kept = table.set_index(["pruned", "motif"])["mean_reference"].astype(float)
    np.testing.assert_allclose(means.loc[kept.index, "mean_reference"], kept, rtol=1e-4)

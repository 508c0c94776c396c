"""The study `time-course`: its rules on tables made by hand, the whole of it in small."""

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _time_course_tables as tables
from harness_plugins.studies import time_course

from harness import stats, studies
from harness.plugin import loading

LEVELS = np.repeat(range(12), 3)
X = np.arange(36) / 35


def drawn(jump, noise=0.1, n=12):
    """Curves of networks: smooth, and higher by `jump` from one pruning on."""
    rng = np.random.default_rng(0)
    height = rng.normal(0, 1, (n, 1))
    return height + np.sin(3 * X) + jump * (LEVELS >= 6) + rng.normal(0, noise, (n, 36))


@pytest.mark.parametrize(("jump", "verdict"), [(0.0, "smooth"), (1.0, "abrupt"), (-1.0, "abrupt")])
def test_a_planted_jump_at_a_pruning_is_abrupt(jump, verdict):
    gained = tables.gains(drawn(jump), X, LEVELS)
    assert tables.shape(stats.mean_test(gained)) == verdict
    assert tables.shape(stats.mean_test(gained[:3])) == "open"


def test_a_curve_that_bends_fast_is_no_jump():
    rng = np.random.default_rng(1)
    curves = np.tanh(4 * (X - 0.5)) + rng.normal(0, 0.1, (12, 36))
    assert tables.shape(stats.mean_test(tables.gains(curves, X, LEVELS))) == "smooth"


def profiles(spread, n=12):
    """z of networks at 90 and 93 % pruned, which differ by `spread` at 90 % and hardly at 93 %."""
    rng = np.random.default_rng(2)
    common = rng.normal(0, 30, 10)
    rows = {
        (*tables.PRIMARY, "all", density, seed): common + rng.normal(0, scatter, 10)
        for density, scatter in ((tables.FROM, spread), (time_course.DENSITY, 2.0))
        for seed in range(n)
    }
    index = pd.MultiIndex.from_tuples(
        list(rows), names=[*tables.PLACE, "support", "density", "data_seed"]
    )
    return pd.DataFrame(list(rows.values()), index)


@pytest.mark.parametrize(
    ("spread", "verdict"), [(2.0, "within the margin"), (30.0, "beyond the margin")]
)
def test_the_rule_of_the_jump(spread, verdict):
    z = profiles(spread)
    (row,) = tables.jumps(z, 0, []).to_dict("records")
    assert row["verdict"] == verdict
    assert row["n"] == 12
    assert tables.jumps(z, 0, [tables.PRIMARY]).empty
    alike = tables.likeness(z).set_index("density")["value"]
    assert alike[time_course.DENSITY] - alike[tables.FROM] == pytest.approx(row["value"], abs=0.1)


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    monkeypatch.setattr(tables, "MOST", 1.0)
    study = time_course.TimeCourse(data_seeds=1, steps=60)
    changed = {"tasks": ["digits"], "architectures": ["mlp[sizes=[12,12],initial=glorot]"]}
    made = studies.plans(study, tmp_path, loading.load(), changed)
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert "Not shown" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    read = {name: pd.read_csv(tmp_path / "report" / "tables" / f"{name}.csv")
            for name in ("jumps", "likeness", "scores", "curves")}  # fmt: skip
    assert set(read["jumps"]["null"]) == {"layered", "degree"}
    assert set(read["likeness"]["support"]) == set(tables.SUPPORTS.values())
    assert set(read["scores"]["pruner"]) == {"magnitude", "zahn2022"}
    assert read["curves"]["strength"].notna().all()

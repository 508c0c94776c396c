"""The study `schedules`: its rule on tables made by hand, the whole of it in small, its report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _schedules_tables as tables
from harness_plugins.studies import schedules

from harness import studies
from harness.plugin import loading, parameters

REPORT = Path(__file__).parents[2] / "reports" / "schedules"


def far(jitter, batches, size=100.0, n=12):
    """Distances of twins: the given shares of the distance between two starts."""
    rng = np.random.default_rng(1)

    def drawn(share):
        strength = size * np.exp(rng.normal(0, 0.1, (n, 1)))
        return share * strength * rng.normal(0, 1, (n, 13)) + rng.normal(0, 1, (n, 13))

    base = drawn(1.0)
    # The distance of two unrelated profiles is the root of 2 times their length.
    moved = {tables.OTHER_START: drawn(1.0), tables.BATCHES: base + drawn(batches * 2**0.5),
             tables.PRIMARY: base + drawn(jitter * 2**0.5)}  # fmt: skip
    seeds = pd.Index(range(1, n + 1), name="data_seed")
    rows = {name: pd.DataFrame(z, seeds) for name, z in {tables.BASELINE: base, **moved}.items()}
    losses = pd.DataFrame(rng.uniform(0.5, 1.5, (n, 4)), seeds, list(rows))
    ratios = losses.div(losses[tables.BASELINE], axis=0).map(np.log2).abs()
    return tables._distances(rows, 0, ratios).set_index("twin").loc[tables.PRIMARY]


@pytest.mark.parametrize(
    ("jitter", "batches", "size", "verdict"),
    [
        (0.2, 0.2, 100.0, tables.WITHIN),
        (1.0, 0.2, 100.0, tables.DEPENDS),
        (1.0, 1.0, 100.0, tables.NO_MORE),
        (0.5, 0.2, 100.0, tables.OPEN),
        (0.2, 0.2, 0.1, tables.OPEN),
    ],
)
def test_the_rule_of_the_design(jitter, batches, size, verdict):
    row = far(jitter, batches, size)
    assert tables.verdict(row) == verdict
    assert row["n"] == 12
    if size > 1:
        assert row["value"] == pytest.approx(jitter, rel=0.25)
        assert row["near"] == pytest.approx(jitter, rel=0.6)


def test_noise_is_taken_off_distances_of_unrelated_networks():
    rng = np.random.default_rng(0)
    one, other = rng.normal(3, 1, (2, 4000, 13))
    raw, corrected = tables.squared(one, other, 0)
    assert raw.mean() == pytest.approx(26, rel=0.03)
    assert corrected.mean() == pytest.approx(0, abs=0.6)
    assert tables.squared(one, other, 100)[1].mean() < corrected.mean()


def test_intervals_of_ratios_cover_what_they_should():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(150):
        strength = np.exp(rng.normal(0, 0.5, 12))
        part, whole = (pd.Series(strength * np.exp(rng.normal(0, 0.5, 12))) for _ in range(2))
        _, low, high = tables.ratio(0.25 * part, whole)
        covered.append(low < 0.5 < high)
    assert np.mean(covered) >= 0.93


@pytest.mark.parametrize(
    ("schedule", "batch_seed", "network", "twin"),
    [
        ("geometric[density=0.07]", 0, 0, tables.BASELINE),
        ("geometric[density=0.07]", 0, 1, tables.OTHER_START),
        ("geometric[density=0.07]", 1, 0, tables.BATCHES),
        ('jittered[of="geometric[share=0.4]", amount=0.1, seed=3]', 0, 0, "jitter 0.1"),
        ("oneshot[density=0.07]", 0, 0, "oneshot"),
        ("quick[effort=0.25]", 0, 0, "quick"),
    ],
)
def test_twins_are_named_by_what_differs(schedule, batch_seed, network, twin):
    assert tables._twin(schedule, batch_seed, network) == twin


def test_all_schedules_take_as_many_steps(registry):
    for experiment in schedules.Schedules(data_seeds=1).experiments().values():
        for fields in experiment["schedules"]:
            selection = parameters.Selection(
                fields["name"], {k: v for k, v in fields.items() if k != "name"}
            )
            levels = registry.make("schedule", selection).levels()
            (at,) = (n for n, level in enumerate(levels) if level.density == schedules.DENSITY)
            steps = sum(level.steps for level in levels[: at + 1])
            assert steps == pytest.approx(10_000, abs=1), fields["name"]


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    whole = schedules.Schedules.experiments
    some = ("starts", "batches", "jitter-01")
    monkeypatch.setattr(
        schedules.Schedules, "experiments", lambda self: {name: whole(self)[name] for name in some}
    )
    monkeypatch.setattr(schedules, "AMOUNTS", (0.3,))
    monkeypatch.setattr(tables, "MOST", 1.0)
    study = schedules.Schedules(data_seeds=1, steps=20)
    changed = {"tasks": ["digits"], "architectures": ["mlp[sizes=[12,12],initial=glorot]"]}
    made = studies.plans(study, tmp_path, loading.load(), changed)
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert "too few replicates" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "report" / "tables" / "distances_by_twin.csv")
    controls = set(tables.CONTROLS.values())
    assert set(table["twin"]) == {tables.OTHER_START, tables.BATCHES, "jitter 0.3"} | controls
    assert set(table["n"]) == {1}
    assert set(table["null"]) == {"layered", "degree"}
    assert set(table["regime"]) == {"Glorot"}

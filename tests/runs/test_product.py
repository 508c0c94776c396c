"""Every pruner on some architecture, and every architecture under pruners of each moment.

All pairs at toy size are one command, `benchmarks/product.py`; its log is in reports/product.
"""

import itertools
from pathlib import Path

import pytest
from harness_benchmarks import product

import harness
from harness import open_run
from harness.plugin import loading

ARCHITECTURES = (
    "mlp[sizes=[6]]",
    "residual[width=5, blocks=1]",
    "cnn[channels=[3], pool=4, normalised=true, dropout=0.2]",
    "rnn[width=5]",
    "gru[width=4]",
)
SKIPPED = {("gru", "synflow"): "needs linear of architecture 'gru'"}
"""What an architecture does not offer, with the reason that is given."""
SCHEDULE = "geometric[density=0.3, steps=24, share=0.5, batch_size=16]"


def pruners():
    """All that come with the harness, those that act at one moment side by side."""
    registry = loading.load()
    found = [plugin.name for plugin in registry.of("pruner") if plugin.owner == "motif-harness"]
    return sorted(found, key=lambda name: (str(registry.find("pruner", name).factory().when), name))


def shared():
    """For each architecture some pruners: each pruner once, synflow and wanda where they differ."""
    dealt = {architecture: [] for architecture in ARCHITECTURES}
    for architecture, pruner in zip(itertools.cycle(ARCHITECTURES), pruners(), strict=False):
        dealt[architecture].append("lottery[rewind_step=2]" if pruner == "lottery" else pruner)
    for architecture, pruner in (("gru[width=4]", "synflow"), ("rnn[width=5]", "wanda")):
        if pruner not in dealt[architecture]:
            dealt[architecture].append(pruner)
    return dealt.items()


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "names"), shared())
def test_no_combination_ends_in_a_failure_without_a_name(tmp_path, architecture, names):
    harness.run(
        "digits", names, architecture=architecture, schedule=SCHEDULE, networks=1,
        metric="performance", out=tmp_path / "run",
    )  # fmt: skip
    trials = open_run(tmp_path / "run").trials()
    assert len(trials) == len(names)
    for row in trials.to_dict("records"):
        reason = SKIPPED.get((architecture.partition("[")[0], row["pruner"]), "")
        assert row["status"] == ("skipped" if reason else "done"), row["reason"]
        assert reason in row["reason"]


@pytest.mark.slow
def test_the_log_of_all_combinations_names_skips_and_failures(tmp_path):
    registry = loading.load([Path(__file__).parents[1] / "plugins" / "failing.py"])
    pruners = ["random", "broken", "synflow"]
    table = product.carried_out(registry, "digits", "gru[width=4]", pruners, tmp_path / "run")
    assert dict(zip(table["pruner"], table["status"], strict=True)) == {
        "random": "done", "broken": "failed", "synflow": "skipped",
    }  # fmt: skip
    page = product.log(table, 48, 1.0)
    assert "3 combinations of 1 of 48 pairs" in page
    assert "; 0 without a reason." in page
    assert "| broken | failed: RuntimeError: this pruner raises |" in page
    assert f"| synflow | skipped: pruner 'synflow' {SKIPPED['gru', 'synflow']} |" in page

"""The study `pruners`: equal budgets, judgements of tables made by hand, and all of it in small."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _pruners_answer as answer
from harness_plugins.studies import _pruners_tables as tables
from harness_plugins.studies import pruners
from harness_plugins.studies._pruners_expectations import EXPECTATIONS, SPARSE

from harness import Run, open_run, plugins, studies

SEEDS, NETWORKS = (0, 1), 5


class Made(Run):
    """A run that is its tables."""

    def __init__(self, **made):
        self._made = made

    def table(self, name):
        return self._made[name]

    def cells(self):
        return self._made["cells"]


def performance(by_pruner, noise=0.01, seed=0):
    """Validation losses of networks: `by_pruner` gives the mean of each at every density."""
    rng = np.random.default_rng(seed)
    own = {unit: rng.lognormal(0, 0.5) for unit in np.ndindex(len(SEEDS), NETWORKS)}
    rows = [
        {
            "pruner": pruner,
            "density": density,
            "data_seed": data_seed,
            "network": network,
            "value": loss * own[data_seed, network] * rng.lognormal(0, noise),
        }
        for pruner, loss in by_pruner.items()
        for density in (1.0, *SPARSE)
        for data_seed, network in own
    ]
    return pd.DataFrame(rows).assign(split="validation", measure="loss", layer=-1)


def made(noise=0.01, **changed):
    losses = {
        "magnitude": 1.0,
        "random": 3.0,
        "gmp": 0.8,
        "snip": 2.0,
        "shuffled[of=snip]": 2.02,
        "shuffled": 3.0,
        "reinitialised": 1.5,
        "lottery[rewind_step=1000]": 1.2,
    } | changed
    one_shot = losses.pop("one-shot", 1.0)
    return {
        "pruners": Made(performance=performance(losses, noise)),
        "one-shot": Made(performance=performance({"magnitude": one_shot}, noise)),
    }


def verdicts(runs):
    judged = tables.judged(runs)
    return {name: tables.verdict(rows) for name, rows in judged.groupby("expectation")}


def test_expectations_that_hold():
    assert verdicts(made()) == {
        "random": "held",
        "gradual": "held",
        "shuffled_at_start": "held",
        "shuffled_trained": "held",
        "shuffled_more": "held",
        "lottery": "higher loss",
    }


def test_expectations_that_do_not():
    against = made(random=0.5, gmp=1.3, shuffled=1.0, **{"shuffled[of=snip]": 4.0})
    assert verdicts(against) == {
        "random": "contradicted",
        "gradual": "contradicted",
        "shuffled_at_start": "contradicted",
        "shuffled_trained": "contradicted",
        "shuffled_more": "contradicted",
        "lottery": "higher loss",
    }
    same = {"random": 1.0, "gmp": 1.0, "lottery[rewind_step=1000]": 1.0}
    unclear = verdicts(made(noise=1.0, **same))
    assert unclear["random"] == "not shown"
    assert unclear["lottery"] == "no one answer"


def test_ratios_are_paired_by_network_and_their_p_attainable():
    judged = tables.judged(made(noise=1e-6))
    rows = judged[judged["expectation"] == "random"]
    assert rows["density"].tolist() == list(SPARSE)
    assert np.allclose(rows[["ratio", "low", "high"]], 3.0, rtol=1e-4)
    assert (rows["n"] == 10).all()
    assert np.allclose(rows["p"], rows["attainable"])
    assert np.allclose(rows["attainable"], 2 / 2**10)
    both = judged[judged["expectation"] == "shuffled_more"]
    assert np.allclose(both["ratio"], 2.0 / 1.01, rtol=1e-4)


def test_an_expectation_without_its_pruners_is_left_out():
    runs = made()
    table = runs["pruners"].table("performance")
    runs["pruners"] = Made(performance=table[table["pruner"] != "shuffled[of=snip]"])
    assert set(verdicts(runs)) == {"random", "gradual", "shuffled_trained", "lottery"}


def test_losses_beside_magnitude_are_corrected_over_pruners():
    beside = tables.beside(made(noise=1.0, random=1.0))
    assert (beside["adjusted"] >= beside["p"] - 1e-12).all()
    assert (beside["adjusted"] > beside["p"] + 1e-6).any()
    ratios = tables.beside(made(noise=1e-6)).groupby("pruner")["ratio"].mean()
    assert ratios["one-shot"] == pytest.approx(1.0, rel=1e-4)
    assert ratios["gmp"] == pytest.approx(0.8, rel=1e-4)


def structure(pruner, edges, effective):
    """Edges and effective edges of two layers of two networks, at one density."""
    rows = [
        {"pruner": pruner, "network": network, "layer": layer, "measure": measure, "value": value}
        for measure, networks in (("edges", edges), ("effective_edges", effective))
        for network, layers in enumerate(networks)
        for layer, value in enumerate(layers)
    ]
    return pd.DataFrame(rows).assign(density=0.02, data_seed=0, split="structure")


def test_networks_that_no_path_crosses_are_told_by_their_cause():
    emptied = structure("snip", [(5, 0), (5, 5)], [(0, 0), (4, 4)])
    severed = structure("grasp", [(5, 5), (5, 5)], [(0, 0), (0, 0)])
    whole = structure("synflow", [(5, 5), (5, 5)], [(5, 5), (5, 5)])
    run = Made(
        performance=pd.concat([emptied, severed, whole]),
        cells=pd.DataFrame({"pruner": ["synflow", "snip", "grasp"]}),
    )
    found = tables.collapses(run)
    assert found["pruner"].tolist() == ["synflow", "snip", "grasp"]
    assert found[["dead", "emptied", "severed"]].to_numpy().tolist() == [
        [0, 0, 0],
        [1, 1, 0],
        [2, 0, 2],
    ]
    assert "held" in answer.collapse(found).claim
    found.loc[0, "dead"] = 1
    assert "contradicted" in answer.collapse(found).claim


def profile_rows(pruner, vectors):
    rows = [
        {"pruner": pruner, "data_seed": 0, "network": network, "motif": motif, "z": value}
        for network, vector in enumerate(vectors)
        for motif, value in zip("abcd", vector, strict=True)
    ]
    return pd.DataFrame(rows).assign(
        density=tables.CHOSEN, base_layer=-1, support="all", order=2, log2_ratio=0.5
    )


def test_profiles_are_compared_between_networks_of_other_initial_weights():
    along, across = np.array([3.0, 0, 0, 4.0]), np.array([0.0, 1.0, 0, 0])
    motifs = pd.concat(
        [
            profile_rows("magnitude", [along, along, 2 * along]),
            profile_rows("same", [5 * along, along, along]),
            profile_rows("other", [along, across, across]),
        ]
    )
    run = Made(motifs=motifs, cells=pd.DataFrame({"pruner": motifs["pruner"].unique()}))
    found = tables.likeness(run).set_index("pruner")
    assert found["within"].tolist() == pytest.approx([1, 1, 1 / 3])
    assert found.loc["same", "between"] == pytest.approx(1)
    # Network 0 of `other` points along networks 1 and 2 of magnitude: 2 of 6 pairs.
    assert found.loc["other", "between"] == pytest.approx(1 / 3)
    assert found.loc["magnitude", "length"] == pytest.approx(20 / 3)


def test_every_pruner_and_the_one_shots_have_one_budget():
    study = pruners.Pruners(flights=1000)
    registry = plugins.load()
    made = studies.plans(study, Path("nowhere"), registry, {})
    gradual, once = (plan.cells for plan in made.values())
    levels = gradual[0].schedule.instance.levels()
    assert tuple(level.density for level in levels[1:]) == pruners.DENSITIES
    reached = np.cumsum([level.steps for level in levels])[1:]
    shots = {cell.schedule.instance.levels() for cell in once}
    assert {shot[-1].density: shot[0].steps + shot[-1].steps for shot in shots} == dict(
        zip(pruners.DENSITIES, reached, strict=True)
    )
    assert {shot[0].steps for shot in shots} == {levels[0].steps}
    assert set(SPARSE) < set(pruners.DENSITIES)
    asked = {cell.pruner.name for cell in gradual}
    assert {one.first for one in EXPECTATIONS if "[" not in one.first} <= asked


FEW = ("magnitude", "random", "gmp", "snip", "synflow", {"name": "lottery", "rewind_step": 10})


def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch):
    monkeypatch.setattr(pruners, "PRUNERS", FEW)
    study = pruners.Pruners(networks=3, data_seeds=1, block_width=3, dense_steps=30, level_steps=6)
    changed = {"tasks": ["digits"]}
    made = studies.plans(study, tmp_path, plugins.load(), changed)
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert set(open_run(tmp_path / "pruners").cells()["status"]) == {"done"}
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    for expected in EXPECTATIONS:
        assert expected.claim[:-1] in page
    with (tmp_path / "report" / "tables" / "judged.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["expectation"] for row in rows} == {one.name for one in EXPECTATIONS}
    assert {row["n"] for row in rows} == {"3"}

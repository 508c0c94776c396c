"""The study `pruners`: equal budgets, judgements of tables made by hand, and all of it in small."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _pruners_answer as answer
from harness_plugins.studies import _pruners_charts as charts
from harness_plugins.studies import _pruners_landscape as landscape
from harness_plugins.studies import _pruners_small as small
from harness_plugins.studies import _pruners_tables as tables
from harness_plugins.studies import pruners
from harness_plugins.studies._pruners_expectations import EXPECTATIONS, SPARSE

from harness import UserError, open_run, studies
from harness.plugin import loading
from harness.report import constant_predictor

SEEDS, NETWORKS = (0, 1), 5


class Made:
    """A run that is its tables."""

    def __init__(self, **made):
        self._made = made
        self.path, self.experiment = Path("made"), {"networks": NETWORKS}
        self.provenance, self.notes = {}, {}

    def table(self, name):
        if name not in self._made:
            raise UserError(f"no table '{name}'")
        return self._made[name]

    def tables(self):
        return list(self._made)

    def trials(self):
        return self._made["trials"]

    def masks(self, trial, level):
        raise UserError("no masks")

    def measurements(self):
        return pd.DataFrame(columns=["trial", "metric", "status", "reason"])


def run_of(rows, version=3, constant_loss=np.nan, **more):
    """A run from rows of (pruner, density, data_seed, network), with a loss in `value` or none."""
    levels = {density: n for n, density in enumerate(sorted(set(rows["density"]), reverse=True))}
    trial = rows["pruner"] + " " + rows["data_seed"].astype(str)
    rows = rows.assign(level=rows["density"].map(levels), trial=trial, task="moth", schedule="one")
    rows = rows.reset_index(drop=True)
    place = ["trial", "task", "pruner", "schedule", "data_seed", "level", "density", "network"]
    once = rows[place].drop_duplicates()
    losses = rows.get("value", pd.Series(0.001, index=rows.index)).loc[once.index]
    found = {"steps": 1, "train_loss": losses, "validation_loss": losses, "diverged": False}
    trials = once.drop_duplicates("trial")[["trial", "task", "pruner", "schedule", "data_seed"]]
    told = {"first_network": 0, "networks": NETWORKS, "status": "done", "version": version}
    tables = {name: table.merge(once, how="left") for name, table in more.items()}
    return Made(
        levels=once.assign(**found, constant_loss=constant_loss),
        trials=trials.assign(**told),
        **tables,
    )


def losses_of(by_pruner, noise=0.01, seed=0, **settings):
    """Validation losses of networks: `by_pruner` gives the mean of each at every density."""
    rng = np.random.default_rng(seed)
    own = {unit: rng.lognormal(0, 0.5) for unit in np.ndindex(len(SEEDS), NETWORKS)}
    rows = pd.DataFrame(
        [
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
    )
    return run_of(rows, **settings)


def made(noise=0.01, settings=None, **changed):
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
        "pruners": losses_of(losses, noise, **(settings or {})),
        "one-shot": losses_of({"magnitude": one_shot}, noise, **(settings or {})),
    }


def verdicts(runs):
    judged = tables.judged(tables.losses(runs))
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
    judged = tables.judged(tables.losses(made(noise=1e-6)))
    rows = judged[judged["expectation"] == "random"]
    assert rows["density"].tolist() == list(SPARSE)
    assert np.allclose(rows[["ratio", "low", "high"]], 3.0, rtol=1e-4)
    assert (rows["n"] == 10).all()
    assert np.allclose(rows["p"], rows["attainable"])
    assert set(rows["unit"]) == {"networks, given these 2 data sets"}
    assert np.allclose(rows["attainable"], 2 / 2**10)
    both = judged[judged["expectation"] == "shuffled_more"]
    assert np.allclose(both["ratio"], 2.0 / 1.01, rtol=1e-4)


def test_an_expectation_without_its_pruners_is_left_out():
    runs = made()
    kept = {name: runs["pruners"].table(name) for name in ("levels", "trials")}
    without = {name: t[t["pruner"] != "shuffled[of=snip]"] for name, t in kept.items()}
    runs["pruners"] = Made(**without)
    assert set(verdicts(runs)) == {"random", "gradual", "shuffled_trained", "lottery"}


def test_losses_beside_magnitude_are_corrected_over_pruners():
    beside = tables.beside(tables.losses(made(noise=1.0, random=1.0)))
    beside = beside.dropna(subset="p")  # nothing is tested where all ratios are 1
    assert (beside["adjusted"] >= beside["p"] - 1e-12).all()
    assert (beside["adjusted"] > beside["p"] + 1e-6).any()
    ratios = tables.beside(tables.losses(made(noise=1e-6))).groupby("pruner")["ratio"].mean()
    assert ratios["one-shot"] == pytest.approx(1.0, rel=1e-4)
    assert ratios["gmp"] == pytest.approx(0.8, rel=1e-4)


def structure(pruner, edges, effective):
    """Edges of two layers of two networks at one density, and whether any edge is live."""
    rows = [
        {"pruner": pruner, "network": network, "layer": layer, "measure": "edges", "value": value}
        for network, layers in enumerate(edges)
        for layer, value in enumerate(layers)
    ]
    live = {"pruner": pruner, "layer": -1, "measure": "effective_density"}
    rows += [{**live, "network": network, "value": v} for network, v in enumerate(effective)]
    return pd.DataFrame(rows).assign(density=0.02, data_seed=0, split="structure", unit="1")


def collapsing(*tables_of):
    rows = pd.concat(tables_of, ignore_index=True)
    return run_of(rows[["pruner", "density", "data_seed", "network"]], performance=rows)


def test_networks_that_no_path_crosses_are_told_by_their_cause():
    whole = structure("synflow", [(5, 5), (5, 5)], [0.1, 0.1])
    emptied = structure("snip", [(5, 0), (5, 5)], [0.0, 0.1])
    severed = structure("grasp", [(5, 5), (5, 5)], [0.0, 0.0])
    run = collapsing(whole, emptied, severed)
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
    unknown = collapsing(*(one[one["layer"] < 0] for one in (whole, emptied, severed)))
    found = tables.collapses(unknown)
    assert found["dead"].tolist() == [0, 1, 2]
    assert found[["emptied", "severed"]].isna().all(axis=None)
    assert "with an empty layer" not in answer.collapse(found).detail


def profile_rows(pruner, vectors):
    rows = [
        {"pruner": pruner, "data_seed": 0, "network": network, "motif": motif, "z": value}
        for network, vector in enumerate(vectors)
        for motif, value in zip("abcd", vector, strict=True)
    ]
    return (
        pd.DataFrame(rows)
        .assign(density=tables.CHOSEN, base_layer=-1, support="all", order=2, log2_ratio=0.5)
        .assign(null="layered", count=2, expected=1.0, sd=1.0, p_normal=0.5, q_normal=0.5)
    )


def test_profiles_are_compared_between_networks_of_other_initial_weights():
    # So long that the null's noise of 1 a class is next to nothing.
    along, across = np.array([3e4, 0, 0, 4e4]), np.array([0.0, 5e4, 0, 0])
    motifs = pd.concat(
        [
            profile_rows("magnitude", [along, along, along]),
            profile_rows("same", [along, along, along]),
            profile_rows("other", [along, across, across]),
        ]
    )
    run = run_of(motifs[["pruner", "density", "data_seed", "network"]], motifs=motifs)
    found = tables.likeness(run).set_index("pruner")
    assert found["within"].tolist() == pytest.approx([1, 1, 1 / 3])
    assert found.loc["same", "between"] == pytest.approx(1)
    # Network 0 of `other` points along networks 1 and 2 of magnitude: 2 of 6 pairs.
    assert found.loc["other", "between"] == pytest.approx(1 / 3)
    assert found.loc["magnitude", "length"] == pytest.approx(5e4)


ALONG = np.array([3e4, 0, 0, 4e4])


@pytest.mark.parametrize(
    ("motifs", "said"),
    [
        (profile_rows("snip", [ALONG] * 3), "no network of `magnitude` does better"),
        (profile_rows("magnitude", [ALONG] * 3), "no network of another pruner does better"),
        (
            pd.concat([profile_rows(name, [ALONG]) for name in ("magnitude", "snip")]),
            "it needs a pruner's network and one of magnitude's with other initial weights",
        ),
        (profile_rows("snip", [ALONG] * 2).assign(density=0.5), "No motifs are shown by pruner"),
    ],
)
def test_what_the_landscape_cannot_show_is_left_out_and_said(motifs, said):
    run = run_of(motifs[["pruner", "density", "data_seed", "network"]], motifs=motifs)
    by_motif, likeness = tables.motifs(run), tables.likeness(run)
    section = landscape.section(
        by_motif, likeness, {"by criterion": ["magnitude", "snip"]}, ["magnitude", "snip"]
    )
    assert said in " ".join(section.lead)
    names = {part.name for part in section.parts}
    assert "likeness" not in names
    assert "profiles" in names
    assert ("landscape" in names) == ("No motifs" not in " ".join(section.lead))
    claims = [*answer.landscape(likeness, by_motif), *answer.sizes(by_motif)]
    assert not any("nan" in f"{found.claim}{found.detail}" for found in claims)


def test_tables_of_nothing_keep_their_columns():
    motifs = profile_rows("magnitude", [ALONG])
    rows = motifs[["pruner", "density", "data_seed", "network"]]
    run = run_of(rows, constant_loss=1e-9, motifs=motifs)
    for table, column in ((tables.motifs(run), "log2_ratio"), (tables.likeness(run), "between")):
        assert table.empty
        assert column in table


def test_every_pruner_and_the_one_shots_have_one_budget():
    study = pruners.Pruners(flights=1000)
    registry = loading.load()
    made = {path.name: one for path, one in studies.plans(study, Path(), registry, {}).items()}
    gradual, once = made["pruners"].trials, made["one-shot"].trials
    levels = gradual[0].schedule.instance.levels()
    assert tuple(level.density for level in levels[1:]) == pruners.DENSITIES
    reached = np.cumsum([level.steps for level in levels])[1:]
    shots = {trial.schedule.instance.levels() for trial in once}
    assert {shot[-1].density: shot[0].steps + shot[-1].steps for shot in shots} == dict(
        zip(pruners.DENSITIES, reached, strict=True)
    )
    assert {shot[0].steps for shot in shots} == {levels[0].steps}
    assert set(SPARSE) < set(pruners.DENSITIES)
    asked = {trial.pruning.label.partition("[")[0] for trial in gradual}
    assert {one.first for one in EXPECTATIONS if "[" not in one.first} <= asked


@pytest.mark.parametrize("start", small.STARTS.values())
def test_the_small_networks_have_one_budget_too(start):
    study = pruners.Pruners(flights=1000, small_flights=1000)
    made = studies.plans(study, Path(), loading.load(), {})
    by_name = {path.name: one for path, one in made.items()}
    levels = by_name[start].trials[0].schedule.instance.levels()
    reached = dict(
        zip(pruners.DENSITIES, np.cumsum([one.steps for one in levels])[1:], strict=True)
    )
    shots = {one.schedule.instance.levels() for one in by_name[f"{start}-one-shot"].trials}
    assert {shot[-1].density: shot[0].steps + shot[-1].steps for shot in shots} == {
        density: reached[density] for density in SPARSE
    }
    assert {shot[0].steps for shot in shots} == {levels[0].steps}


FEW = ("magnitude", "random", "gmp", "snip", "synflow", {"name": "lottery", "rewind_step": 10})


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    monkeypatch.setattr(pruners, "PRUNERS", FEW)
    monkeypatch.setattr(pruners, "DENSITIES", SPARSE[-2:])  # of the one shots, each compiled
    first = {"data_seeds": 1, "dense_steps": 30, "level_steps": 6}
    second = {"small_data_seeds": 1, "small_flights": 1000, "small_steps": 64}
    study = pruners.Pruners(networks=3, block_width=3, **first, **second)
    changed, registry = {"tasks": ["digits"]}, loading.load()
    made = studies.plans(study, tmp_path, registry, changed)
    monkeypatch.setattr(pruners, "PRUNERS", FEW[:2])
    monkeypatch.setattr(pruners, "CONTROLS", ())
    fewer = studies.plans(study, tmp_path, registry, changed)
    made |= {path: one for path, one in fewer.items() if path.name.startswith("small")}
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert set(open_run(tmp_path / "pruners").trials()["status"]) == {"done"}
    # So little training does no better than a constant: all is left out, and the page says so.
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "No motifs are shown by pruner" in page
    assert "No expectation can be judged" in page
    monkeypatch.setattr(constant_predictor, "SHARE", 2.0)
    studies.write(study, tmp_path)
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    for expected in EXPECTATIONS:
        assert expected.claim[:-1] in page
    with (tmp_path / "report" / "tables" / "judged.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["expectation"] for row in rows} == {one.name for one in EXPECTATIONS}
    assert {row["n"] for row in rows} == {"3"}


def test_a_pruner_of_no_family_has_a_row_of_its_own():
    table = pd.DataFrame({"pruner": ["snip", "one-shot"], "density": 0.1, "ratio": [0.5, 2.0]})
    drawn = charts.by_density(
        table, {"at initialisation": ["snip"]}, ["snip"], "ratio", table["ratio"] - 1,
        pd.Series([True, True]), ("higher", "lower"), 3.0, [],
    )  # fmt: skip
    places = drawn.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert {"snip", "one-shot"} <= set(places)

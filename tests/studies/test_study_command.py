"""`harness study`: the study `published` in small, from end to end, and what else it says."""

import csv
import shutil
from pathlib import Path

import pytest

from harness import cli, open_run
from harness.cli import terminal

pytestmark = pytest.mark.slow

PLUGIN = ("--plugin", str(Path(__file__).parents[1] / "plugins" / "few_steps.py"))
SMALL = (
    "published[flights=1000, draws=4, fewer_draws=3, fewer_networks=2, block_width=2, "
    "more_data_seeds=1, networks_each=2, fewer_networks_each=1]"
)
NARROW = ("--architecture", "mlp[sizes=[40, 40, 40, 16], prune_biases=true]")
"""In place of 400 units: most of the time goes to draws from the published null."""
ENSEMBLES = {"published": 4, "mended": 2, "no-regrowth": 2, "own-cutoff": 2}
SECOND_PART = {"glorot": 1, "seeds": 2, "seeds-mended": 1}
TABLES = {
    *("against_published", "by_level", "zscores", "losses", "losses_by_level", "sparse_level"),
    *("sparse_levels", "effects", "quirks", "representation", "motifs_by_null", "chains"),
    *("chains_in_short", "effect_sizes"),
    *("similarity", "rises", "edges", "live_nodes"),
    *("other_data_sets", "other_data_sets_compared", "between_data_sets", "start_outcomes"),
    *("starts", "start_classes"),
}


def command(*arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "200")
        patch.setattr(terminal.console, "_width", None)
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
    return end.value.code or 0


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of the study, run in small. Its first ensemble has more networks."""
    folder = tmp_path_factory.mktemp("study")
    few = SMALL.replace("block_width", "networks=4, block_width")
    assert command("study", few, "--schedule", "few-steps", "--out", folder, *NARROW, *PLUGIN) == 0
    return folder


def rows(study, name):
    with (study / "report" / "tables" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_ensemble_is_trained_and_measured(study):
    for name, networks in (ENSEMBLES | SECOND_PART).items():
        run = open_run(study / name)
        assert set(run.trials()["status"]) == {"done"}, name
        assert set(run.measurements()["status"]) == {"done"}, name
        assert run.table("levels")["network"].nunique() == networks


def test_ensembles_have_their_dense_networks_in_common(study):
    first, *others = (
        open_run(study / name).table("levels").query("density == 1 and network < 2")["train_loss"]
        for name in ENSEMBLES
    )
    assert all(first.tolist() == other.tolist() for other in others)
    pruned = [
        open_run(study / name).table("levels").query("density == 0.07 and network < 2")
        for name in ENSEMBLES
    ]
    assert len({tuple(one["train_loss"]) for one in pruned}) == len(ENSEMBLES)
    assert not (study / "dense").exists()


def test_its_report_has_the_answer_and_every_analysis(study):
    page = (study / "report" / "index.html").read_text()
    assert "We repeated Zahn et al. (2024)" in page
    for told in (
        *("Does it repeat? Counted as published, 0 of 24", "What does pruning as published cost?"),
        *(
            "initialised networks alike? Their z profiles",
            "What do layer densities not explain",
        ),
        *("What do degrees not explain", "Is <code>chain2</code> under-represented? Counted as"),
        *("as pairs", "What each quirk changes most", "Provenance of mended"),
    ):
        assert told in page, told
    assert {path.stem for path in (study / "report" / "tables").glob("*.csv")} >= TABLES
    charts = {path.stem for path in (study / "report" / "charts").glob("*.svg")}
    assert charts >= {"against_published", "by_level", "losses", "effects", "similarity"}


def test_every_quirk_changes_something(study):
    quirks = rows(study, "quirks")
    assert {row["percent"] for row in quirks} == {"75", "85", "93"}
    assert {row["n"] for row in quirks} <= {"1", "2"}  # z of few draws may be undefined
    names = {row["quirk"] for row in quirks}
    assert len(names) == 9
    assert {row["quirk"] for row in quirks if float(row["difference"])} == names
    assert {row["settings"] for row in quirks if row["motif"] == "chain3"} == {"10", "4", "2", "1"}


def test_published_figures_stand_beside_those_of_the_run(study):
    compared = rows(study, "zscores")
    at = {(row["percent"], row["motif"]): row for row in compared}
    theirs = at["93", "diverge2"]
    assert float(theirs["published_mean"]) == pytest.approx(17.0, abs=0.1)
    assert theirs["verdict"] == "too few"  # no network passes after sixty steps
    assert {row["source"] for row in rows(study, "losses")} == {"Zahn et al. 2024", *ENSEMBLES}


def test_again_it_does_nothing_and_says_the_same(study, tmp_path):
    shutil.copytree(study, tmp_path / "again")
    before = {path.name: path.read_bytes() for path in (study / "report" / "tables").iterdir()}
    few = SMALL.replace("block_width", "networks=4, block_width")
    arguments = (*NARROW, "--schedule", "few-steps", "--out", tmp_path / "again", "--quiet")
    assert command("study", few, *arguments, *PLUGIN) == 0
    after = tmp_path / "again" / "report" / "tables"
    assert {path.name: path.read_bytes() for path in after.iterdir()} == before
    log = (tmp_path / "again" / "published" / "run.log").read_text()
    assert "ends: 0 trials trained, 0 measurements made" in log


def test_a_dry_run_shows_every_experiment_and_leaves_nothing(tmp_path, capsys):
    assert command("study", "published", "--dry-run", "--out", tmp_path / "none") == 0
    told = capsys.readouterr().out
    assert all(str(tmp_path / "none" / name) in told.replace("\n", "") for name in ENSEMBLES)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_refuses_a_folder_that_holds_something_else(tmp_path, capsys):
    (tmp_path / "mended").mkdir()
    (tmp_path / "mended" / "thesis.tex").write_text("years of work")
    assert command("study", "published", "--dry-run", "--out", tmp_path) == 2
    assert "is not empty and not a run folder" in capsys.readouterr().err.replace("\n", " ")


def test_without_a_name_it_lists_the_studies(capsys):
    assert command("study") == 0
    assert "published" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("publishd",), "unknown study 'publishd'. Did you mean 'published'?"),
        (("published[draw=3]",), "unknown parameter 'draw'. Did you mean 'draws'?"),
        (("published[draws=1]",), "draws"),
        (("published[draws=3|4]",), "names 2 studies: give one"),
        (("published", "--schedule", "quik"), "Did you mean 'quick'?"),
        (("published", "--networks", "0"), "networks"),
    ],
)
def test_wrong_use_is_told_with_its_remedy(arguments, told, tmp_path, capsys):
    assert command("study", *arguments, "--out", tmp_path / "none") == 2
    out, err = capsys.readouterr()
    assert told in err.replace("\n", " ")
    assert "Traceback" not in out + err
    assert not list(tmp_path.iterdir())

"""The command line: what it says, where it exits, and that mistakes get a remedy, no traceback."""

import errno
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from harness import CannotWriteError, api, cli, files, open_run
from harness.cli import terminal
from harness.plugin import loading
from harness.report import folder_for

PLUGINS = Path(__file__).parent / "plugins"
TASKS = ("--plugin", str(PLUGINS / "small_tasks.py"))
TINY = (*TASKS, "--task", "tiny[rows=40]", "--schedule", "tiny[steps=2]", "--metric", "performance")
MAGNITUDE = ("--pruner", "magnitude")


@pytest.fixture
def harness(capsys, tmp_path, monkeypatch):
    """Call the command in an empty folder: exit code, standard output and error."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COLUMNS", "200")  # tables in full
    # A console keeps the COLUMNS that it found when it was made, maybe by a test before this.
    monkeypatch.setattr(terminal.console, "_width", None)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return end.value.code or 0, out, err

    return call


@pytest.fixture
def refused(harness):
    """What the command says of wrong use: exit code 2, one error, nothing done."""

    def call(*arguments):
        code, out, err = harness(*arguments)
        assert code == 2, (out, err)
        assert not list(Path.cwd().iterdir())
        assert out == ""
        return err

    return call


def in_new_process(*arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    return subprocess.run(
        arguments, capture_output=True, text=True, env={**clean, **environment}, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "closest", "others"),
    [
        (("--task", "moht", *MAGNITUDE), "unknown task 'moht'. Did you mean 'moth'?", "digits"),
        (("--task", "digits", "--pruner", "Magnitude"), "Did you mean 'magnitude'?", "random"),
        ((*TINY, *MAGNITUDE, "--metric", "motif"), "Did you mean 'motifs'?", "performance"),
        ((*TINY, *MAGNITUDE, "--schedule", "quik"), "Did you mean 'quick'?", "published"),
        ((*TINY, *MAGNITUDE, "--executor", "seral"), "executor 'seral'. Did you mean", "serial"),
        ((*TINY, *MAGNITUDE, "--observer", "json"), "observer 'json'. Did you mean", "jsonl"),
        (
            (*TINY, "--pruner", "magnitude[scop=global]"),
            "pruner 'magnitude': unknown parameter 'scop'. Did you mean 'scope'?",
            "Known: scope.",
        ),
        (
            (*TINY, "--pruner", "sensitivity[batch=1]"),
            "unknown parameter 'batch'. Did you mean 'batches'?",
            "Known: batches, scope.",
        ),
    ],
)
def test_unknown_names_get_the_closest_and_all_right_ones(refused, arguments, closest, others):
    told = refused("run", *arguments)
    assert told.startswith("error: ")
    assert closest in told
    assert others in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--networks", "0"), "networks = 0: Input should be greater than or equal to 1"),
        (("--networks", "many"), "--networks"),
        (("--seed", "-1"), "seed = -1"),
        (("--data-seed", "-1"), "data_seeds.0 = -1"),
        (("--block-width", "0"), "block_width = 0"),
        (
            ("--pruner", "magnitude[scope=layers]"),
            "scope = 'layers': Input should be 'layer', 'global' or",
        ),
        (("--pruner", "magnitude[scope=layer"), "cannot read 'magnitude[scope=layer'"),
        (("--pruner", "sensitivity[batches=none]"), "batches = 'none': Input should be a valid"),
        (("--schedule", "tiny[steps=0]"), "steps = 0: Input should be greater than or equal to 1"),
        (("--metric", "motifs[orders=[5]]"), "orders.0 = 5: Input should be 2, 3 or 4"),
    ],
)
def test_wrong_values_are_named(refused, arguments, problem):
    assert problem in refused("run", *TINY, *MAGNITUDE, *arguments)


def test_what_to_run_must_be_named(refused):
    assert "--task" in refused("run", *MAGNITUDE)
    assert "--pruner" in refused("run", *TINY)
    assert "'harness list'" in refused("run", *MAGNITUDE).replace("`", "'").replace(" tasks", "")


def test_unknown_option_and_command(refused):
    assert "No such option" in refused("run", *TINY, *MAGNITUDE, "--netwroks", "3")
    assert "No such command" in refused("rnu")


@pytest.fixture
def experiment(tmp_path):
    def write(text):
        path = tmp_path / "experiment.toml"
        path.write_text(textwrap.dedent(text))
        return path

    return write


COMPLETE = 'tasks = ["tiny"]\npruners = ["magnitude"]\nschedules = ["tiny"]\n'


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "task = ['tiny']",
            ("unknown key 'task'. Did you mean 'tasks'?", "Known: architectures, batch_seed"),
        ),
        (COMPLETE + "networks = 0", ("networks = 0",)),
        (COMPLETE + "networks = 'x'", ("networks = 'x': Input should be a valid integer",)),
        (COMPLETE + "data_seeds = [0, 'y']", ("data_seeds.1 = 'y'",)),
        (COMPLETE + "[more]\nseed = 1", ("unknown key 'more'",)),
        ("tasks = tiny", ("cannot be read", "line 1")),
        ("pruners = ['magnitude']", ("tasks",)),
        ("", ("tasks",)),
    ],
)
def test_mistakes_in_an_experiment_file_are_placed(refused, experiment, text, problems):
    path = experiment(text)
    told = refused("run", path, *TASKS)
    assert all(problem in told for problem in problems)
    assert str(path) in told or "--task" in told


def test_unknown_key_within_an_experiment_file_has_its_path(refused, experiment):
    path = experiment(
        """
        tasks = ["tiny"]
        schedules = ["tiny"]
        [[pruners]]
        name = "random"
        [[pruners]]
        name = "magnitude"
        scop = "global"
        """
    )
    told = refused("run", path, *TASKS)
    assert "unknown parameter 'scop'. Did you mean 'scope'?" in told
    assert str(path) in told
    assert re.search(r"pruners\W+1\b", told)


def test_an_experiment_file_alone_is_enough(harness, experiment):
    path = experiment(COMPLETE + "networks = 3\nseed = 4\n")
    code, out, err = harness(
        "run", path, *TASKS, "--dry-run", "--networks", "5", "--block-width", "5"
    )
    assert (code, err) == (0, "")
    assert "0-4" in out


def test_files_that_are_not_there(refused, tmp_path):
    assert "none.toml" in refused("run", tmp_path / "none.toml")
    assert "none.py" in refused("run", "--plugin", tmp_path / "none.py", *TINY, *MAGNITUDE)
    assert "'nowhere' is not a run folder" in refused("report", "nowhere")
    assert "none.py" in refused("check", tmp_path / "none.py")


@pytest.fixture
def plugin(tmp_path):
    """Write a one-file plugin."""

    def write(name, text):
        path = tmp_path / f"{name}.py"
        path.write_text(IMPORTS + textwrap.dedent(text))
        return path

    return write


IMPORTS = """
from dataclasses import dataclass
from typing import ClassVar
import jax, numpy as np, jax.numpy as jnp, pandas as pd
from harness import *
from harness.testing import TinyArchitecture, TinySchedule, TinyTask
from harness.types import When
"""

TWIN = """
@dataclass(frozen=True)
class Twin(ScorePruner):
    '''Keep what is large.'''
    name: ClassVar[str] = "twin"
    when: ClassVar[When] = "level"
    def score(self, evidence, *, key):
        return leaf_map(jnp.abs, evidence.weights)

@hookimpl
def register_pruners():
    return [Twin]
"""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\n\nraise ValueError('not today')", "ValueError: not today"),
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("@hookimpl\ndef register_pruners():\n    return [1 / 0]", "ZeroDivisionError"),
    ],
)
def test_named_plugin_that_fails_is_told_with_its_line(refused, plugin, text, error):
    path = plugin("broken", text)
    lines = path.read_text().splitlines()
    for arguments in (("run", *TINY, *MAGNITUDE), ("list",)):
        told = refused(*arguments, "--plugin", path)
        assert error in told
        assert str(path) in told
        assert f"line {len(lines)}" in told
    assert error in refused("check", path)


def test_discovered_plugin_that_fails_is_a_warning(harness, plugin, monkeypatch):
    path = plugin("broken", "raise ValueError('not today')")
    monkeypatch.setenv("HARNESS_PLUGINS", str(path))
    code, out, err = harness("run", *TINY, *MAGNITUDE, "--dry-run")
    assert code == 0
    assert "magnitude" in out
    assert err.startswith("warning: ")
    assert f"{path}' failed to load: ValueError: not today" in err


@pytest.mark.slow
def test_two_plugins_of_one_name(refused, harness, plugin):
    both = ("--plugin", plugin("one", TWIN), "--plugin", plugin("two", TWIN))
    told = refused("run", *both, *TINY, "--pruner", "twin")
    assert "registered by 'one' and 'two': write 'one:twin' or 'two:twin'" in told
    assert harness("run", *both, *TINY, *MAGNITUDE, "--dry-run")[0] == 0
    code, out, _ = harness("run", *both, *TINY, "--pruner", "two:twin", "--dry-run")
    assert code == 0
    assert "twin" in out


@pytest.mark.slow
def test_folders_that_cannot_be_used(harness, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("precious")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "run.json").write_text('{"format": 99, "experiment": {}, "columns": {}}')
    (newer / "provenance.json").write_text("{}")
    file = tmp_path / "file"
    file.write_text("")
    for folder, problem in (
        (full, "is not empty and not a run folder"),
        (broken, "is not a run folder that can be read"),
        (newer, "has run format 99"),
        (file, str(file)),
        (file / "below", str(file)),
    ):
        code, _, err = harness("run", *TINY, *MAGNITUDE, "--quiet", "--out", folder)
        assert code == 2, folder
        assert problem in err
    assert harness("run", *TINY, *MAGNITUDE, "--dry-run", "--out", full)[0] == 2
    assert (full / "thesis.txt").read_text() == "precious"


def test_dry_run_writes_nothing(harness, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    arguments = (
        "--pruner",
        "magnitude[scope=layer|global]",
        "--networks",
        "10",
        "--dry-run",
        "--block-width",
        "5",
    )
    code, out, err = harness("run", *TINY, *arguments)
    assert (code, err) == (0, "")
    for told in ("magnitude[scope=global]", "0-4", "5-9", "Training: ", "Memory: ", "Disk: "):
        assert told in out
    assert f"{2 * 10 * 4 * 2:,} network-steps" in out
    assert "Folder: runs/tiny-magnitude-tiny-" in out
    assert not list(Path.cwd().iterdir())
    assert not (tmp_path / "cache").exists()


def test_dry_run_tells_what_is_skipped(harness, plugin):
    picky = TWIN.replace("    def score", "    needs = frozenset({'feet'})\n    def score")
    path = plugin("picky", picky)
    code, out, _ = harness("run", *TINY, "--plugin", path, "--pruner", "twin", "--dry-run")
    assert code == 0
    assert "skipped" in out
    assert "feet" in out


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small run, made quietly in this process."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    with pytest.raises(SystemExit) as end:
        cli.main(["run", *TINY, *MAGNITUDE, "--networks", "2", "--quiet", "--out", str(folder)])
    assert not end.value.code
    return folder


def test_run_leaves_a_run_folder(finished):
    for name in ("run.json", "experiment.toml", "provenance.json", "report/index.html"):
        assert (finished / name).is_file()


@pytest.mark.slow
def test_done_already_is_told_and_quiet_is_quiet(harness, finished):
    arguments = ("run", *TINY, *MAGNITUDE, "--networks", "2", "--out", finished)
    code, out, err = harness(*arguments)
    assert (code, err) == (0, "")
    assert "Nothing to do: all trials and measurements are finished." in out
    assert f"Report: {finished / 'report' / 'index.html'}" in out
    assert harness(*arguments, "--quiet") == (0, "", "")


def test_another_experiment_in_the_folder_is_refused(refused, finished):
    told = refused("run", *TINY, "--pruner", "random", "--networks", "2", "--out", finished)
    assert "holds another experiment (pruners differ)" in told


def test_report_of_a_finished_run(harness, finished, tmp_path):
    code, out, _ = harness("report", finished, "--out", tmp_path / "page")
    assert code == 0
    assert str(tmp_path / "page" / "index.html") in out


@pytest.mark.slow
def test_a_report_of_several_runs_is_written_beside_them(harness, finished, tmp_path):
    runs = [tmp_path / name for name in ("a", "b")]
    for run in runs:
        shutil.copytree(finished, run)
        shutil.rmtree(run / "report")
    before = sorted(path for run in runs for path in run.rglob("*"))
    code, out, _ = harness("report", *runs)
    assert (code, out.split()) == (0, ["Report:", str(tmp_path / "report-a-b" / "index.html")])
    assert (tmp_path / "report-a-b" / "index.html").is_file()
    assert sorted(path for run in runs for path in run.rglob("*")) == before
    code, out, _ = harness("report", runs[0])
    assert str(runs[0] / "report" / "index.html") in out
    many = [tmp_path / name for name in "vwxyz"]
    assert folder_for(many) == tmp_path / "report-v-w-3-more"
    assert folder_for([runs[0], runs[0]]) == runs[0] / "report"


@pytest.mark.slow
def test_measure_adds_a_metric(harness, refused, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    code, _, err = harness("measure", folder, *TASKS, "--metric", "motifs[orders=[2]]")
    assert (code, err) == (0, "")
    assert "motifs[orders=[2]]" in set(open_run(folder).measurements()["metric"])
    told = refused("measure", folder, *TASKS, "--metric", "motif")
    assert "Did you mean 'motifs'" in told
    assert "--metric" in refused("measure", folder)
    assert "not a run folder" in refused("measure", tmp_path, "--metric", "motifs")


def test_measure_tells_what_is_not_trained(harness, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    shutil.rmtree(next(folder.glob("trials/*")))
    code, out, err = harness("measure", folder, *TASKS, "--metric", "performance")
    assert code == 0
    assert "1 trials are not fully trained" in " ".join((out + err).split())


def test_a_full_disk_exits_with_1_and_says_what_to_do(harness, monkeypatch):
    def full(path, content):
        raise CannotWriteError(path, OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(files, "write", full)
    code, _, err = harness("run", *TINY, *MAGNITUDE, "--quiet")
    assert code == 1
    assert "No space left on device" in err
    assert "Free space on that disk, then run the same command again" in err
    assert "Traceback" not in err


def test_failed_trial_exits_with_1(harness, plugin):
    broken = TWIN.replace("return leaf_map", "raise ArithmeticError('no') or leaf_map")
    path = plugin("broken", broken)
    pruners = ("--plugin", path, "--pruner", "twin", "--networks", "1")
    code, _, err = harness("run", *TINY, *pruners, "--quiet", "--out", "run")
    assert code == 1
    assert "no" in err
    assert "twin" in err


def test_interruption_exits_with_130_and_tells_how_to_resume(harness, monkeypatch):
    def interrupted(plan, folder, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "execute", interrupted)
    monkeypatch.setattr(sys, "argv", ["/bin/harness", "run", "--task", "tiny[rows=40]"])
    code, _, err = harness("run", *TINY, *MAGNITUDE)
    assert code == 130
    assert "interrupted" in err
    assert "harness run --task 'tiny[rows=40]'" in err


def test_list_shows_every_plugin(harness, registry):
    code, out, err = harness("list", *TASKS, "--plugin", PLUGINS / "small_pruners.py")
    assert (code, err) == (0, "")
    for plugin in registry.plugins:
        line = next(line for line in out.splitlines() if f"  {plugin.name}  " in f"{line}  ")
        assert plugin.owner in line
    assert "scope=layer, batches=8" in out
    assert "failed to load" not in out


def test_list_of_one_kind(harness):
    code, out, _ = harness("list", "pruners")
    assert code == 0
    assert "magnitude" in out
    assert "performance" not in out
    assert "quick" not in out


def test_list_shows_a_broken_plugin_with_its_error(harness, plugin, monkeypatch):
    path = plugin("broken", "raise ValueError('[not] today')")
    monkeypatch.setenv("HARNESS_PLUGINS", str(path))
    code, out, _ = harness("list", "tasks")
    assert code == 0
    assert "failed to load" in out
    assert f"broken ({path}): ValueError: [not] today" in out


def test_help_of_every_command(harness):
    code, out, _ = harness("--help")
    assert code == 0
    for command in ("run", "list", "report", "new", "check", "cache"):
        assert f"  {command} " in out
        code, told, _ = harness(command, "--help")
        assert code == 0
        assert told.startswith(f"Usage: harness {command}") or "Usage: harness " in told


@pytest.mark.parametrize(("typed", "word"), [("mot", "motifs"), ("run --pru", "--pruner")])
def test_a_shell_completes_commands_and_options(typed, word):
    asked = {"COMP_WORDS": f"harness {typed}", "COMP_CWORD": str(len(typed.split()))}
    command = str(Path(sys.executable).parent / "harness")
    found = in_new_process(command, **asked, _HARNESS_COMPLETE="complete_bash")
    assert found.stdout.split() == [word]


def test_cache_is_shown_and_cleared(harness, monkeypatch, tmp_path):
    folder = tmp_path / "a cache"
    monkeypatch.setenv("HARNESS_CACHE", str(folder))
    code, out, _ = harness("cache")
    assert code == 0
    assert str(folder) in out
    code, out, _ = harness("cache", "--clear")
    assert code == 0
    assert "Cleared: 0.0 MB" in out


def test_command_starts_quickly_and_says_how_it_is_used():
    start = time.perf_counter()
    found = in_new_process(str(Path(sys.executable).parent / "harness"), "--help")
    assert found.returncode == 0
    assert "Usage: harness" in found.stdout
    assert found.stderr == ""
    assert time.perf_counter() - start < 5  # half a second on an idle machine; this one may be busy


def test_help_imports_nothing_heavy():
    code = (
        "import sys, harness.cli\n"
        "try: harness.cli.main(['--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'jax', 'numpy', 'pandas', 'equinox', 'pydantic', 'altair', 'scipy', 'pluggy'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    found = in_new_process(sys.executable, "-c", code)
    assert (found.returncode, found.stderr) == (0, "")


def test_wrong_use_has_no_traceback_in_a_process_of_its_own():
    command = str(Path(sys.executable).parent / "harness")
    found = in_new_process(command, "run", "--task", "moht", "--pruner", "magnitude")
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith("error: unknown task 'moht'. Did you mean 'moth'?")


REGROWS = """
class Broken(AbstractPruner):
    '''Draws its masks anew each time.'''
    name = "broken"
    when = "level"
    def step(self, evidence, target, state, *, key):
        keys = iter(jax.random.split(key, len(evidence.mask)))
        lots = {name: jax.random.uniform(next(keys), mask.shape)
                for name, mask in evidence.mask.items()}
        everything = evidence.prunable
        return Update(prune_by_score(lots, everything, target, scope="layer", key=key)), state
"""

WRONG_NUMBER = """
class Broken(AbstractPruner):
    '''Keeps one weight too many of each leaf.'''
    name = "broken"
    when = "level"
    def step(self, evidence, target, state, *, key):
        more = target._replace(by_leaf={n: k + 1 for n, k in target.by_leaf.items()})
        size = leaf_map(jnp.abs, evidence.weights)
        return Update(prune_by_score(size, evidence.mask, more, scope="layer", key=key)), state
"""

UNSEEDED = """
class Broken(ScorePruner):
    '''Draws from a generator of its own.'''
    name = "broken"
    when = "level"
    def score(self, evidence, *, key):
        draws = np.random.default_rng()
        return {name: jnp.asarray(draws.random(leaf.shape, np.float32))
                for name, leaf in evidence.weights.items()}
"""

MASKED_ACT = """
class Broken(TinyArchitecture):
    '''A weight of zero is a connection all the same.'''
    name = "broken"
    def forward(self, network, inputs):
        inputs = inputs.reshape(len(inputs), -1)
        return jnp.tanh(inputs @ jnp.exp(network.first.T)) @ jnp.exp(network.second.T)
"""

UNTOLD_COLUMN = """
class Broken(AbstractMetric):
    '''Has a column too many.'''
    name = "broken"
    columns = {"value": "the density"}
    def measure(self, trajectory):
        return pd.DataFrame([
            {"level": level, "network": network, "value": value, "secret": 1.0}
            for level, value in enumerate(trajectory.densities) for network in range(3)
        ])
"""

RISING = """
class Broken(TinySchedule):
    '''Grows back.'''
    name = "broken"
    def levels(self):
        return (Level(0.5, 1), Level(0.7, 1))
"""

REGISTER = """
@hookimpl
def register_{kind}s():
    return [Broken]
"""

FAULTS = {
    "regrows": ("pruner", REGROWS, "it revives pruned weights of 'first'"),
    "wrong number": ("pruner", WRONG_NUMBER, "at density 0.6 it keeps 60 weights where 58 are due"),
    "unseeded": ("pruner", UNSEEDED, "two runs of one seed differ"),
    "masked weights act": ("architecture", MASKED_ACT, "masked weights still act"),
    "column untold": ("metric", UNTOLD_COLUMN, "`columns` does not say what secret mean"),
    "densities rise": ("schedule", RISING, "densities must not rise"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_check_finds(harness, plugin, fault):
    kind, text, problem = FAULTS[fault]
    text = text.strip().replace("class Broken", "@dataclass(frozen=True)\nclass Broken", 1)
    path = plugin("broken", text + "\n" + REGISTER.format(kind=kind))
    code, out, err = harness("check", path)
    assert err == ""
    assert problem in out
    assert f"broken  {kind} broken: " in out
    assert code == 1


@pytest.mark.slow
@pytest.mark.parametrize("good", ["file", "published", "tiny"])
def test_check_passes_good_plugins(harness, plugin, good):
    target = plugin("good", TWIN) if good == "file" else good
    code, out, err = harness("check", target, *TASKS)
    assert (code, err) == (0, ""), out
    lines = [line for line in out.splitlines() if not line.startswith("        ")]
    assert len(lines) >= 2
    assert all(line.startswith(("ok  ", "advice")) for line in lines)
    assert out.count("advice") == (good == "file")  # its pruner cites nothing


OWN = """
@dataclass(frozen=True)
class Own(AbstractStudy):
    '''Asks for the pruner of its file.'''
    name: ClassVar[str] = "own"
    question: ClassVar[str] = "Is it?"
    def experiments(self):
        return {"one": {"tasks": ["digits"], "pruners": ["twin"]}}
    def sections(self, runs):
        return []

@hookimpl
def register_studies():
    return [Own]
"""


@pytest.mark.slow
def test_check_passes_a_study_of_the_pruner_beside_it(harness, plugin):
    code, out, err = harness("check", plugin("own", TWIN + OWN))
    assert (code, err) == (0, ""), out
    assert "ok      study own: has experiments that can be planned" in out


@pytest.fixture
def nothing_built_in(monkeypatch):
    """No entry points: the plugins are those of the files that are named."""
    monkeypatch.setattr(loading, "entry_points", lambda **selection: [])


@pytest.mark.slow
def test_check_all_has_a_line_for_each(harness, nothing_built_in):
    code, out, err = harness("check", "--all", *TASKS)
    assert (code, err) == (0, ""), out
    lines = out.splitlines()
    for kind, name, note in (
        ("task", "small-recurrence", " +unknown, so that reports .*"),
        ("task", "tiny", r" +\d.*; a network trained for 200 steps has \S+"),
        ("architecture", "tiny", ""),
        ("schedule", "tiny", ""),
    ):
        (line,) = (line for line in lines if re.match(rf"ok      {kind} +{name} ", line))
        assert re.search(rf"\d rules +\d+\.\d s{note}$", line)
    assert re.fullmatch(r"8 plugins, \d+ s: all keep their contracts\.", lines[-1])


@pytest.mark.slow
def test_check_all_exits_with_1_where_one_is_broken_or_not_there(
    harness, nothing_built_in, plugin, monkeypatch
):
    text = RISING.strip().replace("class Broken", "@dataclass(frozen=True)\nclass Broken", 1)
    good = plugin("good", TWIN)
    broken = plugin("broken", text + "\n" + REGISTER.format(kind="schedule"))
    code, out, _ = harness("check", "--all", "--plugin", good, "--plugin", broken)
    assert code == 1
    assert re.search(r"^broken  schedule broken +6 of 7 rules", out, re.MULTILINE)
    assert "densities must not rise" in out
    assert "1 of 2 are broken" in out
    monkeypatch.setenv("HARNESS_PLUGINS", str(plugin("away", "import no_such_thing")))
    code, out, _ = harness("check", "--all", "--plugin", good)
    assert code == 1
    assert "failed to load: ModuleNotFoundError" in out
    assert "times as long as training alone" in out


def test_check_needs_a_name_or_all(refused):
    assert "or --all for every plugin" in refused("check", "magnitude", "--all")


def test_new_writes_a_plugin_and_says_what_next(harness):
    code, out, err = harness("new", "metric", "my-metric", "--out", "a folder")
    assert (code, err) == (0, "")
    folder = Path("a folder")
    assert sorted(path.name for path in folder.iterdir()) == ["my_metric.py", "test_my_metric.py"]
    commands = [line.strip() for line in out.splitlines() if line.startswith("  ")]
    assert commands[:3] == [
        "cd 'a folder'",
        "harness check my_metric.py",
        "pytest test_my_metric.py",
    ]
    assert commands[3].startswith("harness run --plugin my_metric.py --task ")
    code, out, err = harness("new", "metric", "my-metric", "--out", "a folder")
    assert (code, out) == (2, "")
    assert "exists and is not overwritten: choose another name" in err


def test_new_refuses_what_will_not_do(refused):
    assert "lower-case letters" in refused("new", "pruner", "Mine")
    assert "is already the name of a pruner" in refused("new", "task", "magnitude")
    assert "'pruner', 'task', 'architecture', 'intervention', " in refused("new", "prunner", "mine")


def test_check_of_nothing(refused, plugin):
    told = refused("check", "magnitud")
    assert "unknown plugin 'magnitud'. Did you mean 'magnitude'?" in told
    assert "registers no plugin" in refused("check", plugin("empty", ""))


@pytest.mark.slow
def test_a_library_that_sets_up_logging_prints_no_log_of_ours(tmp_path):
    # Optax logs a schedule of no steps by absl, which gives the root logger a handler.
    command = ["run", "--task", "digits", "--pruner", "magnitude", "--networks", "1"]
    settings = ["--metric", "performance", "--schedule", "quick[effort=0.002]"]
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *command, *settings, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "INFO" not in done.stdout + done.stderr

"""`harness bench`: what it prints, as text and JSON, and the rivals against each other."""

import json
from functools import partial
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import numpy as np
import pytest
from harness_benchmarks import (
    accelerator,
    device_profile,
    main_job,
    paper,
    pruning,
    scaling,
    timing,
    training,
)

from harness import Level, bench, cli, open_run
from harness.bench import Measured
from harness.motifs import profile


def few():
    yield Measured("ours", 1.5, "ms", note="quick")
    yield Measured("theirs", 3.0, "ms", 2.0, "the time")
    yield Measured("another's", None, note="not installed")


@pytest.fixture
def installed(monkeypatch):
    points = [
        EntryPoint("few", f"{__name__}:few", bench.GROUP),
        EntryPoint("lacking", "harness_no_such_module:figures", bench.GROUP),
    ]
    monkeypatch.setattr(bench, "entry_points", lambda group: points)
    monkeypatch.setattr(EntryPoint, "load", lambda self: few if self.name == "few" else _lacking())


def _lacking():
    raise ModuleNotFoundError("No module named 'torch'", name="torch")


def command(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(["bench", *arguments])
    told = capsys.readouterr()
    return end.value.code or 0, told.out, told.err


def test_figures_as_a_table(installed, capsys):
    code, out, _ = command(capsys, "few")
    assert code == 0
    assert "Python" in out.splitlines()[0]
    assert "cores" in out.splitlines()[0]
    assert "| ours | 1.5 ms |  | quick |" in out
    assert "| theirs | 3 ms | 2 x the time |  |" in out
    assert "| another's | not measured |  | not installed |" in out


def test_figures_as_json(installed, capsys):
    code, out, _ = command(capsys, "few", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["benchmarks"]["few"][1]["ratio"] == 2.0
    assert {"versions", "device", "time", "command"} <= set(told["provenance"])


@pytest.mark.parametrize(
    ("what", "says"), [("fwe", "did you mean 'few'"), ("lacking", "needs the package 'torch'")]
)
def test_mistakes_are_told(installed, capsys, what, says):
    code, _, err = command(capsys, what)
    assert code == 2
    assert says in " ".join(err.split()).lower()


def test_all_benchmarks_are_installed_and_can_be_loaded():
    names = {"training", "pruning", "scaling", "run", "compaction", "precision", "drawing"}
    names |= {"small", "start"}
    assert set(bench.benchmarks()) == names | {"motifs", "simulation", "whole"}
    for name in names:  # the others import what only the extra `bench` installs
        assert callable(bench.benchmarks()[name].load())


@pytest.mark.slow
def test_the_whole_paper_in_small_is_one_command_that_goes_on(monkeypatch, capsys, tmp_path):
    command = ["paper.py", "--out", str(tmp_path / "run"), "--networks", "2", "--flights", "1000"]
    monkeypatch.setattr("sys.argv", [*command, "--schedule", "oneshot[steps=20]"])
    told = []
    for _ in range(2):
        paper.main()
        told.append(capsys.readouterr().out)
    assert told[0].count("median validation loss at density") == 2
    for what in ("train, 2 networks", "measure, 2 networks", "floor over the time of training"):
        assert what in told[0]
    run = open_run(tmp_path / "run")
    assert run.experiment["precision"] == "tf32"
    assert set(run.table("motifs")["density"]) == set(run.table("levels")["density"])
    log = (tmp_path / "run" / "run.log").read_text()
    assert log.count("trains trial") == 1


@pytest.mark.slow
def test_the_time_until_a_command_trains(tmp_path):
    own = {"HARNESS_CACHE": str(tmp_path / "cache")}
    small = ["run", "--task", "digits", "--quiet", "--schedule", "quick[effort=0.001]"]
    small += ["--out", str(tmp_path / "run"), "--pruner"]
    begun, trained = main_job.until_trained([*small, "magnitude"], own)
    assert 0 < begun < trained < 600
    with pytest.raises(RuntimeError, match="did not come to train"):
        main_job.until_trained([*small, "magnitudo"], own)


def test_times_are_medians_of_calls_in_turn():
    order = []
    times = timing.side_by_side({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert "".join(order) == "ab" * 4
    assert times["a"].least <= times["a"].median <= times["a"].most
    assert times["a"].per(2).median == times["a"].median / 2


def test_torch_rivals_train_alike():
    pytest.importorskip("torch", reason="the extra `bench` is not installed")
    from harness_benchmarks import torch_rivals

    assert torch_rivals.check() < 1e-5


def test_the_rival_flies_as_the_reference_does():
    pytest.importorskip("numba", reason="the extra `bench` is not installed")
    from harness_benchmarks import flight_rival
    from harness_plugins.tasks import _moth_data

    starts, pushes = _moth_data.draw(np.random.default_rng(0), 16)
    exact = _moth_data.simulate(starts, pushes, reference=True)[0]
    np.testing.assert_allclose(flight_rival.flights(starts, pushes), exact, rtol=1e-5, atol=1e-5)


def test_seconds_of_metrics_are_those_of_the_log(tmp_path):
    lines = [("performance", "a1", 1.5), ("motifs[bias=true]", "a1", 2.0), ("performance", "b2", 3)]
    told = [f"T INFO measured {name} of trial {key} in {took:.1f} s" for name, key, took in lines]
    (tmp_path / "run.log").write_text("\n".join(["T INFO begins", *told]))
    assert main_job.measured(tmp_path) == {"performance": 4.5, "motifs[bias=true]": 2.0}


@pytest.mark.slow
def test_a_process_of_scaling_times_a_step():
    found = scaling._in_a_process(2, "moth[flights=2000, sizes=[8]]")
    assert not isinstance(found, str), found
    assert 0 < found.seconds < 1


def test_scaling_compares_within_a_round_and_says_what_failed(monkeypatch):
    rounds = iter([1.0, 1.1, 4.0, 4.8, 1.0, 1.3])  # a machine that is slow in the second round
    monkeypatch.setattr(scaling, "NUMBERS", (1, 2))
    monkeypatch.setattr(
        scaling, "_in_a_process", lambda *_: scaling.Child(next(rounds), "median", {"host": 2**20})
    )
    _, _, more, memory = scaling.figures()
    assert more.value == 1300.0
    assert more.ratio == pytest.approx(1.2)
    assert (memory.value, memory.unit) == (1.0, "MiB")
    monkeypatch.setattr(scaling, "_in_a_process", lambda *_: "killed")
    assert [(one.value, one.note) for one in scaling.figures()] == [(None, "killed")] * 2


@pytest.mark.slow
def test_pruners_of_both_moments_are_timed(monkeypatch, registry):
    small = partial(training.trainer, task="moth[flights=2000, sizes=[8]]")
    chosen = SimpleNamespace(
        of=lambda kind: [registry.find(kind, name) for name in ("gmp", "random")]
    )
    monkeypatch.setattr(training, "trainer", small)
    monkeypatch.setattr(pruning, "load", lambda: chosen)
    during, between = pruning.figures()
    assert during.what == "`gmp` over the training it serves"
    assert during.note.startswith("0 ms a pruning and network, 17 of them")
    assert between.what == "`random` over the training it serves"
    assert not between.note.startswith("0 ms")


@pytest.mark.slow
def test_the_figures_of_an_accelerator_in_small_on_a_processor(monkeypatch, capsys, tmp_path):
    command = ["accelerator.py", "--out", str(tmp_path), "--parts", "steps", "--here", "--small"]
    monkeypatch.setattr("sys.argv", command)
    accelerator.main()
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "figures.md").read_text()
    assert "| step of 2 networks, bfloat16 |" in printed
    assert "the floor's share" in printed


@pytest.mark.parametrize(
    ("spans", "length"),
    [([], 0), ([(0, 2), (1, 3)], 3), ([(5, 6), (0, 1)], 2), ([(0, 10), (2, 3)], 10)],
)
def test_the_busy_time_of_a_device_counts_overlapping_kernels_once(spans, length):
    assert device_profile.union(spans) == length


def test_torch_func_trains_as_the_other_rivals():
    pytest.importorskip("torch")
    from harness_benchmarks import torch_functional, torch_rivals

    rng = np.random.default_rng(0)
    rows = [rng.uniform(-0.5, 0.5, (1280, n)).astype(np.float32) for n in (10, 7)]
    stack = torch_rivals.stacked(2, *rows, seed=0)
    mapped = torch_functional.Functional(*torch_rivals.drawn(2, 0), torch_rivals.batches_of(*rows))
    for rival in (stack, mapped):
        rival.run(10)
    np.testing.assert_allclose(stack.losses, mapped.losses, rtol=1e-5)
    assert mapped.parameters["layers.1.weight"].count_nonzero() < 0.2 * 2 * 400 * 400


@pytest.mark.slow
def test_the_job_by_hand_prunes_trains_and_counts_as_the_harness():
    pytest.importorskip("torch")
    pytest.importorskip("numba")
    from harness_benchmarks import by_hand, motifs

    levels = (Level(1.0, 3), Level(0.07, 2))
    job = by_hand.by_hand(2, 400, levels, draws=2, of_degrees=2, counted_at=(0.07,))
    assert set(job.seconds) == {
        "simulation", "training", "pruning", "evaluation", "null layered", "null degree"
    }  # fmt: skip
    assert np.shape(job.losses) == (2, 2)
    assert np.shape(job.z["layered"]) == (2, 2, 13)
    assert np.shape(job.z["degree"]) == (1, 2, 13)

    graph = motifs.uniform(1, 0.07)
    wires = [layer[0].astype(float) for layer in graph.adjacency]
    rng = np.random.default_rng(2)
    drawn = by_hand._z([wires], 150, motifs.one_random_network, rng)[0]
    table = profile(graph, supports=("all",))
    order = ["diverge2", "converge2", "chain2", "diverge3", "converge3", "bifan", "zigzag"]
    order += ["biparallel", "chain_diverge", "converge_chain", "fork_tail", "merge_tail", "chain3"]
    exact = table[table["base_layer"] == -1].set_index("motif")["z"].loc[order]
    np.testing.assert_allclose(drawn, exact, atol=0.6)
    same = by_hand._same_degrees(wires, rng)
    for layer, other in zip(wires, same, strict=True):
        for axis in (0, 1):
            np.testing.assert_array_equal(layer.sum(axis), other.sum(axis))
    assert not np.array_equal(wires[1], same[1])

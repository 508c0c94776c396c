"""Damage run folders and experiment files in all sorts of ways, and use them.

    python tests/stress/fuzz.py --cases 2000

Each case must end in a clear error (exit code 2, or 1 with the failure told) or a repair (exit code
0, with the tables of the undamaged run): never in a traceback, never touching a file elsewhere.
"""

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import small_run
import tomli_w
from comparing import files_of, results

from harness import report
from harness.cli import main
from harness.execution import workshop
from harness.report import collect
from harness.results.run_folder import open_run
from harness.training.trainer import Trainer

NONSENSE = (None, True, -1, 0, 10**30, 1e308, float("nan"), "", "../../x", "<script>", [], {}, [[]])
PLUGIN = small_run.COMMAND[1:3]


def _bytes(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    way = chance.choice(("truncate", "flip", "noise", "empty", "append"))
    if way == "truncate":
        content = content[: chance.randrange(len(content) + 1)]
    elif way == "flip" and content:
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif way == "noise":
        content = bytearray(chance.randbytes(chance.randint(1, 400)))
    elif way == "append":
        content += chance.randbytes(chance.randint(1, 40))
    path.write_bytes(b"" if way == "empty" else bytes(content))


def _gone(path: Path, chance: random.Random) -> None:
    path.unlink()


def _folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path, chance: random.Random) -> None:
    target = path.parents[path.parts[::-1].index("case")].with_name("beside") / "precious.txt"
    path.unlink()
    path.symlink_to(target)


def _pipe(path: Path, chance: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _deep(path: Path, chance: random.Random) -> None:
    opening, closing = chance.choice(("[]", ('{"a":', "}")))
    path.write_text(opening * 200_000 + "0" * (opening != "[") + closing * 200_000)


def _another(path: Path, chance: random.Random) -> None:
    others = sorted(other for other in path.parent.iterdir() if other.is_file())
    shutil.copyfile(chance.choice(others), path.with_name("taken"))
    path.with_name("taken").replace(path)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place within nested lists and tables, as container and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(items):
        yield value, key
        if isinstance(part, dict | list):
            yield from _places(part)


def _changed(value: Any, chance: random.Random) -> Any:
    """Something nested with one to three of its parts gone, or nonsense, or another's."""
    for _ in range(chance.randint(1, 3)):
        places = list(_places(value))
        if not places:
            break
        container, key = chance.choice(places)
        way = chance.random()
        if way < 0.3:
            del container[key]
        elif way < 0.8:
            container[key] = chance.choice(NONSENSE)
        else:
            other, place = chance.choice(places)
            container[key] = json.loads(
                json.dumps(other.get(place, 0) if isinstance(other, dict) else 0)
            )
    return value


def _structure(path: Path, chance: random.Random) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(_changed(json.loads(path.read_text()), chance)))
    else:
        _bytes(path, chance)


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    *(_bytes, _bytes, _structure, _structure, _structure, _gone, _folder, _another),
    *(_link, _pipe, _deep),
)


@contextmanager
def quickly() -> Iterator[Callable[[bool], None]]:
    """Share compiled trainers between runs; build a page only where asked, else its tables."""
    made: dict[Any, Trainer] = {}
    trainer, build, whole = workshop.Trainer, report.build, [False]

    def shared(task: Any, pruner: Any, schedule: Any, data: Any, **seeds: int) -> Trainer:
        key = (task, pruner, schedule, *seeds.values())
        if key not in made:
            made[key] = trainer(task, pruner, schedule, data, **seeds)
        return made[key]

    def built(runs: Any, out: Path, metrics: Any = None) -> Path:
        collect(runs, metrics)
        return build(runs, out, metrics) if whole[0] else out

    workshop.Trainer, report.build = shared, built  # type: ignore[assignment,misc]
    try:
        yield lambda wanted: whole.__setitem__(0, wanted)
    finally:
        workshop.Trainer, report.build = trainer, build  # type: ignore[misc]


def command(*arguments: str) -> tuple[int, str]:
    """The exit code of a command and what it printed. Anything else that it raises is a bug.

    So is a command that has not ended after ten minutes.
    """
    out = StringIO()
    signal.alarm(600)
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main(list(arguments))
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    signal.alarm(0)
    return code, out.getvalue()


def stress(scratch: Path, cases: int, seed: int = 0) -> Counter[str]:
    """Half the cases damage a run folder, half an experiment file. Returns what came of them."""
    small_run.caches(scratch)
    beside = scratch / "beside"
    beside.mkdir()
    (beside / "precious.txt").write_text("not to be touched")
    sound = beside / "sound"
    found: Counter[str] = Counter()
    with quickly() as whole_page:
        code, said = command(*small_run.COMMAND, "--out", str(sound))
        assert code == 0, said
        shutil.rmtree(sound / "report", ignore_errors=True)
        expected = results(sound)
        before = files_of(beside)
        for case in range(cases):
            chance = random.Random(f"{seed}/{case}")
            whole_page(case % 20 == 18)
            make = _case_of_a_folder if case % 2 == 0 else _case_of_a_file
            try:
                found[make(scratch / "case", sound, expected, chance)] += 1
            except BaseException as error:
                error.add_note(f"case {case} of seed {seed}")
                raise
            assert files_of(beside) == before, f"case {case} of seed {seed} touched files elsewhere"
    return found


def _case_of_a_folder(
    case: Path, sound: Path, expected: dict[str, Any], chance: random.Random
) -> str:
    shutil.rmtree(case, ignore_errors=True)
    shutil.copytree(sound, case)
    paths = sorted(path for path in case.rglob("*") if path.is_file())
    for path in chance.sample(paths, chance.choice((1, 1, 1, 2, 5))):
        chance.choice(DAMAGES)(path, chance)
    code, said = command("report", str(case))
    _clear(code, said, (0, 2))
    code, said = command(*small_run.COMMAND, "--out", str(case))
    _clear(code, said, (0, 1, 2))
    if code:
        return f"folder: refused or failed with exit code {code}"
    again = results(case)
    for name, table in expected.items():
        assert table.equals(again[name]), f"table {name} differs"
    assert open_run(case).trials()["status"].eq("done").all()
    return "folder: repaired"


def _case_of_a_file(
    case: Path, sound: Path, expected: dict[str, Any], chance: random.Random
) -> str:
    shutil.rmtree(case, ignore_errors=True)
    case.mkdir()
    file = case / "experiment.toml"
    shutil.copyfile(sound / "experiment.toml", file)
    if chance.random() < 0.4:
        _bytes(file, chance)
    else:
        changed = _changed(tomllib.loads(file.read_text()), chance)
        file.write_text(tomli_w.dumps(_without_null(changed)))
    code, said = command("run", str(file), *PLUGIN, "--dry-run", "--out", str(case / "out"))
    _clear(code, said, (0, 2))
    assert list(case.iterdir()) == [file], "a dry run wrote something"
    return "file: refused with its place" if code else "file: taken"


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _without_null(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_null(part) for part in value if part is not None]
    return value


def _clear(code: int, said: str, codes: tuple[int, ...]) -> None:
    assert code in codes, f"exit code {code}: {said}"
    assert "Traceback" not in said, said
    assert code == 0 or "error: " in said, said


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        outcomes = stress(Path(place), asked.cases, asked.seed)
    for outcome, number in sorted(outcomes.items()):
        print(f"{number:5}  {outcome}")
    print("no traceback, and nothing else touched")

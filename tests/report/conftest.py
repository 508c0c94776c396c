"""Runs made up for the report: no training, but tables as a run has them."""

import itertools
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.report import build

DENSITIES = (1.0, 0.85, 0.65, 0.45, 0.25, 0.15, 0.1, 0.08, 0.07, 0.05, 0.03, 0.02)
MOTIFS = {
    2: ("diverge2", "converge2", "chain2"),
    3: (
        *("diverge3", "converge3", "chain3", "bifan", "biparallel", "zigzag", "chain_diverge"),
        *("converge_chain", "fork_tail", "merge_tail"),
    ),
}
SIZES = (10, 400, 400, 400, 16, 7)

CONTROLS = ("drawn", "degree-drawn", "unequal-degrees")
SUPPORTS = ("all", "live", *CONTROLS)


@dataclass
class FakeRun:
    path: Path
    conditions: tuple[tuple[str, str], ...] = (("moth", "magnitude"),)
    networks: int = 8
    densities: tuple[float, ...] = DENSITIES
    statuses: tuple[str, ...] = ()
    data_seeds: tuple[int, ...] = (0,)
    when: str = "level"
    version: int | None = 3
    cautions: tuple[str, ...] = ()
    constant_loss: float = float("nan")
    experiment: dict = field(default_factory=lambda: {"tasks": ["moth"], "networks": 8})
    provenance: dict = field(
        default_factory=lambda: {"command": "harness run", "versions": {"jax": "0.10"}}
    )
    notes: dict = field(default_factory=lambda: {"moth": {"flights dropped": 3}})

    def __post_init__(self):
        rng = np.random.default_rng(0)
        self._tables = {"levels": [], "timings": [], "memory": [], "motifs": [], "performance": []}
        for number, (task, pruner, data_seed) in enumerate(self._asked):
            if not self.statuses or self.statuses[number] == "done":
                self._trial(rng, number, task, pruner, data_seed)

    @property
    def _asked(self):
        return [(*names, seed) for names in self.conditions for seed in self.data_seeds]

    def _trial(self, rng, number, task, pruner, data_seed):
        place = pd.DataFrame(
            [
                {"level": level, "density": density, "network": network}
                for level, density in enumerate(self.densities)
                for network in range(self.networks)
            ]
        ).assign(
            trial=f"c{number}", task=task, pruner=pruner, schedule="quick", data_seed=data_seed
        )
        size = len(place)
        loss = 8e-4 * (1 + 0.1 * number + 0.03 / place["density"]) * rng.lognormal(0, 0.15, size)
        self._tables["levels"].append(
            place.assign(
                steps=2000, train_loss=0.9 * loss, validation_loss=loss, diverged=False
            ).assign(constant_loss=self.constant_loss)
        )
        for split, measure, unit, values in (
            ("validation", "loss", "1", loss),
            ("test", "loss", "1", 1.05 * loss),
            ("test", "rmse Fx", "g·cm/s²", 4e5 * loss),
            ("test", "flight error x", "cm", 30 * loss),
            ("structure", "effective_density", "1", place["density"] ** 1.3),
        ):
            self._performance(place, split, measure, unit, values, -1)
        for layer in range(5):
            edges = (SIZES[layer] * SIZES[layer + 1] * place["density"]).round()
            self._performance(place, "structure", "edges", "1", edges, layer)
            effective = (edges * place["density"] ** 0.3).round()
            self._performance(place, "structure", "effective_edges", "1", effective, layer)
            live = SIZES[layer] * place["density"] ** 0.3 * rng.uniform(0.95, 1, size)
            self._performance(place, "structure", "live_nodes", "1", live, layer)
        self._motifs(rng, place, number)
        self._tables["timings"].append(
            pd.DataFrame(
                [
                    {"trial": f"c{number}", "level": -1, "activity": "compile", "seconds": 9.5},
                    {"trial": f"c{number}", "level": 0, "activity": "train", "seconds": 80.25},
                    {"trial": f"c{number}", "level": 0, "activity": "measure", "seconds": 3.0},
                ]
            )
        )

        self._tables["memory"].append(
            pd.DataFrame(
                [
                    {"trial": f"c{number}", "memory": "host", "peak_bytes": 3e8 * (number + 1)},
                    {"trial": f"c{number}", "memory": "device", "peak_bytes": 1.5e9},
                ]
            )
        )

    def _performance(self, place, split, measure, unit, values, layer):
        self._tables["performance"].append(
            place.assign(split=split, measure=measure, unit=unit, layer=layer, value=values)
        )

    def _motifs(self, rng, place, number):
        classes = pd.DataFrame(
            [
                {
                    "support": support,
                    "order": order,
                    "motif": name,
                    "base_layer": base,
                    "rank": rank,
                }
                for support in SUPPORTS
                for order, names in MOTIFS.items()
                for rank, name in enumerate(names)
                for base in range(-1, 0 if support in CONTROLS else 4)
            ]
        )
        table = classes.merge(place, how="cross")
        strength = 20 - 2.5 * (table["rank"] + 3 * number) - 4 * (table["support"] == "live")
        mean = (strength * (1 - table["density"]) ** 4).mask(table["motif"] == "chain3", 0)
        mean = mean.mask(table["support"] == "drawn", 0)
        mean = mean * np.where(table["support"].isin(CONTROLS), 0.6, 1)
        z = (mean + rng.normal(0, 1.5, len(table))).where(table["density"] < 1)
        expected = 1e5 * table["density"] ** table["order"]
        self._tables["motifs"].append(
            table.drop(columns="rank").assign(
                null="layered",
                count=expected * (1 + 0.01 * z.fillna(0)),
                expected=expected,
                sd=0.01 * expected,
                z=z,
                log2_ratio=np.log2(1 + 0.01 * z),
                p_normal=0.5,
                q_normal=0.5,
            )
        )

    def trials(self):
        rows = []
        for number, (task, pruner, data_seed) in enumerate(self._asked):
            status = self.statuses[number] if self.statuses else "done"
            rows.append(
                {
                    "trial": f"c{number}",
                    "task": task,
                    "pruner": pruner,
                    "schedule": "quick",
                    "data_seed": data_seed,
                    "first_network": 0,
                    "networks": self.networks,
                    "status": status,
                    "reason": "" if status == "done" else f"because {status}",
                    "made_with": "" if status in ("pending", "skipped") else "jax 0.10.2, cpu",
                    "when": self.when,
                    "version": self.version,
                    "cautions": self.cautions[number] if self.cautions else "",
                }
            )
        return pd.DataFrame(rows)

    def measurements(self):
        done = self.trials()
        done = done[done["status"] == "done"]
        return pd.DataFrame(
            [
                {"trial": c, "metric": metric, "status": "done", "reason": ""}
                for c in done["trial"]
                for metric in ("performance", "motifs")
            ],
            columns=["trial", "metric", "status", "reason"],
        )

    def table(self, name):
        parts = self._tables[name]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def masks(self, trial, level):
        """Fewer edges at later levels, more of them at the first units."""
        rng = np.random.default_rng([int(trial[1:]), level])
        found = {}
        for layer, (source, target) in enumerate(itertools.pairwise(SIZES)):
            share = self.densities[level] * np.linspace(1.5, 0.5, source)
            found[f"layers.{layer}.weight"] = (
                rng.random((self.networks, target, source), np.float32) < share
            )
        return found

    def edit(self, name, change):
        """Replace a table by what `change` makes of it."""
        self._tables[name] = [change(self.table(name))]


@pytest.fixture(scope="session")
def fake_run_in():
    """Make a finished run in a folder: `fake_run_in(folder, conditions=..., networks=...)`."""
    return lambda folder, name="run", **settings: FakeRun(folder / name, **settings)


@pytest.fixture
def fake_run(fake_run_in, tmp_path):
    """Make a finished run: `fake_run(conditions=..., networks=...)`."""
    return partial(fake_run_in, tmp_path)


HOSTILE = (
    "<script>alert(1)</script> \"quoted\" and 'quoted' \\\" \\' `",
    "first\nsecond\r\nthird\ttabbed \x00\x07\x1b[31m\u202e\u2028 −∞",
    "long " + "x" * 5000,
    "</style></script><img src=x onerror=alert(2)>]]>--><!-- {{7*7}} ${1} {% raw %} <%= 1 %>",
    "datum.density'] || alert(3) || datum['\" + alert(4) + \"",
    '=HYPERLINK("http://localhost:1/")\\input{/etc/passwd}\\end{tabular}%$&#_^~{}[]|<>',
)
"""Names that would do harm where a page, a chart, a picture or a table took them for more."""


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory):
    """The page of a run with all these as pruners, tasks, reasons, settings and notes."""
    folder = tmp_path_factory.mktemp("hostile")
    run = FakeRun(
        folder / HOSTILE[0].replace("/", "|"),
        conditions=(*(("moth", name) for name in HOSTILE), (HOSTILE[0], HOSTILE[2])),
        statuses=("done",) * len(HOSTILE) + (HOSTILE[1],),
        networks=3,
        densities=(1.0, 0.3, 0.05),
        experiment=dict.fromkeys(HOSTILE, HOSTILE[3]),
        provenance={name: [name] for name in HOSTILE},
        notes={HOSTILE[0]: {HOSTILE[3]: HOSTILE[5]}},
    )
    return build([run], folder / "report")


@pytest.fixture(scope="session")
def two_page(tmp_path_factory):
    """The page of a run of two conditions, with an undefined z in the table of networks."""
    folder = tmp_path_factory.mktemp("two")
    run = FakeRun(
        folder / "run",
        conditions=(("moth", "magnitude"), ("moth", "random")),
        networks=4,
        densities=(1.0, 0.45, 0.15, 0.07, 0.02),
    )
    run.edit(
        "motifs",
        lambda table: table.assign(
            z=table["z"].mask((table["motif"] == "bifan") & (table["network"] == 2))
        ),
    )
    return build([run], folder / "report")


@pytest.fixture(scope="session")
def three_page(tmp_path_factory):
    """The page of a run of three conditions."""
    folder = tmp_path_factory.mktemp("three")
    names = ("magnitude", "random", "snip")
    conditions = tuple(("moth", name) for name in names)
    run = FakeRun(folder / "run", conditions=conditions, networks=7, densities=(1.0, 0.15, 0.07))
    return build([run], folder / "report")


@pytest.fixture
def hostile_names():
    """The names on that page."""
    return HOSTILE

"""The options of the command line: names, values and help."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help="A one-file plugin to load. Repeatable."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


class Listable(StrEnum):
    """The things that `harness list` can list."""

    TASKS = "tasks"
    ARCHITECTURES = "architectures"
    PRUNERS = "pruners"
    INTERVENTIONS = "interventions"
    METRICS = "metrics"
    SCHEDULES = "schedules"
    STUDIES = "studies"
    EXECUTORS = "executors"
    OBSERVERS = "observers"
    EXPORTERS = "exporters"
    NULLS = "nulls"
    MOTIFS = "motifs"


class Writable(StrEnum):
    """The kinds of plugins that `harness new` writes."""

    PRUNER = "pruner"
    TASK = "task"
    ARCHITECTURE = "architecture"
    INTERVENTION = "intervention"
    METRIC = "metric"
    SCHEDULE = "schedule"
    STUDY = "study"
    EXECUTOR = "executor"
    OBSERVER = "observer"
    EXPORTER = "exporter"
    NULL = "null"


class Support(StrEnum):
    """The nodes that motifs are counted among."""

    ALL = "all"
    LIVE = "live"


class Null(StrEnum):
    """The null models that the motifs of layered networks are compared with."""

    LAYERED = "layered"
    DEGREE = "degree"
    DEGREE_APPROX = "degree-approx"
    INDEPENDENT = "independent"
    PUBLISHED = "published"
    SIGNS = "signs"
    WEIGHTS = "weights"


class Given(StrEnum):
    """The counts from which other counts are predicted."""

    LOWER = "lower"


class Layout(StrEnum):
    """The axes of a weight matrix."""

    OUT_IN = "out-in"
    IN_OUT = "in-out"


class Part(StrEnum):
    """The parts of a network that take part in copies of motifs."""

    NODES = "nodes"
    EDGES = "edges"


ExperimentFile = Annotated[
    Path | None, typer.Argument(help="An experiment file (TOML) in place of the options.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Task = Annotated[
    list[str] | None, typer.Option(help="Task, as NAME or NAME[field=value]. Repeatable.")
]
Architecture = Annotated[
    list[str] | None,
    typer.Option(help="Architecture, as in 'mlp[sizes=[50, 50]]'. [default: the task's own]"),
]
Pruner = Annotated[
    list[str] | None,
    typer.Option(help="Pruner, as in 'magnitude[scope=layer|global]'. Repeatable."),
]
Intervention = Annotated[
    list[str] | None,
    typer.Option(help="Intervention on the masks of every pruner. Repeatable. [default: none]"),
]
Metric = Annotated[list[str] | None, typer.Option(help="Metric. Repeatable.")]
Schedule = Annotated[
    list[str] | None, typer.Option(help="Schedule. Repeatable. [default: the task's]")
]
Networks = Annotated[int | None, typer.Option(help="Networks for each combination. [default: 8]")]
Seed = Annotated[
    int | None, typer.Option(help="Seed of initial weights and prunings. [default: 0]")
]
DataSeeds = Annotated[
    list[int] | None,
    typer.Option("--data-seed", help="Seed of data and of new networks. Repeatable. [default: 0]"),
]
BatchSeed = Annotated[
    int | None, typer.Option(help="Seed of the order of batches alone. [default: 0]")
]
BlockWidth = Annotated[
    int | None,
    typer.Option(help="Networks trained at once. [default: up to 2 a core; on a GPU all]"),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help="Matrix products on accelerators: float32, tf32, bfloat16. [default: float32]"
    ),
]
Executor = Annotated[
    str,
    typer.Option(help="Executor of the trials, as 'processes' or 'dask[address=tcp://HOST:8786]'."),
]
Observers = Annotated[
    list[str] | None,
    typer.Option("--observer", help="Observer of events, such as a tracker. Repeatable."),
]
KeepWeights = Annotated[
    bool | None, typer.Option(help="Keep the weights that survive. [default: keep]")
]
Out = Annotated[Path | None, typer.Option(help="Run folder. [default: one under runs/]")]
Json = Annotated[bool, typer.Option("--json", help="Print an array of objects instead.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV instead.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page as well.")]
Latex = Annotated[
    Path | None, typer.Option(metavar="FILE.tex", help="Write a table for booktabs as well.")
]
Whole = Annotated[bool, typer.Option("--all", help="Show all rows, not only the first ten.")]
Similarity = Annotated[
    bool,
    typer.Option(
        "--similarity", help="Only how alike the profiles of several files are, or of networks."
    ),
]
Participation = Annotated[
    Part | None,
    typer.Option(help="Count the copies through every node or edge of a layered network instead."),
]
Instances = Annotated[
    str | None,
    typer.Option(
        metavar="CLASS[:NUMBER]", help="List copies of a class by their nodes instead. [20]"
    ),
]
Nodes = Annotated[
    Path | None,
    typer.Option(
        metavar="NODES.csv", help="All nodes of an edge list: columns node,layer or node."
    ),
]
NetworkFiles = Annotated[
    list[Path],
    typer.Argument(
        help="Edges (csv, tsv, txt, edgelist, also .gz), graphs (graphml, gml, net, mtx) or "
        "weights (npz, npy, safetensors, h5, keras, onnx)."
    ),
]
ArrayLayout = Annotated[
    Layout | None, typer.Option(help="Axes of the arrays. [default: that of the format]")
]
AsDigraph = Annotated[
    bool,
    typer.Option("--digraph", help="Read a square array as the adjacency matrix of a digraph."),
]
Arrays = Annotated[
    str | None, typer.Option(metavar="A,B,C", help="The arrays to take, input layer first.")
]
Skip = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Leave out arrays with such names, as 'conv*'."),
]
Channels = Annotated[
    bool | None,
    typer.Option(
        "--channels/--ensemble",
        help="Kernels of convolutions as graphs of channels, or 3 axes as (networks, a, b).",
    ),
]
AllowPt = Annotated[
    bool, typer.Option("--allow-pt", help="Open PyTorch files, with weights_only=True.")
]
Supports = Annotated[
    list[Support] | None,
    typer.Option(
        "--support", help="All nodes, or those on a path from input to output. [default: both]"
    ),
]
Nulls = Annotated[
    list[Null] | None,
    typer.Option(
        "--null",
        help="Null model of layered networks. signs and weights, for digraphs too, permute those "
        "of edges and compare coherent copies and intensity. Repeatable. [default: layered]",
    ),
]
GivenLower = Annotated[
    Given | None,
    typer.Option(
        help="Also z of order 4 (or --order) given all counts of lower orders, beside nulls "
        "layered and degree. Descriptive."
    ),
]
SeedOfDraws = Annotated[int, typer.Option(min=0, help="Seed of the draws.")]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="SRC,DST[,WEIGHT]", help="Columns of an edge list, by name or number from 1."
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Read only these rows of edges. Repeatable."),
]
Undirected = Annotated[
    bool, typer.Option("--undirected", help="Digraphs: edges run both ways; nulls keep them so.")
]
ByLayer = Annotated[bool, typer.Option("--by-layer", help="Each base layer, and their sum.")]
Draws = Annotated[
    int | None,
    typer.Option(min=2, help="Draws of nulls. [default: 1000; digraphs, participation 100]"),
]
KeepMutual = Annotated[
    bool, typer.Option("--keep-mutual", help="Digraphs: nulls keep mutual edges, too.")
]
Threshold = Annotated[float, typer.Option(help="A weight w with |w| <= this is no edge.")]
Orders = Annotated[
    list[int] | None,
    typer.Option("--order", min=2, max=4, help="Nodes minus one. Repeatable. [default: 2 and 3]"),
]
PlanOnly = Annotated[
    bool,
    typer.Option("--plan", help="Only make the run folder and list its trials, for --trial."),
]
Trial = Annotated[
    str | None,
    typer.Option(
        metavar="KEY", help="Run one trial of a run folder, given in place of a file; no report."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would run and what it would take.")
]
Checkpoints = Annotated[Path, typer.Argument(help="Folder of checkpoints; it is only read.")]
Pattern = Annotated[
    str,
    typer.Argument(
        help="Their names, as '{pruner}/seed{seed}/density{density}.safetensors'; also {sparsity}, "
        "or {level} for numbers that only give an order."
    ),
]
Losses = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv", help="Table of the pattern's fields, train_loss, validation_loss."
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD=VALUE", help="Leave out such files, as seed=3. Repeatable."),
]
MetricThatApplies = Annotated[
    list[str] | None, typer.Option("--metric", help="Metric. Repeatable. [default: all that apply]")
]
ListOnly = Annotated[bool, typer.Option("--dry-run", help="Only list what fits the pattern.")]

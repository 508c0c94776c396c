"""A run in the layout of a repository on the Hugging Face Hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness import AbstractExporter, Run, hookimpl
from harness.tables import spreadsheets

from ._state_dicts import Levels, write

_CARD = """---
library_name: motif-harness
license: {license}
tags:
- pruning
- network-motifs
- sparse-networks
configs:
{configs}
---

# {title}

{trials} trials of pruned networks, made with [motif-harness]: {conditions}.

| pruner | task | networks | median validation loss at the last level |
|---|---|---|---|
{rows}

- `tables/`: every table as Parquet; `columns.csv` says what each column means
- `networks/`: weights and masks as safetensors with the names of PyTorch; see `networks.csv`

The command was `{command}`, the harness's commit {commit}.

[motif-harness]: https://pypi.org/project/motif-harness/
"""


@dataclass(frozen=True)
class HuggingFace(AbstractExporter):
    """Write a folder to upload to the Hugging Face Hub: a card, tables and networks.

    Nothing is sent: upload it with `hf upload NAME FOLDER`.

    **Parameters:**

    - `license`: of the repository, as the Hub writes it, such as "cc-by-4.0"
    - `levels`: whose networks are written, "all" or the "last" of each trial
    """

    name: ClassVar[str] = "huggingface"
    license: str = "unknown"
    levels: Levels = "last"

    def export(self, run: Run, folder: Path) -> None:
        """Write the card, the tables and the networks."""
        import pandas as pd

        (folder / "tables").mkdir()
        for name in run.tables():
            run.table(name).to_parquet(folder / "tables" / f"{name}.parquet", index=False)
        meanings = [
            (t, name, text) for t, all_ in run.columns.items() for name, text in all_.items()
        ]
        described = pd.DataFrame(meanings, columns=["table", "column", "meaning"])
        (folder / "columns.csv").write_text(spreadsheets.csv(described), "utf-8")
        listed = spreadsheets.csv(write(run, folder, self.levels))
        (folder / "networks.csv").write_text(listed, "utf-8")
        (folder / "README.md").write_text(self._card(run), "utf-8", "backslashreplace")

    def _card(self, run: Run) -> str:
        trials, levels = run.trials(), run.table("levels")
        last = levels[levels["level"] == levels.groupby("trial")["level"].transform("max")]
        rows = [
            f"| {_cell(pruner)} | {_cell(task)} | {len(losses)} | {losses.median():.4g} |"
            for (pruner, task), losses in last.groupby(["pruner", "task"])["validation_loss"]
        ]
        names = {
            kind: sorted(set(trials[kind])) if len(trials) else [] for kind in ("pruner", "task")
        }
        return _CARD.format(
            license=self.license,
            configs="\n".join(
                f"- config_name: {name}\n  data_files: tables/{name}.parquet"
                for name in run.tables()
            ),
            title=run.path.resolve().name,
            trials=len(trials),
            conditions=f"tasks {', '.join(names['task'])}; pruners {', '.join(names['pruner'])}",
            rows="\n".join(rows),
            command=run.provenance.get("command", "not recorded"),
            commit=run.provenance.get("commit") or "not recorded",
        )


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


@hookimpl
def register_exporters() -> list[type[HuggingFace]]:
    """Offer the exporter to the harness."""
    return [HuggingFace]

"""One trial of an opened run: its record, and its files as they were written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness import files
from harness.results import pooled
from harness.results.pooled import Part, Pool
from harness.results.records import (
    Entry,
    MetricEntry,
    TrialRecord,
    TrialState,
    trial_folder,
)


@dataclass(frozen=True)
class TrialTables:
    """One trial of an opened run: its entry in the index, its record, and its undamaged tables.

    `stamp` identifies the files that the record was read with; if the trial is `pooled`, they are
    those of the pool, whose checksums were verified when it was made.
    """

    entry: Entry
    record: TrialRecord
    state: TrialState | None
    stamp: str = ""
    pooled: bool = False
    checked: dict[str, bool] = field(default_factory=dict, compare=False)
    """Whether a file is as it was written, for files that were asked for."""

    @classmethod
    def of(cls, run: Path, entry: Entry, pool: Pool) -> "Iterator[TrialTables]":
        """Yield the trial of an entry, or those that it was split into."""
        record = TrialRecord(trial_folder(run, entry.trial))
        stamp = pooled.stamp(record.folder)
        known, text = pool.records.get(entry.trial, ("", ""))
        fresh = bool(stamp) and known == stamp
        state = TrialState.model_validate_json(text) if fresh else record.read()
        if state is None or state.status != "split":
            yield cls(entry, record, state, stamp, fresh)
        elif not entry.is_split_into(state.into):
            yield cls(entry, record, None)
        else:
            for half in state.into:
                yield from cls.of(run, half, pool)

    def sound(self, name: str, checksum: str) -> bool:
        """Return whether a file is as it was written; each is read once."""
        if name not in self.checked:
            whole = self.pooled or files.intact(self.record.folder / name, checksum)
            self.checked[name] = whole
        return self.checked[name]

    @cached_property
    def damage(self) -> list[str]:
        """Its tables that are missing or damaged."""
        checksums = self.state.files.items() if self.state else ()
        tables = [(name, checksum) for name, checksum in checksums if name.endswith(".parquet")]
        return [name for name, checksum in tables if not self.sound(name, checksum)]

    @property
    def status(self) -> str:
        """done, failed, skipped, pending or damaged."""
        if self.entry.skipped:
            return "skipped"
        status = self.state.status if self.state else "pending"
        return "damaged" if status == "done" and self.damage else status

    @property
    def reason(self) -> str:
        """Why it is not done."""
        if self.status == "damaged":
            return _damage(self.damage)
        return self.entry.skipped or (self.state.error if self.state else "")

    def measured(self, key: str) -> dict[str, str]:
        """Return the status of a measurement, and the reason."""
        record = self.state.metrics.get(key) if self.state else None
        if record is None:
            return {"status": "pending", "reason": ""}
        if record.status == "done" and not self.sound(record.file, record.checksum):
            return {"status": "damaged", "reason": _damage([record.file])}
        return {"status": record.status, "reason": record.error}

    def files(self, table: str, metrics: Iterable[MetricEntry]) -> Iterator[Path]:
        """Yield its undamaged files of a table, from the training or from these metrics."""
        yield from (path for _, path, _ in self.parts(table, metrics))

    def parts(self, table: str, metrics: Iterable[MetricEntry]) -> Iterator[Part]:
        """Yield its undamaged files of a table as `files`, with key and checksums."""
        if self.state is None:
            return
        key, folder = self.entry.trial, self.record.folder
        for metric in metrics:
            if metric.name == table and self.measured(metric.key)["status"] == "done":
                measured = self.state.metrics[metric.key]
                yield key, folder / measured.file, measured.checksum
        if self.status == "done" and (checksum := self.state.files.get(f"{table}.parquet")):
            yield key, folder / f"{table}.parquet", checksum


def _damage(names: Iterable[str]) -> str:
    return f"{', '.join(names)} missing or damaged: run the same command again to make it"

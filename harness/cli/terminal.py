"""Output for people: progress, tables, warnings and errors."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape

from harness import progress

PLAIN_SECONDS = 10.0
"""Seconds between two lines of progress if the output is not a terminal."""

# Without emoji: a name from a file, as in "a:x:b", is printed as it is.
console = Console(highlight=False, emoji=False)
errors = Console(stderr=True, highlight=False, emoji=False)


@contextmanager
def showing_progress(*, quiet: bool, on: Console = console) -> Iterator[None]:
    """Show what the harness does: a live bar in a terminal, else a plain line now and then."""
    if quiet:
        yield
    elif on.is_terminal:
        with _live(on) as listener, progress.listening(listener):
            yield
    else:
        with progress.listening(_Plain(on)):
            yield


def waiting(words: str, *, quiet: bool) -> AbstractContextManager[object]:
    """Show a spinner with a few words, in a terminal only."""
    return nullcontext() if quiet or not console.is_terminal else console.status(words)


def _name(update: progress.Update) -> str:
    """Return an activity's name; with the number of its parts if their result is kept."""
    if not update.facts.get("once") or update.total <= 1:
        return update.activity
    verb, _, parts = update.activity.partition(" ")
    return f"{verb} {update.total:,} {parts}, once"


def _facts(update: progress.Update) -> str:
    facts = update.facts
    parts = []
    if "level" in facts:
        parts.append(f"level {facts['level'] + 1}/{facts['levels']}")
        parts.append(f"{round(100 * facts['sparsity'], 1):g}\u00a0% pruned")
        parts.append(f"loss {facts['loss']:.2e}")
    if "seconds_left" in facts:
        parts.append(f"about {duration(facts['seconds_left'])} left")
    if facts.get("networks", 1) > 1:
        parts.append(f"network {facts['network']}/{facts['networks']}")
    if "metric" in facts:
        parts.append(str(facts["metric"]))
    if facts.get("trials", 1) > 1:
        parts.append(f"trial {facts['trial']}/{facts['trials']}")
        parts += [str(facts["pruner"])] if "pruner" in facts else []
    return ", ".join(parts)


@contextmanager
def _live(on: Console) -> Iterator[progress.Listener]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    # The facts take what the others leave, so that a narrow terminal cuts their end.
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=Column(min_width=10, no_wrap=True)),
        BarColumn(bar_width=10, table_column=Column(min_width=10)),
        TextColumn("{task.fields[share]}", table_column=Column(min_width=5, no_wrap=True)),
        TimeRemainingColumn(compact=True, table_column=Column(min_width=5, no_wrap=True)),
        TextColumn("{task.fields[facts]}", table_column=Column(no_wrap=True, ratio=1)),
    )
    with Progress(*columns, console=on, transient=on is errors, expand=True) as bars:
        open_bars: dict[tuple[str, object], object] = {}

        def listen(update: progress.Update) -> None:
            place = (update.activity, update.facts.get("trial"))
            # What has no parts moves without a share; it goes when it is done, as what is kept.
            goes = update.total <= 1 or update.facts.get("once")
            total = update.total if update.total > 1 else None
            if place not in open_bars:
                open_bars[place] = bars.add_task(
                    escape(_name(update)), total=total, facts="", share=""
                )
            bars.update(
                open_bars[place],  # type: ignore[arg-type]
                completed=update.done,
                total=total,
                facts=escape(_facts(update)),
                share="" if total is None else f"{update.done / total:4.0%}",
                visible=not goes or update.done < update.total,
            )

        yield listen


class _Plain:
    """Prints a line when an activity begins, and then every few seconds.

    An activity without parts has one line, which is not repeated.
    """

    def __init__(self, on: Console) -> None:
        self._on = on
        self._activity = ""
        self._spoken = 0.0
        self._begun: set[str] = set()

    def __call__(self, update: progress.Update) -> None:
        now = time.monotonic()
        if update.total == 1:
            line = ": ".join(filter(None, (update.activity, _facts(update))))
            if update.done < 1 and line not in self._begun:
                self._begun.add(line)
                self._on.print(line, soft_wrap=True, markup=False)
            return
        begins = update.activity != self._activity
        if not begins and now - self._spoken < PLAIN_SECONDS and update.done < update.total:
            return
        self._activity, self._spoken = update.activity, now
        share = f"{update.done / update.total:.0%}" if update.total else ""
        facts = ", ".join(part for part in (share, _facts(update)) if part)
        self._on.print(f"{_name(update)}: {facts}", soft_wrap=True, markup=False)


def complain(message: str) -> None:
    """Print an error that the user can fix, in one paragraph."""
    errors.print(f"[red]error:[/red] {escape(message)}", soft_wrap=True)


def warn(message: str) -> None:
    """Print a warning; nothing stops."""
    errors.print(f"[yellow]warning:[/yellow] {escape(message)}", soft_wrap=True)


def duration(seconds: float) -> str:
    """Format a time in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"

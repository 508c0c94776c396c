"""A run as a notebook shows it: the answer of its report, its conditions, and a link."""

from html import escape
from pathlib import Path

import pandas as pd

from harness.results import answer

_ROWS = 15
"""Conditions that are listed; the report has the others."""

_CONDITION = ["task", "architecture", "pruner", "schedule"]


def html_of(run: Path, trials: pd.DataFrame, networks: int) -> str:
    """Return title, verdict, findings, conditions and link as HTML, with all texts escaped.

    `trials` are those of the run, which was asked for `networks` under each data seed; blocks may
    hold more. Without a report, the folder is the title.
    """
    page = answer.page_of(run)
    known = answer.read(page)
    parts = [f"<b>{escape(known.title if known else run.name)}</b>"]
    if known:
        findings = (f"<li>{escape(' '.join(finding).strip())}</li>" for finding in known.findings)
        parts += [f"<p>{escape(known.verdict)}</p>", f"<ul>{''.join(findings)}</ul>"]
    last = (trials["first_network"] + trials["networks"]).clip(upper=networks)
    parts.append(_table(trials.assign(networks=last - trials["first_network"])))
    if known:
        address = escape(page.resolve().as_uri())
        parts.append(f'<p>Report: <a href="{address}">{escape(str(page))}</a></p>')
    return f"<div>{''.join(parts)}</div>"


def _table(trials: pd.DataFrame) -> str:
    """Return a row for each condition: its networks, and how many of its trials are done."""
    by = [name for name in _CONDITION if name in trials]
    if trials.empty:
        return "<p>No trials.</p>"
    rows = []
    for names, group in trials.groupby(by, sort=False, dropna=False):
        done = int((group["status"] == "done").sum())
        rows.append([*names, f"{done} of {len(group)}", int(group["networks"].sum())])
    cells = [[escape(str(cell)) for cell in row] for row in rows[:_ROWS]]
    body = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in cells)
    heads = "</th><th>".join([*by, "trials done", "networks"])
    more = f"<p>{len(rows) - _ROWS} more conditions.</p>" if len(rows) > _ROWS else ""
    return f"<table><tr><th>{heads}</th></tr>{body}</table>{more}"

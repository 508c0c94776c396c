"""Tables as CSV that is safe to open as a spreadsheet."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def csv(frame: "pd.DataFrame") -> str:
    """Return a table with all its rows as CSV, without texts that a spreadsheet would run."""
    guarded = frame.rename(columns=_guarded)
    texts = guarded.select_dtypes(exclude=["number", "bool"]).columns
    return guarded.assign(**{name: guarded[name].map(_guarded) for name in texts}).to_csv(
        index=False, lineterminator="\n"
    )


def _guarded(value: Any) -> Any:
    """Return a value, with a quote before a text that a spreadsheet would run as a formula."""
    if not isinstance(value, str):
        return value
    # Some readers end a cell at a carriage return that is not quoted.
    lined = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{lined}" if lined.startswith(("=", "+", "-", "@", "\t", "\n")) else lined

"""Tables for papers: a table as the page shows it, in LaTeX with the rules of booktabs."""

import re
import unicodedata
from collections.abc import Sequence

from harness.tables.parts import LONG, Table

LONGEST = 300
"""Longer texts are cut to fit a paper's table; the CSV file has them in full."""

MOST_TABULAR_ROWS = 40
"""Longer tables are a `longtable`, which breaks across pages; a tabular would run off the page."""

_UNBROKEN = 24  # characters of one word that a narrow column can still hold

_PLAIN = re.compile(rf"[A-Za-z0-9.]{{0,{_UNBROKEN}}}", re.ASCII)
"""What needs no typesetting: most cells of a long table."""

_SIGNS = {
    **{"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#"},
    **{"^": r"\textasciicircum{}", "_": r"\_", "~": r"\textasciitilde{}", "%": r"\%"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"{\char34}"},
    # A row that begins with one of these would be read as an argument of the rule above it; a
    # quotation mark would join the sign before it.
    **{"[": "{[}", "]": "{]}", "*": "{*}", "`": "{`}"},
    **{"\u2212": "$-$", "\u221e": r"$\infty$", "\u00d7": r"$\times$", "\u00b7": r"$\cdot$"},
    **{"\u00b1": r"$\pm$", "\u2264": r"$\leq$", "\u2265": r"$\geq$", "\u2248": r"$\approx$"},
    **{"\u2260": r"$\neq$", "\u2192": r"$\to$", "\u00b0": r"$^{\circ}$"},
    **{"\u00b2": "$^{2}$", "\u00b3": "$^{3}$", "\u03bc": r"$\mu$", "\u00b5": r"$\mu$"},
    **{"\u2013": r"\textendash{}", "\u2014": r"\textemdash{}", "\u2026": r"\ldots{}"},
    **{"\u2018": "{`}", "\u2019": "{'}", "\u201c": "{``}", "\u201d": "{''}"},
    **{"\u202f": r"\,", "\u00a0": "~", "\u00df": r"{\ss}", "\u00f8": r"{\o}", "\u00d8": r"{\O}"},
}
_ACCENTS = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u"},
    **{"\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c"},
}


def escaped(text: str) -> str:
    """Return one line of LaTeX that shows any text as it is, with any engine and encoding.

    Runs of spaces and line breaks become one space, as on the page. Invisible characters are left
    out; characters that some LaTeX fonts lack are written as their code point.
    """
    return _typeset(_seen(text))


def _seen(text: str) -> str:
    """Return text on one line without invisible characters; narrow and fixed spaces stay."""
    shown = "".join(
        " " if sign.isspace() and sign not in _SIGNS else sign
        for sign in text
        if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf")
    )
    return re.sub(" {2,}", " ", shown).strip(" ")


def _typeset(text: str) -> str:
    # Two of these in a row would be set as another sign.
    return re.sub(r"([-',])(?=\1)", r"\1{}", "".join(map(_sign, text)))


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign.isascii():
        return sign
    base, *marks = list(unicodedata.normalize("NFD", sign))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii():
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return rf"\texttt{{U+{ord(sign):04X}}}"


def _cell(text: str) -> str:
    """Return a text for a cell: cut if very long, with places to break within a long word."""
    if _PLAIN.fullmatch(text):
        return text
    seen = _seen(text)
    short = seen if len(seen) <= LONGEST else seen[: LONGEST - 1] + "\u2026"
    words = [
        [_typeset(word[start : start + _UNBROKEN]) for start in range(0, len(word), _UNBROKEN)]
        for word in short.split(" ")
    ]
    return " ".join(r"\hspace{0pt}".join(word) for word in words)


def _caption(caption: str) -> str:
    """Return a caption with text between backquotes set as code."""
    parts = _seen(caption).split("`")
    if len(parts) % 2 == 0:
        return escaped(caption)
    return "".join(
        rf"\texttt{{{_typeset(part)}}}" if number % 2 else _typeset(part)
        for number, part in enumerate(parts)
    )


def table(part: Table) -> str:
    """Return the table as a file to `\\input`: its caption as a comment, then all rows."""
    rows = part.texts
    long = len(rows) > MOST_TABULAR_ROWS
    environment = "longtable" if long else "tabular"
    notes = [f"% {_cell(c.heading)}: {escaped(c.note)}" for c in part.columns if c.note]
    lines = [
        r"% \usepackage{booktabs}" + r", \usepackage{longtable}" * long,
        rf"% \caption{{{_caption(part.caption)}}}",
        *notes,
        rf"\begin{{{environment}}}{{{_alignments(part, rows)}}}",
        r"\toprule",
        _row([column.heading for column in part.columns]),
        r"\midrule",
        *([r"\endhead", r"\bottomrule", r"\endfoot"] if long else []),
        *map(_row, rows),
        *([] if long else [r"\bottomrule"]),
        rf"\end{{{environment}}}",
    ]
    return "\n".join(lines) + "\n"


def _row(texts: Sequence[str]) -> str:
    return " & ".join(map(_cell, texts)) + r" \\"


def _alignments(part: Table, rows: Sequence[Sequence[str]]) -> str:
    """Align numbers to the right, text to the left, and wrap long text."""
    return "".join(
        "r"
        if column.kind != "text"
        else "p{5cm}"
        if any(len(row[number]) > LONG for row in rows)
        else "l"
        for number, column in enumerate(part.columns)
    )

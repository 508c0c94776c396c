"""Tables in text files: any usual delimiter, with comments and quotes, perhaps gzipped."""

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError

from ._formats import decoding, refuse_bomb
from ._names import listed, printable, quoted

SUFFIXES = (".csv", ".tsv", ".txt", ".edgelist", ".edges", ".dat")
_COMMENT = re.compile(r"\s*(#|%|//)[#%/\s]*")
_DELIMITERS = "\t;,|"
_SAMPLED = 50
_NETWORKX = re.compile(r"(\S+)\s+(\S+)\s+\{(.*)\}\s*")
_WEIGHT = re.compile(r"['\"]weight['\"]:\s*([^,]+)")


@dataclass(frozen=True)
class Table:
    """Rows of cells with their line numbers; `above` is the last comment before the first row.

    `delimiter` is "" for runs of spaces, or for one cell a line.
    """

    where: str
    rows: list[list[str]]
    lines: list[int]
    above: list[str]
    delimiter: str


def suffix(path: Path) -> str:
    """Return a path's suffix in lower case, the one before .gz for a compressed file."""
    suffixes = [one.lower() for one in path.suffixes[-2:]]
    return suffixes[0] if len(suffixes) == 2 and suffixes[1] == ".gz" else (suffixes or [""])[-1]


def content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if its name ends in .gz."""
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    size = path.stat().st_size
    unpacked = bytearray()
    with gzip.open(path) as file:
        while part := file.read(2**20):
            unpacked += part
            refuse_bomb(len(unpacked), size, 50)
    return bytes(unpacked)


def text(path: Path) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark."""
    found = content(path)
    marked = found.startswith((b"\xff\xfe", b"\xfe\xff"))
    decoded = found.decode("utf-16" if marked else "utf-8-sig")
    return decoded.replace("\r\n", "\n").replace("\r", "\n")


def read(path: Path) -> Table:
    """Return the rows of a table. Lines that begin with #, % or // are comments.

    **Errors:** UserError for a file that is no text, is cut short inside quotes, or has no rows.
    """
    where = f"'{printable(path)}'"
    with decoding(path):
        lines = text(path).split("\n")
        kept = [(n, line) for n, line in enumerate(lines, 1) if line.strip(" \t,;|")]
        comments = {n for n, line in kept if _COMMENT.match(line)}
        kept = [(n, line) for n, line in kept if n not in comments]
        if not kept:
            raise UserError(f"{where} has no rows, only blank lines or comments. Write one a line.")
        before = [n for n in comments if n < kept[0][0]]
        sample = [line for _, line in kept[:_SAMPLED]]
        delimiter = _delimiter(sample)
        networkx = all(map(_NETWORKX.fullmatch, sample))
        numbered = list(_attributed(kept) if networkx else _split(kept, delimiter))
        above = _COMMENT.sub("", lines[max(before) - 1], count=1) if before else ""
        comment = _cells(above, delimiter)
    rows = [row for _, row in numbered]
    return Table(where, rows, [number for number, _ in numbered], comment, delimiter)


def _cells(line: str, delimiter: str) -> list[str]:
    if not delimiter:
        return line.split()
    return next(csv.reader([line], delimiter=delimiter), [])


def _delimiter(sample: Sequence[str]) -> str:
    """Return the delimiter that gives all lines equally many cells, more than one if possible."""
    for delimiter in (*_DELIMITERS, ""):
        widths = {len(_cells(line, delimiter)) for line in sample}
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return next((one for one in _DELIMITERS if one in sample[0]), "")


def _split(kept: list[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    if not delimiter:
        yield from ((number, line.split()) for number, line in kept)
        return
    # A quoted cell may go on in the next line: a row has the number of its last line.
    reader = csv.reader((f"{line}\n" for _, line in kept), delimiter=delimiter, strict=True)
    for row in reader:
        yield kept[reader.line_num - 1][0], [cell.strip() for cell in row]


def _attributed(kept: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a file by `networkx.write_edgelist`: two nodes and a dict of attributes."""
    weighted = any("weight" in line for _, line in kept[:_SAMPLED])
    for number, line in kept:
        match = _NETWORKX.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} has no attributes in braces, as the lines before it")
        weight = _WEIGHT.search(match[3])
        yield number, [match[1], match[2], *([weight[1] if weight else ""] if weighted else [])]


def refuse_ragged(table: Table, width: int, reason: str) -> None:
    """Raise UserError for the first row that has not `width` cells, as `reason` says."""
    for number, row in zip(table.lines, table.rows, strict=True):
        surplus = len(row) - width
        if surplus:
            raise UserError(
                f"{table.where}, line {number} has {abs(surplus)} columns "
                f"{'more' if surplus > 0 else 'fewer'} than {reason}. Correct that line."
            )


def repeats(header: Sequence[str]) -> bool:
    """Return whether two columns have the same name; columns without one do not count."""
    names = [plain(name) for name in header if plain(name)]
    return len(set(names)) < len(names)


def plain(name: str) -> str:
    """Return a column's name without case, quotes and separators, for comparison."""
    return re.sub(r"[\s\"'._-]", "", name).lower()


def number(cell: str, delimiter: str) -> float | None:
    """Return a cell's number, None if it has none; with semicolons a comma is a decimal point."""
    try:
        return float(cell.replace(",", ".") if delimiter == ";" else cell)
    except ValueError:
        return None


def column(table: Table, header: Sequence[str] | None, name: str, option: str) -> int:
    """Return the place of a column that an option names, or numbers from 1.

    **Errors:** UserError for a column that is not there; it lists those that are.
    """
    exact = list(header or ())
    for asked, names in ((name, exact), (plain(name), [plain(one) for one in exact])):
        if names.count(asked) == 1:
            return names.index(asked)
    width = len(table.rows[0])
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    has = f"the columns {listed(header)}" if header else f"{width} columns"
    raise UserError(
        f"{table.where} has no column {quoted(name)} for {option}, but {has}. Name one, or give "
        "its number, from 1."
    )

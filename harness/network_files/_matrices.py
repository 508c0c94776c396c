"""Matrices in text and sparse ones: tables of numbers, Matrix Market, SciPy's sparse arrays."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.errors import UserError

from ._choices import Edges
from ._digraphs import refuse_bare
from ._edges import KNOWN_PAIRS
from ._formats import Contents, Layout, Stored, decoding
from ._names import printable
from ._tables import Table, number, plain, text

_MOST_COLUMNS_OF_EDGES = 4


class Sparse(NamedTuple):
    """A sparse matrix: its entries, its shape, and the names of its rows and columns.

    `bare` if it has no labels in a table of text.
    """

    where: str
    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    shape: tuple[int, int]
    names: tuple[tuple[str, ...], tuple[str, ...]]
    bare: bool = False

    def edges(self) -> Edges:
        """Return the edges of a square matrix: rows are sources, columns targets."""
        return Edges(
            self.where,
            self.names[0],
            self.row,
            self.column,
            self.value,
            notes=("rows are sources, columns targets; for one layer of weights: --layout",),
        )

    def contents(self, name: str, *, graph: bool) -> Contents:
        """Return it as an array; a `graph` of two kinds of nodes leads from rows to columns."""

        def load() -> np.ndarray:
            dense = np.zeros(self.shape, np.float32)
            np.add.at(dense, (self.row, self.column), self.value)
            return dense

        notes = ["rows are sources, columns targets (see --layout)"] if graph else []
        array = Stored(name, self.shape, "", load)
        return Contents([array], notes, "stored", "in-out" if graph else None, "in-out")


def of_table(table: Table, layout: Layout | None, digraph: bool) -> Sparse | None:
    """Return a table of numbers as a matrix, with the labels of rows and columns if it has them.

    None if the table is an edge list. Few columns of numbers are one, unless `layout` or `digraph`
    say that they are a matrix.

    **Errors:** UserError for numbers that may be either.
    """
    labelled = _labelled(table)
    if labelled is not None:
        return labelled
    width, height = len(table.rows[0]), len(table.rows)
    square = width == height
    asked = layout is not None or digraph
    few = width <= _MOST_COLUMNS_OF_EDGES
    if width < 2 or (few and not square and not asked):
        return None
    values: list[list[float | None]] = []
    for row in table.rows:
        values.append([number(cell, table.delimiter) for cell in row])
        if len(row) != width or None in values[-1]:
            return None
    dense = np.array(values, float)
    if not asked and ((square and few and not dense.diagonal().any()) or (not few and not square)):
        other = "--digraph" if square else "--layout in-out (rows are sources) or out-in"
        raise UserError(
            f"{table.where} has {height} rows of {width} numbers: an edge list without a "
            "header, source and target in the first two columns, or a matrix. Give --columns 1,2 "
            f"(or 1,2,3 with weights) for edges, {other} for a matrix."
        )
    if few and not asked:
        return None
    names = [tuple(map(str, range(1, n + 1))) for n in dense.shape]
    return _of_dense(table.where, dense, (names[0], names[1]))._replace(bare=True)


def _labelled(table: Table) -> Sparse | None:
    first, body = table.rows[0], table.rows[1:]
    known = {plain(name) for name in first}
    if len(body) < 2 or any(set(pair) <= known for pair in KNOWN_PAIRS):
        return None
    width = len(body[0])
    corner = "" if len(first) == width - 1 else first[0]  # R writes none
    columns = first[1:] if len(first) == width else first
    cells = [[number(cell or "0", table.delimiter) for cell in row[1:]] for row in body]
    if width < 3 or len(columns) != width - 1 or any(len(row) != width for row in body):
        return None
    rows = [row[0] for row in body]
    if any(None in row for row in cells) or number(corner, table.delimiter) is not None:
        return None
    if corner and set(rows) != set(columns):
        return None
    for names in (rows, columns):
        if len(set(names)) < len(names):
            raise UserError(f"{table.where} labels two rows or columns alike. Name each once.")
    dense = np.array(cells, float)
    if set(rows) == set(columns):
        dense = dense[:, [columns.index(name) for name in rows]]
        columns = rows
    return _of_dense(table.where, dense, (tuple(rows), tuple(columns)))


def _of_dense(
    where: str, dense: np.ndarray, names: tuple[tuple[str, ...], tuple[str, ...]]
) -> Sparse:
    if not np.isfinite(dense).all():
        raise UserError(f"{where} has entries that are no finite numbers. Write 0 for no edge.")
    row, column = np.nonzero(dense)
    return Sparse(where, row, column, dense[row, column], (len(names[0]), len(names[1])), names)


def market(path: Path) -> Sparse:
    """Return the matrix of a Matrix Market file. SciPy's reader crashes on damaged ones.

    **Errors:** UserError for a file that is damaged, complex, or declares more than it holds.
    """
    where = f"'{printable(path)}'"
    with decoding(path):
        head, *lines = text(path).split("\n")
        _, _, form, field, symmetry = head.lower().split()
        if field == "complex":
            raise UserError(f"{where} holds complex numbers. Weights are real: store them.")
        body = [line for line in lines if line.strip() and not line.startswith("%")]
        rows, columns, *entries = map(int, body[0].split())
        held = np.array(" ".join(body[1:]).split(), float)
        if form == "coordinate":
            cells = held.reshape(entries[0], 2 if field == "pattern" else 3)
            row, column = (cells[:, axis].astype(np.int64) - 1 for axis in (0, 1))
            value = np.ones(len(cells)) if field == "pattern" else cells[:, 2]
        else:
            row, column = _places(rows, columns, symmetry, len(held))
            value = held
        refuse_bare(where, max(rows, columns), len(value))
        if not (((row >= 0) & (row < rows)).all() and ((column >= 0) & (column < columns)).all()):
            raise ValueError("an entry lies outside of the matrix")
        if symmetry != "general":
            off = row != column
            row, column = np.r_[row, column[off]], np.r_[column, row[off]]
            value = np.r_[value, value[off]]
    return _sparse(where, row, column, value, (rows, columns), 1)


def _places(rows: int, columns: int, symmetry: str, held: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of a stored array, by columns: all, or from the diagonal down."""
    size = {"general": rows * columns, "symmetric": rows * (rows + 1) // 2}
    expected = size.get(symmetry, rows * (rows - 1) // 2)
    if held != expected or (symmetry != "general" and rows != columns):
        raise ValueError(f"it declares {rows} x {columns} entries, but holds {held:,}")
    row, column = np.tile(np.arange(rows), columns), np.repeat(np.arange(columns), rows)
    if symmetry == "general":
        return row, column
    kept = row >= column if symmetry == "symmetric" else row > column
    return row[kept], column[kept]


def scipy_sparse(path: Path, contents: Contents) -> Sparse | None:
    """Return the matrix of a file by `scipy.sparse.save_npz`; None if it is another .npz file."""
    from scipy import sparse

    stored = {one.name: one for one in contents.arrays}
    if not {"format", "shape", "data"} <= set(stored):
        return None
    where = f"'{printable(path)}'"
    with decoding(path):
        arrays = {name: one.load() for name, one in stored.items()}
        shape = tuple(arrays["shape"].tolist())
        form = arrays["format"].tobytes().replace(b"\0", b"").decode("ascii")
        if len(shape) != 2 or min(shape) < 1:
            raise ValueError(f"its shape is {shape}")
        data = arrays["data"]
        refuse_bare(where, max(shape), data.size)
        if form in ("csr", "csc", "bsr"):
            kind = {"csr": sparse.csr_array, "csc": sparse.csc_array, "bsr": sparse.bsr_array}
            matrix: Any = kind[form]((data, arrays["indices"], arrays["indptr"]), shape=shape)
            matrix.check_format(full_check=True)
        elif form == "coo":
            matrix = sparse.coo_array((data, (arrays["row"], arrays["col"])), shape=shape)
        else:
            raise ValueError(f"the format {form[:9]} is not read: save it as csr")
    return sparse_matrix(where, matrix, 0)


def sparse_matrix(where: str, matrix: Any, first: int) -> Sparse:
    """Return a matrix of SciPy or NumPy, rows and columns numbered from `first`."""
    from scipy import sparse

    entries = sparse.coo_array(matrix)
    row, column = entries.coords
    return _sparse(where, row, column, np.asarray(entries.data), entries.shape, first)


def _sparse(
    where: str,
    row: np.ndarray,
    column: np.ndarray,
    value: np.ndarray,
    shape: tuple[int, int],
    first: int,
) -> Sparse:
    """Return a matrix whose rows and columns are numbered from `first`."""
    if value.dtype.kind not in "biuf" or not np.isfinite(value).all():
        raise UserError(f"{where} has entries that are no finite real numbers. Store weights.")
    rows, columns = (tuple(map(str, range(first, first + n))) for n in shape)
    row, column = row.astype(np.int64), column.astype(np.int64)
    return Sparse(where, row, column, value.astype(float), shape, (rows, columns))

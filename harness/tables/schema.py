"""A metric's description of its table: keys, values with units, comparisons and roles.

It does not choose the unit of replication, which `harness.tables.units` chooses for all metrics.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

PLACE = ("trial", "network", "level")
"""The columns that identify a row's network and level; a schema's keys are further ones."""

CONDITION = (
    *("condition", "density", "later", "task", "architecture", "pruner", "schedule", "data_seed"),
    *("run", "metric"),
)
"""Columns that the harness adds: neither keys nor values of a metric."""

MOST_QUANTITIES = 60
"""A metric with more numbers per network is only shown, not compared."""

ROLES: Mapping[str, str] = {
    "loss": "validation loss of whole networks",
    "test_loss": "test loss of whole networks",
    "test": "any figure that was taken on the test split",
    "effective_density": "share of weights on a path from an input to an output",
    "edges": "edges by the key `layer`, -1 for a whole network without layers",
    "effective_edges": "those of `edges` that lie on a path from an input to an output",
}
"""What reports look for in the tables of metrics: the names that `Schema.roles` may have."""


@dataclass(frozen=True)
class Value:
    """A column of numbers.

    `label` is its name on pages; `unit` its unit, or `unit_in` the column that holds it. If 0 is a
    meaningful centre, `signs` names values above and below it.
    """

    column: str
    label: str = ""
    unit: str = "1"
    unit_in: str = ""
    signs: tuple[str, str] | None = None


@dataclass(frozen=True)
class Quantities:
    """Numbers of a network that are compared together: one column, in the rows that `where` picks.

    Each combination of the keys that vary in these rows is a quantity; their p are corrected for
    one another. `label` defaults to the value's, `name` begins names of files, `note` is added to
    captions. With `log`, log10 of the numbers is compared.
    """

    value: str
    where: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    name: str = ""
    note: str = ""
    log: bool = False


@dataclass(frozen=True)
class Profile:
    """Numbers of a network that make a vector; the report says how alike the vectors are.

    `value` is the column of entries, `entry` the key that names them. Each value of the key `group`
    makes separate vectors, and so does each value of the key `kind`, which `kinds` names for pages.
    The first kind is compared with random-graph controls (`Schema.controls`). The noise of entries
    is assumed to be independent with variance 1, as for z under the null.
    """

    value: str
    entry: str
    group: str
    kind: str
    kinds: Mapping[str, str]
    where: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Schema:
    """The columns of a metric's table.

    With trial, network and level, `keys` identify the quantity in a row; `values` hold numbers.
    `controls` marks rows of random graphs rather than networks: by key, the values that mark them,
    each with its name on pages (empty: not shown). `compared` is what comparisons show, `roles`
    the quantities with a role in `ROLES`.
    """

    keys: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    controls: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    compared: tuple[Quantities, ...] = ()
    roles: Mapping[str, Quantities] = field(default_factory=dict)
    profile: Profile | None = None

    def value(self, column: str) -> Value:
        """Return the value of a column. Raises `KeyError` if the schema has none."""
        return {value.column: value for value in self.values}[column]

    def is_control(self, table: pd.DataFrame) -> "pd.Series[bool]":
        """Return which rows are of random graphs."""
        control = pd.Series(data=False, index=table.index)
        for key, names in self.controls.items():
            control |= table[key].isin(list(names))
        return control

    def fitting(self, columns: Sequence[str]) -> "Schema":
        """Return the part on these columns: older and kept tables may lack some."""
        kept = tuple(value for value in self.values if value.column in columns)
        there = {value.column for value in kept}
        profile = self.profile
        if profile and not {profile.value, profile.entry, profile.group, profile.kind} <= set(
            columns
        ):
            profile = None
        return Schema(
            keys=tuple(key for key in self.keys if key in columns),
            values=kept,
            controls={key: names for key, names in self.controls.items() if key in columns},
            compared=tuple(asked for asked in self.compared if asked.value in there),
            roles={role: asked for role, asked in self.roles.items() if asked.value in there},
            profile=profile,
        )

    def faults(self, columns: Sequence[str]) -> list[str]:
        """List what does not fit a table with these columns."""
        values = [value.column for value in self.values]
        asked = [*self.keys, *values, *filter(None, (value.unit_in for value in self.values))]
        rows = [(one.value, one.where) for one in (*self.compared, *self.roles.values())]
        keys = list(self.controls)
        if one := self.profile:
            rows.append((one.value, one.where))
            keys += [one.entry, one.group, one.kind]
        keys += [key for _, where in rows for key in where]
        return [
            *(f"'{name}' is no column of the table" for name in asked if name not in columns),
            *(f"'{name}' is not among `keys`" for name in keys if name not in self.keys),
            *(f"'{value}' is not among `values`" for value, _ in rows if value not in values),
            *(f"'{role}' is no role; roles are {', '.join(ROLES)}"
              for role in self.roles if role not in ROLES),
        ]  # fmt: skip


def derived(table: pd.DataFrame) -> Schema:
    """Return the schema of a table whose metric gives none.

    Columns of text and truth values are keys, and so are whole numbers as far as rows are not
    unique without them; all other numbers are values, each compared by itself.
    """
    own = [str(name) for name in table if name not in (*PLACE, *CONDITION)]
    numbers = [
        name
        for name in own
        if pd.api.types.is_numeric_dtype(table[name])
        and not pd.api.types.is_bool_dtype(table[name])
    ]
    keys = [name for name in own if name not in numbers]
    place = [name for name in (*PLACE, "metric") if name in table]
    for name in [name for name in numbers if pd.api.types.is_integer_dtype(table[name])]:
        if not table.duplicated([*place, *keys]).any():
            break
        keys.append(name)
    values = [name for name in numbers if name not in keys]
    return Schema(
        keys=tuple(keys),
        values=tuple(Value(name) for name in values),
        compared=tuple(Quantities(name) for name in values),
    )


def selected(table: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows that have these values; kept tables may lack columns of one value."""
    for key, wanted in where.items():
        if key in table:
            table = table[table[key] == wanted]
    return table


@dataclass(frozen=True)
class Family:
    """Quantities that are compared and tested together, over all runs.

    `rows` have the columns of a network's place and condition, `quantity` and `value`; `order` has
    the quantities in order; `noun` names one of them; a `share` is shown as a percentage.
    """

    name: str
    label: str
    noun: str
    rows: pd.DataFrame
    order: tuple[str, ...]
    note: str = ""
    signs: tuple[str, str] | None = None
    share: bool = False

    @property
    def nouns(self) -> str:
        """The plural of `noun`, for captions."""
        return f"{self.noun[:-1]}ies" if self.noun.endswith("y") else f"{self.noun}s"

    @property
    def single(self) -> bool:
        """Whether there is only one quantity, named by the label."""
        return self.order == (self.label,)


_ROW = ("condition", "trial", "network", "level", "density", "later")


def family(metric: str, table: pd.DataFrame, schema: Schema, asked: Quantities) -> Family:
    """Return the quantities that are asked for, from a metric's table of networks."""
    value = schema.value(asked.value)
    rows = selected(table, asked.where)
    numbers = rows[asked.value].astype(float)
    if asked.log:
        numbers = numbers.where(numbers > 0).map(np.log10)
    rows = rows.assign(value=numbers.where(np.isfinite(numbers)))
    label = asked.label or value.label or asked.value.replace("_", " ")
    if value.unit != "1" and not value.unit_in:
        label = f"{label} ({value.unit})"
    varying = [key for key in (*schema.keys, "metric") if key in rows and rows[key].nunique() > 1]
    numbered = [key for key in varying if pd.api.types.is_integer_dtype(rows[key])]
    keys = _telling(rows, [*numbered, *(key for key in varying if key not in numbered)])
    whole = [*keys, value.unit_in] if value.unit_in else keys
    names = rows[list(dict.fromkeys([*numbered, *whole]))].drop_duplicates()
    names = names.sort_values(numbered, kind="stable") if numbered else names
    labels = {
        key: _label(key, value.unit_in) for key in names[whole].itertuples(index=False, name=None)
    }
    quantity = [labels[key] for key in rows[whole].itertuples(index=False, name=None)]
    named = rows.assign(quantity=quantity if keys else label)
    one = [*_ROW, "quantity"]
    named = named[[*one, "value"]]
    if named.duplicated(one).any():
        named = named.groupby(one, sort=False, observed=True)["value"].mean().reset_index()
    order = tuple(dict.fromkeys(labels.values())) if keys else (label,)
    name = slug(asked.name or f"{metric}_{asked.value}")
    noun = keys[0].replace("_", " ") if len(keys) == 1 else "quantity"
    share = asked == schema.roles.get("effective_density")
    return Family(name, label, noun, named, order, asked.note, value.signs, share)


def _telling(rows: pd.DataFrame, varying: Sequence[str]) -> list[str]:
    """Return the keys that distinguish quantities: those not determined by the keys after them."""
    several = len(rows[list(varying)].drop_duplicates())
    for key in varying:
        rest = [other for other in varying if other != key]
        if rest and len(rows[rest].drop_duplicates()) == several:
            varying = rest
    return list(varying)


def _label(values: tuple[Any, ...], unit_in: str) -> str:
    """Name a quantity by its keys' values, and by its unit if a column has that."""
    *keys, last = values if values else ("",)
    unit = f" ({last})" if unit_in and str(last) != "1" else ""
    return " · ".join(map(str, keys if unit_in else values)) + unit


def slug(name: str) -> str:
    """Return a name in a form that fits names of files."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())

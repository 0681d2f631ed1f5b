"""Answers and other results as data frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

import polars as pl

if TYPE_CHECKING:
    import pandas as pd

RecordT = TypeVar("RecordT")


class Result:
    """What can be had as a data frame: ``columns`` and ``rows``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def to_polars(self) -> pl.DataFrame:
        """Return the result as a Polars frame; columns of mixed types become text."""
        data = {
            name: _column([row[index] for row in self.rows])
            for index, name in enumerate(self.columns)
        }
        return pl.DataFrame(data)

    def to_pandas(self) -> pd.DataFrame:
        """Return the result as a pandas frame (pandas must be installed)."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.columns))


@dataclass(frozen=True)
class Answer(Result):
    """A table that a measure or rule gives: texts and numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Solutions(Result):
    """The answer to a query in SPARQL, kept in columns: ``frame``.

    A column of whole numbers, numbers, days or truth values has their type; any other holds text:
    an IRI as it is, a blank node as ``_:name``, a literal without its language or data type.
    Unbound variables are null. An ASK gives one column ``answer``, a CONSTRUCT or DESCRIBE the
    columns ``subject``, ``predicate``, ``object``.

    ``rows`` are made of it when they are asked for; days are text in them.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.columns = tuple(frame.columns)

    @cached_property
    def rows(self) -> tuple[tuple[Any, ...], ...]:  # type: ignore[override]
        """The rows as Python has them."""
        days = pl.selectors.date().cast(pl.String)
        return tuple(self.frame.with_columns(days).rows())

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self.frame.height

    def to_polars(self) -> pl.DataFrame:
        """Return the answer as a Polars frame."""
        return self.frame

    def to_pandas(self) -> pd.DataFrame:
        """Return the answer as a pandas frame (pandas must be installed)."""
        import pandas as pd

        return pd.DataFrame(
            {
                column.name: column.to_list()
                if column.dtype == pl.String or column.null_count()
                else column.to_numpy()
                for column in self.frame.iter_columns()
            }
        )


class Records(Result, Sequence[RecordT]):
    """A sequence of records (findings, checks) that can also be had as a data frame.

    ``counts`` is how many there are in all of each kind, where these may be only the gravest.
    """

    def __init__(
        self,
        records: Iterable[RecordT],
        row: Callable[[RecordT], Mapping[str, object]],
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self._records = tuple(records)
        self.counts = dict(counts or {})
        rows = [row(record) for record in self._records]
        self.columns = tuple(rows[0]) if rows else ()
        self.rows = tuple(tuple(values.values()) for values in rows)

    @overload
    def __getitem__(self, index: int) -> RecordT: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[RecordT, ...]: ...

    def __getitem__(self, index: int | slice) -> RecordT | tuple[RecordT, ...]:
        """Return one record, or several."""
        return self._records[index]

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._records)


def _column(values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if dict in kinds:
        values = [json.dumps(value, ensure_ascii=False) for value in values]
        kinds = {str}
    if len(kinds) > 1 and kinds != {int, float}:
        values = [None if value is None else str(value) for value in values]
    return pl.Series(values, strict=False)


@dataclass(frozen=True)
class Check:
    """A result of a validation, with the row of the source from which the node came."""

    severity: str
    source: str
    row: str
    subject: str
    label: str
    path: str
    value: str
    message: Mapping[str, str]


@dataclass(frozen=True)
class Count:
    """One line: its section, its key, its words, and a number or an answer in words."""

    section: str
    key: str
    label: Mapping[str, str]
    count: int | Mapping[str, str]

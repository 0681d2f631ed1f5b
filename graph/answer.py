"""Answers and other results as data frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload, runtime_checkable

import polars as pl
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolution,
    QueryTriples,
    Triple,
    Variable,
)

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
    """The answer to a query: texts and numbers; unbound variables are null.

    An ASK gives one column ``answer`` (true or false), a CONSTRUCT or DESCRIBE the columns
    ``subject``, ``predicate``, ``object``.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Records(Result, Sequence[RecordT]):
    """A sequence of records (findings, checks) that can also be had as a data frame."""

    def __init__(
        self, records: Iterable[RecordT], row: Callable[[RecordT], Mapping[str, object]]
    ) -> None:
        self._records = tuple(records)
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


@runtime_checkable
class Rows(Protocol):
    """The rows of a SELECT, from whichever store."""

    @property
    def variables(self) -> list[Variable]:
        """The variables, in order."""

    def __iter__(self) -> Iterator[QuerySolution]:
        """Yield each row."""


def answer(
    found: QueryBoolean | Rows | QueryTriples | Iterator[Triple],
) -> Answer:
    """Read an answer of the store to its end."""
    if isinstance(found, QueryBoolean):
        return Answer(("answer",), ((bool(found),),))
    if isinstance(found, Rows):
        names = tuple(variable.value for variable in found.variables)
        rows = tuple(tuple(_value(solution[name]) for name in names) for solution in found)
        return Answer(names, rows)
    triples = tuple(
        (_value(triple.subject), _value(triple.predicate), _value(triple.object))
        for triple in found
    )
    return Answer(("subject", "predicate", "object"), triples)


_NUMBERS = {"integer": int, "decimal": float, "double": float, "float": float, "int": int}


def _value(term: object) -> Any:  # noqa: ANN401
    """Return a term as Python has it: numbers and truth values typed, all else as text."""
    if isinstance(term, NamedNode):
        return term.value
    if isinstance(term, BlankNode):
        return f"_:{term.value}"
    if isinstance(term, Literal):
        kind = term.datatype.value.rsplit("#", 1)[-1]
        if kind == "boolean":
            return term.value in ("true", "1")
        turn = _NUMBERS.get(kind)
        try:
            return turn(term.value) if turn else term.value
        except ValueError:
            return term.value
    return None if term is None else str(term)


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

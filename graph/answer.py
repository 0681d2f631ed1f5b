"""The answer to a query: a table, a yes or no, or a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Answer:
    """A table of texts and numbers; unbound variables are null.

    An ASK gives one column ``answer`` (true or false), a CONSTRUCT or DESCRIBE the columns
    ``subject``, ``predicate``, ``object``.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def to_polars(self) -> pl.DataFrame:
        """Return the answer as a Polars frame; columns of mixed types become text."""
        data = {
            name: _column([row[index] for row in self.rows])
            for index, name in enumerate(self.columns)
        }
        return pl.DataFrame(data)

    def to_pandas(self) -> pd.DataFrame:
        """Return the answer as a pandas frame (pandas must be installed)."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.columns))


def _column(values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds != {int, float}:
        values = [None if value is None else str(value) for value in values]
    return pl.Series(values, strict=False)


def answer(found: QueryBoolean | QuerySolutions | QueryTriples) -> Answer:
    """Read an answer of the store to its end."""
    if isinstance(found, QueryBoolean):
        return Answer(("answer",), ((bool(found),),))
    if isinstance(found, QuerySolutions):
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

r"""The rows of an answer as typed columns, batch by batch, without a Python object a cell.

An answer comes as text: a SELECT as SPARQL's TSV, in which a term is written as in Turtle
(https://www.w3.org/TR/sparql11-results-csv-tsv/), a CONSTRUCT or DESCRIBE as N-Triples. Both have
a row a line, so that a stream is cut at line ends and each batch is read in columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

BATCH: Final = 1 << 22
"""How many bytes of an answer are read at a time."""

TRIPLE: Final = ("subject", "predicate", "object")

_ESCAPED: Final = {"\\\\": "\\", "\\n": "\n", "\\t": "\t", "\\r": "\r", '\\"': '"'}
_RARELY_ESCAPED: Final = {**_ESCAPED, "\\b": "\b", "\\f": "\f", "\\'": "'"}
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.)", re.DOTALL)
_LANGUAGE: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-@"
_TYPED: Final = r'(?s)^".*"\^\^<http://www\.w3\.org/2001/XMLSchema#(\w+)>$'
_FLOATS: Final = ("decimal", "double", "float")

# What a cell is: the order in which mixed ones are told apart does not matter.
IRI: Final = "iri"
TEXT: Final = "text"
DATE: Final = "date"
INTEGER: Final = "integer"
FLOAT: Final = "float"
BOOLEAN: Final = "boolean"


@dataclass(frozen=True)
class Column:
    """A column of a batch: what each cell says, and what it is (null where nothing is bound)."""

    text: pl.Series
    kind: pl.Series

    @property
    def kinds(self) -> set[str]:
        """What there is in the column."""
        return set(self.kind.drop_nulls().unique())

    def typed(self) -> pl.Series:
        """Return the column in the narrowest type that holds all of it; text if there is none.

        Whole numbers are ``Int64``, others ``Float64``, days ``Date``, truth values
        ``Boolean``. A column without a value is of the type ``Null``.
        """
        kinds = self.kinds
        if not kinds:
            return self.text.cast(pl.Null, strict=False)
        found = self.text
        if kinds == {BOOLEAN}:
            return found.is_in(["true", "1"]).set(found.is_null(), None)
        for may_be, dtype in (
            ({INTEGER}, pl.Int64),
            ({INTEGER, FLOAT}, pl.Float64),
            ({DATE}, pl.Date),
        ):
            if kinds <= may_be:
                cast = (
                    found.str.to_date("%Y-%m-%d", strict=False)
                    if dtype == pl.Date
                    else found.cast(dtype, strict=False)
                )
                # A number that is too large, a day with a time zone: they stay as written.
                return cast if cast.null_count() == found.null_count() else found
        return found


@dataclass(frozen=True)
class Batch:
    """Some rows of an answer, in its order."""

    names: Sequence[str]
    columns: Sequence[Column]

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.columns[0].text) if self.columns else 0

    def head(self, rows: int) -> Batch:
        """Return the first rows."""
        return Batch(
            self.names,
            [Column(column.text.head(rows), column.kind.head(rows)) for column in self.columns],
        )

    def frame(self) -> pl.DataFrame:
        """Return the rows with each column in the narrowest type that holds it."""
        return pl.DataFrame(
            [
                column.typed().alias(name)
                for name, column in zip(self.names, self.columns, strict=True)
            ]
        )


def batches(answer: Iterable[bytes], form: str, *, size: int = BATCH) -> Iterator[Batch]:
    r"""Yield the rows of a streamed answer, and at least one batch, if it has none.

    Parameters
    ----------
    answer
        Bytes of TSV (``rows`` of a SELECT, the ``boolean`` of an ASK) or N-Triples (the ``graph``
        of a CONSTRUCT or DESCRIBE).
    form
        Which of them they are.

    Examples
    --------
    >>> tsv = [b"?a\t?n\n<http://example.org/b>", b'\t1\n"c"@en\t\n']
    >>> [batch.frame().rows() for batch in batches(tsv, "rows")]
    [[('http://example.org/b', 1), ('c', None)]]
    """
    if form == "boolean":
        text = pl.Series([b"".join(answer).decode().strip()], dtype=pl.String)
        yield Batch(("answer",), (Column(text, pl.Series([BOOLEAN])),))
    elif form == "graph":
        yield from _statements(answer, size)
    else:
        yield from _solutions(answer, size)


def _statements(answer: Iterable[bytes], size: int) -> Iterator[Batch]:
    begun = False
    for lines in _in_lines(answer, size):
        begun = True
        yield Batch(TRIPLE, [_column(part) for part in _triples(lines)])
    if not begun:
        yield Batch(TRIPLE, [_NOTHING] * len(TRIPLE))


def _solutions(answer: Iterable[bytes], size: int) -> Iterator[Batch]:
    names: tuple[str, ...] | None = None
    for lines in _in_lines(answer, size):
        rows = lines
        if names is None:
            header, _, rows = lines.partition(b"\n")
            names = tuple(name.removeprefix("?") for name in header.decode().split("\t") if name)
            if not rows:
                yield Batch(names, [_NOTHING] * len(names))
                continue
        yield Batch(names, [_column(cells) for cells in _cells(rows, len(names))])


def _in_lines(answer: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the bytes in pieces of about a size that end where a line ends."""
    held: list[bytes] = []
    length = 0
    for chunk in answer:
        held.append(chunk)
        length += len(chunk)
        end = chunk.rfind(b"\n") + 1
        if length >= size and end:
            yield b"".join([*held[:-1], chunk[:end]])
            held = [chunk[end:]]
            length = len(held[0])
    if length:
        yield b"".join(held)


def _cells(rows: bytes, width: int) -> list[pl.Series]:
    if not width:
        return []
    return pl.read_csv(
        rows,
        separator="\t",
        quote_char=None,
        has_header=False,
        schema={str(index): pl.String for index in range(width)},
    ).get_columns()


def _triples(lines: bytes) -> list[pl.Series]:
    """Return subjects, predicates and objects: only an object can hold a blank."""
    (rows,) = _cells(lines, 1)
    parts = rows.str.strip_suffix(" .").str.splitn(" ", 3)
    return parts.struct.unnest().get_columns()


_NOTHING: Final = Column(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.String))


def _column(raw: pl.Series) -> Column:
    """Read terms as they are written in TSV and N-Triples."""
    first = raw.str.slice(0, 1)
    firsts = set(first.drop_nulls().unique())
    if firsts <= {"<"} and not raw.str.starts_with("<<").any():
        return Column(raw.str.strip_chars("<>"), first.replace("<", IRI))
    if not firsts & {"<", "_", '"'}:
        return Column(raw, _bare_kind(raw))
    literal, triple = first == '"', raw.str.starts_with("<<").fill_null(value=False)
    text = raw.zip_with(~(first == "<").fill_null(value=False) | triple, raw.str.strip_chars("<>"))
    kind = pl.select(
        pl.when(first == "<", ~triple)
        .then(pl.lit(IRI))
        .when(first.is_in(["_", "<"]))
        .then(pl.lit(TEXT))
        .otherwise(_bare_kind(raw))
    ).to_series()
    if not literal.any():
        return Column(text, kind)
    typed = literal & raw.str.ends_with(">")
    plain = literal & ~typed
    kind = kind.zip_with(~literal.fill_null(value=False), pl.select(pl.lit(TEXT)).to_series())
    text = text.zip_with(~plain.fill_null(value=False), _body(raw))
    if typed.any():
        datatype = raw.str.extract(_TYPED)
        text = text.zip_with(~typed.fill_null(value=False), _body(raw.str.extract(r'(?s)^(".*")')))
        number = datatype.is_in(_FLOATS) & text.cast(pl.Float64, strict=False).is_not_null()
        for names, found in ((FLOAT, number), (DATE, datatype == "date")):
            kind = kind.zip_with(
                ~(typed & found).fill_null(value=False), pl.select(pl.lit(names)).to_series()
            )
    return Column(text, kind)


def _bare_kind(raw: pl.Series) -> pl.Series:
    """Return what terms are that need no quotes: truth values and numbers."""
    return pl.select(
        pl.when(raw.is_null())
        .then(None)
        .when(raw.is_in(["true", "false"]))
        .then(pl.lit(BOOLEAN))
        .when(raw.str.contains(".", literal=True))
        .then(pl.lit(FLOAT))
        .otherwise(pl.lit(INTEGER))
    ).to_series()


def _body(quoted: pl.Series) -> pl.Series:
    """Return what stands between the quotes, in place of what was written for it."""
    bare = quoted.str.strip_chars_end(_LANGUAGE).str.strip_prefix('"').str.strip_suffix('"')
    if not bare.str.contains("\\", literal=True).any():
        return bare
    if bare.str.contains(r"\\[uUbf']").any():
        return bare.map_elements(_unescaped, return_dtype=pl.String)
    return bare.str.replace_many(_ESCAPED)


def _unescaped(text: str) -> str:
    def sign(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else _RARELY_ESCAPED.get(found[0], found[0])

    return _ESCAPE.sub(sign, text)


def joined(parts: Sequence[Batch]) -> Batch:
    """Return batches as one."""
    columns = zip(*(batch.columns for batch in parts), strict=True)
    return Batch(
        parts[0].names,
        [
            Column(pl.concat([part.text for part in same]), pl.concat([part.kind for part in same]))
            for same in columns
        ],
    )


def together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return frames of the same columns as one, each column in a type that holds all of it.

    Examples
    --------
    >>> together([pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [0.5]})])["n"].to_list()
    [1.0, 0.5]
    """
    types = common_types([frame.schema for frame in frames])
    return pl.concat(frame.select(in_types(frame.schema, types)) for frame in frames)


def common_types(schemas: Sequence[Mapping[str, pl.DataType]]) -> pl.Schema:
    """Return for each column the type that holds what it has under each of some schemas."""
    return pl.Schema({name: _common([schema[name] for schema in schemas]) for name in schemas[0]})


def in_types(found: Mapping[str, pl.DataType], types: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    """Return what turns a frame's columns into other types; a number becomes text as it was."""
    return [
        pl.col(name).cast(dtype).str.replace(r"\.0$", "")
        if found[name] == pl.Float64 and dtype == pl.String
        else pl.col(name).cast(dtype)
        for name, dtype in types.items()
    ]


def _common(types: Sequence[pl.DataType]) -> pl.DataType:
    kinds = {str(dtype): dtype for dtype in types if dtype != pl.Null}
    if not kinds:
        return pl.String()
    if len(kinds) == 1:
        return next(iter(kinds.values()))
    numbers = all(dtype.is_numeric() for dtype in kinds.values())
    return pl.Float64() if numbers else pl.String()

"""Answers in columns: what the engine writes is what is read, whatever the terms and the cuts."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klaster.graph.solutions import batches, joined, together
from klaster.graph.views.streams import csv_pieces, json_pieces, write_parquet
from klaster.ontology.terms import XSD

IRI = ox.NamedNode("https://example.org/a%20b/é")


def literal(text, kind=None):
    return ox.Literal(text, datatype=ox.NamedNode(XSD + kind)) if kind else ox.Literal(text)


def answer_of(rows) -> bytes:
    """Write rows of terms as the engine does: it is asked for what stands in its store."""
    store = ox.Store()
    names = [f"c{number}" for number in range(len(rows[0]))]
    for number, row in enumerate(rows):
        for name, term in zip(names, row, strict=True):
            if term is not None:
                subject, predicate = ox.NamedNode(f"r:{number:06d}"), ox.NamedNode(f"p:{name}")
                store.add(ox.Quad(subject, predicate, term))
        store.add(ox.Quad(ox.NamedNode(f"r:{number:06d}"), ox.NamedNode("p:row"), literal("row")))
    parts = " ".join(f"OPTIONAL {{ ?row <p:{name}> ?{name} }}" for name in names)
    chosen = " ".join(f"?{name}" for name in names)
    asked = f"SELECT {chosen} {{ ?row <p:row> ?any {parts} }} ORDER BY ?row"
    solutions = store.query(asked)
    assert isinstance(solutions, ox.QuerySolutions)
    found = solutions.serialize(format=ox.QueryResultsFormat.TSV)
    assert found is not None
    return found


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def frame_of(rows, *, size=1 << 20) -> pl.DataFrame:
    found = batches(cut(answer_of(rows), 7), "rows", size=size)
    return together([batch.frame() for batch in found])


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        ([IRI, None], pl.String, [IRI.value, None]),
        ([literal("1", "integer"), literal("-20", "integer")], pl.Int64, [1, -20]),
        ([literal("1", "integer"), literal("0.5", "decimal")], pl.Float64, [1.0, 0.5]),
        ([literal("1e300", "double"), literal("-INF", "double")], pl.Float64, [1e300, -math.inf]),
        ([literal("true", "boolean"), None], pl.Boolean, [True, None]),
        ([literal("2024-02-29", "date"), None], pl.Date, [date(2024, 2, 29), None]),
        # A day with a time zone, a number beyond 64 bits: as they are written.
        ([literal("2024-02-29Z", "date")], pl.String, ["2024-02-29Z"]),
        ([literal("9" * 30, "integer")], pl.String, ["9" * 30]),
        ([literal("many", "integer")], pl.String, ["many"]),
        ([literal("2024", "gYear")], pl.String, ["2024"]),
        ([ox.Literal("Хлопок", language="ru")], pl.String, ["Хлопок"]),
        ([literal("1", "integer"), IRI], pl.String, ["1", IRI.value]),
        ([None, None], pl.String, [None, None]),
        ([literal(""), None], pl.String, ["", None]),
        # Text that looks like another kind of term.
        ([literal("<https://e/>"), literal("true"), literal('"'), literal("1\t2\n")], pl.String,
         ["<https://e/>", "true", '"', "1\t2\n"]),
        ([ox.Triple(IRI, IRI, literal("a b"))], pl.String,
         [f'<<( <{IRI.value}> <{IRI.value}> "a b" )>>']),
    ],
)  # fmt: skip
def test_a_column_has_the_narrowest_type_that_holds_it(cells, dtype, values) -> None:
    frame = frame_of([[cell] for cell in cells])
    assert frame["c0"].dtype == dtype
    assert frame["c0"].to_list() == values


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_columns_are_the_same_wherever_the_stream_is_cut(size) -> None:
    rows = [
        [literal("1", "integer"), literal("2.5", "decimal"), None, literal("a")],
        [literal("0.5", "decimal"), literal("3.0", "double"), IRI, literal("1", "integer")],
        [None, literal("x"), None, None],
    ]
    frame = frame_of(rows, size=size)
    assert frame.dtypes == [pl.Float64, pl.String, pl.String, pl.String]
    assert frame.rows() == [
        (1.0, "2.5", None, "a"),
        (0.5, "3", IRI.value, "1"),
        (None, "x", None, None),
    ]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
terms = st.one_of(
    st.none(),
    st.just(IRI),
    texts.map(literal),
    texts.map(lambda text: ox.Literal(text, language="uz")),
    texts.map(lambda text: literal(text, "anyURI")),
    st.integers().map(lambda number: literal(str(number), "integer")),
    st.booleans().map(lambda truth: literal(str(truth).lower(), "boolean")),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(terms, terms), min_size=1, max_size=6), st.integers(1, 40))
def test_every_term_is_read_as_it_was(rows, size) -> None:
    found = joined(list(batches(cut(answer_of(rows), 5), "rows", size=size)))
    for number, column in enumerate(found.columns):
        expected = [None if row[number] is None else row[number].value for row in rows]
        assert column.text.to_list() == expected


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(terms, terms), min_size=1, max_size=6), st.integers(1, 40))
def test_csv_and_json_hold_the_same_rows(rows, size) -> None:
    data = answer_of(rows)
    written = b"".join(csv_pieces(batches([data], "rows", size=size))).decode()
    header, *lines = csv.reader(io.StringIO(written, newline=""))
    objects = json.loads(b"".join(json_pieces(batches([data], "rows", size=size))))
    assert header == ["c0", "c1"]
    assert len(lines) == len(objects) == len(rows)
    for line, found, row in zip(lines, objects, rows, strict=True):
        for cell, value, term in zip(line, found.values(), row, strict=True):
            if term is None:
                assert (cell, value) == ("", None)
            elif isinstance(term, ox.NamedNode) or term.datatype.value.endswith(("g", "I")):
                assert value == term.value
                assert cell.removeprefix("'") == term.value.removeprefix("'")
            else:
                assert value == json.loads(term.value)
                assert cell == term.value


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless_and_no_number() -> None:
    rows = [[literal("=1+1"), literal("-5", "integer")], [literal("@x"), literal("6", "integer")]]
    written = b"".join(csv_pieces(batches([answer_of(rows)], "rows")))
    assert written == b"c0,c1\n'=1+1,-5\n'@x,6\n"


def test_json_has_no_numbers_that_json_does_not_know() -> None:
    rows = [[literal("NaN", "double")], [literal("INF", "double")], [literal("x")]]
    for some in (rows, rows[:2]):
        objects = json.loads(b"".join(json_pieces(batches([answer_of(some)], "rows"))))
        assert [row["c0"] for row in objects] == [None, None, "x"][: len(some)]


def test_parquet_has_one_type_for_all_batches(tmp_path) -> None:
    rows = [[literal(str(number), "integer"), literal("a")] for number in range(50)]
    rows += [[literal("0.5", "decimal"), None]]
    path = tmp_path / "x.parquet"
    assert write_parquet(batches(cut(answer_of(rows), 11), "rows", size=1), path) == 51
    frame = pl.read_parquet(path)
    assert frame.schema == {"c0": pl.Float64, "c1": pl.String}
    assert frame["c0"].to_list() == [*map(float, range(50)), 0.5]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize(
    ("data", "form", "columns", "rows"),
    [
        (b"?a\t?b\n", "rows", ["a", "b"], []),
        (b"?a\n\n\n", "rows", ["a"], [(None,), (None,)]),
        (b"\n\n", "rows", [], []),
        (b"true", "boolean", ["answer"], [(True,)]),
        (b"", "graph", ["subject", "predicate", "object"], []),
        (
            b'<e:a> <e:b> "a . \\n\\u0001 \\\\n b"@en .\n_:c <e:b> <e:d> .\n',
            "graph",
            ["subject", "predicate", "object"],
            [("e:a", "e:b", "a . \n\x01 \\n b"), ("_:c", "e:b", "e:d")],
        ),
    ],
    ids=["no rows", "nothing bound", "no variables", "ASK", "no triples", "triples"],
)
def test_any_form_of_answer_has_columns(data, form, columns, rows, tmp_path) -> None:
    frame = together([batch.frame() for batch in batches([data], form)])
    assert frame.columns == columns
    assert frame.rows() == rows
    objects = json.loads(b"".join(json_pieces(batches([data], form))))
    assert [tuple(found.values()) for found in objects] == rows
    assert write_parquet(batches([data], form), tmp_path / "x.parquet") == len(rows)

"""Typed tables as N-Quads text, written in columns: one expression a property, no loop a row."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import IO, Final

import polars as pl

from klaster.ontology.acts import act_number
from klaster.ontology.codes import Code, codes, schemes
from klaster.ontology.periods import first_day, first_day_after
from klaster.ontology.tables import Column, SourceTables, Table, tables
from klaster.ontology.terms import (
    DCTERMS,
    KL,
    PROV,
    RDF,
    RDFS,
    SKOS,
    XSD,
    code_iri,
    graph_iri,
    mint,
)

_A = f"<{RDF}type>"


def iri(value: pl.Expr) -> pl.Expr:
    """Return IRIs in N-Quads form. The values were minted by us and hold no illegal sign."""
    return pl.concat_str(pl.lit("<"), value, pl.lit(">"))


def literal(value: pl.Expr, suffix: str = "") -> pl.Expr:
    """Return literals in N-Quads form; ``suffix`` is a language tag or datatype."""
    escaped = value
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        escaped = escaped.str.replace_all(sign, written, literal=True)
    return _as_literal(escaped, suffix)


def _as_literal(lexical: pl.Expr, suffix: str) -> pl.Expr:
    """Return literals of what holds no sign that has to be escaped: numbers and dates."""
    return pl.concat_str(pl.lit('"'), lexical, pl.lit(f'"{suffix}'))


def typed(name: str) -> str:
    """Return the suffix of a literal of an XML Schema datatype."""
    return f"^^<{XSD}{name}>"


def write_lines(
    stream: IO[bytes], frame: pl.DataFrame, subject: pl.Expr, term: str, value: pl.Expr, graph: str
) -> None:
    """Write one statement a row, in the default graph if none is named.

    Rows without a value are left out.
    """
    said = {"subject": subject, "term": pl.lit(term), "value": value}
    end = f" <{graph}> .\n" if graph else " .\n"
    for rows in frame.iter_slices(_AT_ONCE):
        lines = rows.select(**said)
        if lines["value"].null_count():
            lines = lines.drop_nulls("value")
        if lines.height < _FEW:
            stream.write("".join([f"{a} {b} {c}{end}" for a, b, c in lines.rows()]).encode())
            continue
        # One separator and one end a line: nothing has to be put together first.
        lines.write_csv(
            stream, include_header=False, separator=" ", line_terminator=end, quote_style="never"
        )


_SUBJECT: Final = "\x1fsubject"
"""The column of what a row is about, in N-Quads form; no table has one of this name."""
_AT_ONCE: Final = 500_000
"""Of so many rows the text is held at once: some 120 MB."""
_FEW: Final = 500
"""Fewer lines are put together sooner than Polars has set out to write them."""


def write_source(
    stream: IO[bytes],
    source: SourceTables,
    *,
    base: str,
    loaded_at: dt.datetime,
    loader: str,
    part: str = "source",
    with_place: bool = False,
    long_apart: bool = False,
    written: Callable[[int], None] = lambda _: None,
) -> None:
    """Write everything that one source states, in its named graph, with where it came from.

    Parameters
    ----------
    part
        Of what kind the named graph is.
    with_place
        Whether it is told in which folder the source lay, and not only what it is called.
    long_apart
        Whether the records of long tables are put into the default graph, where a statement
        takes half the time and the room that it does in a named one.
    written
        Told how many rows more are written.
    """
    graph = graph_iri(base, part, source.name)
    file = mint(base, "file", source.name)
    _write_provenance(
        stream, source, graph, file, loaded_at, loader, _record_of(source, with_place=with_place)
    )
    regions: set[str] = set()
    for name, frame in source.pieces():
        # Of millions of links the named graph says from which file they are, and the tables in
        # which row of it; each link need not.
        located = name not in source.long
        own = graph if located or not long_apart else ""
        _write_rows(stream, name, frame, own, file=file if located else "")
        if "id" in frame.columns:
            start = mint(base, tables()[name].prefix, source.name) + "/"
            _write_ids(stream, frame, start, graph)
        regions |= _regions_of(name, frame)
        written(frame.height)
    _write_foreign_regions(stream, regions, graph)


def _write_rows(
    stream: IO[bytes], name: str, frame: pl.DataFrame, graph: str, *, file: str
) -> None:
    """Write what the rows of a table state, and if it is in ``file`` where they stand there."""
    table = tables()[name]
    # Made once for all that is said of a row.
    frame = frame.with_columns(iri(pl.col("iri")).alias(_SUBJECT))
    subject = pl.col(_SUBJECT)
    write_lines(stream, frame, subject, _A, _classes(table), graph)
    for column in table.columns:
        for exploded, value in _values(frame, column):
            write_lines(stream, exploded, subject, f"<{column.term}>", value, graph)
    if file:
        locator = literal(pl.col("locator"))
        write_lines(stream, frame, subject, f"<{KL}sourceLocator>", locator, graph)
    if file and "source" in frame.columns:
        unsourced = frame.filter(pl.col("source").list.len().fill_null(0) == 0)
        write_lines(stream, unsourced, subject, f"<{KL}source>", pl.lit(f"<{file}>"), graph)
    _write_beside(stream, name, frame, graph)


def _write_provenance(
    stream: IO[bytes],
    source: SourceTables,
    graph: str,
    file: str,
    loaded_at: dt.datetime,
    loader: str,
    record: str,
) -> None:
    load = f"{file}/load"
    facts = pl.DataFrame(
        [
            (file, f"{RDF}type", f"<{KL}Source>"),
            (file, f"{RDFS}label", _quoted(source.path.rsplit("/", 1)[-1])),
            (file, f"{KL}sha256", _quoted(source.sha256)),
            (file, f"{KL}retrievedAt", _quoted(loaded_at.isoformat()) + typed("dateTime")),
            (load, f"{RDF}type", f"<{KL}LoadActivity>"),
            (load, f"{PROV}used", f"<{file}>"),
            (load, f"{KL}loader", _quoted(loader)),
            (load, f"{KL}loadRecord", _quoted(record)),
            (graph, f"{RDF}type", f"<{KL}LoadGraph>"),
            (graph, f"{PROV}wasGeneratedBy", f"<{load}>"),
        ],
        schema=["subject", "term", "value"],
        orient="row",
    )
    line = pl.format("<{}> <{}> {} <{}> .", "subject", "term", "value", pl.lit(graph))
    facts.select(line).write_csv(stream, include_header=False, quote_style="never")


def _record_of(source: SourceTables, *, with_place: bool) -> str:
    """Return what is kept of a load beside its statements, as JSON."""
    record = {
        "kind": source.kind,
        "manner": source.manner,
        "path": source.path if with_place else source.path.rsplit("/", 1)[-1],
        "rows": source.heights,
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _write_ids(stream: IO[bytes], frame: pl.DataFrame, start: str, graph: str) -> None:
    """Write the ids that IRIs do not tell: of things named by an official identifier."""
    own = pl.col("iri").str.starts_with(start) | (pl.col("iri") == pl.col("id"))
    rows = frame.filter(~own)
    key = literal(pl.col("id"))
    write_lines(stream, rows, iri(pl.col("iri")), f"<{DCTERMS}identifier>", key, graph)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _classes(table: Table) -> pl.Expr:
    """Return the class of each row: by its kind where the kind has a class of its own."""
    of_table = pl.lit(f"<{KL}{table.rdf_class}>")
    kinds = {
        code: f"<{KL}{entry.rdf_class}>"
        for column in table.columns
        if column.name == "kind"
        for scheme in column.codes
        for code, entry in codes(scheme).items()
        if entry.rdf_class
    }
    if table.name == "supplies":
        service = pl.col("kind").is_not_null() & (pl.col("kind") != "goods")
        return pl.when(service).then(pl.lit(f"<{KL}ServiceLink>")).otherwise(of_table)
    if not kinds or table.name == "criteria":
        return of_table
    return (
        pl.col("kind")
        .replace_strict(kinds, default=None, return_dtype=pl.String)
        .fill_null(of_table)
    )


def _values(frame: pl.DataFrame, column: Column) -> Iterator[tuple[pl.DataFrame, pl.Expr]]:
    """Yield a column's values in N-Quads form, with the frame to which they belong."""
    if not column.term or column.name not in frame.columns or column.term in _BESIDE:
        return
    if column.is_list:
        frame = frame.select("iri", _SUBJECT, column.name).explode(column.name)
    cell = pl.col(column.name)
    if column.refers or len(column.codes) > 1:
        yield frame, iri(cell)
    elif column.codes:
        yield frame, _code_iris(frame, column)
    elif column.name in _CODED_ELSEWHERE:
        yield frame, iri(pl.lit(code_iri(_CODED_ELSEWHERE[column.name], "")) + cell)
    elif column.type == "number":
        plain = cell.cast(pl.Decimal(38, 9)).cast(pl.String)
        end = pl.lit(f'0"{typed("decimal")}')
        yield frame, pl.concat_str(pl.lit('"'), plain.str.strip_chars_end("0"), end)
    elif column.type == "date" and column.name not in ("valid_from", "valid_to"):
        yield from _dates(frame, column)
    elif column.type == "date":
        yield frame, _as_literal(_bound(column.name), typed("date"))
    elif column.type == "string":
        yield frame, literal(cell, f"@{column.language}" if column.language else _plain(column))
    else:
        kind = {"integer": "integer", "boolean": "boolean", "year": "gYear"}[column.type]
        yield frame, _as_literal(cell.cast(pl.String), typed(kind))


# Written by _write_beside, since they need a node or a sibling cell of their own.
_BESIDE = frozenset({KL + "quote", KL + "participationRole"})
_CODED_ELSEWHERE = {"hs": "hs", "cpc": "cpc", "activity": "isic"}


_STRINGS = {"url": "anyURI", "website": "anyURI", "language": "language"}


def _plain(column: Column) -> str:
    return typed(_STRINGS[column.name]) if column.name in _STRINGS else ""


def _code_iris(frame: pl.DataFrame, column: Column) -> pl.Expr:
    """Return the IRIs of codes in N-Quads form."""
    scheme = column.codes[0]
    used = frame[column.name].drop_nulls().unique()
    return pl.col(column.name).replace_strict(
        {code: f"<{code_iri(scheme, code)}>" for code in used},
        default=None,
        return_dtype=pl.String,
    )


def _dates(frame: pl.DataFrame, column: Column) -> Iterator[tuple[pl.DataFrame, pl.Expr]]:
    """Yield dates with the precision with which they were written."""
    cell = pl.col(column.name)
    for length, kind in ((4, "gYear"), (7, "gYearMonth"), (10, "date")):
        rows = frame.filter(cell.str.len_chars() == length)
        yield rows, literal(cell, typed(kind))


def _bound(name: str) -> pl.Expr:
    """Return the first day of validity, or the first day after it, of a date or a period."""
    bound = first_day_after(name) if name == "valid_to" else first_day(name)
    return bound.dt.to_string("%Y-%m-%d")


def _write_beside(stream: IO[bytes], name: str, frame: pl.DataFrame, graph: str) -> None:
    """Write what is no plain property of a row."""
    subject = iri(pl.col("iri"))
    if name == "claims":
        for language in frame["language"].fill_null("").unique().sort():
            rows = frame.filter(pl.col("language").fill_null("") == language)
            value = literal(pl.col("quote"), f"@{language}" if language else "")
            write_lines(stream, rows, subject, f"<{KL}quote>", value, graph)
    elif name == "criteria":
        instrument = iri(pl.col("instrument"))
        write_lines(stream, frame, instrument, f"<{KL}hasCriterion>", subject, graph)
        write_lines(stream, frame, instrument, f"<{KL}targets>", iri(pl.col("cluster")), graph)
    elif name == "policies":
        _write_numbers_of_acts(stream, frame, graph)
    elif name == "codes":
        _write_code_list(stream, frame, graph)
    elif name == "cooperations":
        _write_participations(stream, frame, graph)
    elif name == "instruments":
        kinds = {code: entry.labels for code, entry in codes("instrument-type").items()}
        untitled = frame.filter(pl.col("title").is_null())
        for language in ("en", "ru", "uz"):
            words = {code: labels[language] for code, labels in kinds.items()}
            label = pl.col("kind").replace_strict(words, default=None, return_dtype=pl.String)
            write_lines(
                stream, untitled, subject, f"<{RDFS}label>", literal(label, f"@{language}"), graph
            )


def _write_numbers_of_acts(stream: IO[bytes], frame: pl.DataFrame, graph: str) -> None:
    """Write the number of an act in every form in which it is cited."""
    forms = [
        [*act.aliases] if number and (act := act_number(number)) else []
        for number in frame["number"]
    ]
    rows = frame.select("iri", forms=pl.Series(forms, dtype=pl.List(pl.String))).explode("forms")
    form = literal(pl.col("forms"))
    write_lines(stream, rows, iri(pl.col("iri")), f"<{SKOS}altLabel>", form, graph)


def _write_code_list(stream: IO[bytes], frame: pl.DataFrame, graph: str) -> None:
    """Write what makes rows of the table of codes concepts of their lists."""
    subject = iri(pl.col("iri"))
    scheme = pl.lit(code_iri("", "").removesuffix("/")) + pl.col("scheme")
    broader = frame.filter(pl.col("broader").is_not_null()).select("iri", "scheme", "broader")
    above = [code_iri(*pair) for pair in broader.select("scheme", "broader").rows()]
    broader = broader.with_columns(above=pl.Series(above, dtype=pl.String))
    countries = frame.filter(pl.col("scheme") == "country")
    write_lines(stream, frame, subject, _A, pl.lit(f"<{SKOS}Concept>"), graph)
    write_lines(stream, countries, subject, _A, pl.lit(f"<{KL}Country>"), graph)
    write_lines(stream, frame, subject, f"<{SKOS}inScheme>", iri(scheme), graph)
    write_lines(stream, frame, subject, f"<{SKOS}notation>", literal(pl.col("code")), graph)
    for column, tag in (("name", ""), ("name_en", "@en"), ("name_ru", "@ru"), ("name_uz", "@uz")):
        label = literal(pl.col(column), tag)
        write_lines(stream, frame, subject, f"<{SKOS}prefLabel>", label, graph)
    write_lines(stream, broader, subject, f"<{SKOS}broader>", iri(pl.col("above")), graph)


def _write_participations(stream: IO[bytes], frame: pl.DataFrame, graph: str) -> None:
    """Write the roles in which participants take part, where they are given."""
    rows = frame.filter(pl.col("role").is_not_null()).with_columns(
        part=pl.col("iri") + "/" + pl.col("row").cast(pl.String)
    )
    part = iri(pl.col("part"))
    role = iri(pl.lit(code_iri("role", "")) + pl.col("role"))
    write_lines(stream, rows, iri(pl.col("iri")), f"<{KL}hasParticipation>", part, graph)
    write_lines(stream, rows, part, _A, pl.lit(f"<{KL}Participation>"), graph)
    write_lines(stream, rows, part, f"<{KL}participationActor>", iri(pl.col("participant")), graph)
    write_lines(stream, rows, part, f"<{KL}participationRole>", role, graph)


def _regions_of(name: str, frame: pl.DataFrame) -> set[str]:
    """Return the regions that are named in a table."""
    if "region" not in frame.columns:
        return set()
    is_list = tables()[name].column("region").is_list
    column = frame["region"].explode() if is_list else frame["region"]
    return set(column.drop_nulls().unique())


def _write_foreign_regions(stream: IO[bytes], cells: set[str], graph: str) -> None:
    """Write the regions that are in no bundled list as places, within their countries."""
    rows = pl.DataFrame({"code": sorted(cells - set(codes("region")))}, schema={"code": pl.String})
    place = iri(pl.lit(code_iri("region", "")) + pl.col("code"))
    country = iri(pl.lit(code_iri("country", "")) + pl.col("code").str.slice(0, 2))
    code = literal(pl.col("code"))
    write_lines(stream, rows, place, _A, pl.lit(f"<{KL}Region>"), graph)
    write_lines(stream, rows, place, f"<{RDFS}label>", code, graph)
    write_lines(stream, rows, place, f"<{KL}isoCode>", code, graph)
    write_lines(stream, rows, place, f"<{KL}within>", country, graph)


def write_codes(stream: IO[bytes], graph: str) -> None:
    """Write the code lists as SKOS concepts; countries and regions are places too."""
    for scheme in schemes():
        for entry in codes(scheme).values():
            subject = f"<{code_iri(scheme, entry.code)}>"
            lines = [f"{subject} {said} <{graph}> .\n" for said in _said_of_code(entry)]
            stream.write("".join(lines).encode())


_CLASS_OF_CODES: Final = {
    "country": "Country",
    "region": "Region",
    "sector": "Sector",
    "role": "ActorRole",
    "effect": "Effect",
    "mechanism": "Mechanism",
}


def _said_of_code(entry: Code) -> Iterator[str]:
    """Yield what is said of an entry of a code list: predicates and values in N-Quads form."""
    scheme = entry.scheme
    yield f"{_A} <{SKOS}Concept>"
    yield f"{_A} <{KL}Code>"
    if scheme in _CLASS_OF_CODES:
        yield f"{_A} <{KL}{_CLASS_OF_CODES[scheme]}>"
    code = _quoted(entry.code)
    yield f"<{SKOS}notation> {code}"
    yield f"<{SKOS}inScheme> <{code_iri(scheme, '').rstrip('/')}>"
    for language in ("en", "ru", "uz"):
        label = f"{_quoted(entry.labels[language])}@{language}"
        yield f"<{SKOS}prefLabel> {label}"
        yield f"<{RDFS}label> {label}"
    if scheme in ("country", "region"):
        yield f"<{KL}isoCode> {code}"
    if entry.broader:
        above = "country" if scheme == "region" else scheme
        term = f"<{KL}within>" if scheme == "region" else f"<{SKOS}broader>"
        yield f"{term} <{code_iri(above, entry.broader)}>"

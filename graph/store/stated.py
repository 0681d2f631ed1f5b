"""Statements as the typed tables that they were written from: the inverse of ``quads.py``.

Not everything comes back as it was typed: a year or a month alone in ``valid_from`` and
``valid_to`` is a day in RDF, the cells of a list have no order there, and where a cooperation has
several participants their rows are told apart only as far as participations tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import polars as pl

from klaster.ontology.codes import codes
from klaster.ontology.schemas import schema
from klaster.ontology.tables import Column, Table
from klaster.ontology.terms import DCTERMS, KL, RDFS, code_iri, mint

STATEMENTS: Final = dict.fromkeys(("subject", "term", "value", "language"), pl.String)
"""An IRI or a text is its own value; ``language`` is empty where there is none."""

IDENTIFIER: Final = f"{DCTERMS}identifier"
_LABEL: Final = f"{RDFS}label"
_LOCATOR: Final = f"{KL}sourceLocator"
_CODED_ELSEWHERE: Final = {"hs": "hs", "cpc": "cpc", "activity": "isic"}
_FLOAT: Final = {"number": pl.Float64, "integer": pl.Int64, "year": pl.Int64}
_LINE: Final = r'^(?:<([^>]*)>|(_:\S+))\s+<([^>]*)>\s+(?:<([^>]*)>|(_:\S+)|"(.*)"(?:@([A-Za-z0-9-]+)|\^\^<[^>]*>)?)\s*\.\s*$'


class UnreadableCellError(ValueError):
    """A value that no cell of its column can hold: of which thing, under which term."""

    def __init__(self, table: str, thing: str, term: str, found: str) -> None:
        self.table, self.thing, self.term, self.found = table, thing, term, found
        super().__init__(f"{table}: {thing} {term} {found}")


def classes_in(table: Table) -> tuple[str, ...]:
    """Return the classes of which the things in the rows of a table are stated to be.

    Examples
    --------
    >>> from klaster.ontology.tables import tables
    >>> [iri.removeprefix(KL) for iri in classes_in(tables()["supplies"])]
    ['SupplyLink', 'ServiceLink']
    """
    found = [table.rdf_class]
    if table.name == "supplies":
        found.append("ServiceLink")
    elif table.name != "criteria":
        schemes = [column.codes for column in table.columns if column.name == "kind"]
        kinds = [entry for of in schemes for scheme in of for entry in codes(scheme).values()]
        found += [entry.rdf_class for entry in kinds if entry.rdf_class]
    return tuple(KL + name for name in dict.fromkeys(found))


def statements_of(lines: pl.Series) -> pl.DataFrame:
    r"""Return lines of N-Triples as statements, once each.

    Examples
    --------
    >>> statements_of(pl.Series(['<http://x/a> <http://x/b> "c\\"d"@en .'])).row(0)
    ('http://x/a', 'http://x/b', 'c"d', 'en')
    """
    parts = lines.str.extract_groups(_LINE).struct.unnest()
    names = ("subject", "blank", "term", "iri", "other", "text", "tag")
    parts = parts.rename(dict(zip(parts.columns, names, strict=True)))
    escaped = parts.filter(pl.col("text").str.contains("\\", literal=True))["text"].unique()
    plain = {text: _unescaped(text) for text in escaped}
    text = pl.col("text").replace(plain) if plain else pl.col("text")
    return (
        parts.filter(pl.col("term").is_not_null())
        .select(
            subject=pl.coalesce("subject", "blank"),
            term="term",
            value=pl.coalesce("iri", "other", text),
            language=pl.col("tag").fill_null(""),
        )
        .unique()
    )


_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


def _unescaped(text: str) -> str:
    def turned(found: re.Match[str]) -> str:
        if found[1] or found[2]:
            return chr(int(found[1] or found[2], 16))
        return _ESCAPES.get(found[3], found[3])

    return re.sub(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", turned, text)


def frame_of(
    table: Table, said: pl.DataFrame, *, base: str, source: str, parts: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows of a table that its source's statements tell, in the order of its rows.

    Parameters
    ----------
    said
        What is said of the things of the table (``STATEMENTS``).
    parts
        Of the table ``cooperations``: who took part in which row
        (``iri``, ``participant``, ``role``, ``row``).
    """
    file = mint(base, "file", source)
    said = said.filter(pl.col("subject") != file)
    rows = _located(said)
    for column in table.columns:
        cells = _cells(table, column, said, file)
        if column.name == "participant":
            rows = _with_participants(rows, cells, parts)
        elif column.name == "role" and table.name == "cooperations":
            continue
        elif cells is None:
            rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(column.name))
        else:
            kept = cells.group_by("subject").agg(_chosen(column))
            rows = rows.join(kept, on="subject", how="left", maintain_order="left")
    rows = rows.rename({"subject": "iri"})
    rows = _named(table, rows, said, base=base, source=source)
    if table.name == "matches":
        # What a decision refers to and the graph lacks is not stated.
        rows = rows.filter(pl.col("actor").is_not_null() & pl.col("same_as").is_not_null())
    kinds = schema(table)
    frame = rows.select(pl.col(name).cast(kind) for name, kind in kinds.items())
    return frame.sort("row", "iri", nulls_last=True, maintain_order=True)


def _located(said: pl.DataFrame) -> pl.DataFrame:
    """Return each thing with where its row stands: the first place, and how many there are."""
    places = said.filter(pl.col("term") == _LOCATOR).select(
        "subject", locator="value", row=_row_of(pl.col("value"))
    )
    things = said.select("subject").unique().sort("subject")
    grouped = places.sort("row", "locator").group_by("subject", maintain_order=True)
    listed = grouped.agg("locator", "row")
    rows = things.join(listed, on="subject", how="left", maintain_order="left")
    return rows.with_columns(
        locators="locator",
        locator=pl.col("locator").list.first(),
        row=pl.col("row").list.first(),
    )


def _row_of(locator: pl.Expr) -> pl.Expr:
    return locator.str.extract(r"!(\d+)$").cast(pl.UInt32, strict=False)


def _with_participants(
    rows: pl.DataFrame, cells: pl.DataFrame | None, parts: pl.DataFrame
) -> pl.DataFrame:
    """Return a row for each participant and role; rows in a file go by the order of the names."""
    assert cells is not None  # noqa: S101
    stated = cells.select("subject", participant="cell").unique()
    known = parts.select(pl.col("iri").alias("subject"), "participant", "role", part="row").unique()
    joined = stated.join(known, on=["subject", "participant"], how="left")
    joined = joined.sort("subject", pl.col("part").fill_null(2**32 - 1), "participant", "role")
    position = pl.int_range(pl.len()).over("subject")
    told = rows.join(joined, on="subject", how="left", maintain_order="left")
    return told.with_columns(
        locator=pl.col("locators").list.get(position, null_on_oob=True).fill_null(pl.col("locator"))
    ).with_columns(row=_row_of(pl.col("locator")))


def _cells(table: Table, column: Column, said: pl.DataFrame, file: str) -> pl.DataFrame | None:
    """Return the cells of a column by thing, or nothing where no statement tells them."""
    if not column.term:
        return None
    rows = said.filter(pl.col("term") == column.term)
    if column.term == _LABEL:
        rows = rows.filter(pl.col("language") == column.language)
    cell = pl.col("value")
    scheme = _CODED_ELSEWHERE.get(column.name) or (
        column.codes[0] if len(column.codes) == 1 and not column.refers else ""
    )
    if scheme:
        start = code_iri(scheme, "")
        rows = rows.filter(cell.str.starts_with(start))
        known = {value: value.removeprefix(start) for value in rows["value"].unique()}
        if column.name not in _CODED_ELSEWHERE:
            known = {value: unquote(code) for value, code in known.items()}
        cell = cell.replace(known) if known else cell
    elif column.name == "source":
        rows = rows.filter(cell != file)
    if column.type in _FLOAT or column.type == "boolean":
        cell = _typed(table, column, rows)
    return rows.select("subject", cell=cell)


def _typed(table: Table, column: Column, rows: pl.DataFrame) -> pl.Expr:
    if column.type == "boolean":
        meaning = {"true": True, "1": True, "false": False, "0": False}
        typed = pl.col("value").replace_strict(meaning, default=None, return_dtype=pl.Boolean)
    else:
        typed = pl.col("value").cast(_FLOAT[column.type], strict=False)
    wrong = rows.filter(typed.is_null()).select("subject", "term", "value").rows()
    if wrong:
        raise UnreadableCellError(table.name, *wrong[0])
    return typed


def _chosen(column: Column) -> pl.Expr:
    """Return what a cell holds of several values: all in a list, else always the same one."""
    if column.is_list:
        return pl.col("cell").unique().sort().alias(column.name)
    return pl.col("cell").min().alias(column.name)


def _named(
    table: Table, rows: pl.DataFrame, said: pl.DataFrame, *, base: str, source: str
) -> pl.DataFrame:
    """Add the ids: told, or the end of the IRI that was made of them."""
    if table.name == "codes":
        return _with_codes(rows, said)
    if "id" not in [column.name for column in table.columns]:
        return rows
    given = said.filter(pl.col("term") == IDENTIFIER).group_by("subject").agg(pl.col("value").min())
    told: Mapping[str, str] = dict(given.rows())
    start = mint(base, table.prefix, source) + "/"
    ids = [told.get(iri) or id_in(iri, start) or iri for iri in rows["iri"]]
    return rows.with_columns(id=pl.Series(ids, dtype=pl.String))


def id_in(iri: str, start: str) -> str:
    """Return the id of which an IRI was made, or nothing where it was made of something else.

    Examples
    --------
    >>> id_in("https://example.org/actor/demo/A%201", "https://example.org/actor/demo/")
    'A 1'
    """
    return unquote(iri.removeprefix(start)) if iri.startswith(start) else ""


def _with_codes(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    start = code_iri("", "").removesuffix("/")
    skos = "http://www.w3.org/2004/02/skos/core#"
    above = dict(said.filter(pl.col("term") == f"{skos}broader").select("subject", "value").rows())
    pairs = [iri.removeprefix(start).partition("/") for iri in rows["iri"]]
    broader = [
        unquote(above[iri].rpartition("/")[2]) if iri in above else None for iri in rows["iri"]
    ]
    return rows.with_columns(
        scheme=pl.Series([unquote(scheme) for scheme, _, _ in pairs], dtype=pl.String),
        code=pl.Series([unquote(code) for _, _, code in pairs], dtype=pl.String),
        broader=pl.Series(broader, dtype=pl.String),
    )

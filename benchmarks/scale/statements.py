"""The same statements for every peer, and whether what it wrote is the same set of statements.

Peers begin where klaster has already read, checked and named everything: from tables with an
IRI a row and a column a property, made from the text that klaster wrote. So each of them has
less to do than klaster.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import polars as pl

KL: Final = "https://w3id.org/klaster/ontology#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LINE: Final = (
    r'^<([^>]*)> <([^>]*)> (<[^>]*>|".*"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>)?)(?: <[^>]*>)? ?\.$'
)
_LITERAL: Final = r'^"(?P<lexical>.*)"(?:@(?P<language>[A-Za-z0-9-]+)|\^\^<(?P<datatype>[^>]*)>)?$'


@dataclass(frozen=True)
class Property:
    """A column of a table: what it says of the thing in the row.

    ``datatype`` is empty for an IRI, and ``language`` for what has no language.
    """

    name: str
    predicate: str
    datatype: str = ""
    language: str = ""

    @property
    def is_iri(self) -> bool:
        """Whether the cells are IRIs."""
        return not self.datatype


@dataclass(frozen=True)
class Table:
    """A Parquet file with ``iri`` and a column of text a property."""

    file: str
    properties: tuple[Property, ...]

    def frame(self, share: float = 1.0) -> pl.DataFrame:
        """Return the rows, or the first part of them."""
        frame = pl.read_parquet(self.file)
        return frame if share >= 1 else frame.head(max(1, round(frame.height * share)))


def read_tables(folder: Path) -> list[Table]:
    """Return the tables that ``write_tables`` wrote."""
    return [
        Table(entry["file"], tuple(Property(**kept) for kept in entry["properties"]))
        for entry in json.loads((folder / "tables.json").read_text("utf-8"))
    ]


def write_tables(statements: Path, folder: Path, *, base: str) -> list[Table]:
    """Turn N-Quads or N-Triples into tables, a row a thing; a property with several values apart."""
    folder.mkdir(parents=True, exist_ok=True)
    spoken = _parsed(statements).with_columns(
        kind=pl.col("s").str.strip_prefix(base).str.extract(r"^([a-z-]+)/").fill_null("other")
    )
    tables = []
    for (kind,), group in spoken.group_by("kind", maintain_order=True):
        wide = group.select(iri="s").unique(maintain_order=True)
        own: list[Property] = []
        parts = group.partition_by("p", "datatype", "language", maintain_order=True)
        for number, part in enumerate(parts):
            _, predicate, _, datatype, language, _ = part.row(0)
            said = Property(f"c{number}", predicate, datatype, language)
            column = part.select(iri="s", **{said.name: pl.col("value")})
            if column["iri"].is_unique().all():
                wide = wide.join(column, on="iri", how="left", maintain_order="left")
                own.append(said)
            else:
                tables.append(_kept(column, folder / f"{kind}-{number}.parquet", [said]))
        tables.append(_kept(wide, folder / f"{kind}.parquet", own))
    listed = [
        {"file": table.file, "properties": [*map(asdict, table.properties)]} for table in tables
    ]
    (folder / "tables.json").write_text(json.dumps(listed, indent=1), "utf-8")
    return tables


def _kept(frame: pl.DataFrame, path: Path, properties: list[Property]) -> Table:
    frame.write_parquet(path)
    return Table(str(path), tuple(properties))


def _parsed(statements: Path) -> pl.DataFrame:
    """Return ``s, p, value, datatype, language`` of each statement; an IRI has no datatype."""
    parts = pl.col("line").str.extract_groups(_LINE)
    literal = pl.col("o").str.extract_groups(_LITERAL)
    rows = (
        _lines(statements)
        .select(parts.struct.rename_fields(["s", "p", "o"]).alias("parts"))
        .unnest("parts")
        .with_columns(literal.alias("literal"))
        .unnest("literal")
        .select(
            "s",
            "p",
            value=pl.when(pl.col("lexical").is_null())
            .then(pl.col("o").str.slice(1, pl.col("o").str.len_chars() - 2))
            .otherwise(_unescaped(pl.col("lexical"))),
            datatype=pl.when(pl.col("lexical").is_null())
            .then(pl.lit(""))
            .when(pl.col("language").is_not_null())
            .then(pl.lit(f"{RDF}langString"))
            .otherwise(pl.col("datatype").fill_null(f"{XSD}string")),
            language=pl.col("language").fill_null(""),
        )
        .collect(engine="streaming")
    )
    if rows["s"].null_count():
        message = f"{statements} holds lines that are no statements"
        raise ValueError(message)
    return rows


def _lines(path: Path) -> pl.LazyFrame:
    return pl.scan_csv(
        path, has_header=False, separator="\x01", quote_char=None, new_columns=["line"]
    ).filter(pl.col("line").is_not_null())


_ESCAPES: Final = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def _unescaped(text: pl.Expr) -> pl.Expr:
    # A sign that no text holds keeps a backslash from being read with what follows it.
    text = text.str.replace_all("\\\\", "\x02", literal=True)
    for sign, written in _ESCAPES[1:]:
        text = text.str.replace_all(written, sign, literal=True)
    return text.str.replace_all("\x02", "\\", literal=True)


def _escaped(text: pl.Expr) -> pl.Expr:
    for sign, written in _ESCAPES:
        text = text.str.replace_all(sign, written, literal=True)
    return text


def expected(tables: list[Table], target: Path, *, share: float = 1.0) -> int:
    """Write the statements of the first part of each table as N-Triples, and return their number."""
    count = 0
    with target.open("wb") as stream:
        for table in tables:
            frame = table.frame(share)
            for said in table.properties:
                cell = pl.col(said.name)
                value = pl.concat_str(pl.lit("<"), cell, pl.lit(">"))
                if said.datatype:
                    suffix = f"@{said.language}" if said.language else f"^^<{said.datatype}>"
                    value = pl.concat_str(pl.lit('"'), _escaped(cell), pl.lit(f'"{suffix}'))
                line = pl.format("<{}> <{}> {} .", "iri", pl.lit(said.predicate), value)
                lines = frame.filter(cell.is_not_null()).select(line)
                lines.write_csv(stream, include_header=False, quote_style="never")
                count += lines.height
    return count


def digest(path: Path) -> tuple[int, str]:
    """Return how many different statements a file holds, and a digest of the sorted set of them.

    Files in N-Triples and N-Quads that say the same have the same digest, whatever the order of
    lines and the named graph: a string is one with or without its type, and 1.50 is 1.5.
    """
    line = (
        pl.col("line")
        .str.strip_chars()
        .str.replace(
            r'^(<[^>]*> <[^>]*> (?:<[^>]*>|".*"(?:@[^ ]+|\^\^<[^>]*>)?)) <[^>]*> ?\.$', "$1 ."
        )
        .str.replace(r" ?\.$", " .")
        .str.replace(r'"\^\^<http://www\.w3\.org/2001/XMLSchema#string> \.$', '" .')
        .str.replace(r'\.([0-9]*?)0+("\^\^<[^>]*#decimal>)', ".$1$2")
        .str.replace(r'\.("\^\^<[^>]*#decimal>)', "$1")
    )
    marks = _lines(path).select(line.hash(seed=20_200_202)).collect(engine="streaming").to_series()
    marks = marks.unique().sort()
    return len(marks), hashlib.sha256(marks.to_numpy().tobytes()).hexdigest()[:16]

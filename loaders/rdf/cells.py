"""Values of RDF as one would type them into the cells of a table."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

import polars as pl

from klaster.loaders.rdf.statements import Graph
from klaster.ontology.codes import codes
from klaster.ontology.tables import Column, Table
from klaster.ontology.term_tables import terms
from klaster.ontology.terms import CODE, KL, RDF, RDFS, code_iri

CELLS: Final = ("subject", "term", "stated", "cell", "rank")
"""Who says it, the statement's term and value, the text of the cell, and which is best."""

_LABEL: Final = f"{RDFS}label"
_CLASSIFIED: Final = {"hs": "hs", "cpc": "cpc", "activity": "isic"}
_PREFERRED: Final = {"": 0, "en": 1, "ru": 2, "uz": 3}
_ZONE: Final = r"(Z|[+-][0-9]{2}:[0-9]{2})$"


def cells_of(graph: Graph, table: Table, column: Column, said: pl.DataFrame) -> pl.DataFrame:
    """Return the statements that a column takes, with the text of its cell."""
    rows = said.filter(pl.col("term") == column.term)
    if column.term == _LABEL:
        rows = _labels(table, column, rows, said)
    elif column.term in (f"{KL}locatedIn", f"{KL}criterionPlace"):
        rows = _places(graph, column, rows)
    elif column.term == f"{KL}productClass":
        other = code_iri("cpc" if column.name == "hs" else "hs", "")
        unclear = column.name == "cpc" and ~pl.col("value").str.starts_with(CODE)
        rows = rows.filter(~(pl.col("value").str.starts_with(other) | unclear))
    elif "sources" in column.refers:
        rows = rows.filter(~pl.col("value").is_in(list(graph.loads)))
    cell = pl.col("cell") if "cell" in rows.columns else pl.col("value")
    rank = pl.col("language").replace_strict(_PREFERRED, default=9, return_dtype=pl.Int8)
    cells = rows.select(
        "subject",
        "term",
        pl.col("value").alias("stated"),
        _written(column, cell),
        rank.alias("rank"),
    )
    if "sources" in column.refers:
        cells = cells.with_columns(pl.col("cell").replace(graph.addresses))
    return _decoded(column, cells).filter(pl.col("cell") != "")


def _labels(table: Table, column: Column, rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Keep a language's labels, or any; the label of its kind is no instrument's title."""
    if column.language:
        return rows.filter(pl.col("language") == column.language)
    if table.name != "instruments":
        return rows
    named = pl.DataFrame(
        [
            (code_iri("instrument-type", code), language, label)
            for code, entry in codes("instrument-type").items()
            for language, label in entry.labels.items()
        ],
        schema=["kind", "language", "value"],
        orient="row",
    )
    kinds = said.filter(pl.col("term") == f"{KL}instrumentType").select("subject", kind="value")
    of_kind = kinds.join(named, on="kind").select("subject", "language", "value")
    return rows.join(of_kind, on=["subject", "language", "value"], how="anti")


def _places(graph: Graph, column: Column, rows: pl.DataFrame) -> pl.DataFrame:
    known = {value: _place(graph, value) for value in rows["value"].unique()}
    kept = {value: code for value, (scheme, code) in known.items() if scheme in column.codes}
    return rows.filter(pl.col("value").is_in(list(kept))).with_columns(
        cell=pl.col("value").replace(kept)
    )


def _place(graph: Graph, value: str) -> tuple[str, str]:
    """Return the list and the code of a place given by code, by IRI or by what it is called."""
    for scheme in ("country", "region"):
        if value.startswith(start := code_iri(scheme, "")):
            return scheme, unquote(value.removeprefix(start))
    code = graph.regions.get(value, value)
    return ("country" if len(code) == 2 else "region"), code


def _written(column: Column, cell: pl.Expr) -> pl.Expr:
    cell = cell.str.strip_chars()
    if column.type in ("number", "integer"):
        cell = cell.str.strip_prefix("+").str.replace(r"^(-?)\.", "${1}0.")
        cell = cell.str.replace(r"\.0*$", "").str.replace(r"\.([eE])", "$1")
    elif column.type in ("date", "year"):
        moment = cell.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T")
        cell = pl.when(moment).then(cell.str.slice(0, 10)).otherwise(cell)
        cell = cell.str.replace(_ZONE, "")
    return cell.alias("cell")


def _decoded(column: Column, cells: pl.DataFrame) -> pl.DataFrame:
    """Write the code for a code's IRI, where the column leaves no doubt of its list."""
    scheme = _CLASSIFIED.get(column.name, "")
    if len(column.codes) == 1 and not column.refers:
        scheme = column.codes[0]
    if not scheme:
        return cells
    start = code_iri(scheme, "")
    known = {
        cell: unquote(cell.removeprefix(start))
        for cell in cells["cell"].unique()
        if cell.startswith(start)
    }
    return cells.with_columns(pl.col("cell").replace(known))


def kinds_by_class(table: Table) -> dict[str, tuple[str, int]]:
    """Return the kind that a class alone tells, and how deep the class lies; the deepest tells."""
    found: dict[str, list[str]] = {}
    for column in table.columns:
        if column.name == "kind" and table.name != "criteria":
            for code, entry in codes(column.codes[0]).items():
                if entry.rdf_class:
                    found.setdefault(entry.rdf_class, []).append(code)
    if table.name == "supplies":
        # Which service it is has to be said; left empty it would be taken for goods.
        found["ServiceLink"] = ["ServiceLink"]
    return {KL + name: (kinds[0], _depth(name)) for name, kinds in found.items() if len(kinds) == 1}


def _depth(name: str) -> int:
    parents = [parent for parent in terms()[name].parents if parent in terms()]
    return 1 + max(map(_depth, parents), default=0)


def types(said: pl.DataFrame) -> pl.DataFrame:
    """Return the classes of each thing."""
    return said.filter(pl.col("term") == f"{RDF}type").select("subject", type="value")

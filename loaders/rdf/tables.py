"""Tables from statements in klaster's terms: the inverse of how tables become statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

import polars as pl

from klaster.loaders.cells import CELL_LIMIT
from klaster.loaders.raw import ORIGINS, RawTable
from klaster.loaders.rdf.cells import cells_of, kinds_by_class, types
from klaster.loaders.rdf.direct_edges import derived, edge_rows
from klaster.loaders.rdf.statements import Graph, classes_of, short
from klaster.ontology.codes import codes, schemes
from klaster.ontology.faults import CellFault, SourceError
from klaster.ontology.tables import Column, Table, tables
from klaster.ontology.terms import DCTERMS, KL, RDF, RDFS, SKOS, code_iri

# What the tables say otherwise, or what klaster itself derived or noted.
_KNOWN: Final = frozenset(
    {
        f"{RDF}type",
        f"{RDF}reifies",
        f"{DCTERMS}identifier",
        *(
            KL + name
            for name in (
                "benefitsFrom",
                "cooperatesWith",
                "eligibleFor",
                "hasCriterion",
                "hasParticipation",
                "memberOf",
                "needs",
                "owns",
                "produces",
                "requiresInput",
                "retrievedAt",
                "sha256",
                "sourceLocator",
                "suppliesTo",
                "targets",
                "usesInfrastructure",
            )
        ),
    }
)
_KNOWN_OF: Final = {
    "codes": [f"{SKOS}{name}" for name in ("notation", "inScheme", "prefLabel", "broader")],
    # An instrument without a title is called what its kind is called.
    "instruments": [f"{RDFS}label"],
    # The other forms of an act's number follow from the number.
    "policies": [f"{SKOS}altLabel"],
}
_FIRST_ROW: Final = 2
"""As if there were a header in row 1."""


@dataclass(frozen=True)
class Read:
    """What was read of a graph: its tables, and what of klaster's things was left aside."""

    raws: list[RawTable]
    unread: list[str] = field(default_factory=list)


def tables_of(graph: Graph, source: str) -> Read:
    """Return the tables of a graph in klaster's terms; ``source`` names it to the user.

    Raises
    ------
    SourceError
        If a value is beyond what a cell may hold.
    """
    frames: dict[str, pl.DataFrame] = {}
    unread: list[str] = []
    for name, table in tables().items():
        said = graph.about(classes_of(table))
        _refuse_what_no_cell_holds(said, source)
        if said.is_empty():
            continue
        frames[name], used = _rows(graph, table, said, source)
        unread += _left(graph, table, said, used, f"{source}: {name}")
    for name, rows in edge_rows(graph).items():
        frames[name] = pl.concat([frames.get(name, rows.clear()), rows], how="diagonal")
    raws = [
        _raw(tables()[name], frames[name], source)
        for name in tables()
        if name in frames and not frames[name].is_empty()
    ]
    return Read(raws, unread)


def _refuse_what_no_cell_holds(said: pl.DataFrame, source: str) -> None:
    for key, wrong in (
        ("fault.long-cell", pl.col("value").str.len_bytes() > CELL_LIMIT),
        ("fault.nul", pl.col("value").str.contains("\0", literal=True)),
    ):
        rows = said.filter(wrong).select("subject", "term").head(10).rows()
        if rows:
            raise SourceError(
                source,
                [
                    CellFault(f"{source}: {subject}", 0, short(term), key, {"limit": CELL_LIMIT})
                    for subject, term in rows
                ],
            )


def _rows(
    graph: Graph, table: Table, said: pl.DataFrame, source: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a row for each thing, and the statements that are in it."""
    rows = said.select("subject").unique().sort("subject")
    used = []
    for column in table.columns:
        taken = _taken(table, column, cells_of(graph, table, column, said), source)
        used.append(taken.select("subject", "term", "stated"))
        cells = taken.select("subject", pl.col("cell").alias(column.name))
        if column.is_list:
            cells = cells.group_by("subject").agg(pl.col(column.name).unique().sort().str.join(";"))
        rows = rows.join(cells.unique(), on="subject", how="left", maintain_order="left")
    if "id" in rows.columns:
        rows = rows.with_columns(id=pl.col("subject"))
    rows = _with_kinds(table, rows, said)
    shape = _SHAPES.get(table.name)
    return (shape(graph, rows, said) if shape else rows), pl.concat(used)


def _taken(table: Table, column: Column, cells: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the cells that a column has room for: all, or the best of each thing."""
    if column.is_list:
        return _listed(column, cells, source)
    several = table.name == "cooperations" and column.name == "participant"
    # One link may name several products; it then is a link for each.
    if several or (column.name == "product" and column.term == f"{KL}linkProduct"):
        return cells
    best = cells.sort("subject", "rank", "cell").unique("subject", keep="first")
    return cells.join(best.select("subject", "cell"), on=["subject", "cell"], how="semi")


def _listed(column: Column, cells: pl.DataFrame, source: str) -> pl.DataFrame:
    if column.refers or column.codes:
        split = cells.filter(pl.col("cell").str.contains(";", literal=True))
        if not split.is_empty():
            subject, found = split.select("subject", "cell").row(0)
            place = f"{source}: {subject}"
            fault = CellFault(place, 0, column.name, "fault.list-separator", {"found": found})
            raise SourceError(source, [fault])
    return cells.with_columns(pl.col("cell").str.replace_all(";", ",", literal=True))


def _with_kinds(table: Table, rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Fill in the kinds that a thing's class tells where nothing else does."""
    kinds = [(name, *kind) for name, kind in kinds_by_class(table).items()]
    if table.name == "cooperations":
        return rows.with_columns(pl.col("kind").fill_null("unspecified"))
    if not kinds:
        return rows
    known = pl.DataFrame(kinds, schema=["type", "by_class", "depth"], orient="row")
    deepest = types(said).join(known, on="type").sort("subject", "depth", descending=[False, True])
    first = deepest.unique("subject", keep="first").select("subject", "by_class")
    rows = rows.join(first, on="subject", how="left", maintain_order="left")
    return rows.with_columns(kind=pl.coalesce("kind", "by_class")).drop("by_class")


def _sources(graph: Graph, rows: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Leave out what is no source of its own: a load, an address."""
    aside = [*graph.loads, *graph.addresses]
    return rows.filter(~pl.col("subject").is_in(aside))


def _claims(_: Graph, rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Take the language of a quotation from its text where nothing else tells it."""
    tagged = said.filter((pl.col("term") == f"{KL}quote") & (pl.col("language") != ""))
    tags = tagged.unique("subject", keep="first").select("subject", tag="language")
    rows = rows.join(tags, on="subject", how="left", maintain_order="left")
    return rows.with_columns(language=pl.coalesce("language", "tag")).drop("tag")


_ROLES: Final = """
SELECT ?link ?actor ?role {
  ?link kl:hasParticipation ?part . ?part kl:participationActor ?actor ; kl:participationRole ?role
}"""


def _cooperations(graph: Graph, rows: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Give each participant the roles in which it takes part, a row each."""
    start = code_iri("role", "")
    found = [
        (graph.name(link), graph.name(actor), unquote(graph.name(role).removeprefix(start)))
        for link, actor, role in graph.select(_ROLES)
    ]
    schema = dict.fromkeys(("subject", "participant", "role"), pl.String)
    roles = pl.DataFrame(found, schema=schema, orient="row").unique()
    return rows.drop("role").join(roles, on=["subject", "participant"], how="left")


def _codes(graph: Graph, rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Read the code, its list and the code above it; codes of the bundled lists are known."""
    found = {}
    for term in ("inScheme", "broader", "prefLabel"):
        stated = said.filter(pl.col("term") == f"{SKOS}{term}").sort("subject", "value")
        found[term] = dict(reversed(stated.select("subject", "value").rows()))
    cells = [
        (
            subject,
            _end(found["inScheme"].get(subject, "")),
            graph.notations.get(subject) or _end(subject),
            found["prefLabel"].get(subject),
            (above := found["broader"].get(subject))
            and (graph.notations.get(above) or _end(above)),
        )
        for subject in rows["subject"]
    ]
    names = ("subject", "scheme", "code", "label", "broader")
    own = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
    rows = rows.drop("scheme", "code", "broader").join(own, on="subject")
    rows = rows.with_columns(name=pl.coalesce("name", "label")).drop("label")
    bundled = pl.struct("scheme", "code").map_elements(
        lambda pair: pair["scheme"] in schemes() and pair["code"] in codes(pair["scheme"]),
        return_dtype=pl.Boolean,
    )
    return rows.filter(~bundled)


def _end(iri: str) -> str:
    return unquote(iri.rstrip("/").replace("#", "/").rsplit("/", 1)[-1])


_Shape = Callable[[Graph, pl.DataFrame, pl.DataFrame], pl.DataFrame]
_SHAPES: Final[dict[str, _Shape]] = {
    "claims": _claims,
    "codes": _codes,
    "cooperations": _cooperations,
    "sources": _sources,
}


def _left(
    graph: Graph, table: Table, said: pl.DataFrame, used: pl.DataFrame, place: str
) -> list[str]:
    """Return what is said of a table's things and stands in no cell, a line for each term."""
    # What is exported is derived from flows; by itself it has no year and no value.
    exported = pl.DataFrame(
        [(start, f"{KL}exports", end) for start, end in derived(graph, "exports")],
        schema=dict.fromkeys(("subject", "term", "value"), pl.String),
        orient="row",
    )
    known = [*_KNOWN, *_KNOWN_OF.get(table.name, ())]
    left = (
        said.filter(~pl.col("term").is_in(known))
        .join(exported, on=["subject", "term", "value"], how="anti")
        .filter(~pl.col("subject").is_in(list(graph.loads)))
        .filter(~((pl.col("term") == f"{KL}source") & pl.col("value").is_in(list(graph.loads))))
        .join(used, left_on=["subject", "term", "value"], right_on=used.columns, how="anti")
    )
    counts = left.group_by("term").len().sort("term")
    return [f"{place}: {short(term)} ({count})" for term, count in counts.rows()]


def _raw(table: Table, frame: pl.DataFrame, source: str) -> RawTable:
    """Return a table with numbered rows, each with where it came from."""
    names = [column.name for column in table.columns if column.name in frame.columns]
    rows = frame.sort("subject", *names).with_row_index("row", offset=_FIRST_ROW)
    required = {column.name for column in table.columns if column.required}
    kept = [name for name in names if rows[name].count() or name in required]
    origins = rows.select(
        "row",
        place=pl.lit(f"{source}: ") + pl.col("subject"),
        number=pl.lit(0, dtype=pl.UInt32),
        locator="subject",
    )
    place = f"{source}: {table.name}"
    cells = rows.select("row", *kept)
    return RawTable(
        table.name,
        place,
        place,
        cells,
        origins=origins.select(pl.col(name).cast(kind) for name, kind in ORIGINS.items()),
    )

"""What follows from what the sources state: direct edges and broader classes, in columns.

``ontology/rules/*.rq`` state the same in SPARQL; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.dealings import Dealings
from klaster.graph.store.eligibility import Eligibility
from klaster.graph.store.holding import counted, participations
from klaster.graph.store.pairs import distinct_pairs, packed_once, unpacked
from klaster.graph.store.places import Register
from klaster.graph.store.quads import iri, write_lines
from klaster.ontology.codes import codes
from klaster.ontology.tables import tables
from klaster.ontology.terms import KL, RDF


def derived_edges(columns: Columns) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each derived property with its edges (``subject``, ``object``), once each, in order.

    One after the other, since those of millions of links take much memory.
    """
    yield "memberOf", _ends(columns.links("memberships", "actor", "cluster"))
    known = Dealings(columns)
    yield "suppliesTo", _told(known.supplies, known.actors, known.actors)
    takers = participations(columns)
    pairs = takers.join(takers, on="iri").filter(
        pl.col("participant") != pl.col("participant_right")
    )
    yield "cooperatesWith", _ends(pairs.select("participant", "participant_right"))
    ownerships = counted(columns.links("ownerships", "owner", "owned", "status"))
    yield "owns", _ends(ownerships.select("owner", "owned"))
    yield "produces", _told(known.makers, known.actors, known.products)
    yield "needs", _told(known.needers, known.actors, known.products)
    del known
    yield "requiresInput", _ends(columns.links("recipes", "product", "input"))
    infrastructure = columns.table("infrastructure").explode("serves")
    yield "usesInfrastructure", _ends(infrastructure.select("serves", "iri"))
    exports = columns.links("exports", "exporter", "product")
    actors = columns.table("actors").select(exporter="iri")
    yield "exports", _ends(exports.join(actors, on="exporter", how="semi"))
    meant = Eligibility(columns).pairs_by_actor()
    yield "eligibleFor", meant.rename({"actor": "subject", "instrument": "object"})
    del meant
    yield "benefitsFrom", _ends(columns.links("awards", "beneficiary", "instrument"))


def _ends(frame: pl.DataFrame) -> pl.DataFrame:
    return distinct_pairs(frame.rename(dict(zip(frame.columns, ENDS, strict=True))))


def _told(pairs: pl.DataFrame, subjects: Register, objects: Register) -> pl.DataFrame:
    """Return the IRIs of pairs of places, the first two columns, once each and in order."""
    left, right = (pairs.to_series(at) for at in (0, 1))
    once = packed_once(left, right)
    ends = zip(ENDS, (subjects, objects), unpacked(once), strict=True)
    return pl.DataFrame({name: known.iris(places) for name, known, places in ends})


ENDS: Final = ("subject", "object")


DERIVED_TERMS: Final = 13
"""Of so many terms statements are derived."""


def derived_statements(columns: Columns) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield all that is derived: the IRI of each term with ``subject`` and ``object``, once each.

    Edges stand in the order of their IRIs.
    """
    actors = columns.table("actors").select(subject="iri")
    types = [_broader_classes(columns)]
    for name, edges in derived_edges(columns):
        if name in _ROLES:
            # Edges stand in the order of their subjects: each once without looking for it.
            first = (pl.col("subject") != pl.col("subject").shift()).fill_null(value=True)
            who = edges.filter(first).select("subject").join(actors, on="subject", how="semi")
            types.append(who.with_columns(object=pl.lit(KL + _ROLES[name])))
        yield KL + name, edges
    yield f"{RDF}type", pl.concat(types).unique(maintain_order=True)
    rows = sorted(columns.merges.items())
    gone = pl.DataFrame(rows, schema=dict.fromkeys(ENDS, pl.String), orient="row")
    yield f"{KL}mergedInto", gone


def write_edges(stream: IO[bytes], term: str, edges: pl.DataFrame, graph: str) -> None:
    """Write derived statements of one term."""
    subject, value = iri(pl.col("subject")), iri(pl.col("object"))
    write_lines(stream, edges, subject, f"<{term}>", value, graph)


_ROLES: Final = {
    "produces": "Producer",
    "suppliesTo": "Supplier",
    "exports": "Exporter",
    "benefitsFrom": "Beneficiary",
}
_ABOVE = {
    "LogisticsProvider": ("Enterprise", "Actor"),
    "University": ("ResearchOrganization", "EducationOrganization", "Actor"),
    "ServiceLink": ("SupplyLink", "Link"),
}
_ROOT = {"actors": "Actor", "instruments": "PolicyInstrument", "infrastructure": "Infrastructure"}
_LINKS = ("supplies", "cooperations", "ownerships", "makes", "needs", "exports")


def _broader_classes(columns: Columns) -> pl.DataFrame:
    """Return the classes above the one that a source states, so that queries find them.

    Not for records of long tables: they are of their one class only.
    """
    found = []
    for name, root in [*_ROOT.items(), *((name, "Link") for name in _LINKS)]:
        wanted = ["iri", *(["kind"] if name in _KINDED else [])]
        frame = columns.stated(name, wanted, long=False).select(wanted)
        stated = _stated_class(name)
        classes = {
            kind: [KL + above for above in _ABOVE.get(cls, (root,)) if above != cls]
            for kind, cls in stated.items()
        }
        table_class = tables()[name].rdf_class
        default = [KL + root] if table_class != root else []
        if name in _KINDED:
            rows = frame.with_columns(
                object=pl.col("kind").replace_strict(
                    classes, default=default, return_dtype=pl.List(pl.String)
                )
            )
        else:
            rows = frame.with_columns(object=pl.lit(default, dtype=pl.List(pl.String)))
        found.append(rows.select(subject="iri", object="object").explode("object"))
    return pl.concat(found).drop_nulls()


_KINDED = ("actors", "instruments", "infrastructure", "supplies")


def _stated_class(name: str) -> dict[str, str]:
    """Return the class that each kind of thing in a table is stated to be of."""
    if name == "supplies":
        return {
            code: "SupplyLink" if code == "goods" else "ServiceLink"
            for code in codes("service-kind")
        }
    if name not in _KINDED:
        return {}
    column = tables()[name].column("kind")
    return {
        code: entry.rdf_class for code, entry in codes(column.codes[0]).items() if entry.rdf_class
    }

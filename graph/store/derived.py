"""What follows from what the sources state: direct edges and broader classes, in columns.

``ontology/rules/*.rq`` state the same in SPARQL; a test holds both equal.
"""

from __future__ import annotations

from typing import IO

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import eligible
from klaster.graph.store.holding import counted, participations, product_makers, product_needers
from klaster.graph.store.quads import iri, write_lines
from klaster.ontology.codes import codes
from klaster.ontology.tables import tables
from klaster.ontology.terms import KL, RDF


def derived_edges(columns: Columns) -> dict[str, pl.DataFrame]:
    """Return each derived property with its edges (``subject``, ``object``), once each."""
    supplies = counted(columns.table("supplies")).filter(pl.col("supplier") != pl.col("buyer"))
    takers = participations(columns)
    pairs = takers.join(takers, on="iri").filter(
        pl.col("participant") != pl.col("participant_right")
    )
    ownerships = counted(columns.table("ownerships"))
    infrastructure = columns.table("infrastructure").explode("serves")
    exports = columns.table("exports")
    produces = product_makers(columns)
    edges = {
        "memberOf": columns.table("memberships").select(subject="actor", object="cluster"),
        "suppliesTo": supplies.select(subject="supplier", object="buyer"),
        "cooperatesWith": pairs.select(subject="participant", object="participant_right"),
        "owns": ownerships.select(subject="owner", object="owned"),
        "produces": produces.select(subject="actor", object="product"),
        "needs": product_needers(columns).select(subject="actor", object="product"),
        "requiresInput": columns.table("recipes").select(subject="product", object="input"),
        "usesInfrastructure": infrastructure.select(subject="serves", object="iri"),
        "exports": exports.join(
            columns.table("actors"), left_on="exporter", right_on="iri", how="semi"
        ).select(subject="exporter", object="product"),
        "eligibleFor": eligible(columns).select(subject="actor", object="instrument"),
        "benefitsFrom": columns.table("awards").select(subject="beneficiary", object="instrument"),
    }
    return {
        name: frame.drop_nulls().unique().sort("subject", "object") for name, frame in edges.items()
    }


def write_derived(stream: IO[bytes], columns: Columns, graph: str) -> None:
    """Write the derived edges and classes, and which IRIs gave way to another."""
    edges = derived_edges(columns)
    for name, frame in edges.items():
        subject, value = iri(pl.col("subject")), iri(pl.col("object"))
        write_lines(stream, frame, subject, f"<{KL}{name}>", value, graph)
    broader = pl.concat([_broader_classes(columns), _roles_by_edges(columns, edges)])
    types = broader.unique().sort("subject", "object")
    subject, value = iri(pl.col("subject")), iri(pl.col("object"))
    write_lines(stream, types, subject, f"<{RDF}type>", value, graph)
    rows = sorted(columns.merges.items())
    gone = pl.DataFrame(rows, schema={"subject": pl.String, "object": pl.String}, orient="row")
    write_lines(stream, gone, subject, f"<{KL}mergedInto>", value, graph)


_ABOVE = {
    "LogisticsProvider": ("Enterprise", "Actor"),
    "University": ("ResearchOrganization", "EducationOrganization", "Actor"),
    "ServiceLink": ("SupplyLink", "Link"),
}
_ROOT = {"actors": "Actor", "instruments": "PolicyInstrument", "infrastructure": "Infrastructure"}
_LINKS = ("supplies", "cooperations", "ownerships", "makes", "needs", "exports")


def _broader_classes(columns: Columns) -> pl.DataFrame:
    """Return the classes above the one that a source states, so that queries find them."""
    found = []
    for name, root in [*_ROOT.items(), *((name, "Link") for name in _LINKS)]:
        frame = columns.table(name).select("iri", *(["kind"] if name in _KINDED else []))
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


def _roles_by_edges(columns: Columns, edges: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return who is a producer, supplier, exporter or beneficiary by what it does."""
    actors = columns.table("actors").select(subject="iri")
    return pl.concat(
        [
            edges[name]
            .select("subject")
            .unique()
            .join(actors, on="subject", how="semi")
            .with_columns(object=pl.lit(KL + cls))
            for name, cls in (
                ("produces", "Producer"),
                ("suppliesTo", "Supplier"),
                ("exports", "Exporter"),
                ("benefitsFrom", "Beneficiary"),
            )
        ]
    )

"""What follows from what the sources state: direct edges and broader classes, in columns.

``ontology/rules/*.rq`` state the same in SPARQL; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final, NamedTuple

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.dealings import Dealings
from klaster.graph.store.eligibility import Eligibility
from klaster.graph.store.holding import counted, participations
from klaster.graph.store.pairs import Pairs
from klaster.graph.store.places import Register
from klaster.graph.store.quads import iri, write_lines
from klaster.ontology.codes import codes
from klaster.ontology.tables import tables
from klaster.ontology.terms import KL, RDF


def derived_edges(known: Dealings) -> Iterator[tuple[str, Pairs]]:
    """Yield each derived property with its edges, in order.

    One after the other, since those of millions of links take much memory.
    """
    columns = known.columns
    yield "memberOf", Pairs.of(columns.links("memberships", "actor", "cluster"))
    sold = known.supplies.select("supplier", "buyer")
    yield "suppliesTo", Pairs.placed(known.actors, known.actors, *sold)
    del sold
    takers = participations(columns)
    pairs = takers.join(takers, on="iri").filter(
        pl.col("participant") != pl.col("participant_right")
    )
    yield "cooperatesWith", Pairs.of(pairs.select("participant", "participant_right"))
    ownerships = counted(columns.links("ownerships", "owner", "owned", "status"))
    yield "owns", Pairs.of(ownerships.select("owner", "owned"))
    produced = Pairs.placed(known.actors, known.products, *known.makers)
    yield "produces", produced
    yield "needs", Pairs.placed(known.actors, known.products, *known.needers)
    del known
    yield "requiresInput", Pairs.of(columns.links("recipes", "product", "input"))
    infrastructure = columns.table("infrastructure").explode("serves")
    yield "usesInfrastructure", Pairs.of(infrastructure.select("serves", "iri"))
    exports = columns.links("exports", "exporter", "product")
    actors = columns.table("actors").select(exporter="iri")
    yield "exports", Pairs.of(exports.join(actors, on="exporter", how="semi"))
    yield "eligibleFor", Eligibility(columns, produced).pairs_by_actor()
    yield "benefitsFrom", Pairs.of(columns.links("awards", "beneficiary", "instrument"))


EDGES: Final = 11
"""So many properties join things directly: the pairs of ``derived_edges``."""


class Derived(NamedTuple):
    """Statements of one derived term (an IRI), their subjects and objects; of classes, of one."""

    term: str
    edges: Pairs
    cls: str = ""

    @property
    def place(self) -> str:
        """What these statements are kept under: the IRI of the term, and of the class if any."""
        return f"{self.term} {self.cls}".rstrip()

    @property
    def joins(self) -> bool:
        """Whether they join things that sources state, of which there may be millions."""
        return self.term.startswith(KL) and self.term != _MERGED

    def triples(self) -> Iterator[tuple[str, str, str]]:
        """Yield the statements one by one (subject, term, object)."""
        for some in self.edges.slices():
            for subject, value in some.texts(("subject", "object")).rows():
                yield subject, self.term, value


_MERGED: Final = f"{KL}mergedInto"


def derived_statements(known: Dealings) -> Iterator[Derived]:
    """Yield all that is derived, term by term."""
    columns = known.columns
    actors = Register(columns.table("actors")["iri"])
    found = derived_edges(known)
    del known
    for name, edges in found:
        yield Derived(KL + name, edges)
        if name in _ROLES:
            who = edges.firsts()
            who = who.filter(actors.places(who).is_not_null())
            yield _of_class(KL + _ROLES[name], Register.in_order(who))
    for (cls,), things in _broader_classes(columns).partition_by("object", as_dict=True).items():
        yield _of_class(str(cls), Register(things["subject"]))
    gone = sorted(columns.merges.items())
    schema = {"subject": pl.String, "object": pl.String}
    yield Derived(_MERGED, Pairs.of(pl.DataFrame(gone, schema=schema, orient="row")))


def _of_class(cls: str, things: Register) -> Derived:
    return Derived(f"{RDF}type", Pairs.of_all(things, cls), cls)


def write_edges(stream: IO[bytes], term: str, edges: Pairs, graph: str) -> None:
    """Write derived statements of one term, in the default graph if none is named."""
    subject, value = iri(pl.col("subject")), iri(pl.col("object"))
    for some in edges.slices():
        write_lines(stream, some.texts(("subject", "object")), subject, f"<{term}>", value, graph)


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

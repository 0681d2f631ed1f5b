"""What the rules look at, worked out once from the tables of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import polars as pl

from klaster.graph.findings.exported import exported_values
from klaster.graph.findings.naming import Naming
from klaster.graph.findings.numbered import Numbered
from klaster.graph.findings.policy_reach import reach
from klaster.graph.network.network import Network
from klaster.graph.network.projection import project
from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import Eligibility, broader_products
from klaster.ontology.codes import narrower
from klaster.ontology.labels import LANGUAGES

HELIX: Final = ("firm", "research", "government", "finance", "logistics")
"""The roles that a cluster is expected to join."""

_KINDS_OF_HELIX: Final = {
    "firm": ("enterprise", "cluster-organization"),
    "research": ("research", "university"),
    "government": ("government",),
    "finance": ("finance",),
    "logistics": ("logistics",),
}
_LINKS: Final = ("supply", "cooperation", "ownership")
WORST_FIRST: Final = ("unknown", "news", "survey", "census")
"""How complete data may be said to be, the least complete first."""
_ROLES_OF_HELIX: Final = {
    "research-partner": "research",
    "regulator": "government",
    "financier": "finance",
    "insurer": "finance",
    "logistics": "logistics",
}


@dataclass(frozen=True)
class Facts:
    """What the rules look at, worked out once from the tables of a graph.

    Of a ``cluster``, rules that find very much tell only what concerns it. They tell the ``most``
    severe so many, all where None; ``counted`` is how much such a rule has found in all.
    """

    columns: Columns
    cluster: str = ""
    most: int | None = None
    counted: dict[str, int] = field(default_factory=dict, compare=False)

    @cached_property
    def members(self) -> pl.DataFrame:
        """Who belongs to which cluster (``actor``, ``cluster``)."""
        return self.columns.table("memberships").select("actor", "cluster").unique()

    @cached_property
    def members_of(self) -> dict[str, tuple[str, ...]]:
        """The members of each cluster, sorted."""
        return {cluster: self._grouped_members[cluster] for cluster in self.clusters}

    @cached_property
    def _grouped_members(self) -> dict[str, tuple[str, ...]]:
        return grouped(self.members, "cluster", "actor")

    @cached_property
    def clusters(self) -> dict[str, dict[str, object]]:
        """The clusters of which a member is recorded, by IRI, with their row."""
        populated = self.members.select(iri="cluster").unique()
        rows = self.columns.table("clusters").join(populated, on="iri", how="semi")
        return {str(row["iri"]): row for row in rows.iter_rows(named=True)}

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Who has a recorded link with whom, both ways (``actor``, ``partner``: places).

        Belonging to a cluster is no link by itself.
        """
        return self.numbered.pairs(self.network)

    @cached_property
    def inner(self) -> pl.DataFrame:
        """The pairs both of which are members of one cluster (``cluster, actor, partner``)."""
        return self.numbered.inside(self.pairs)

    @cached_property
    def played(self) -> pl.DataFrame:
        """Which helix roles actors play (``actor``: place, ``role``), and the role's ``place``."""
        places = {role: place for place, role in enumerate(HELIX)}
        found = self.helix.filter(pl.col("role").is_in(HELIX))
        return found.select(
            actor=self.numbered.actors.places(found["actor"]),
            role=pl.col("role").cast(pl.Enum(sorted(HELIX))),
            place=pl.col("role").replace_strict(places, return_dtype=pl.UInt8),
        )

    @cached_property
    def helix(self) -> pl.DataFrame:
        """Which of the helix roles an actor plays, by its kind or a coded role."""
        kinds, roles = role_of_kinds(), role_of_roles()
        actors = self.columns.table("actors")
        turn = pl.col("role").replace_strict(roles, default=None, return_dtype=pl.String)
        by_kind = actors.select(
            actor="iri",
            role=pl.col("kind").replace_strict(kinds, default=None, return_dtype=pl.String),
        )
        own = actors.select(actor="iri", role="roles").explode("role").with_columns(turn)
        given = self.columns.table("memberships").select("actor", "role").with_columns(turn)
        return pl.concat([by_kind, own, given]).drop_nulls().unique()

    def name(self, iri: str) -> Mapping[str, str]:
        """Return a thing's name in every language, as far as its source gives it."""
        return self._naming.of(iri)

    @cached_property
    def _naming(self) -> Naming:
        return Naming(self.columns)

    def coverage(self, cluster: str) -> str:
        """Return how complete the data on a cluster are said to be."""
        row = self.clusters.get(cluster, {})
        return str(row.get("coverage") or "unknown")

    @cached_property
    def overall_coverage(self) -> str:
        """Return the least complete coverage of any cluster: that of findings on all of them."""
        found = {self.coverage(cluster) for cluster in self.clusters}
        return next((code for code in WORST_FIRST if code in found), "unknown")

    def names(self, iris: Iterable[str], *, most: int = 3) -> Mapping[str, str]:
        """Return the names of several things in every language, the first few of many."""
        things = sorted(iris, key=lambda iri: (self.name(iri)["en"], iri))
        more = f" (+{len(things) - most})" if len(things) > most else ""
        shown = [self.name(iri) for iri in things[:most]]
        return {
            language: ", ".join(words[language] for words in shown) + more for language in LANGUAGES
        }

    def coverage_of(self, actor: str) -> str:
        """Return how complete the data on an actor are said to be: those on its worst cluster."""
        clusters = self.clusters_of.get(actor, ())
        return self._worst(self.coverage(cluster) for cluster in clusters)

    def coverage_of_scope(self, cluster: str) -> str:
        """Return the coverage of a cluster, or of the whole graph where none is named."""
        return self.coverage(cluster) if cluster else self.overall_coverage

    def _worst(self, found: Iterable[str]) -> str:
        known = set(found)
        return next((code for code in WORST_FIRST if code in known), self.overall_coverage)

    @cached_property
    def clusters_of(self) -> dict[str, tuple[str, ...]]:
        """The clusters of each member, sorted."""
        return grouped(self.members, "actor", "cluster")

    @cached_property
    def numbered(self) -> Numbered:
        """The facts as whole numbers, for what looks at all of them."""
        return Numbered(self.columns)

    @cached_property
    def makers(self) -> pl.DataFrame:
        """Who makes what (``actor``, ``product``)."""
        return self._named(self.numbered.makers)

    @cached_property
    def needers(self) -> pl.DataFrame:
        """Who needs what (``actor``, ``product``)."""
        return self._named(self.numbered.needers)

    def _named(self, pairs: pl.DataFrame) -> pl.DataFrame:
        known = self.numbered
        pairs = pairs.sort("actor", "product")
        return pl.DataFrame(
            {
                "actor": known.actors.iris(pairs["actor"]),
                "product": known.products.iris(pairs["product"]),
            }
        )

    @cached_property
    def above(self) -> pl.DataFrame:
        """Each product with itself and all it is a kind of (``product``, ``broader``)."""
        return broader_products(self.columns)

    @cached_property
    def essential(self) -> set[str]:
        """The products that some recipe calls essential."""
        return set(self.columns.table("recipes").filter(pl.col("essential"))["input"])

    @cached_property
    def eligible(self) -> pl.DataFrame:
        """Who meets a criterion of which instrument (``instrument``, ``actor``)."""
        return self.eligibility.pairs

    @cached_property
    def eligibility(self) -> Eligibility:
        """The same, one instrument at a time."""
        return Eligibility(self.columns)

    @cached_property
    def unknown(self) -> pl.DataFrame:
        """Whether nobody has said how complete the data on a cluster are, and its size.

        ``cluster`` (place), ``unknown``, ``size``.
        """
        clusters = self.numbered.clusters
        unknown = [self.coverage(cluster) == "unknown" for cluster in clusters.all]
        sizes = self.numbered.members.group_by("cluster").len("size")
        return (
            pl.DataFrame({"unknown": unknown}, schema={"unknown": pl.Boolean})
            .with_row_index("cluster")
            .join(sizes, on="cluster")
        )

    @cached_property
    def unknown_of_actors(self) -> pl.DataFrame:
        """Whether nobody has said how complete the data on an actor's worst cluster are."""
        of_members = self.numbered.members.join(self.unknown, on="cluster")
        return of_members.group_by("actor").agg(pl.col("unknown").any())

    def of_scope(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows on the cluster asked for, by ``cluster`` or else ``actor``."""
        if not self.cluster:
            return rows
        here = self.numbered.clusters.places(pl.Series([self.cluster]))[0]
        if "cluster" in rows.columns:
            return rows.filter(pl.col("cluster") == here)
        inside = self.numbered.members.filter(pl.col("cluster") == here)
        return rows.join(inside, on="actor", how="semi")

    def worst(self, rule: str, rows: pl.DataFrame, *by: str) -> pl.DataFrame:
        """Return the most severe findings of a rule, and take down how many there are.

        ``rows`` has a row a finding: ``severity``, ``unknown`` (then it is mere information), and
        the columns ``by`` that decide between equals and give the order.
        """
        self.counted[rule] = self.counted.get(rule, 0) + rows.height
        if self.most is not None and rows.height > self.most:
            told = pl.when(pl.col("unknown")).then(0.0).otherwise("severity")
            rows = rows.sort(-told, -pl.col("severity"), *by, nulls_last=False).head(self.most)
        return rows.sort(*by)

    @cached_property
    def reach(self) -> pl.DataFrame:
        """What each instrument reaches: see ``klaster.graph.findings.policy_reach``."""
        return reach(self.columns, meant=self.eligibility)

    @cached_property
    def network(self) -> Network:
        """The network of all actors by supply, cooperation and ownership."""
        return project(self.columns, links=_LINKS, records=False)

    @cached_property
    def exporters(self) -> pl.DataFrame:
        """Who is recorded as exporting (``actor``, ``value``: in one currency, else null)."""
        exports = self.columns.table("exports")
        own = self.columns.table("actors").select(actor="iri", role="roles").explode("role")
        given = self.columns.table("memberships").select("actor", "role")
        named = pl.concat([own, given]).filter(pl.col("role") == "exporter").select("actor")
        actors = self.columns.table("actors").select(actor="iri")
        sold = exports.select(actor="exporter").join(actors, on="actor", how="semi")
        everyone = pl.concat([named, sold]).unique().sort("actor")
        return everyone.join(exported_values(self.columns), on="actor", how="left")


def role_of_kinds() -> dict[str, str]:
    """Return the helix role that actors of each kind play.

    Examples
    --------
    >>> role_of_kinds()["university"]
    'research'
    """
    kinds = {
        kind: role
        for role, tops in _KINDS_OF_HELIX.items()
        for top in tops
        for kind in narrower("actor-kind", top)
    }
    # A logistics company is an enterprise too, but its role in a cluster is logistics.
    return {**kinds, "logistics": "logistics"}


def role_of_roles() -> dict[str, str]:
    """Return the helix role that each coded role amounts to, of those that do.

    Examples
    --------
    >>> role_of_roles()["regulator"]
    'government'
    """
    return dict(_ROLES_OF_HELIX)


def grouped(frame: pl.DataFrame, by: str | list[str], of: str) -> dict[Any, tuple[Any, ...]]:
    """Return the different values of a column, sorted, by group."""
    groups = frame.group_by(by).agg(pl.col(of).unique().sort())
    if isinstance(by, str):
        return {key: tuple(values) for key, values in groups.rows()}
    return {tuple(key): tuple(values) for *key, values in groups.rows()}

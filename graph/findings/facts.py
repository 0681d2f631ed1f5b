"""What the rules look at, worked out once from the tables of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from klaster.graph.network.network import Network
from klaster.graph.network.projection import project
from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import broader_products, eligible
from klaster.graph.store.holding import counted, product_makers, product_needers
from klaster.ontology.codes import codes, narrower
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.terms import code_iri

HELIX: Final = ("firm", "research", "government", "finance", "logistics")
"""The roles that a cluster is expected to join."""

_KINDS_OF_HELIX: Final = {
    "firm": ("enterprise", "cluster-organization"),
    "research": ("research", "university"),
    "government": ("government",),
    "finance": ("finance",),
    "logistics": ("logistics",),
}
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
    """What the rules look at, worked out once from the tables of a graph."""

    columns: Columns

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
        """Who has a recorded link with whom, both ways (``actor``, ``partner``, ``iri``).

        Belonging to a cluster is no link by itself.
        """
        network = self.network
        names = network.actors["actor"]
        links = network.links
        there = pl.DataFrame(
            {
                "actor": names.gather(links["source"]),
                "partner": names.gather(links["target"]),
                "iri": links["iri"],
            }
        )
        back = there.select(actor="partner", partner="actor", iri="iri")
        return pl.concat([there, back]).filter(pl.col("actor") != pl.col("partner")).unique()

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
        known = self._names.get(iri) or self._place_names.get(iri)
        return known or dict.fromkeys(LANGUAGES, self.columns.labels.get(iri, iri))

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        found = {}
        for table in ("actors", "clusters", "products"):
            rows = self.columns.table(table).select("iri", "name", "name_en", "name_ru", "name_uz")
            for iri, name, *translated in rows.rows():
                languages = zip(LANGUAGES, translated, strict=True)
                found[iri] = {language: word or name for language, word in languages}
        kinds = codes("instrument-type")
        for iri, kind in self.columns.table("instruments").select("iri", "kind").rows():
            if iri not in self.columns.labels:
                found[iri] = kinds[kind].labels
        return found

    @cached_property
    def _place_names(self) -> dict[str, Mapping[str, str]]:
        """The names of countries and regions, by the IRIs of their codes."""
        found: dict[str, Mapping[str, str]] = {
            code_iri(scheme, code): entry.labels
            for scheme in ("country", "region")
            for code, entry in codes(scheme).items()
        }
        own = self.columns.table("codes").select("iri", "name", "name_en", "name_ru", "name_uz")
        for iri, name, *translated in own.rows():
            languages = zip(LANGUAGES, translated, strict=True)
            found.setdefault(iri, {language: word or name for language, word in languages})
        return found

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
    def makers(self) -> pl.DataFrame:
        """Who makes what (``actor``, ``product``)."""
        return product_makers(self.columns)

    @cached_property
    def needers(self) -> pl.DataFrame:
        """Who needs what (``actor``, ``product``)."""
        return product_needers(self.columns)

    @cached_property
    def above(self) -> pl.DataFrame:
        """Each product with itself and all it is a kind of (``product``, ``broader``)."""
        return broader_products(self.columns)

    @cached_property
    def supplies(self) -> pl.DataFrame:
        """The recorded supplies that hold, of one actor to another."""
        links = counted(self.columns.table("supplies"))
        return links.filter(pl.col("supplier") != pl.col("buyer"))

    @cached_property
    def essential(self) -> set[str]:
        """The products that some recipe calls essential."""
        return set(self.columns.table("recipes").filter(pl.col("essential"))["input"])

    @cached_property
    def eligible(self) -> pl.DataFrame:
        """Who meets a criterion of which instrument (``instrument``, ``actor``)."""
        return eligible(self.columns)

    @cached_property
    def network(self) -> Network:
        """The network of all actors by supply, cooperation and ownership."""
        return project(self.columns, links=("supply", "cooperation", "ownership"))

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


def exported_values(columns: Columns) -> pl.DataFrame:
    """Return what each actor is recorded to have exported (``actor``, ``value``).

    Sums in different currencies cannot be added: where there is more than one currency, the
    values are left out.
    """
    actors = columns.table("actors").select(exporter="iri")
    exports = columns.table("exports").join(actors, on="exporter", how="semi")
    if exports["currency"].n_unique() > 1:
        exports = exports.clear()
    return exports.group_by(actor="exporter").agg(pl.col("value").sum())


def grouped(frame: pl.DataFrame, by: str | list[str], of: str) -> dict[Any, tuple[str, ...]]:
    """Return the different values of a column, sorted, by group."""
    groups = frame.group_by(by).agg(pl.col(of).unique().sort())
    if isinstance(by, str):
        return {key: tuple(values) for key, values in groups.rows()}
    return {tuple(key): tuple(values) for *key, values in groups.rows()}

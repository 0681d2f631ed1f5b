"""Missing links by rule: certain, and each with the numbers and records on which it rests.

"No link recorded" is not "no link": every finding carries the coverage of the data, and one in
data of which nobody has said how complete they are is only worth knowing (severity 0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Final

import polars as pl

from klaster.graph.findings.finding import Finding, in_order
from klaster.graph.findings.policy_reach import reach
from klaster.graph.network.projection import project
from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import broader_products, eligible
from klaster.graph.store.holding import counted, product_makers, product_needers
from klaster.ontology.codes import codes, narrower
from klaster.ontology.labels import LANGUAGES, phrase_words

METHOD: Final = "klaster gap rules 1"
HELIX: Final = ("firm", "research", "government", "finance", "logistics")
"""The roles that a cluster is expected to join."""

_KINDS_OF_HELIX: Final = {
    "firm": ("enterprise", "cluster-organization"),
    "research": ("research", "university"),
    "government": ("government",),
    "finance": ("finance",),
    "logistics": ("logistics",),
}
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
        return _grouped(self.members, "cluster", "actor")

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
        network = project(self.columns, links=("supply", "cooperation", "ownership"))
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
        kinds = {
            kind: role
            for role, tops in _KINDS_OF_HELIX.items()
            for top in tops
            for kind in narrower("actor-kind", top)
        }
        # A logistics company is an enterprise too, but its role in a cluster is logistics.
        kinds["logistics"] = "logistics"
        actors = self.columns.table("actors")
        turn = pl.col("role").replace_strict(_ROLES_OF_HELIX, default=None, return_dtype=pl.String)
        by_kind = actors.select(
            actor="iri",
            role=pl.col("kind").replace_strict(kinds, default=None, return_dtype=pl.String),
        )
        own = actors.select(actor="iri", role="roles").explode("role").with_columns(turn)
        given = self.columns.table("memberships").select("actor", "role").with_columns(turn)
        return pl.concat([by_kind, own, given]).drop_nulls().unique()

    def name(self, iri: str) -> Mapping[str, str]:
        """Return a thing's name in every language, as far as its source gives it."""
        return self._names.get(iri) or dict.fromkeys(LANGUAGES, self.columns.labels.get(iri, iri))

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

    def coverage(self, cluster: str) -> str:
        """Return how complete the data on a cluster are said to be."""
        row = self.clusters.get(cluster, {})
        return str(row.get("coverage") or "unknown")

    @cached_property
    def overall_coverage(self) -> str:
        """Return the least complete coverage of any cluster: that of findings on all of them."""
        worst_first = ("unknown", "news", "survey", "census")
        found = {self.coverage(cluster) for cluster in self.clusters}
        return next((code for code in worst_first if code in found), "unknown")


def find_gaps(columns: Columns, *, cluster: str | None = None) -> list[Finding]:
    """Return the findings of all rules, most severe first.

    Parameters
    ----------
    cluster
        IRI of a cluster: only what concerns it is kept.
    """
    if columns.table("actors").is_empty():
        return []
    facts = Facts(columns)
    found = in_order(finding for rule in RULES.values() for finding in rule(facts))
    if cluster is None:
        return found
    inside = {cluster, *facts.members.filter(pl.col("cluster") == cluster)["actor"]}
    inside |= set(columns.table("criteria").filter(pl.col("cluster") == cluster)["instrument"])
    return [finding for finding in found if _concerns(finding, cluster, inside, facts)]


def _concerns(finding: Finding, cluster: str, inside: set[str], facts: Facts) -> bool:
    about = {subject for subject in finding.subjects if subject in facts.clusters}
    return cluster in about if about else bool(inside & set(finding.subjects))


def _judged(finding: Finding) -> Finding:
    """Lower a gap to mere information where nobody has said how complete the data are."""
    return replace(finding, severity=0.0) if finding.coverage == "unknown" else finding


def _finding(
    rule: str,
    severity: float,
    *,
    phrase: str = "",
    subjects: tuple[str, ...],
    numbers: Mapping[str, float | str],
    evidence: tuple[str, ...],
    coverage: str,
    words: Mapping[str, object],
    product: str = "",
    role: str = "",
) -> Finding:
    told = {"coverage": codes("coverage")[coverage].labels, **words}
    text = phrase_words(phrase or f"finding.{rule}", **told)
    found = Finding(
        rule, severity, subjects, numbers, evidence, coverage, text, product=product, role=role
    )
    return _judged(found)


def missing_roles(facts: Facts) -> Iterator[Finding]:
    """G7: clusters in which a helix role is played by no member and no partner of a member.

    Severity is 1 over the number of roles expected.
    """
    partners = facts.members.join(facts.pairs, on="actor").select("cluster", actor="partner")
    around = pl.concat([facts.members.select("cluster", "actor"), partners]).unique()
    present = _grouped(around.join(facts.helix, on="actor"), "cluster", "role")
    for cluster, members in facts.members_of.items():
        for role in HELIX:
            if role in present.get(cluster, ()):
                continue
            yield _finding(
                "G7",
                1 / len(HELIX),
                subjects=(cluster,),
                numbers={"role": role, "members": len(members), "with_role": 0},
                evidence=members,
                coverage=facts.coverage(cluster),
                words={
                    "cluster": facts.name(cluster),
                    "role": phrase_words(f"helix.{role}"),
                    "members": len(members),
                },
                role=role,
            )


def unconnected_roles(facts: Facts) -> Iterator[Finding]:
    """G8: clusters in which members play a helix role but none is linked to another role.

    Severity is 1 less the share of pairs of roles between which a link is recorded.
    """
    played = facts.members.join(facts.helix, on="actor").select("cluster", "actor", "role")
    joined = _joined_roles(facts, played)
    holders = _grouped(played, ["cluster", "role"], "actor")
    possible = len(list(combinations(HELIX, 2)))
    for cluster in facts.clusters:
        roles = [role for role in HELIX if (cluster, role) in holders]
        linked = joined.get(cluster, set())
        completeness = len(linked) / possible
        for role in roles:
            if len(roles) < 2 or any(role in pair for pair in linked):
                continue
            who = holders[cluster, role]
            yield _finding(
                "G8",
                1 - completeness,
                subjects=(cluster,),
                numbers={
                    "role": role,
                    "with_role": len(who),
                    "links": 0,
                    "completeness": completeness,
                },
                evidence=who,
                coverage=facts.coverage(cluster),
                words={
                    "cluster": facts.name(cluster),
                    "role": phrase_words(f"helix.{role}"),
                    "count": len(who),
                },
                role=role,
            )


def _joined_roles(facts: Facts, played: pl.DataFrame) -> dict[str, set[tuple[str, str]]]:
    """Return, by cluster, the pairs of different roles between whose players a link is recorded."""
    partners = played.select("cluster", partner="actor", other="role")
    linked = facts.pairs.join(played, on="actor").join(partners, on=["cluster", "partner"])
    rows = linked.filter(pl.col("role") < pl.col("other")).select("cluster", "role", "other")
    found: dict[str, set[tuple[str, str]]] = {}
    for cluster, role, other in rows.unique().rows():
        found.setdefault(cluster, set()).add((role, other))
    return found


def _grouped(frame: pl.DataFrame, by: str | list[str], of: str) -> dict[Any, tuple[str, ...]]:
    """Return the different values of a column, sorted, by group."""
    groups = frame.group_by(by).agg(pl.col(of).unique().sort())
    if isinstance(by, str):
        return {key: tuple(values) for key, values in groups.rows()}
    return {tuple(key): tuple(values) for *key, values in groups.rows()}


def weakly_integrated(facts: Facts) -> Iterator[Finding]:
    """G6: members without a recorded link, or whose every link leads out of the cluster.

    Severity is the member's share of the cluster by head: 1 over the number of members. An
    actor without any link is reported once, with all its clusters.
    """
    sizes = {cluster: len(members) for cluster, members in facts.members_of.items()}
    actors = facts.columns.table("actors").select(actor="iri")
    clusters_of = _grouped(facts.members, "actor", "cluster")
    for actor in actors.join(facts.pairs, on="actor", how="anti")["actor"].sort():
        yield _isolated(facts, actor, clusters_of.get(actor, ()), sizes, actors.height)
    inner = facts.pairs.join(facts.members, on="actor").join(
        facts.members.select(partner="actor", cluster="cluster"),
        on=["partner", "cluster"],
        how="semi",
    )
    outside = (
        facts.members.join(inner, on=["actor", "cluster"], how="anti")
        .join(facts.pairs, on="actor")
        .group_by("actor", "cluster")
        .agg(pl.col("iri").unique().sort())
        .sort("actor", "cluster")
    )
    for actor, cluster, records in outside.select("actor", "cluster", "iri").rows():
        yield _finding(
            "G6",
            1 / sizes[cluster],
            phrase="finding.G6.outside",
            subjects=(actor, cluster),
            numbers={"links": len(records), "links_inside": 0, "members": sizes[cluster]},
            evidence=tuple(records),
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "scope": facts.name(cluster),
                "links": len(records),
            },
        )


def _isolated(
    facts: Facts, actor: str, clusters: tuple[str, ...], sizes: dict[str, int], actors: int
) -> Finding:
    smallest = min((sizes[cluster] for cluster in clusters), default=actors)
    names = [facts.name(cluster) for cluster in clusters]
    whole = phrase_words("finding.graph")
    scope = {
        language: ", ".join(name[language] for name in names) or whole[language]
        for language in LANGUAGES
    }
    coverage = facts.coverage(clusters[0]) if clusters else facts.overall_coverage
    return _finding(
        "G6",
        1 / smallest,
        phrase="finding.G6.none",
        subjects=(actor, *clusters),
        numbers={"links": 0, "members": smallest},
        evidence=(actor,),
        coverage=coverage,
        words={"actor": facts.name(actor), "scope": scope},
    )


def unreached_instruments(facts: Facts) -> Iterator[Finding]:
    """G10: instruments for which somebody is eligible and nobody is recorded as reached.

    Severity is the share of all actors that are eligible. Proposed instruments, and those of a
    proposed act, cannot have reached anybody and are left out.
    """
    actors = facts.columns.table("actors").height
    meant = _grouped(eligible(facts.columns), "instrument", "actor")
    for row in reach(facts.columns).iter_rows(named=True):
        if row["status"] == "proposed" or not row["eligible"] or row["reached"]:
            continue
        yield _finding(
            "G10",
            row["eligible"] / actors,
            subjects=(row["instrument"],),
            numbers={
                "eligible": row["eligible"],
                "reached": 0,
                "status": row["status"] or "unknown",
            },
            evidence=meant[row["instrument"]],
            coverage=facts.overall_coverage,
            words={
                "instrument": facts.name(row["instrument"]),
                "eligible": row["eligible"],
            },
        )


def uncovered_inputs(facts: Facts) -> Iterator[Finding]:
    """G1: products that members need, nobody in the cluster makes, and some have no supplier of.

    Severity is the share of the cluster's recorded needs that the uncovered ones are; 1 where a
    recipe calls the input essential and no member that needs it has a supplier. A kind of the
    product serves for it.
    """
    above = broader_products(facts.columns)
    members = facts.members
    needs = product_needers(facts.columns).join(members, on="actor")
    makes = product_makers(facts.columns).join(members, on="actor")
    made = makes.join(above, on="product").select("cluster", product="broader")
    supplies = counted(facts.columns.table("supplies")).select(actor="buyer", product="product")
    served = supplies.drop_nulls().join(above, on="product").select("actor", product="broader")
    unmade = needs.join(made, on=["cluster", "product"], how="anti")
    uncovered = unmade.join(served, on=["actor", "product"], how="anti")
    all_needs = dict(needs.group_by("cluster").len().rows())
    without = _grouped(uncovered, ["cluster", "product"], "actor")
    needers = _grouped(unmade, ["cluster", "product"], "actor")
    essential = _essential_inputs(facts)
    for (cluster, product), lacking in sorted(without.items()):
        who = needers[cluster, product]
        all_lost = product in essential and len(lacking) == len(who)
        yield _finding(
            "G1",
            1.0 if all_lost else len(lacking) / all_needs[cluster],
            subjects=(cluster,),
            numbers={
                "needers": len(who),
                "uncovered": len(lacking),
                "makers": 0,
                "essential": "yes" if product in essential else "not recorded",
            },
            evidence=(product, *who),
            coverage=facts.coverage(cluster),
            words={
                "product": facts.name(product),
                "cluster": facts.name(cluster),
                "needers": len(who),
                "uncovered": len(lacking),
            },
            product=product,
        )


def _essential_inputs(facts: Facts) -> set[str]:
    return set(facts.columns.table("recipes").filter(pl.col("essential"))["input"])


def single_sources(facts: Facts) -> Iterator[Finding]:
    """G2: products that all recorded buyers of a cluster take from one and the same supplier.

    Severity is the Herfindahl index of the suppliers (1 for one) times how essential the input
    is (1 where a recipe says so, else ½) times the share of the cluster's members that buy it.
    Buyers in no cluster are looked at together.
    """
    supplies = counted(facts.columns.table("supplies")).filter(
        pl.col("product").is_not_null() & (pl.col("supplier") != pl.col("buyer"))
    )
    essential = _essential_inputs(facts)
    scoped = supplies.join(facts.members, left_on="buyer", right_on="actor", how="left")
    single = (
        scoped.group_by(pl.col("cluster").fill_null(""), "product")
        .agg(
            pl.col("supplier").unique(),
            pl.col("buyer").unique().sort(),
            pl.col("iri").unique().sort(),
        )
        .filter(pl.col("supplier").list.len() == 1)
        .sort("cluster", "product")
    )
    everyone = facts.columns.table("actors").height
    for row in single.iter_rows(named=True):
        cluster, product, buyers = row["cluster"], row["product"], row["buyer"]
        supplier = row["supplier"][0]
        size = len(facts.members_of[cluster]) if cluster else everyone
        weight = 1.0 if product in essential else 0.5
        yield _finding(
            "G2",
            weight * len(buyers) / size,
            subjects=(*filter(None, (cluster,)), *buyers),
            numbers={
                "suppliers": 1,
                "herfindahl": 1.0,
                "buyers": len(buyers),
                "essential": "yes" if product in essential else "not recorded",
            },
            evidence=(product, supplier, *row["iri"]),
            coverage=facts.coverage(cluster) if cluster else facts.overall_coverage,
            words={
                "product": facts.name(product),
                "supplier": facts.name(supplier),
                "scope": facts.name(cluster) if cluster else phrase_words("finding.graph"),
                "buyers": len(buyers),
            },
            product=product,
        )


RULES: Final[dict[str, Callable[[Facts], Iterator[Finding]]]] = {
    "G1": uncovered_inputs,
    "G2": single_sources,
    "G6": weakly_integrated,
    "G7": missing_roles,
    "G8": unconnected_roles,
    "G10": unreached_instruments,
}

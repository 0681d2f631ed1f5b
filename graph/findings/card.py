"""The health card of a cluster: the same few figures of each, to compare them and to see change."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import Final

import polars as pl

from klaster.graph.findings.chain_gaps import splits
from klaster.graph.findings.cluster_gaps import joined_roles
from klaster.graph.findings.facts import HELIX, Facts, grouped
from klaster.graph.findings.source_gaps import single_sourced
from klaster.graph.store.columns import Columns
from klaster.graph.store.force import in_force, with_status
from klaster.graph.store.holding import participations
from klaster.ontology.codes import narrower

REQUIRED: Final = {"members": 15, "kinds": 2, "public-ties": 1}
"""What the European cluster collaboration platform asks of a cluster that registers: at least 15
members, of at least two kinds, and a tie to a public body; ``ontology/card.ttl`` says it in SHACL."""


def cards(
    columns: Columns, *, cluster: str | None = None, date: dt.date | None = None
) -> pl.DataFrame:
    """Return the card of one cluster, or of all, a figure a row.

    The columns are ``cluster, label, item, value, required, met`` and ``coverage``; ``required``
    and ``met`` are null for figures of which nothing is asked. With ``date``, only what holds on
    that day counts.
    """
    facts = Facts(columns if date is None else columns.on(date))
    figures = _figures(facts) if facts.clusters else {}
    rows = [
        {
            "cluster": iri,
            "label": facts.name(iri)["en"],
            "item": item,
            "value": value,
            "required": REQUIRED.get(item),
            "met": None if item not in REQUIRED else value >= REQUIRED[item],
            "coverage": facts.coverage(iri),
        }
        for iri, items in figures.items()
        if cluster in (None, iri)
        for item, value in items.items()
        if value is not None
    ]
    schema = {
        "cluster": pl.String,
        "label": pl.String,
        "item": pl.String,
        "value": pl.Float64,
        "required": pl.Int64,
        "met": pl.Boolean,
        "coverage": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def _figures(facts: Facts) -> dict[str, dict[str, float | None]]:
    kinds = facts.columns.table("actors").select(actor="iri", kind="kind")
    of_members = facts.members.join(kinds, on="actor")
    count_kinds = dict(of_members.group_by("cluster").agg(pl.col("kind").n_unique()).rows())
    played = facts.members.join(facts.helix, on="actor").select("cluster", "actor", "role")
    roles = grouped(played, "cluster", "role")
    linked = joined_roles(facts)
    pairs = len(list(combinations(HELIX, 2)))
    public, local = _public_ties(facts), _local_sourcing(facts)
    split_off = (pl.col("left") - pl.col("largest")).max()
    cuts = _by_cluster(facts, splits(facts).group_by("cluster").agg(split_off))
    sources = single_sourced(facts).drop_nulls("cluster")
    narrow = _by_cluster(facts, sources.group_by("cluster").len())
    return {
        cluster: {
            "members": len(facts.members_of[cluster]),
            "kinds": count_kinds.get(cluster, 0),
            "public-ties": public.get(cluster, 0),
            "roles": len(roles.get(cluster, ())),
            "helix-completeness": len(linked.get(cluster, ())) / pairs,
            "local-sourcing": local.get(cluster),
            "single-sources": narrow.get(cluster, 0),
            "dependence": cuts.get(cluster, 0.0) / len(facts.members_of[cluster]),
        }
        for cluster in facts.clusters
    }


def _by_cluster(facts: Facts, figures: pl.DataFrame) -> dict[str, float]:
    """Return figures of clusters, given by place, by IRI."""
    iris = facts.numbered.clusters.iris(figures["cluster"])
    return dict(zip(iris, figures.to_series(1), strict=True))


def _public_ties(facts: Facts) -> dict[str, int]:
    """Count the government bodies that are members, or linked with one, or run the cluster."""
    kinds = sorted(narrower("actor-kind", "government"))
    actors = facts.columns.table("actors").filter(pl.col("kind").is_in(kinds))
    bodies = actors.select(actor="iri")
    known = facts.numbered
    near = facts.pairs.join(known.members, on="actor").select("cluster", "partner").unique()
    partners = pl.DataFrame(
        {
            "cluster": known.clusters.iris(near["cluster"]),
            "actor": known.actors.iris(near["partner"]),
        }
    )
    clusters = facts.columns.table("clusters")
    running = pl.concat(
        [clusters.select(cluster="iri", actor=name) for name in ("managed_by", "coordinated_by")]
    )
    around = pl.concat([facts.members.select("cluster", "actor"), partners, running]).unique()
    return dict(around.join(bodies, on="actor").group_by("cluster").len().rows())


def _local_sourcing(facts: Facts) -> dict[str, float]:
    """Return the share of the recorded supplies to members that come from members."""
    members = facts.numbered.members
    inside = members.select(supplier="actor", cluster="cluster", local=pl.lit(value=True))
    supplies = facts.numbered.supplies.select("supplier", "buyer")
    bought = supplies.join(members, left_on="buyer", right_on="actor")
    told = bought.join(inside, on=["supplier", "cluster"], how="left")
    share = pl.col("local").fill_null(value=False).mean()
    return _by_cluster(facts, told.group_by("cluster").agg(share))


def mechanisms(columns: Columns, *, date: dt.date | None = None) -> pl.DataFrame:
    """Return, for each cluster and each mechanism of the founding article, what is recorded of it.

    The columns are ``cluster, label, mechanism, instruments, facilities``: how many instruments
    of the mechanism's kinds are meant for the cluster or its members, and how many facilities
    serve them or joint projects they have. A mechanism with neither is not recorded there. What
    is only proposed, or with ``date`` not in force that day, does not count.
    """
    holding = columns if date is None else columns.on(date)
    facts = Facts(holding)
    kinds = {
        kind: mechanism
        for mechanism, tops in _INSTRUMENTS_OF.items()
        for top in tops
        for kind in narrower("instrument-type", top)
    }
    running = with_status(columns).filter(
        ~pl.col("status").fill_null("").is_in(["proposed", "suspended", "ended"])
    )
    if date is not None:
        running = running.join(in_force(columns, date), on="iri", how="semi")
    turn = pl.col("kind").replace_strict(kinds, default=None, return_dtype=pl.String)
    instruments = (
        facts.eligible.join(facts.members, on="actor")
        .join(running.select(instrument="iri", mechanism=turn), on="instrument")
        .drop_nulls("mechanism")
        .group_by("cluster", "mechanism")
        .agg(instruments=pl.col("instrument").n_unique().cast(pl.Int64))
    )
    facilities = (
        _facilities(facts)
        .group_by("cluster", "mechanism")
        .agg(facilities=pl.col("iri").n_unique().cast(pl.Int64))
    )
    labels = [(iri, facts.name(iri)["en"]) for iri in facts.clusters]
    schema = {"cluster": pl.String, "label": pl.String}
    every = pl.DataFrame(labels, schema=schema, orient="row").join(
        pl.DataFrame({"mechanism": list(_INSTRUMENTS_OF)}), how="cross"
    )
    return (
        every.join(instruments, on=["cluster", "mechanism"], how="left")
        .join(facilities, on=["cluster", "mechanism"], how="left")
        .with_columns(pl.col("instruments", "facilities").fill_null(0))
        .sort("cluster", "mechanism")
    )


def _facilities(facts: Facts) -> pl.DataFrame:
    """Return what puts a mechanism to work (``cluster``, ``mechanism``, ``iri``)."""
    served = facts.columns.table("infrastructure").explode("serves").drop_nulls("serves")
    digital = pl.col("kind") == "digital-platform"
    placed = served.select(
        "iri",
        actor="serves",
        mechanism=pl.when(digital)
        .then(pl.lit("digital-platforms"))
        .otherwise(pl.lit("infrastructure-development")),
    )
    of_members = placed.join(facts.members, on="actor")
    of_clusters = placed.join(
        facts.members.select("cluster").unique(), left_on="actor", right_on="cluster"
    ).with_columns(cluster="actor")
    research = (
        participations(facts.columns)
        .filter(pl.col("kind").is_in(["joint-rd", "technology-transfer"]))
        .join(facts.members, left_on="participant", right_on="actor")
        .with_columns(mechanism=pl.lit("research-integration"))
    )
    kept = ["cluster", "mechanism", "iri"]
    return pl.concat([of_members.select(kept), of_clusters.select(kept), research.select(kept)])


_INSTRUMENTS_OF: Final = {
    "cluster-policy": ("coordination-system", "specialisation-measure", "guaranteed-purchase"),
    "financial-support": ("financial-stimulus", "fiscal-relief"),
    "infrastructure-development": ("infrastructure",),
    "export-credit-insurance": ("export-finance",),
    "research-integration": ("research-integration",),
    "digital-platforms": ("digital-measure",),
}
"""The kinds of instrument by which each mechanism of the founding article works. Its seventh, the
cluster approach itself, is there wherever there is a cluster."""

"""Brokers, key players and helices as sheets with what they mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from klaster.graph.central import told_network
from klaster.graph.network.brokerage import ROLES, ei_index_of_all, grouped
from klaster.graph.network.positions import brokers, group_of
from klaster.graph.network.projection import LINK_KINDS
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading
from klaster.ontology.labels import code_label, phrase

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph

_SCHEMES = {"kind": "actor-kind", "sector": "sector", "region": "region"}


def brokers_answer(
    graph: KnowledgeGraph,
    *,
    by: str,
    top: int,
    language: str,
    for_people: bool,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return who is a broker between groups, by role, with the E-I index of each and of all."""
    network = graph.network(**slices)
    found = brokers(graph.columns(), network, by)
    rows = list(found.head(top).iter_rows(named=True))
    groups, _ = grouped(group_of(graph.columns(), network, by))
    whole = ei_index_of_all(network, groups)
    notes = [told_network(network, slices.get("links") or LINK_KINDS, language)]
    notes.append(phrase("brokers.groups", language, by=phrase(f"brokers.by.{by}", language)))
    if not math.isnan(whole):
        notes.append(phrase("brokers.whole", language, index=f"{whole:.2f}"))
    if not for_people:
        return Sheet(rows, [Heading(key, key) for key in found.columns if key != "tied"], notes)
    names = dict(graph.table("clusters").select("iri", "name").rows())
    for row in rows:
        row["place"] = f"{row['rank']}=" if row["tied"] > 1 else str(row["rank"])
        group = row["group"] or ""
        named = (
            code_label(_SCHEMES[by], group, language) if by in _SCHEMES else names.get(group, group)
        )
        row["group"] = named or None
    headings = [
        Heading("place", phrase("head.rank", language), number=True),
        Heading("label", phrase("head.actor", language)),
        Heading("group", phrase(f"brokers.by.{by}", language), widest=24),
        Heading("chains", phrase("head.chains", language), number=True),
        *(
            Heading(
                key,
                phrase(f"head.{key}", language),
                number=True,
                optional=True,
                meaning=phrase(f"brokers.{key}.meaning", language),
            )
            for key in (*ROLES, "ei")
        ),
    ]
    return Sheet(rows, headings, [*notes, phrase("brokers.chain", language)])


def key_players_answer(
    graph: KnowledgeGraph,
    *,
    count: int,
    language: str,
    for_people: bool,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return which few actors matter most together, and how sure that is."""
    found = graph.key_players(count, **slices).to_polars()
    rows = list(found.iter_rows(named=True))
    if not for_people:
        return Sheet(rows, [Heading(key, key) for key in found.columns])
    notes = []
    for goal in ("remove", "reach"):
        one = next(row for row in rows if row["goal"] == goal)
        words = {"value": f"{one['value']:.1%}", "bound": f"{one['bound']:.1%}"}
        notes.append(phrase(f"brokers.{goal}.meaning", language, **words))
        sure = "proven" if one["exact"] else f"{goal}.bound"
        notes.append("  " + phrase(f"brokers.{sure}", language, **words))
    for row in rows:
        row["goal"] = phrase(f"brokers.{row['goal']}", language)
        row["kind"] = code_label("actor-kind", row["kind"] or "", language)
    headings = [
        Heading("goal", phrase("head.goal", language), widest=30),
        Heading("label", phrase("head.actor", language)),
        Heading("kind", phrase("head.kind", language), widest=24, optional=True),
    ]
    return Sheet(rows, headings, notes)


def helix_answer(
    graph: KnowledgeGraph,
    *,
    language: str,
    for_people: bool,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return how complete each cluster's triple helix is."""
    found = graph.helix(**slices).to_polars()
    rows = list(found.iter_rows(named=True))
    if not for_people:
        return Sheet(rows, [Heading(key, key) for key in found.columns or ("cluster",)])
    names = dict(graph.table("clusters").select("iri", "name").rows())
    for row in rows:
        row["cluster"] = names.get(row["cluster"], row["cluster"])
        row["present"], row["linked"] = f"{row['present']}/3", f"{row['linked']}/3"
        row["synergy"] = None if row["synergy"] is None else f"{row['synergy'] + 0.0:.3f}"
    headings = [
        Heading("cluster", phrase("head.cluster", language), widest=30),
        *(
            Heading(
                key,
                phrase(f"head.{key}", language),
                number=True,
                meaning=phrase(f"brokers.{key}.meaning", language),
            )
            for key in ("present", "linked", "synergy")
        ),
        *(
            Heading(key, phrase(f"head.{key}", language), number=True, optional=True)
            for key in ("university", "industry", "government")
        ),
    ]
    return Sheet(rows, headings, [phrase("brokers.helix", language)])

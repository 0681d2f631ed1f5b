"""What of a graph's results its page shows: which measures, and when likely links are looked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from klaster.graph.findings.gaps import find_gaps
from klaster.graph.findings.predicted import is_quick
from klaster.graph.network.centrality import is_exact, ranking
from klaster.graph.network.chain import trophic_levels
from klaster.graph.network.communities import communities
from klaster.graph.network.undisturbed import one_thread, uncollected
from klaster.graph.prospecting import prospects_of
from klaster.graph.store.batches import ROWS
from klaster.graph.store.eligibility import eligible
from klaster.graph.views import drawing
from klaster.graph.views.canvas import Results
from klaster.graph.views.overview import draw_overview
from klaster.ontology.schemas import schema
from klaster.ontology.tables import tables

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.network.network import Network
    from klaster.graph.store.columns import Columns
    from klaster.graph.views.picture import Picture

SHOWN: Final = (
    "degree",
    "in-degree",
    "out-degree",
    "pagerank",
    "betweenness",
    "harmonic-upstream",
    "harmonic-downstream",
    "core",
)
COSTLY: Final = ("betweenness", "harmonic-upstream", "harmonic-downstream")
QUICK: Final = 3_000
"""Pages of larger networks do without costly measures."""
SUGGESTED: Final = 400
"""In larger networks likely links are looked for only when they are asked for."""


@one_thread()
@uncollected()
def picture_of(
    graph: KnowledgeGraph,
    columns: Columns,
    *,
    name: str,
    language: str,
    cluster: str | None,
    suggestions: bool | None,
) -> Picture:
    """Return what the page shows of a graph: see ``KnowledgeGraph.picture``."""
    if not cluster and graph.table("actors").height > drawing.MOST:
        quick = graph.network(records=False)
        return _overview_of(graph, quick, name=name, language=language)
    # A link's record tells what is known of it.
    network = graph.network(cluster=cluster)
    shown = [
        measure
        for measure in SHOWN
        if is_exact(network, measure) and (network.size <= QUICK or measure not in COSTLY)
    ]
    if suggestions is None:
        suggestions = network.size <= SUGGESTED and is_quick(columns)
    frames = {table: _of_actors(columns, table, network) for table in tables()}
    if cluster:
        frames["clusters"] = frames["clusters"].filter(iri=graph.cluster(cluster))
    results = Results(
        tables=frames,
        network=network,
        rankings={measure: ranking(network, measure) for measure in shown},
        findings=find_gaps(columns, cluster=graph.cluster(cluster) if cluster else None),
        coverage=graph.coverage(cluster=cluster),
        communities=communities(network),
        levels=trophic_levels(graph.network(links=["supply"], cluster=cluster)),
        eligible=eligible(columns),
        predicted=graph.predict(cluster=cluster) if suggestions else None,
    )
    drawn = drawing.draw(results, name=name, language=language, revision=graph.revision)
    place = {node.iri: at for at, node in enumerate(drawn.nodes) if node.kind == "cluster"}
    found = prospects_of(columns, list(place))
    return replace(drawn, prospects={place[iri]: prospect for iri, prospect in found.items()})


def _of_actors(columns: Columns, name: str, network: Network) -> pl.DataFrame:
    """Return a table; of millions of records those alone that name an actor of the network."""
    whom = _LONG.get(name, ())
    if not whom or columns.height(name) <= ROWS:
        return columns.table(name)
    actors = network.actors["actor"].implode()
    kept = [
        batch.filter(pl.any_horizontal(pl.col(whom).is_in(actors)))
        for batch in columns.batches(name, [*schema(tables()[name])])
    ]
    return pl.concat(kept).sort("iri", "row")


_LONG: Final = {"supplies": ("supplier", "buyer"), "makes": ("actor",), "needs": ("actor",)}
"""Tables that may have millions of rows, and who is named in a row."""


def _overview_of(graph: KnowledgeGraph, network: Network, *, name: str, language: str) -> Picture:
    """Return the picture of a graph's clusters, where its actors are too many for one page."""
    found = graph.missing()
    return draw_overview(
        {table: graph.table(table) for table in ("actors", "clusters", "memberships")},
        network,
        found,
        counts=found.counts,
        coverage=graph.coverage(),
        name=name,
        language=language,
        revision=graph.revision,
    )

"""Networks one can draw, those of the textbooks, and random ones."""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl
from hypothesis import strategies as st

from klaster.graph.network.network import Network

KITE = nx.krackhardt_kite_graph()
KARATE = nx.karate_club_graph()
FLORENTINE = nx.florentine_families_graph()


def undirected(graph) -> Network:
    """A networkx graph without its weights; its nodes' names sort as its nodes do."""
    name = {node: f"{node:02}" if isinstance(node, int) else node for node in graph}
    return Network.from_pairs(
        [(name[a], name[b]) for a, b in graph.edges], directed=False, also=name.values()
    )


def named(network: Network, figures) -> dict[str, float]:
    """Figures by actor."""
    return dict(zip(network.actors["actor"], np.asarray(figures).tolist(), strict=True))


def made(size: int, links, *, shuffle: int | None = None) -> Network:
    """A network of links (source, target, weight, directed), its actors renamed by a seed."""
    places = np.arange(size)
    if shuffle is not None:
        chance = np.random.default_rng(shuffle)
        chance.shuffle(places)
        links = [links[at] for at in chance.permutation(len(links))]
    names = [f"n{place:02}" for place in range(size)]
    actors = pl.DataFrame({"actor": names, "label": names, "kind": ["enterprise"] * size})
    rows = [
        {
            "source": int(places[a]),
            "target": int(places[b]),
            "kind": "supply",
            "iri": f"l{at}",
            "directed": d,
            "weight": w,
        }
        for at, (a, b, w, d) in enumerate(links)
    ]
    schema = {
        "source": pl.Int64,
        "target": pl.Int64,
        "kind": pl.String,
        "iri": pl.String,
        "directed": pl.Boolean,
        "weight": pl.Float64,
    }
    return Network(actors, pl.DataFrame(rows, schema=schema))


def places_after(size: int, links, shuffle: int) -> np.ndarray:
    """Where ``made`` puts each actor with this shuffle."""
    places = np.arange(size)
    np.random.default_rng(shuffle).shuffle(places)
    return places


@st.composite
def some_links(draw, *, directed: bool | None = None):
    """A size and links: in several parts, with self-links, parallel and two-way ones."""
    size = draw(st.integers(2, 14))
    actor = st.integers(0, size - 1)
    way = st.booleans() if directed is None else st.just(directed)
    weight = st.floats(0.25, 8, allow_nan=False)
    links = draw(st.lists(st.tuples(actor, actor, weight, way), max_size=40))
    return size, links

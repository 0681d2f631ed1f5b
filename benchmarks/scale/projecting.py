"""How each engine makes arrays or a network object of the supply links in a graph."""

from __future__ import annotations

import hashlib
from typing import Any

from measuring import Clock
from statements import KL

Found = dict[str, Any]
QUERY = f"SELECT ?s ?o WHERE {{ ?s <{KL}suppliesTo> ?o }}"


def klaster_arrays(clock: Clock, graph: str) -> Found:
    """Project the graph on disk to its network of supply, without the records that peers lack."""
    import klaster
    import klaster.graph.network.projection

    clock.start()
    network = klaster.open(graph).network(links=["supply"], records=False)
    arcs = network.arcs
    found = clock.stop()
    matrix = arcs.tocoo()
    names = network.actors["actor"]
    return {**found, **_edges(names.gather(matrix.row), names.gather(matrix.col))}


def rdflib_networkx(clock: Clock, edges: str) -> Found:
    """Turn an rdflib graph into a networkx graph with rdflib's own helper."""
    import rdflib
    from rdflib.extras.external_graph_libs import rdflib_to_networkx_digraph

    graph = rdflib.Graph().parse(edges, format="nt")
    clock.start()
    network = rdflib_to_networkx_digraph(graph)
    found = clock.stop()
    pairs = list(network.edges())
    return {**found, **_edges([str(s) for s, _ in pairs], [str(o) for _, o in pairs])}


def rdflib_arrays(clock: Clock, edges: str, store: str, form: str) -> Found:
    """Give the actors of an rdflib graph numbers, and fill arrays, in a loop."""
    import numpy as np
    import rdflib
    from rdflib import URIRef
    from scipy.sparse import csr_array

    graph = rdflib.Graph(store=store)
    graph.parse(edges, format=form)
    clock.start()
    place: dict[Any, int] = {}
    source: list[int] = []
    target: list[int] = []
    for s, o in graph.subject_objects(URIRef(f"{KL}suppliesTo")):
        source.append(place.setdefault(s, len(place)))
        target.append(place.setdefault(o, len(place)))
    ends = (np.array(source), np.array(target))
    csr_array((np.ones(len(source)), ends), shape=(len(place), len(place)))
    found = clock.stop()
    names = [str(name) for name in place]
    return {**found, **_edges([names[at] for at in source], [names[at] for at in target])}


def maplib_arrays(clock: Clock, edges: str) -> Found:
    """Ask maplib for the edges, number the actors in Polars, and fill arrays."""
    import numpy as np
    import polars as pl
    from maplib import Model
    from scipy.sparse import csr_array

    model = Model()
    model.read(edges, format="ntriples")
    clock.start()
    frame = model.query(QUERY)
    names = pl.concat([frame["s"], frame["o"]]).unique()
    place = pl.DataFrame({"name": names}).with_row_index("place")
    placed = frame.join(place, left_on="s", right_on="name").join(
        place, left_on="o", right_on="name", suffix="_o"
    )
    ends = (placed["place"].to_numpy(), placed["place_o"].to_numpy())
    csr_array((np.ones(placed.height), ends), shape=(len(names), len(names)))
    found = clock.stop()
    plain = [column.str.strip_chars("<>") for column in (frame["s"], frame["o"])]
    return {**found, **_edges(*plain)}


def _edges(source: Any, target: Any) -> Found:  # noqa: ANN401
    """Return how many different edges there are, and a digest of the sorted set."""
    import polars as pl

    frame = pl.DataFrame({"s": source, "o": target}, schema={"s": pl.String, "o": pl.String})
    lines = frame.unique().select(pl.format("{} {}", "s", "o")).to_series().sort()
    text = "\n".join(lines.to_list())
    return {"count": len(lines), "digest": hashlib.sha256(text.encode()).hexdigest()[:16]}

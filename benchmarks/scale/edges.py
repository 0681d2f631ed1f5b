"""Direct edges that klaster derived, as N-Triples for its peers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measuring import Clock
from statements import KL


def write_edges(_: Clock, graph: str, target: str, names: list[str]) -> dict[str, Any]:
    """Write the derived edges of some properties from a graph's store, wherever they stand."""
    import pyoxigraph as ox

    import klaster

    opened = klaster.open(graph)
    store = opened._store.oxigraph
    # Of a large graph they stand in the default graph.
    places = (ox.NamedNode(f"{opened.base}graph/derived"), ox.DefaultGraph())
    count = 0

    def found() -> Iterator[ox.Triple]:
        nonlocal count
        for name in names:
            for place in places:
                for quad in store.quads_for_pattern(None, ox.NamedNode(KL + name), None, place):
                    count += 1
                    yield quad.triple

    with Path(target).open("wb") as stream:
        ox.serialize(found(), stream, format=ox.RdfFormat.N_TRIPLES)
    return {"count": count}

"""Direct edges that klaster derived, as N-Triples for its peers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measuring import Clock
from statements import KL


def write_edges(_: Clock, graph: str, target: str, names: list[str]) -> dict[str, Any]:
    """Write the derived edges of some properties from a graph's store."""
    import tempfile

    import pyoxigraph as ox

    import klaster

    opened = klaster.open(graph)
    derived = ox.NamedNode(f"{opened.base}graph/derived")
    wanted = tuple(f"> <{KL}{name}> <".encode() for name in names)
    count = 0
    with tempfile.NamedTemporaryFile(dir=Path(target).parent) as whole:
        opened._store.oxigraph.dump(whole.name, ox.RdfFormat.N_TRIPLES, from_graph=derived)
        with Path(whole.name).open("rb") as lines, Path(target).open("wb") as kept:
            for line in lines:
                if any(edge in line for edge in wanted):
                    kept.write(line)
                    count += 1
    return {"count": count}

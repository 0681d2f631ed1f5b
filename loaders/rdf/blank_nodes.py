"""Names for blank nodes that stay the same as long as what is said of them does."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Final

from pyoxigraph import BlankNode, Store

_ROUNDS: Final = 4
_PART: Final = """
SELECT DISTINCT ?s ?p ?o WHERE {
  { ?s ?p ?o FILTER (isBlank(?s)) } UNION { ?s ?p ?o FILTER (isBlank(?o)) }
}"""


def stable_names(store: Store) -> dict[str, str]:
    """Return a name for each blank node, made of what is said of it and with it.

    Nodes that nothing tells apart within a few steps are numbered.
    """
    said: dict[str, list[tuple[str, str, object]]] = defaultdict(list)
    for subject, predicate, value in store.query(_PART, use_default_graph_as_union=True):  # type: ignore[union-attr]
        for direction, node, other in (("<", subject, value), (">", value, subject)):
            if isinstance(node, BlankNode):
                said[node.value].append((direction, str(predicate), other))
    names = dict.fromkeys(said, "")
    for _ in range(_ROUNDS):
        names = {node: _named(statements, names) for node, statements in said.items()}
    return _told_apart(names)


def _named(statements: list[tuple[str, str, object]], names: dict[str, str]) -> str:
    lines = sorted(
        f"{direction}{predicate} {names[other.value]}"
        if isinstance(other, BlankNode)
        else f"{direction}{predicate} {other}"
        for direction, predicate, other in statements
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _told_apart(names: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    copies: dict[str, int] = defaultdict(int)
    for node, name in names.items():
        copies[name] += 1
        number = f"-{copies[name]}" if copies[name] > 1 else ""
        found[node] = f"_:{name}{number}"
    return found

"""The process that writes: ``python -m klaster.graph.serving.writing``, so that reading goes on."""

from __future__ import annotations

import json
import sys

from klaster.graph.knowledge_graph import KnowledgeGraph
from klaster.ontology.faults import Fault
from klaster.ontology.labels import LANGUAGES


def main() -> None:
    """Carry out the order on the standard input and tell the fault, if there is one."""
    order = json.load(sys.stdin)
    graph = KnowledgeGraph(order["graph"])
    outcome: dict[str, object] = {}
    try:
        if order["path"] is None:
            graph.drop(order["name"])
        else:
            graph.load(order["path"], name=order["name"])
    except Fault as fault:
        texts = {language: fault.text(language) for language in LANGUAGES}
        outcome = {"key": fault.key, "text": texts}
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()

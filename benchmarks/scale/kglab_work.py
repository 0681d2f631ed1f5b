"""kglab's work, run by the interpreter of its own environment.

Usage: python kglab_work.py ROWS.csv TARGET ANSWER    add rows of a CSV file, and save the graph
       python kglab_work.py TEXT.nt - ANSWER          load N-Triples
       python kglab_work.py EDGES.nt network ANSWER   load N-Triples, and make a networkx graph
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from pathlib import Path


def cpu() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """Return the most memory that this process ever held, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main(source: str, target: str, answer: str) -> None:
    """Do the work, and write what it took."""
    import kglab

    graph = kglab.KnowledgeGraph()
    laps: dict[str, float] = {}
    if target == "network":
        graph.load_rdf(source, format="nt")
    before, clock = cpu(), time.perf_counter()
    count = 0
    if target == "network":
        query = "SELECT ?subject ?object WHERE { ?subject ?p ?object }"
        matrix = kglab.SubgraphMatrix(graph, query)
        count = matrix.build_nx_graph(_empty()).number_of_edges()
    elif target == "-":
        graph.load_rdf(source, format="nt")
        count = len(graph.rdf_graph())
    else:
        add(graph, source)
        laps["add"] = cpu() - before
        graph.save_rdf(target, format="nt", encoding="utf-8")
        laps["serialise"] = cpu() - before - laps["add"]
        count = len(graph.rdf_graph())
    found = {"cpu": cpu() - before, "wall": time.perf_counter() - clock, "peak_mb": peak()}
    Path(answer).write_text(json.dumps({**found, "laps": laps, "count": count}), "utf-8")


def _empty() -> object:
    import networkx as nx

    return nx.DiGraph()


def add(graph: object, rows: str) -> None:
    """Add the statements of a CSV file one by one."""
    from rdflib import Literal, URIRef

    with Path(rows).open(encoding="utf-8", newline="") as stream:
        for thing, predicate, value, datatype, language in csv.reader(stream):
            if not datatype:
                term = URIRef(value)
            elif language:
                term = Literal(value, lang=language)
            else:
                term = Literal(value, datatype=URIRef(datatype), normalize=False)
            graph.add(URIRef(thing), URIRef(predicate), term)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A graph written as RDF comes back the same."""

from __future__ import annotations

import json

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.compare import isomorphic

from klaster.graph.store.exchange import FORMATS
from klaster.ontology.faults import Fault

REIFIES = "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"


def written(graph, path, **options):
    graph.export(path, **options)
    return ox.parse(path.read_bytes(), format=FORMATS[path.suffix])


def test_each_format_holds_the_same_statements(small_graph, tmp_path) -> None:
    found = {
        suffix: {str(quad.triple) for quad in written(small_graph, tmp_path / f"g{suffix}")}
        for suffix in FORMATS
    }
    assert len(found[".nq"]) > 150
    assert all(triples == found[".nq"] for triples in found.values())


def test_rdflib_reads_what_was_written(small_graph, tmp_path) -> None:
    for suffix in (".ttl", ".rdf", ".nt"):
        small_graph.export(tmp_path / f"g{suffix}")
    first = rdflib.Graph().parse(tmp_path / "g.ttl")
    assert isomorphic(first, rdflib.Graph().parse(tmp_path / "g.rdf", format="xml"))
    assert isomorphic(first, rdflib.Graph().parse(tmp_path / "g.nt", format="nt"))
    small_graph.export(tmp_path / "g.jsonld")
    assert json.loads((tmp_path / "g.jsonld").read_text("utf-8"))


def test_n_quads_keep_the_sources_apart(small_graph, tmp_path) -> None:
    graphs = {quad.graph_name.value for quad in written(small_graph, tmp_path / "g.nq")}
    base = f"{small_graph.base}graph/"
    assert graphs == {base + part for part in ("source/small", "derived", "findings")}


@pytest.mark.parametrize("suffix", [".ttl", ".nt", ".nq", ".trig"])
def test_links_reify_their_edges_in_rdf_12(small_graph, tmp_path, suffix) -> None:
    plain = {str(quad.triple) for quad in written(small_graph, tmp_path / f"plain{suffix}")}
    quads = list(written(small_graph, tmp_path / f"star{suffix}", rdf12=True))
    reified = [quad.triple for quad in quads if quad.predicate.value == REIFIES]
    # Two supply links that hold, five memberships, one award.
    assert len(reified) == 8
    assert {str(quad.triple) for quad in quads} - {str(triple) for triple in reified} == plain
    base = small_graph.base
    edges = {
        (triple.object.subject.value, triple.object.object.value)
        for triple in reified
        if triple.object.predicate.value.endswith("suppliesTo")
    }
    actor = f"{base}actor/small/"
    assert edges == {(actor + "gin", actor + "spin"), (actor + "spin", actor + "weave")}
    store = ox.Store()
    store.load((tmp_path / f"star{suffix}").read_bytes(), format=FORMATS[suffix])
    asked = """
        PREFIX kl: <https://w3id.org/klaster/ontology#>
        SELECT ?share { ?a kl:suppliesTo ?b ~ ?link . ?link kl:inputShare ?share } ORDER BY ?share"""
    rows = store.query(asked, use_default_graph_as_union=True)
    assert [row["share"].value for row in rows] == ["0.5", "1"]


def test_the_same_graph_gives_the_same_bytes(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "one.ttl")
    small_graph.export(tmp_path / "two.ttl")
    assert (tmp_path / "one.ttl").read_bytes() == (tmp_path / "two.ttl").read_bytes()


@pytest.mark.parametrize(("name", "rdf12"), [("g.doc", False), ("g", False), ("g.rdf", True)])
def test_a_suffix_without_a_format_is_refused(small_graph, tmp_path, name, rdf12) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / name, rdf12=rdf12)
    assert caught.value.key == "fault.suffix"
    assert list(tmp_path.iterdir()) == []

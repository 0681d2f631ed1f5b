"""A network that is written for other programs is the one that is measured."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import pytest
from made_up import LOADED_AT, write_tables

import klaster
from klaster.graph.store.columns import Columns
from klaster.graph.store.network_file import write_network_file
from klaster.ontology.faults import Fault

READ = {".graphml": nx.read_graphml, ".gexf": nx.read_gexf}


def loaded(folder, tables):
    tables["actors"] = [{"kind": "enterprise", **row} for row in tables["actors"]]
    graph = klaster.open(folder / "made.klaster")
    graph.load(write_tables(folder / "tables", tables), name="t", loaded_at=LOADED_AT)
    return graph


def read(graph, folder, suffix):
    path = folder / f"out{suffix}"
    graph.export(path)
    return READ[suffix](path)


@pytest.mark.parametrize("suffix", READ)
@pytest.mark.parametrize("made", ["demo_graph", "production_graph", "small_graph"])
def test_networkx_reads_the_network_that_is_measured(made, suffix, tmp_path, request) -> None:
    graph = request.getfixturevalue(made)
    found, measured = read(graph, tmp_path, suffix), graph.network()
    assert found.is_directed()
    actors = measured.actors
    assert sorted(found.nodes) == actors["actor"].to_list()
    assert {key: found.nodes[key]["label"] for key in found} == dict(
        actors.select("actor", "label").rows()
    )
    # What an actor has with itself is there, though measures leave it aside.
    apart = {(source, target) for source, target, *_ in found.edges if source != target}
    assert apart == set(measured.to_networkx().edges)


@pytest.mark.parametrize("suffix", READ)
def test_strengths_add_up_to_those_that_are_measured(production_graph, tmp_path, suffix) -> None:
    found = read(production_graph, tmp_path, suffix)
    supplies = production_graph.network(links=["supply"])
    assert supplies.unit == "UZS"
    totals: Counter[tuple[str, str]] = Counter()
    for source, target, told in found.edges(data=True):
        if told["kind"] == "supply" and source != target:
            totals[source, target] += told["weight"]
    measured = supplies.to_networkx().edges.data("strength")
    assert totals == pytest.approx({(a, b): strength for a, b, strength in measured})
    # Of all kinds of link together each counts one, and so has one edge, or one each way.
    counted = Counter((a, b) for a, b, *_ in found.edges if a != b)
    measured = production_graph.network().to_networkx().edges.data("strength")
    assert counted == {(a, b): strength for a, b, strength in measured}


@pytest.mark.parametrize("suffix", READ)
def test_a_small_network_by_hand(small_graph, tmp_path, suffix) -> None:
    found = read(small_graph, tmp_path, suffix)
    base = f"{small_graph.base}actor/small/"
    told = found.edges[f"{base}gin", f"{base}spin"]
    period = ("start", "end") if suffix == ".gexf" else ("valid_from", "valid_to")
    kept = ("kind", "directed", "product", "share", "weight", period[0])
    assert {name: told[name] for name in kept} == {
        "kind": "supply",
        "directed": True,
        "product": "Fibre",
        "share": 1.0,
        "weight": 1.0,
        period[0]: "2020-01-01",
    }
    assert period[1] not in told
    both = [
        found.edges[f"{base}{a}", f"{base}{b}"] for a, b in (("lab", "weave"), ("weave", "lab"))
    ]
    assert both[0]["record"] == both[1]["record"]
    assert {(edge["kind"], edge["subkind"], edge["directed"]) for edge in both} == {
        ("cooperation", "joint-rd", False)
    }
    assert found.nodes[f"{base}gin"]["sectors"] == "cotton-textile"
    assert found.nodes[f"{base}gin"]["clusters"] == "Cotton"


COOPERATING = {
    "actors": [{"id": name, "name": name.title()} for name in ("a", "b", "c")],
    "cooperations": [
        {
            "id": "one",
            "participant": name,
            "kind": "joint-rd",
            "valid_from": "2020",
            "valid_to": "2021-06",
        }
        for name in ("a", "b", "c")
    ],
}


@pytest.mark.parametrize("suffix", READ)
def test_without_any_direction_the_network_has_none(tmp_path, suffix) -> None:
    found = read(loaded(tmp_path, COOPERATING), tmp_path, suffix)
    assert not found.is_directed()
    assert found.number_of_edges() == 3
    period = ("start", "end") if suffix == ".gexf" else ("valid_from", "valid_to")
    days = {tuple(told[name] for name in period) for *_, told in found.edges(data=True)}
    # The last day that counts, of a period given by its year and its month.
    assert days == {("2020-01-01", "2021-06-30")}


@pytest.mark.parametrize("suffix", READ)
def test_parallel_links_stay_apart(tmp_path, suffix) -> None:
    supplies = [
        {"supplier": "a", "buyer": "b", "product": product, "value": value, "currency": "UZS"}
        for product, value in (("x", "3"), ("y", "5.5"), ("", "1"))
    ]
    tables = {
        "actors": [{"id": name, "name": name} for name in ("a", "b")],
        "products": [{"id": name, "name": f"Product {name}"} for name in ("x", "y")],
        "supplies": supplies,
    }
    found = read(loaded(tmp_path, tables), tmp_path, suffix)
    told = [(one.get("product"), one["value"], one["weight"]) for *_, one in found.edges(data=True)]
    assert sorted(told, key=str) == sorted(
        [("Product x", 3.0, 3.0), ("Product y", 5.5, 5.5), (None, 1.0, 1.0)], key=str
    )


HOSTILE = "A & B <i> \"q\" 'r'\n]]>\t\x07\x1b\ufffe&#0; 棉 Пахта oʻzbek 🧵"


@pytest.mark.parametrize("suffix", READ)
def test_no_name_breaks_the_file(tmp_path, suffix) -> None:
    tables = {
        "actors": [{"id": "a", "name": HOSTILE}, {"id": 'b"&<', "name": "=1+1"}],
        "products": [{"id": "p", "name": HOSTILE}],
        "supplies": [{"supplier": "a", "buyer": 'b"&<', "product": "p"}],
    }
    graph = loaded(tmp_path, tables)
    found = read(graph, tmp_path, suffix)
    clean = "".join(sign for sign in HOSTILE if sign not in "\x07\x1b\ufffe")
    names = {told["label"].strip() for _, told in found.nodes(data=True)}
    stated = set(graph.network().actors["label"])
    assert names == {"".join(s for s in name if s not in "\x07\x1b\ufffe") for name in stated}
    assert any("<i>" in name and "🧵" in name for name in names), clean
    [(*_, edge)] = found.edges(data=True)
    assert "<i>" in edge["product"]


@pytest.mark.parametrize("suffix", READ)
def test_batches_of_any_size_give_the_same_edges(production_graph, tmp_path, suffix) -> None:
    folders = production_graph._columns.folders
    texts = []
    for rows in (7, 1_000_000):
        path = tmp_path / f"{rows}{suffix}"
        write_network_file(Columns(folders), path, title="made", rows=rows)
        kept = [line for line in path.read_text("utf-8").splitlines() if line.startswith("<edge ")]
        texts.append(sorted(line.split(" source=", 1)[1] for line in kept))
    assert len(texts[0]) > 7
    assert texts[0] == texts[1]


def test_an_empty_network_is_a_file_too(tmp_path) -> None:
    graph = loaded(tmp_path, {"actors": [{"id": "a", "name": "A"}]})
    for suffix in READ:
        found = read(graph, tmp_path, suffix)
        assert (found.number_of_nodes(), found.number_of_edges()) == (1, 0)


def test_a_file_that_cannot_be_written_is_told_of(small_graph, tmp_path) -> None:
    (tmp_path / "there.gexf").mkdir()
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / "there.gexf")
    assert caught.value.key == "fault.unwritable"
    assert [path.name for path in tmp_path.iterdir()] == ["there.gexf"]


@pytest.mark.parametrize(("name", "options"), [("g.doc", {}), ("g.gexf", {"rdf12": True})])
def test_a_suffix_without_a_format_is_told_of(small_graph, tmp_path, name, options) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.export(tmp_path / name, **options)
    assert caught.value.key == "fault.suffix"
    assert (".graphml" in str(caught.value.values["known"])) == (not options)
    assert not [*tmp_path.iterdir()]

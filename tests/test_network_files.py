"""Networks that other programs write load with their direction, parallel edges and labels."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from klaster.loaders.check import check_table
from klaster.loaders.networks.files import NETWORK_FILES, is_edge_list, read_network_file
from klaster.loaders.networks.gexf import valid_from, valid_to
from klaster.loaders.networks.tables import Note
from klaster.loaders.references import check_references
from klaster.ontology.faults import Fault, SourceError
from klaster.ontology.tables import tables

UZBEK = "Toʻqimachilik fabrikasi"
RUSSIAN = "Хлопковый завод «Пахта»"
ARABIC = "مصنع القطن"


def read(path, links=""):
    """Return the rows of each table, checked as a source's tables are, and the notes."""
    notes: list[str] = []
    raws = {raw.name: raw for raw in read_network_file(path, notes, links=links)}
    checked = {name: check_table(raw, tables()[name]) for name, raw in raws.items()}
    frames = {name: result.frame for name, result in checked.items()}
    faults = [fault for result in checked.values() for fault in result.faults]
    faults += check_references(frames, raws)
    assert not faults, [str(fault) for fault in faults]
    return {name: frame.rows(named=True) for name, frame in frames.items()}, notes


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fault_of(path, links="") -> Fault:
    with pytest.raises(Fault) as caught:
        list(read_network_file(path, [], links=links))
    return caught.value


def faults_of(path) -> list[tuple[str, int]]:
    fault = fault_of(path)
    assert isinstance(fault, SourceError), fault
    return [(one.key, one.row) for one in fault.faults]


def keys(notes) -> set[str]:
    return {note.key for note in notes if isinstance(note, Note)}


def pairs(rows, first="supplier", second="buyer"):
    return [(row[first], row[second]) for row in rows]


def graphml(body: str, directed: str = "directed", keys: str = "") -> str:
    return (
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}\n'
        f'<graph edgedefault="{directed}">\n{body}\n</graph></graphml>'
    )


def gexf(nodes: str, edges: str, kind: str = "directed", more: str = "") -> str:
    return (
        '<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">\n'
        f'<graph defaultedgetype="{kind}">{more}<nodes>{nodes}</nodes>\n'
        f"<edges>{edges}</edges></graph></gexf>"
    )


def trade() -> nx.MultiDiGraph:
    """Two parallel supplies, one back, and one of a firm to itself."""
    graph = nx.MultiDiGraph()
    graph.add_node("gin", label=RUSSIAN, kind="enterprise", region="UZ-FA", lat=40.4)
    graph.add_node("spin", label=UZBEK, kind="research")
    graph.add_node("weave", label=ARABIC, kind="enterprise")
    graph.add_edge("gin", "spin", product="fibre", weight=2.5)
    graph.add_edge("gin", "spin", product="seed", weight=3.5)
    graph.add_edge("spin", "gin")
    graph.add_edge("weave", "weave")
    return graph


TRADED = [("gin", "spin"), ("gin", "spin"), ("spin", "gin"), ("weave", "weave")]


@pytest.mark.parametrize(
    ("suffix", "writer"), [(".graphml", nx.write_graphml), (".gexf", nx.write_gexf)]
)
def test_what_networkx_writes_in_xml_loads_as_it_was(tmp_path, suffix, writer):
    path = tmp_path / f"trade{suffix}"
    writer(trade(), path)
    found, notes = read(path)
    actors = {row["id"]: row for row in found["actors"]}
    assert {key: row["name"] for key, row in actors.items()} == {
        "gin": RUSSIAN,
        "spin": UZBEK,
        "weave": ARABIC,
    }
    assert actors["gin"]["region"] == ["UZ-FA"]
    assert actors["gin"]["lat"] == 40.4
    assert actors["spin"]["kind"] == "research"
    assert sorted(pairs(found["supplies"])) == TRADED
    products = {row["product"]: row["note"] for row in found["supplies"] if row["product"]}
    assert products == {"fibre": "weight: 2.5", "seed": "weight: 3.5"}
    assert [row["id"] for row in found["products"]] == ["fibre", "seed"]
    assert {"network.directed", "network.strength"} <= keys(notes)


def test_what_networkx_writes_for_pajek_loads_with_its_labels(tmp_path):
    graph = nx.MultiDiGraph()
    graph.add_edge(UZBEK, ARABIC, weight=2)
    graph.add_edge(UZBEK, ARABIC, weight=7)
    graph.add_edge(ARABIC, RUSSIAN, weight=1)
    path = tmp_path / "trade.net"
    nx.write_pajek(graph, path)
    found, _ = read(path)
    names = {row["id"]: row["name"] for row in found["actors"]}
    assert [(names[a], names[b]) for a, b in pairs(found["supplies"])] == [
        (UZBEK, ARABIC),
        (UZBEK, ARABIC),
        (ARABIC, RUSSIAN),
    ]
    assert [row["note"] for row in found["supplies"]] == ["weight: 2", "weight: 7", "weight: 1"]


def test_what_networkx_writes_as_gml_and_as_an_edge_list_loads(tmp_path):
    nx.write_gml(trade(), tmp_path / "trade.gml")
    found, _ = read(tmp_path / "trade.gml")
    names = {row["id"]: row["name"] for row in found["actors"]}
    assert set(names.values()) == {"gin", "spin", "weave"}
    assert sorted((names[a], names[b]) for a, b in pairs(found["supplies"])) == TRADED
    nx.write_edgelist(trade(), tmp_path / "trade.edgelist")
    found, notes = read(tmp_path / "trade.edgelist", links="supply")
    assert sorted(pairs(found["supplies"])) == TRADED
    assert {row["product"] for row in found["supplies"]} == {"fibre", "seed", None}
    assert "network.no-direction" in keys(notes)


IGRAPH = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
         xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
         xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns
         http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
<!-- Created by igraph -->
  <key id="v_name" for="node" attr.name="name" attr.type="string"/>
  <key id="v_employees" for="node" attr.name="employees" attr.type="double"/>
  <key id="e_weight" for="edge" attr.name="weight" attr.type="double"/>
  <graph id="G" edgedefault="undirected">
    <node id="n0"><data key="v_name">Пахта</data><data key="v_employees">5</data></node>
    <node id="n1"><data key="v_name">Ип</data><data key="v_employees">NaN</data></node>
    <edge source="n0" target="n1"><data key="e_weight">1</data></edge>
    <edge source="n1" target="n0"><data key="e_weight">1</data></edge>
  </graph>
</graphml>"""


def test_what_igraph_writes_loads_and_undirected_edges_are_cooperation(tmp_path):
    found, notes = read(write(tmp_path, "g.graphml", IGRAPH))
    assert [(row["name"], row["employees"]) for row in found["actors"]] == [
        ("Пахта", 5),
        ("Ип", None),
    ]
    taking_part = [(row["id"], row["participant"], row["kind"]) for row in found["cooperations"]]
    assert taking_part == [
        ("edge 1", "n0", "unspecified"),
        ("edge 1", "n1", "unspecified"),
        ("edge 2", "n1", "unspecified"),
        ("edge 2", "n0", "unspecified"),
    ]
    assert keys(notes) == {"network.no-kinds", "network.undirected"}
    assert notes[0] == "g.graphml: no kinds given: all 2 actors are taken as enterprises"
    assert notes[0].text("ru").startswith("g.graphml: виды не указаны")


YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
  xmlns:y="http://www.yworks.com/xml/graphml" xmlns:yed="http://www.yworks.com/xml/yed/3">
  <key attr.name="url" attr.type="string" for="node" id="d4"/>
  <key for="node" id="d6" yfiles.type="nodegraphics"/>
  <key for="edge" id="d10" yfiles.type="edgegraphics"/>
  <graph edgedefault="directed" id="G">
    <node id="n0"><data key="d4"/><data key="d6"><y:ShapeNode>
      <y:Geometry height="30.0" width="30.0" x="1" y="2"/>
      <y:NodeLabel alignment="center" xml:space="preserve">Завод<y:LabelModel>
        <y:SmartNodeLabelModel distance="4.0"/></y:LabelModel></y:NodeLabel>
    </y:ShapeNode></data></node>
    <node id="n1"><data key="d6"><y:ShapeNode/></data></node>
    <edge id="e0" source="n0" target="n1"><data key="d10"><y:PolyLineEdge>
      <y:EdgeLabel>толкает</y:EdgeLabel></y:PolyLineEdge></data></edge>
  </graph></graphml>"""


def test_of_a_drawing_of_yed_the_labels_are_read(tmp_path):
    found, notes = read(write(tmp_path, "g.graphml", YED))
    assert [row["name"] for row in found["actors"]] == ["Завод", "n1"]
    assert [(row["supplier"], row["note"]) for row in found["supplies"]] == [("n0", "толкает")]
    assert any("<y:ShapeNode>" in note for note in notes)


GEPHI_NODES = """<node id="1" label="Завод"><attvalues><attvalue for="k" value="Университет"/>
</attvalues><viz:size value="4.0"/></node><node id="2" label="B" start="2001"/>"""


def test_gephi_writes_mixed_directions_and_each_is_kept(tmp_path):
    more = '<attributes class="node"><attribute id="k" title="type" type="string"/></attributes>'
    edges = """<edge id="0" source="1" target="2" weight="1.0"/>
    <edge id="1" source="2" target="1" type="undirected"/>
    <edge id="2" source="2" target="1" type="mutual"/>"""
    found, notes = read(write(tmp_path, "g.gexf", gexf(GEPHI_NODES, edges, more=more)))
    assert [row["kind"] for row in found["actors"]] == ["university", "enterprise"]
    assert [row["valid_from"] for row in found["actors"]] == [None, "2001"]
    assert pairs(found["supplies"]) == [("1", "2"), ("2", "1"), ("1", "2")]
    assert [row["id"] for row in found["cooperations"]] == ["1", "1"]
    assert {"network.some-kinds", "network.directed", "network.undirected"} <= keys(notes)
    assert any("<viz:size>" in note for note in notes)


def test_the_periods_of_an_edge_are_rows_of_their_own(tmp_path):
    edges = """<edge id="a" source="1" target="2" start="2010-01-15" end="2012-05-31"/>
    <edge id="b" source="2" target="1"><spells><spell start="2001" endopen="2003"/>
    <spell start="2005"/></spells></edge><edge id="c" source="1" target="2" start="17.5"/>"""
    found, notes = read(write(tmp_path, "g.gexf", gexf(GEPHI_NODES, edges)))
    periods = [
        (row["supplier"], row["valid_from"], row["valid_to"], row["locator"])
        for row in found["supplies"]
    ]
    assert periods == [
        ("1", "2010-01-15", "2012-06-01", "g.gexf!edge 1"),
        ("2", "2001", "2003-01-01", "g.gexf!edge 2"),
        ("2", "2005", None, "g.gexf!edge 3"),
        ("1", None, None, "g.gexf!edge 4"),
    ]
    assert "g.gexf: attributes of edges that are not loaded into supplies: start" in notes


def test_times_of_gexf_are_dates_of_the_tables():
    assert valid_from("2010-05-31T10:00:00Z") == "2010-05-31"
    assert valid_from("1e9") is None
    assert valid_to("2010-05-31T10:00:00Z", inclusive=False) == "2010-06-01"
    assert valid_to("2010-05-31T00:00:00Z", inclusive=False) == "2010-05-31"
    assert valid_to("2010-05", inclusive=False) == "2010-05-01"
    assert valid_to("9999-12-31", inclusive=True) == "9999-12-31"


def test_defaults_of_an_attribute_are_what_its_records_have(tmp_path):
    declared = (
        '<key id="k" for="node" attr.name="kind"><default>finance</default></key>'
        '<key id="c" for="all" attr.name="currency"><default>UZS</default></key>'
        '<key id="w" for="edge" attr.name="weight"/>'
    )
    body = (
        '<node id="a"><data key="k">research</data></node><node id="b"/>'
        '<edge source="a" target="b"><data key="w">12</data></edge>'
    )
    found, notes = read(write(tmp_path, "g.graphml", graphml(body, keys=declared)))
    assert [row["kind"] for row in found["actors"]] == ["research", "finance"]
    assert [(row["value"], row["currency"]) for row in found["supplies"]] == [(12, "UZS")]
    assert "network.strength" not in keys(notes)


def test_a_weight_with_a_unit_is_a_quantity(tmp_path):
    text = "source,target,weight,unit,value\na,b,5,t,1\nb,a,6,,2\n"
    found, _ = read(write(tmp_path, "g.csv", text))
    told = [(row["quantity"], row["unit"], row["note"]) for row in found["supplies"]]
    assert told == [(5, "t", "value: 1"), (None, None, "value: 2; weight: 6")]


def test_edges_tell_their_kind_in_any_language(tmp_path):
    text = (
        "Source;Target;Type;Kind\n"
        "a;b;Directed;поставки\n"
        "a;b;Directed;mulkchilik va boʻysunish\n"
        "a;b;Directed;founder\n"
        "a;b;Undirected;joint-rd\n"
        "a;a;Undirected;cooperation\n"
        "b;a;Directed;freight\n"
    )
    found, notes = read(write(tmp_path, "g.csv", text))
    assert [(row["supplier"], row["kind"]) for row in found["supplies"]] == [
        ("a", None),
        ("b", "freight"),
    ]
    assert [(row["owner"], row["owned"], row["kind"]) for row in found["ownerships"]] == [
        ("a", "b", None),
        ("a", "b", "founder"),
    ]
    assert [row["kind"] for row in found["cooperations"]] == ["joint-rd", "joint-rd"]
    assert "network.loops" in keys(notes)
    assert "network.directed" not in keys(notes)


def test_a_kind_that_is_none_and_a_membership_are_faults(tmp_path):
    path = write(tmp_path, "g.csv", "source,target,kind\na,b,supply\na,b,suply\na,b,membership\n")
    fault = fault_of(path)
    assert isinstance(fault, SourceError)
    assert [(one.key, one.row) for one in fault.faults] == [
        ("fault.unknown-code", 3),
        ("fault.network-membership", 4),
    ]
    assert "supply" in str(fault.faults[0].text("en"))
    assert fault_of(path, links="membership").key == "fault.network-membership"


def test_the_user_can_say_what_all_edges_are(tmp_path):
    body = '<node id="a"/><node id="b"/><edge source="a" target="b"/>'
    path = write(tmp_path, "g.graphml", graphml(body))
    assert pairs(read(path, "ownership")[0]["ownerships"], "owner", "owned") == [("a", "b")]
    found, notes = read(path, "cooperation")
    assert len(found["cooperations"]) == 2
    assert "network.lost-direction" in keys(notes)
    undirected = write(tmp_path, "u.graphml", graphml(body, "undirected"))
    found, notes = read(undirected, "supply")
    assert pairs(found["supplies"]) == [("a", "b")]
    assert "network.no-direction" in keys(notes)


def test_an_edge_may_name_a_node_that_is_nowhere_declared(tmp_path):
    body = '<edge source="x" target="y"/><node id="y"/>'
    found, notes = read(write(tmp_path, "g.graphml", graphml(body)))
    assert [(row["name"], row["locator"]) for row in found["actors"]] == [
        ("x", "g.graphml!edge 1"),
        ("y", "g.graphml!node 1"),
    ]
    assert "network.undeclared" in keys(notes)


def test_names_of_attributes_that_are_not_used_are_told(tmp_path):
    found, notes = read(write(tmp_path, "g.csv", "source,target,colour,\na,b,red,1\n"))
    assert len(found["supplies"]) == 1
    assert "g.csv: attributes of edges that are not loaded into supplies: colour, column 4" in notes


PAJEK = """*Network trade
% a comment
*Vertices 4
1 "Тошкент тўқима" 0.1 0.2 0.5 ellipse ic Red bc Black kind research
2 "Ip &#1178;"
3 plain
*Arcs :1 "supply"
1 2 3.5 l "first year"
1 2
*Edges :2 "joint-rd"
2 3 1
*Arcslist :1
3 1 2
*Edgeslist :2
1 3
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_pajek_keeps_arcs_edges_and_relations_apart(tmp_path, encoding):
    found, notes = read(write(tmp_path, "g.net", PAJEK.encode(encoding)))
    assert [(row["id"], row["name"], row["kind"]) for row in found["actors"]] == [
        ("1", "Тошкент тўқима", "research"),
        ("2", "Ip Қ", "enterprise"),
        ("3", "plain", "enterprise"),
        ("4", "4", "enterprise"),
    ]
    assert pairs(found["supplies"]) == [("1", "2"), ("1", "2"), ("3", "1"), ("3", "2")]
    assert found["supplies"][0]["note"] == "weight: 3.5; first year"
    assert [row["locator"] for row in found["supplies"]] == [
        "g.net!8",
        "g.net!9",
        "g.net!13",
        "g.net!13",
    ]
    assert [(row["participant"], row["kind"]) for row in found["cooperations"]] == [
        ("2", "joint-rd"),
        ("3", "joint-rd"),
        ("1", "joint-rd"),
        ("3", "joint-rd"),
    ]
    assert "network.undeclared" in keys(notes)


def test_pajek_in_the_cyrillic_of_windows_is_read(tmp_path):
    text = '*Vertices 2\r\n1 "Хлопковый завод"\r\n2 "Прядильная фабрика"\r\n*Edges\r\n1 2\r\n'
    found, notes = read(write(tmp_path, "g.net", text.encode("cp1251")))
    assert [row["name"] for row in found["actors"]] == ["Хлопковый завод", "Прядильная фабрика"]
    assert "g.net: cp1251" in notes


def test_a_matrix_gives_an_arc_for_each_number_that_is_not_zero(tmp_path):
    text = "*Vertices 3\n*Matrix\n0 1 0\n0 0 2.5\n0 0 1\n"
    found, _ = read(write(tmp_path, "g.net", text))
    assert pairs(found["supplies"]) == [("1", "2"), ("2", "3"), ("3", "3")]
    assert [row["locator"] for row in found["supplies"]] == ["g.net!3", "g.net!4", "g.net!5"]


def test_a_network_of_two_modes_is_who_takes_part_in_what(tmp_path):
    text = '*Vertices 4 2\n1 "A"\n2 "B"\n3 "Fair"\n4 "Forum"\n*Edges\n1 3\n2 3\n4 2\n'
    found, notes = read(write(tmp_path, "g.net", text))
    assert [row["id"] for row in found["actors"]] == ["1", "2"]
    told = [(row["id"], row["project"], row["participant"]) for row in found["cooperations"]]
    assert told == [("3", "Fair", "1"), ("3", "Fair", "2"), ("4", "Forum", "2")]
    assert "network.events" in keys(notes)
    wrong = write(tmp_path, "w.net", text + "1 2\n")
    assert faults_of(wrong) == [("fault.network-mode", 10)]


def test_a_project_of_pajek_gives_its_one_network(tmp_path):
    one = "*Network a\n*Vertices 2\n1 A\n2 B\n*Arcs\n1 2\n"
    beside = "*Partition p\n*Vertices 2\n1\n2\n"
    found, notes = read(write(tmp_path, "g.paj", one + beside))
    assert pairs(found["supplies"]) == [("1", "2")]
    assert "g.paj: parts of the file that are not read: *partition" in notes
    two = write(tmp_path, "h.paj", one + one)
    assert fault_of(two).key == "fault.network-several"


def test_an_edge_list_is_told_by_its_header_or_its_ids(tmp_path):
    yes: dict[str, str | bytes] = {
        "a.csv": "Source,Target,Type,Id,Label,timeset,Weight\n0,1,Directed,0,,,1.0\n",
        "b.tsv": "from\tto\na\tb\n",
        "c.txt": "# who knows whom\n1 2\n2 3\n3 1\n",
        "d.csv": "a,b,0.5\nb,c,2\n",
        "e.csv": "Поставщик;Покупатель\nа;б\n",
        "f.edges": "anything",
        "utf16.csv": "source,target\nа,б\n".encode("utf-16"),
    }
    no: dict[str, str | bytes] = {
        "g.csv": "id,name,kind\na,A,enterprise\n",
        "supplies.csv": "supplier,buyer\na,b\n",
        "h.txt": "Dear colleagues, please find the network below.\n",
        "i.csv": "",
        "j.csv": b"\x00\x01\x02",
        "k.json": "source,target\na,b\n",
    }
    assert [name for name in yes if not is_edge_list(write(tmp_path, name, yes[name]))] == []
    assert [name for name in no if is_edge_list(write(tmp_path, name, no[name]))] == []
    assert not is_edge_list(tmp_path / "nowhere.csv")
    assert {".graphml", ".gexf", ".net", ".paj", ".edges", ".edgelist"} <= NETWORK_FILES


def test_a_table_of_edges_keeps_its_lines_and_its_own_ends(tmp_path):
    text = 'Владелец,owner,owned,share,source\n"x\ny",a,b,0.5,Reestr\nz,b,c,0.1,https://e.uz\n'
    found, _ = read(write(tmp_path, "g.csv", text))
    assert [(row["owner"], row["share"], row["locator"]) for row in found["ownerships"]] == [
        ("a", 0.5, "g.csv!2"),
        ("b", 0.1, "g.csv!4"),
    ]
    assert [row["id"] for row in found["sources"]] == ["Reestr"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251", "koi8-r"])
@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_xml_is_read_in_the_encoding_that_it_names(tmp_path, encoding, suffix):
    if suffix == ".gexf":
        body = gexf(f'<node id="1" label="{RUSSIAN}"/>'.replace("«", "").replace("»", ""), "")
    else:
        body = graphml(f'<node id="{RUSSIAN}"/>'.replace("«", "").replace("»", ""))
    text = f'<?xml version="1.0" encoding="{encoding}"?>{body}'
    found, _ = read(write(tmp_path, f"g{suffix}", text.encode(encoding)))
    assert found["actors"][0]["name"] == RUSSIAN.replace("«", "").replace("»", "")


def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path):
    twice = graphml('<node id="a"/>\n<node id="a"/>\n<edge source="a"/>\n<node/>')
    assert faults_of(write(tmp_path, "a.graphml", twice)) == [
        ("fault.duplicate", 4),
        ("fault.missing-cell", 5),
        ("fault.missing-cell", 6),
    ]
    odd = gexf('<node id="1"/>', '\n<edge source="1" target="1" type="sideways"/>')
    assert faults_of(write(tmp_path, "a.gexf", odd)) == [("fault.network-direction", 4)]
    text = "*Vertices 2\n*Arcs\n1 -2\n1 1e1\n0 1\n1 3\n1\n1 ٢\n"
    expected = ["fault.network-vertex"] * 4 + ["fault.network-line", "fault.network-vertex"]
    assert [key for key, _ in faults_of(write(tmp_path, "a.net", text))] == expected
    assert faults_of(write(tmp_path, "a.edges", "a b\nc\nd e f\n")) == [
        ("fault.network-line", 2),
        ("fault.network-line", 3),
    ]
    cut = fault_of(write(tmp_path, "cut.graphml", IGRAPH[:700]))
    assert (cut.key, cut.values["line"]) == ("fault.network-file", 12)
    assert fault_of(write(tmp_path, "x.gexf", IGRAPH)).key == "fault.network-file"
    for suffix in sorted(NETWORK_FILES):
        assert fault_of(write(tmp_path, f"empty{suffix}", b"")).key in (
            "fault.empty-file",
            "fault.network-file",
            "fault.no-rows",
        )


def test_faults_of_cells_are_told_where_the_file_has_them(tmp_path):
    body = '<node id="a"><data key="lat">north</data></node>'
    raw = next(read_network_file(write(tmp_path, "g.graphml", graphml(body)), []))
    assert raw.origins.rows() == [(2, "g.graphml!node 1", 3, "g.graphml!node 1")]
    faults = check_table(raw, tables()["actors"]).faults
    assert [(fault.row, fault.column, fault.key) for fault in faults] == [
        (2, "lat", "fault.number")
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<node id="a"><graph edgedefault="directed"><node id="b"/></graph></node>',
        '<hyperedge><endpoint node="a"/></hyperedge>',
        '<node id="a"><locator href="file:///etc/passwd"/></node>',
    ],
)
def test_what_no_table_of_links_can_keep_is_refused(tmp_path, body):
    assert fault_of(write(tmp_path, "g.graphml", graphml(body))).key == "fault.network-part"


def test_nodes_within_nodes_of_gexf_are_refused(tmp_path):
    inner = '<node id="1"><nodes><node id="2"/></nodes></node>'
    assert fault_of(write(tmp_path, "g.gexf", gexf(inner, ""))).key == "fault.network-part"
    parent = '<node id="1"/><node id="2" pid="1"/>'
    assert fault_of(write(tmp_path, "h.gexf", gexf(parent, ""))).key == "fault.network-part"


HIDDEN = "the secret of another file"
DOCTYPES = {
    "a file": '<!DOCTYPE graphml [<!ENTITY x SYSTEM "file://{secret}">]>',
    "laughs": '<!DOCTYPE graphml [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>',
    "a DTD": '<!DOCTYPE graphml SYSTEM "http://127.0.0.1:1/g.dtd">',
    "a parameter": '<!DOCTYPE graphml [<!ENTITY % p SYSTEM "file://{secret}"> %p;]>',
}


@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
def test_a_document_type_is_refused_whatever_it_asks_for(tmp_path, doctype, suffix):
    secret = write(tmp_path, "secret", HIDDEN)
    body = graphml('<node id="a">&x;</node>')
    path = write(tmp_path, f"g{suffix}", doctype.replace("{secret}", str(secret)) + body)
    fault = fault_of(path)
    assert fault.key == "fault.network-doctype"
    assert HIDDEN not in fault.text("en")


HOSTILE = {
    "deep.graphml": graphml("<a>" * 100_000),
    "name.graphml": graphml(f'<node id="{"n" * 10_000_000}"/>'),
    "text.graphml": graphml(f'<node id="a"><data key="k">{"x" * 10_000_000}</data></node>'),
    "tag.gexf": gexf(f'<node id="a" label="{"x" * 40_000_000}"/>', ""),
    "encoding.graphml": f'<?xml version="1.0" encoding="hex"?>{graphml("")}',
    "multibyte.graphml": f'<?xml version="1.0" encoding="gb18030"?>{graphml("")}',
    "nul.graphml": graphml('<node id="a\0b"/>'),
    "nul.net": "*Vertices 1\n1 a\0b\n",
    "huge.net": f"*Vertices {10**12}\n",
    "digits.net": f"*Vertices {'9' * 10_000}\n",
    "junk.net": "one two three\n",
    "quote.net": '*Vertices 1\n1 "open\n',
    "nothing.net": "*Vertices 0\n",
    "deep.gml": "graph [ node [ id 1 " + "a [ " * 100_000,
    "open.gml": 'graph [ node [ id 1 label "open ] ]',
    "dict.edges": "a b " + "{" * 5_000 + "\n",
    "dict.edgelist": "a b {'x': __import__('os').getcwd()}\n",
    "slash.edgelist": "a b {'x': '\\d'}\n",
    "quote.csv": 'source,target\na,"b\n' + "x" * 200_000,
    "header.csv": f"source,target{',' * 2_000_000}",
    "fields.csv": "source,target\na" + ',"\n"' * 500_000,
    "line.net": "*Vertices 2\n*Arcslist\n" + "1 " * 5_000_000,
    "line.edges": "1 " * 5_000_000,
    "wide.csv": "source,target\na,b,c\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_one_message(tmp_path, name):
    fault = fault_of(write(tmp_path, name, HOSTILE[name]))
    for language in ("en", "ru", "uz"):
        assert len(fault.text(language)) < 1000


def test_a_folder_or_what_is_not_there_is_refused(tmp_path):
    (tmp_path / "g.net").mkdir()
    assert fault_of(tmp_path / "g.net").key == "fault.no-file"
    assert fault_of(tmp_path / "none.gexf").key == "fault.unreadable"


MANY = """
import resource, sys
from pathlib import Path
from klaster.loaders.networks.files import read_network_file
from klaster.ontology.faults import Fault
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    list(read_network_file(Path(sys.argv[1]), []))
except Fault as fault:
    print(fault.key)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["attributes", "defaults", "elements"])
def test_a_file_that_would_fill_the_memory_is_refused_before(tmp_path, kind):
    nodes = "".join(f'<node id="{index}"/>' for index in range(20_000))
    text = {
        "attributes": gexf(
            "".join(f'<node id="{index}" a{index}="1"/>' for index in range(20_000)), ""
        ),
        "defaults": graphml(
            nodes,
            keys="".join(
                f'<key id="k{index}" for="node"><default>x</default></key>' for index in range(4000)
            ),
        ),
        "elements": graphml("".join(f"<e{index}/>" for index in range(200_000))),
    }[kind]
    path = write(tmp_path, "g.gexf" if kind == "attributes" else "g.graphml", text)
    result = subprocess.run(
        [sys.executable, "-c", MANY, str(path)], capture_output=True, text=True, check=True
    )
    key, megabytes = result.stdout.split()
    assert key == "fault.network-size"
    assert int(megabytes) < 600


SAMPLES = {
    "igraph.graphml": IGRAPH,
    "yed.graphml": YED,
    "gephi.gexf": gexf(
        GEPHI_NODES,
        '<edge id="b" source="2" target="1"><spells><spell start="2001"/></spells></edge>',
    ),
    "pajek.net": PAJEK,
    "trade.gml": 'graph [ directed 1\n node [ id 1 label "Ип" ]\n edge [ source 1 target 1 w 2 ]\n]',
    "bare.edges": "# two\na b {'weight': 2, 'product': 'ip'}\nb c {}\n",
    "head.csv": 'Source,Target,Type,Weight\n"а, б",c,Directed,1.5\nc,d,Undirected,2\n',
}


def mutated(chance: random.Random, sample: bytes) -> bytes:
    """Flip, cut out, double or exchange some bytes."""
    found = bytearray(sample)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        length = chance.choice([1, 1, 2, 8, 40])
        change = chance.randrange(4)
        if change == 0:
            found[at : at + 1] = bytes([chance.randrange(256)])
        elif change == 1:
            del found[at : at + length]
        elif change == 2:
            found[at:at] = found[at : at + length]
        else:
            found[at : at + length] = chance.choice(
                [b"", b"\0", b'"', b"<", b"&#0;", b"999999999999", b"-1", b"\n*Vertices 3\n", b"]"]
            )
    return bytes(found)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_loads_or_gives_a_message(tmp_path, name):
    chance = random.Random(name)  # noqa: S311
    path = tmp_path / name
    loaded = 0
    for _ in range(500):
        path.write_bytes(mutated(chance, SAMPLES[name].encode()))
        is_edge_list(path)
        try:
            for raw in read_network_file(path, []):
                if loaded < 50:
                    check_table(raw, tables()[raw.name])
                assert raw.frame["row"].is_unique().all()
            loaded += 1
        except Fault as fault:
            assert fault.text("uz")
    assert 0 < loaded < 500

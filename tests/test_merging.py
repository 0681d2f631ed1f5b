"""What reviewers decide about actors merges or separates them, and can be taken back."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx as nx
import polars as pl
import pyoxigraph as ox
import pytest
from made_up import LOADED_AT, write_tables

import klaster
from klaster.graph.store.merging import merges
from klaster.ontology.faults import Fault, SourceError

# A directory knows the spinner by another name, and a mill of its own that it supplies.
OTHER = {
    "actors": [
        {"id": "s", "name": "Spinning mill", "kind": "enterprise", "country": "UZ", "employees": "60"},
        {"id": "m", "name": "Mill", "kind": "enterprise", "country": "UZ", "employees": ""},
    ],
    "supplies": [{"supplier": "m", "buyer": "s", "status": "observed"}],
}  # fmt: skip
SAME = {"actor": "small:spin", "same_as": "other:s", "decision": "same", "score": "0.9"}


def statements(graph) -> set[str]:
    """Every statement but those of the findings' nodes without a name."""
    lines = graph._store.oxigraph.dump(format=ox.RdfFormat.N_QUADS).decode().splitlines()
    return {line for line in lines if "_:" not in line}


@pytest.fixture
def graph(tmp_path, small_source):
    opened = klaster.open(tmp_path / "g.klaster")
    other = write_tables(tmp_path / "other", OTHER)
    opened.load(small_source, other, loaded_at=LOADED_AT)
    return opened


def decide(graph, tmp_path, *rows: dict[str, str], name: str = "reviewed"):
    path = write_tables(tmp_path / name, {"matches": list(rows)})
    return graph.load(path, loaded_at=LOADED_AT)


def iri(graph, source: str, key: str) -> str:
    return f"{graph.base}actor/{source}/{key}"


def test_a_decision_merges_two_actors_everywhere(graph, tmp_path) -> None:
    decide(graph, tmp_path, SAME)
    stands, gone = iri(graph, "other", "s"), iri(graph, "small", "spin")
    assert graph.table("actors").height == 6
    mill = iri(graph, "other", "m")
    asked = f"SELECT ?who {{ ?who kl:suppliesTo <{stands}> }} ORDER BY ?who"
    assert [who for (who,) in graph.query(asked).rows] == [mill, iri(graph, "small", "gin")]
    assert graph.query(f"SELECT ?p {{ <{gone}> ?p ?o }}").to_polars()["p"].to_list() == [
        "https://w3id.org/klaster/ontology#mergedInto"
    ]
    central = graph.central(links=["supply"])
    degree = central.columns.index("degree")
    degrees = {row[0]: row[degree] for row in central.rows}
    assert degrees[stands] == 3
    assert gone not in degrees
    told = {subject for finding in graph.missing() for subject in finding.subjects}
    assert gone not in told


def test_each_source_keeps_its_own_statements_about_the_one_actor(graph, tmp_path) -> None:
    decide(graph, tmp_path, SAME)
    stands = iri(graph, "other", "s")
    asked = f"SELECT ?g ?n {{ GRAPH ?g {{ <{stands}> rdfs:label ?n }} }} ORDER BY ?n"
    graphs = {name: graph_name.rsplit("/", 1)[-1] for graph_name, name in graph.query(asked).rows}
    assert graphs == {"Spinner": "small", "Spinning mill": "other"}
    rows = graph.ask("disagreeing-facts").to_polars()
    assert rows.select("thing", "figure", "value", "otherValue").rows() == [
        (stands, "employees", 60, 50)
    ]


def test_a_merged_actor_is_found_by_its_own_name_id_and_iri(graph, tmp_path) -> None:
    decide(graph, tmp_path, SAME)
    expected = graph.ask("disagreeing-facts").rows
    for name in ("Spinner", "spin", iri(graph, "small", "spin"), "Spinning mill"):
        assert graph.ask("disagreeing-facts", actor=name).rows == expected
    ((stands, _, gone),) = graph.ask("merged-actors").rows
    assert (stands, gone) == (iri(graph, "other", "s"), iri(graph, "small", "spin"))


def test_dropping_the_decisions_brings_back_every_statement(graph, tmp_path) -> None:
    before = statements(graph)
    decide(graph, tmp_path, SAME)
    assert statements(graph) != before
    graph.drop("reviewed")
    assert statements(graph) == before


def test_a_changed_decision_separates_what_was_merged(graph, tmp_path) -> None:
    decide(graph, tmp_path, SAME | {"decision": ""})
    before = {line for line in statements(graph) if "graph/source/reviewed" not in line}
    (report,) = decide(graph, tmp_path, SAME)
    assert vars(report.changes["matches"]) == {"added": 0, "changed": 1, "gone": 0}
    decide(graph, tmp_path, SAME | {"decision": "different"})
    after = {line for line in statements(graph) if "graph/source/reviewed" not in line}
    assert after == before


def test_the_order_of_loading_makes_no_difference(graph, tmp_path, small_source) -> None:
    decide(graph, tmp_path, SAME)
    again = klaster.open(tmp_path / "again" / "g.klaster")
    (report,) = decide(again, tmp_path, SAME)
    assert report.unknown == ("matches.csv!2: small:spin", "matches.csv!2: other:s")
    again.load(tmp_path / "other", loaded_at=LOADED_AT)
    again.load(small_source, loaded_at=LOADED_AT)
    assert statements(again) == statements(graph)


def test_a_source_that_is_loaded_anew_stays_merged(graph, tmp_path) -> None:
    decide(graph, tmp_path, SAME)
    changed = {"actors": [OTHER["actors"][0] | {"stir": "301234567"}, OTHER["actors"][1]]}
    graph.load(write_tables(tmp_path / "changed", OTHER | changed), name="other")
    assert graph.table("actors").height == 6
    ((stands, _, gone),) = graph.ask("merged-actors").rows
    assert stands == f"{graph.base}actor/stir/301234567"
    assert gone == iri(graph, "small", "spin")


def test_the_actor_with_the_better_identifier_stands(tmp_path) -> None:
    lei, stir, ror = "5493001KJTIIGC8Y1R12", "301234567", "https://ror.org/000vpa912"
    rows = [
        {"id": "a", "name": "A", "kind": "enterprise"},
        {"id": "r", "name": "R", "kind": "enterprise", "ror": ror},
        {"id": "t", "name": "T", "kind": "enterprise", "stir": stir},
        {"id": "l", "name": "L", "kind": "enterprise", "lei": lei},
    ]
    rows = [{"lei": "", "stir": "", "ror": ""} | row for row in rows]
    for last, key in ((2, f"ror/{ror[-9:]}"), (3, f"stir/{stir}"), (4, f"lei/{lei}")):
        graph = klaster.open(tmp_path / f"{last}.klaster")
        chain = [
            {"actor": one["id"], "same_as": other["id"], "decision": "same"}
            for one, other in pairwise(rows[:last])
        ]
        tables = {"actors": rows[:last], "matches": chain}
        graph.load(write_tables(tmp_path / f"t{last}", tables))
        assert graph.table("actors")["iri"].to_list() == [f"{graph.base}actor/{key}"]


def test_decisions_that_contradict_each_other_are_told_by_their_rows(graph, tmp_path) -> None:
    before = statements(graph)
    rows = [
        {"actor": "small:spin", "same_as": "other:s", "decision": "same"},
        {"actor": "other:s", "same_as": "small:weave", "decision": "same"},
        {"actor": "small:weave", "same_as": "small:spin", "decision": "different"},
    ]
    for language in ("en", "ru", "uz"):
        with pytest.raises(Fault) as caught:
            decide(graph, tmp_path, *rows)
        assert caught.value.key == "fault.contradiction"
        message = caught.value.text(language)
        assert all(f"reviewed: matches.csv!{row}" in message for row in (2, 3, 4))
    assert statements(graph) == before
    # So are decisions of two files, and one about actors with one registration number.
    decide(graph, tmp_path, *rows[:2])
    with pytest.raises(Fault):
        decide(graph, tmp_path, rows[2], name="later")
    decide(graph, tmp_path, rows[0])
    decide(graph, tmp_path, rows[2], name="later")
    assert graph.table("actors").height == 6


def test_actors_with_one_registration_number_cannot_be_decided_different(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    for name in ("one", "two"):
        row = {"id": "x", "name": name, "kind": "enterprise", "stir": "301234567"}
        graph.load(write_tables(tmp_path / name, {"actors": [row]}))
    with pytest.raises(Fault) as caught:
        decide(graph, tmp_path, {"actor": "one:x", "same_as": "two:x", "decision": "different"})
    assert caught.value.key == "fault.contradiction"


@pytest.mark.parametrize("seed", range(60))
def test_actors_are_one_exactly_where_decisions_lead_from_one_to_the_other(tmp_path, seed) -> None:
    chance = random.Random(seed)  # noqa: S311
    ids = [f"a{number}" for number in range(8)]
    pairs = [tuple(chance.sample(ids, 2)) for _ in range(chance.randint(1, 7))]
    decisions = [chance.choice(["same", "same", "different", None]) for _ in pairs]
    actors = {"id": ids, "iri": ids, "lei": None, "stir": None, "ror": None}
    pl.DataFrame(actors, schema=dict.fromkeys(actors, pl.String)).write_parquet(
        tmp_path / "actors.parquet"
    )
    rows = {
        "actor": [one for one, _ in pairs],
        "same_as": [f"{tmp_path.name}:{other}" for _, other in pairs],
        "decision": decisions,
        "locator": [str(number) for number in range(len(pairs))],
    }
    pl.DataFrame(rows, schema_overrides={"decision": pl.String}).write_parquet(
        tmp_path / "matches.parquet"
    )
    decided = list(zip(pairs, decisions, strict=True))
    graph = nx.Graph([pair for pair, decision in decided if decision == "same"])
    groups = [sorted(group) for group in nx.connected_components(graph)]
    apart = [set(pair) for pair, decision in decided if decision == "different"]
    if any(pair <= set(group) for pair in apart for group in groups):
        with pytest.raises(Fault):
            merges([tmp_path])
    else:
        expected = {iri: group[0] for group in groups for iri in group[1:]}
        assert merges([tmp_path]) == expected


def test_a_reference_must_be_an_id_of_the_file_or_name_a_source(tmp_path) -> None:
    path = write_tables(tmp_path / "t", {"matches": [{"actor": "spin", "same_as": "other:s"}]})
    with pytest.raises(SourceError) as caught:
        klaster.open(tmp_path / "g.klaster").load(path)
    (fault,) = caught.value.faults
    assert (fault.row, fault.column, fault.key) == (2, "actor", "fault.unknown-id")


def test_a_personal_number_is_refused_in_a_decision_too(graph, tmp_path) -> None:
    with pytest.raises(SourceError) as caught:
        decide(graph, tmp_path, SAME | {"same_as": "other:31505851234567"})
    assert {fault.key for fault in caught.value.faults} == {"fault.personal"}
    assert "31505851234567" not in caught.value.text("en")


def test_an_address_of_no_actor_is_never_written_as_a_statement(graph, tmp_path) -> None:
    wild = "https://example.org/> . <https://evil.example/> <https://evil.example/p> <x"
    (report,) = decide(graph, tmp_path, SAME | {"same_as": wild})
    assert report.unknown == (f"matches.csv!2: {wild}",)
    assert not [line for line in statements(graph) if "evil" in line]
    assert graph.table("actors").height == 7


def test_an_export_keeps_the_decisions_and_what_each_source_said(graph, tmp_path) -> None:
    decide(graph, tmp_path, SAME)
    for name in ("all.xlsx", "all"):
        graph.export(tmp_path / name)
        again = klaster.open(tmp_path / f"again-{name}.klaster")
        again.load(tmp_path / name, name="all")
        assert again.table("actors").height == 6
        assert len(again.ask("merged-actors").rows) == 1
        asked = "SELECT DISTINCT ?n { ?a rdfs:label ?n ; kl:actorKind ?k } ORDER BY ?n"
        assert again.query(asked).rows == graph.query(asked).rows
        again.drop("all")
    graph.export(tmp_path / "g.nq")
    assert "mergedInto" in (tmp_path / "g.nq").read_text("utf-8")

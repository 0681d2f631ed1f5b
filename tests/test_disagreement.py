"""What sources state differently, from the tables, is what the question finds in the store."""

from __future__ import annotations

import pytest
from made_up import LOADED_AT, write_tables

import klaster
from klaster.graph.findings.disagreement import QUESTION, disagreements

HOME = "https://example.org/"


def stated(**changes: str) -> dict[str, list[dict[str, str]]]:
    """Tables in which every figure of the question is given, some changed."""
    told = {
        "employees": "60", "revenue": "1000", "currency": "UZS", "kind": "enterprise",
        "ownership": "private", "stir": "301234567", "share": "0.5", "value": "7", "amount": "9",
    } | changes  # fmt: skip
    actor = {name: told[name] for name in ("employees", "revenue", "kind", "ownership")}
    mill = {"id": f"{HOME}mill", "name": "Mill", "stir": told["stir"], "currency": "UZS", **actor}
    others = [
        {"id": f"{HOME}{name}", "name": name.title(), "kind": "enterprise"}
        for name in ("farm", "shop", "fund")
    ]
    paid = {"value": told["value"], "currency": told["currency"]}
    return {
        "actors": [mill, *others],
        "products": [{"id": f"{HOME}yarn", "name": "Yarn"}],
        "ownerships": [{"owner": f"{HOME}farm", "owned": f"{HOME}mill", "share": told["share"]}],
        "supplies": [
            {
                "supplier": f"{HOME}farm",
                "buyer": f"{HOME}mill",
                "product": f"{HOME}yarn",
                "share": told["share"],
                **paid,
            }
        ],
        "exports": [
            {
                "exporter": f"{HOME}mill",
                "product": f"{HOME}yarn",
                "destination": "KZ",
                "year": "2023",
                **paid,
            }
        ],
        "policies": [{"id": "law", "title": "Law", "kind": "law"}],
        "instruments": [{"id": f"{HOME}grant", "policy": "law", "kind": "grant", "title": "Grant"}],
        "awards": [
            {
                "beneficiary": f"{HOME}mill",
                "instrument": f"{HOME}grant",
                "amount": told["amount"],
                "currency": "UZS",
            }
        ],
    }


def both_ways(graph) -> list[tuple[str, str]]:
    """What is stated differently, by the tables; the question must say the same."""
    asked = graph.ask(QUESTION)
    thing, figure = (asked.columns.index(name) for name in ("thing", "figure"))
    found = disagreements(graph.columns()).rows()
    assert set(found) == {(row[thing], row[figure]) for row in asked.rows}
    assert len(set(found)) == len(found)
    return found


@pytest.mark.parametrize(
    ("changes", "figures"),
    [
        ({}, []),
        ({"employees": "61", "revenue": "1000.5"}, ["employees", "revenue"]),
        ({"kind": "university", "ownership": "state"}, ["actorKind", "ownershipForm"]),
        ({"stir": "301234568"}, ["stir"]),
        ({"share": "0.6"}, ["equityShare", "inputShare"]),
        ({"value": "8"}, ["value", "value"]),
        ({"amount": "10"}, ["amount"]),
        ({"employees": "", "amount": "", "share": ""}, []),
    ],
)
def test_each_figure_that_differs_is_found_once(tmp_path, changes, figures) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    for name, tables in (("one", stated()), ("other", stated(**changes))):
        graph.load(write_tables(tmp_path / name, tables), loaded_at=LOADED_AT)
    assert sorted(figure for _, figure in both_ways(graph)) == figures
    told = {line.key: line.count for line in graph.info() if line.section == "identity"}
    assert told[QUESTION] == len(figures)


def test_three_sources_disagree_once_and_one_not_with_itself(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    tables = stated()
    tables["actors"].append(tables["actors"][0] | {"id": f"{HOME}x", "stir": "", "employees": "5"})
    graph.load(write_tables(tmp_path / "one", tables), loaded_at=LOADED_AT)
    assert both_ways(graph) == []
    for name, employees in (("two", "61"), ("three", "62")):
        graph.load(write_tables(tmp_path / name, stated(employees=employees)), loaded_at=LOADED_AT)
    assert [figure for _, figure in both_ways(graph)] == ["employees"]


def test_merged_actors_disagree_as_the_one_that_stands(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    one = {"id": "a", "name": "Mill", "kind": "enterprise", "employees": "5"}
    other = {"id": "b", "name": "Mill", "kind": "enterprise", "employees": "6"}
    graph.load(write_tables(tmp_path / "one", {"actors": [one]}), loaded_at=LOADED_AT)
    graph.load(write_tables(tmp_path / "two", {"actors": [other]}), loaded_at=LOADED_AT)
    assert both_ways(graph) == []
    same = {"actor": "one:a", "same_as": "two:b", "decision": "same"}
    graph.load(write_tables(tmp_path / "review", {"matches": [same]}), loaded_at=LOADED_AT)
    assert [figure for _, figure in both_ways(graph)] == ["employees"]

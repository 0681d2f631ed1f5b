"""Six rules on a small cluster whose sentences are known, and the findings of the demonstration.

That every rule finds its defect and no other does is held in ``test_rules.py``.
"""

from __future__ import annotations

import copy

import pytest
from made_up import write_tables

import klaster

# Firm, institute, agency, bank and haulier, all linked in a ring; every input has two sources.
WHOLE = {
    "actors": [
        {"id": "mill", "name": "Mill", "kind": "enterprise", "country": "UZ"},
        {"id": "farm", "name": "Farm", "kind": "enterprise", "country": "UZ"},
        {"id": "farm2", "name": "Second farm", "kind": "enterprise", "country": "UZ"},
        {"id": "lab", "name": "Institute", "kind": "research", "country": "UZ"},
        {"id": "office", "name": "Agency", "kind": "government", "country": "UZ"},
        {"id": "bank", "name": "Bank", "kind": "finance", "country": "UZ"},
        {"id": "truck", "name": "Haulier", "kind": "logistics", "country": "UZ"},
    ],
    "clusters": [
        {"id": "c", "name": "Cluster", "sector": "livestock", "country": "UZ", "coverage": "survey"}
    ],
    "memberships": [
        {"actor": actor, "cluster": "c"}
        for actor in ("mill", "farm", "farm2", "lab", "office", "bank", "truck")
    ],
    "products": [{"id": "milk", "name": "Milk"}, {"id": "cheese", "name": "Cheese"}],
    "recipes": [{"product": "cheese", "input": "milk", "essential": "yes"}],
    "makes": [{"actor": "mill", "product": "cheese"}],
    "supplies": [
        {"supplier": "farm", "buyer": "mill", "product": "milk", "kind": "goods"},
        {"supplier": "farm2", "buyer": "mill", "product": "milk", "kind": "goods"},
        {"supplier": "truck", "buyer": "mill", "product": "", "kind": "freight"},
        {"supplier": "bank", "buyer": "mill", "product": "", "kind": "finance"},
    ],
    "cooperations": [
        {"id": name, "kind": "joint-rd", "participant": participant}
        for name, other in (("rd", "lab"), ("plan", "office"))
        for participant in ("mill", other)
    ],
    "policies": [{"id": "p", "title": "Decree"}],
    "instruments": [{"id": "grant", "policy": "p", "kind": "grant", "title": "Grant"}],
    "criteria": [{"instrument": "grant", "cluster": "c", "kind": "enterprise"}],
    "awards": [{"instrument": "grant", "beneficiary": "mill"}],
}


SIX = ("G1", "G2", "G6", "G7", "G8", "G10")


def found(tmp_path, change=lambda tables: None):
    """The findings in the whole cluster after a change."""
    tables = copy.deepcopy(WHOLE)
    change(tables)
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {name: rows for name, rows in tables.items() if rows}))
    return [finding for finding in graph.missing() if finding.rule in SIX]


def told(findings) -> list[tuple[str, str, float]]:
    return [
        (finding.rule, finding.text["en"].partition(" Confidence")[0], round(finding.severity, 4))
        for finding in findings
    ]


def drop(table, **match):
    def change(tables) -> None:
        tables[table] = [
            row
            for row in tables[table]
            if not all(row[key] == value for key, value in match.items())
        ]

    return change


def add(table, **row):
    return lambda tables: tables[table].append(row)


def several(*changes):
    def change(tables) -> None:
        for one in changes:
            one(tables)

    return change


def test_nothing_is_found_where_nothing_is_missing(tmp_path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            several(add("products", id="salt", name="Salt"), add("recipes", product="cheese", input="salt", essential="")),
            [("G1", "Salt: recorded in Cluster as needed by 1 and made by nobody. Without a recorded supplier: 1. Coverage: survey.", 0.5)],
        ),
        (
            several(add("products", id="salt", name="Salt"), add("recipes", product="cheese", input="salt", essential="yes")),
            [("G1", "Salt: recorded in Cluster as needed by 1 and made by nobody. Without a recorded supplier: 1. Coverage: survey.", 1)],
        ),
        (
            several(drop("supplies", supplier="farm2"), drop("memberships", actor="farm2"), drop("actors", id="farm2")),
            [("G2", "Milk: the only recorded supplier is Farm. Recorded buyers in Cluster: 1. Coverage: survey.", 0.1667)],
        ),
        (
            several(add("actors", id="x", name="New", kind="enterprise", country="UZ"), add("memberships", actor="x", cluster="c")),
            [("G6", "New is listed in Cluster but has no recorded link. Coverage: survey.", 0.125)],
        ),
        (
            several(
                add("actors", id="x", name="New", kind="enterprise", country="UZ"),
                add("actors", id="y", name="Abroad", kind="enterprise", country="TR"),
                add("memberships", actor="x", cluster="c"),
                add("supplies", supplier="x", buyer="y", product="", kind="goods"),
            ),
            [("G6", "New is listed in Cluster; every recorded link of it (1) leads outside. Coverage: survey.", 0.125)],
        ),
        (
            several(drop("actors", id="truck"), drop("memberships", actor="truck"), drop("supplies", supplier="truck")),
            [("G7", "Cluster: no logistics partner is recorded among its 6 members or their partners. Coverage: survey.", 0.2)],
        ),
        (
            several(drop("cooperations", id="rd"), add("actors", id="lab2", name="Other institute", kind="research", country="UZ"), add("memberships", actor="lab2", cluster="c"),
                    add("cooperations", id="sci", kind="joint-rd", participant="lab"), add("cooperations", id="sci", kind="joint-rd", participant="lab2")),
            [("G8", "Cluster: the role “research partner” is present (2), but no link of it with another role of the cluster is recorded. Coverage: survey.", 0.7)],
        ),
        (
            lambda tables: tables.update(awards=[]),
            [("G10", "Grant: recorded as eligible 4, recorded as having received it 0. Coverage: survey.", 0.5714)],
        ),
    ],
    ids=["uncovered", "uncovered and essential", "single source", "no link", "links outside", "no role", "unconnected role", "unreached"],
)  # fmt: skip
def test_each_gap_is_found_and_nothing_else(tmp_path, change, expected) -> None:
    assert told(found(tmp_path, change)) == expected


def test_an_input_bought_from_outside_is_covered(tmp_path) -> None:
    change = several(
        drop("supplies", product="milk"),
        add("actors", id="abroad", name="Abroad", kind="enterprise", country="KZ"),
        add("actors", id="abroad2", name="Abroad 2", kind="enterprise", country="KZ"),
        add("supplies", supplier="abroad", buyer="mill", product="milk", kind="goods"),
        add("supplies", supplier="abroad2", buyer="mill", product="milk", kind="goods"),
        add("supplies", supplier="farm", buyer="farm2", product="", kind="goods"),
    )
    assert "G1" not in {rule for rule, _, _ in told(found(tmp_path, change))}


def test_a_kind_of_the_product_serves_for_it(tmp_path) -> None:
    change = several(
        add("products", id="cow-milk", name="Cow milk", broader="milk"),
        lambda tables: [row.update(product="cow-milk") for row in tables["supplies"][:2]],
    )
    assert found(tmp_path, change) == []


def test_a_partner_outside_plays_a_missing_role(tmp_path) -> None:
    assert found(tmp_path, drop("memberships", actor="truck")) == []


def test_a_planned_link_closes_no_gap(tmp_path) -> None:
    def plan(tables) -> None:
        for row in tables["cooperations"]:
            row["status"] = "planned"

    rules = [rule for rule, _, _ in told(found(tmp_path, plan))]
    assert sorted(rules) == ["G6", "G6", "G8", "G8"]


def test_data_of_unknown_coverage_give_information_only(tmp_path) -> None:
    def forget(tables) -> None:
        tables["clusters"][0]["coverage"] = ""
        tables["awards"] = []

    (finding,) = found(tmp_path, forget)
    assert (finding.severity, finding.coverage) == (0, "unknown")
    assert "Coverage: unknown." in finding.text["en"]


def test_a_proposed_instrument_cannot_have_reached_anybody(tmp_path) -> None:
    def propose(tables) -> None:
        tables["instruments"][0]["status"] = "proposed"
        tables["awards"] = []

    assert found(tmp_path, propose) == []


def test_a_cluster_without_members_is_not_judged(tmp_path) -> None:
    empty = add("clusters", id="e", name="Empty", sector="livestock", country="UZ", coverage="news")
    assert found(tmp_path, empty) == []


def test_each_finding_speaks_three_languages_and_names_its_evidence(demo_graph) -> None:
    findings = demo_graph.missing()
    assert {*SIX, "G5", "G9", "G13", "G15"} == {finding.rule for finding in findings}
    # What is not recorded is told once a kind, however many things lack it.
    assert len([finding for finding in findings if finding.rule == "G15"]) == 6
    recorded = {"en": "recorded", "ru": "зафиксиров", "uz": "qayd etil"}
    for finding in findings:
        assert finding.evidence
        assert finding.coverage == "news"
        assert 0 <= finding.severity <= 1
        for language, word in recorded.items():
            assert word in finding.text[language]
    known = {
        iri
        for table in (
            "actors",
            "products",
            "supplies",
            "cooperations",
            "ownerships",
            "instruments",
            "clusters",
        )
        for iri in demo_graph.table(table)["iri"]
    }
    assert {iri for finding in findings for iri in (*finding.evidence, *finding.subjects)} <= known


def test_the_demonstration_answers_its_known_questions(demo_graph) -> None:
    texts = {finding.text["en"] for finding in demo_graph.missing()}
    missing = "Cotton-textile cluster: no logistics partner is recorded"
    assert any(text.startswith(missing) for text in texts)
    assert not any("Cotton-textile cluster: no research" in text for text in texts)
    reached = demo_graph.policy().to_polars()
    in_place = reached.filter(reached["status"] != "proposed")
    assert in_place.height == 15
    assert in_place["reached"].sum() == 0


def test_the_order_of_rows_changes_no_finding(tmp_path) -> None:
    def worse(tables) -> None:
        tables["awards"] = []
        tables["memberships"] = tables["memberships"][:-2]
        for rows in tables.values():
            rows.reverse()

    def same(tables) -> None:
        worse(tables)
        for rows in tables.values():
            rows.reverse()

    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert told(found(tmp_path / "one", worse)) == told(found(tmp_path / "two", same))


def test_one_cluster_can_be_asked_for(demo_graph) -> None:
    texts = [finding.text["en"] for finding in demo_graph.missing(cluster="livestock")]
    assert any(text.startswith("Livestock cluster: no research") for text in texts)
    assert not any("Pharma" in text for text in texts)


def test_reach_counts_eligible_reached_unreached_and_leakage(small_graph) -> None:
    shown = ["label", "eligible", "reached", "unreached", "leakage", "coverage"]
    rows = small_graph.policy().to_polars().select(shown).rows()
    # The loan asks for ten employees: only the spinner's are known, and the weaver got it.
    assert rows == [
        ("Grant for makers", 3, 0, 3, 0, 0.0),
        ("Loan", 1, 1, 1, 1, 0.0),
    ]


def test_results_come_as_data_frames(demo_graph) -> None:
    findings = demo_graph.missing(language="ru")
    frame = findings.to_polars()
    assert frame.columns == [
        "rule",
        "severity",
        "subjects",
        "numbers",
        "evidence",
        "text",
        "confidence",
    ]
    assert frame["text"][0] == findings[0].text["ru"]
    assert frame.height == len(findings)
    checks = demo_graph.check(language="uz").to_polars()
    assert set(checks["severity"]) == {"Warning", "Info"}
    assert (
        "Klaster muvofiqlashtiruvchisi qayd etilmagan: bor boʻlsa, qoʻshing."
        in checks["message"].to_list()
    )
    assert demo_graph.central().to_polars()["label"][0] == "BCT Cluster"

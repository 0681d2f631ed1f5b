"""Acts: their numbers in two languages, their items, and what is in force on which day."""

from __future__ import annotations

import csv
import datetime as dt
import itertools

import polars as pl
import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, SHARED, SMALL, write_tables

import klaster
from klaster.cli import main
from klaster.graph.store.force import in_force
from klaster.ontology.acts import act_number
from klaster.ontology.faults import Fault, SourceError

POLICIES = SHARED / "uzbekistan/policies.csv"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((text, "PF-60") for text in (
            "PF-60", "ПФ-60", "UP-60", "УП-60",
            "pf-60", "УП 60", "УП60", "УП–60", "УП — 60", "УП № 60", "№ УП-60", "N УП-60", "No. UP-60",
            "PF-60-son", "ПФ-60-сон", "60-сон ПФ", "60-son PF", "PF-60-sonli", "УП-060",
            "YП-60",
            "Указ УП-60", "УП РУз № 60", "«УП-60»",
            "Указ Президента … № УП-60 от 28.01.2022 г.",
            "Указ Президента Республики Узбекистан № 60 от 28 января 2022 года",
            "Указ Президента № УП-60 «О Стратегии развития на 2022–2026 годы»",
            "Oʻzbekiston Respublikasi Prezidentining 2022-yil 28-yanvardagi PF-60-son Farmoni",
            "O'zbekiston Respublikasi Prezidentining 60-son farmoni",
            "Ўзбекистон Республикаси Президентининг 2022 йил 28 январдаги ПФ-60-сон Фармони",
            "Decree of the President of the Republic of Uzbekistan No. UP-60 dated January 28, 2022",
        )),
        *((text, "PQ-4947") for text in (
            "PQ-4947", "ПҚ-4947", "ПК-4947", "PK-4947", "PP-4947", "ПП-4947", "РР-4947", "РQ-4947",
            "Presidential decree No. PP-4947", "Prezidentning 4947-sonli qarori",
            "Постановление Президента РУз от 07.02.2017 N 4947",
        )),
        *((text, "VMQ-733") for text in (
            "VMQ-733", "ВМҚ-733", "ВМК-733", "BMK-733", "VМQ-733", "PKM-733", "ПКМ-733", "ПKM-733", "ПКМ РУз №733",
            "Vazirlar Mahkamasining 2021-yil 4-dekabrdagi 733-son qarori",
            "Вазирлар Маҳкамасининг 733-сон қарори",
            "Постановление Кабинета Министров № 733 от 2021-12-04",
            "Resolution of the Cabinet of Ministers No. 733",
        )),
        *((text, "OʻRQ-683") for text in (
            "OʻRQ-683", "O'RQ-683", "O‘RQ-683-son", "ORQ-683", "ЎРҚ-683", "УРК-683", "ZRU-683", "ЗРУ-683",
            "Закон Республики Узбекистан № ЗРУ-683", "683-сон Қонун", "Law No. ZRU-683",
        )),
        *((text, "F-5464") for text in (
            "F-5464", "Ф-5464", "R-5464", "Р-5464", "P-5464", "РП-5464", "Распоряжение Президента № 5464",
            "Prezident farmoyishi F-5464",
        )),
        ("ПП-3-сон", "PQ-3"),
        ("УП-5977а", "PF-5977a"),
        ("УП-5977a", "PF-5977a"),
        ("Закон Республики Узбекистан № 1003-XII", "OʻRQ-1003-XII"),
        ("1003-ХII-сон Қонун", "OʻRQ-1003-XII"),
    ],
)  # fmt: skip
def test_a_number_is_known_in_every_form(text, number) -> None:
    assert str(act_number(text)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "УП",
        "60",
        "2022-01-28",
        "Decree on clusters",
        "No. 618",
        "Governmental Decree No. 500",
        "Постановление № 618",
        "UP-6 item 2",
        "Приложение № 1 к УП-60",
        "УП-60 и ПП-3",
        "УП-60/1",
        "УП-0",
        "PF-1234567",
        "УП-60 от 32.13.2022",
        "R12",
        "F 15",
        "A066",
        "Expansion 2018-2022",
        "PF-60 " * 200,
    ],
)
def test_what_cites_no_one_act_is_none(text) -> None:
    assert act_number(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("УП-60", ""),
        ("УП-60 от 28.01.2022 г.", "2022-01-28"),
        ("PF-60 (2022-01-28)", "2022-01-28"),
        ("УП-60 от 28 января 2022 года", "2022-01-28"),
        ("2022-yil 28-yanvardagi PF-60-son", "2022-01-28"),
        ("UP-60 of May 5, 2022", "2022-05-05"),
        ("УП-60 от 5 мая 2022", "2022-05-05"),
    ],
)
def test_the_day_beside_a_number_is_kept_and_is_no_part_of_it(text, day) -> None:
    number = act_number(text)
    assert number == act_number("PF-60")
    assert number.adopted == day


def test_every_alias_leads_back_to_the_number() -> None:
    for text in ("УП-60", "ПП-3", "ПКМ-733", "ЗРУ-1003-XII", "Р-5464"):
        number = act_number(text)
        assert text in number.aliases
        assert {act_number(alias) for alias in number.aliases} == {number}


@pytest.mark.skipif(
    not POLICIES.exists(), reason="the compiled policies are not beside this checkout"
)
def test_the_compiled_policies_have_these_numbers() -> None:
    with POLICIES.open(encoding="utf-8") as stream:
        named = [row["policy_id"] for row in csv.DictReader(stream)]
    unknown = [name for name in named if act_number(name) is None]
    assert unknown == [
        "Presidential resolution of 19.05.2017 (Bukhara cluster)",
        "Governmental Decree No. 500 (Bukhara agricultural cluster)",
        "Pharma free economic zones decree (May 2017)",
        "Livestock support package (Feb 2022)",
        "Government resolution No. 618 of 04.10.2021 (source writes ПП 618)",
        "Export support 2022",
    ]
    kinds = [act_number(name).kind for name in named if name not in unknown]
    assert {kind: kinds.count(kind) for kind in kinds} == {"VMQ": 4, "PQ": 10, "PF": 13}


# Two decrees of one number, an order repealed by the newer one, and its measures.
ACTS = {
    "actors": [{"id": "mill", "name": "Mill", "kind": "enterprise", "country": "UZ"}],
    "policies": [
        {"id": "old", "title": "Old", "number": "УП-60", "date": "2018-05-01"},
        {"id": "new", "title": "New", "number": "PF-60", "date": "2022-01-28"},
        {"id": "order", "title": "Order", "number": "ПҚ-3", "date": "2019", "repealed_by": "ПФ-60 (28.01.2022)"},
        {"id": "letter", "title": "Letter", "number": "No. 7", "date": "2020-01-01"},
    ],
    "instruments": [
        {"id": "grant", "policy": "PP-3", "kind": "grant", "title": "Grant", "item": "3-b"},
    ],
    "clusters": [{"id": "c", "name": "C", "sector": "livestock", "established_by": "№ ПП-3"}],
}  # fmt: skip


def changed(**tables):
    return {name: [dict(row) for row in rows] for name, rows in (ACTS | tables).items()}


def graph_of(folder, tables, name="t"):
    graph = klaster.open(folder / "g.klaster")
    graph.load(write_tables(folder / name, tables), loaded_at=LOADED_AT)
    return graph


def faults_of(folder, tables) -> list[tuple[str, int, str]]:
    with pytest.raises(SourceError) as caught:
        graph_of(folder, tables)
    return [(fault.key, fault.row, fault.column) for fault in caught.value.faults]


def test_a_policy_may_be_cited_by_its_number(tmp_path) -> None:
    graph = graph_of(tmp_path, ACTS)
    (grant,) = graph.table("instruments").rows(named=True)
    (cluster,) = graph.table("clusters").rows(named=True)
    policies = {row["id"]: row for row in graph.table("policies").rows(named=True)}
    assert grant["policy"] == cluster["established_by"] == policies["order"]["iri"]
    assert policies["order"]["repealed_by"] == policies["new"]["iri"]
    assert grant["item"] == "3-b"


@pytest.mark.parametrize("date", ["", "2019", "2019-06", "2019-06-07"])
def test_the_day_of_a_citation_agrees_with_a_year_or_no_date(tmp_path, date) -> None:
    cited = {"established_by": "ПП-3 от 7 июня 2019 г."}
    tables = changed(clusters=[ACTS["clusters"][0] | cited])
    tables["policies"][2]["date"] = date
    graph = graph_of(tmp_path, tables)
    titles = dict(graph.table("policies").select("iri", "title").rows())
    assert titles[graph.table("clusters")["established_by"].item()] == "Order"
    answer = graph.ask("instruments-of-policies", policy="ПП-3 (07.06.2019)")
    assert [row[1] for row in answer.rows] == ["Order"]


@pytest.mark.parametrize(
    "cited", ["УП-60", "УП-61", "UP-60 of 2020-01-01", "No. 7", "PF-60 annex 1"]
)
def test_a_number_that_leads_to_no_one_policy_is_an_unknown_id(tmp_path, cited) -> None:
    tables = changed(clusters=[ACTS["clusters"][0] | {"established_by": cited}])
    assert faults_of(tmp_path, tables) == [("fault.unknown-id", 2, "established_by")]


def test_the_nearest_number_is_offered(tmp_path) -> None:
    tables = changed(clusters=[ACTS["clusters"][0] | {"established_by": "УП-600"}])
    with pytest.raises(SourceError) as caught:
        graph_of(tmp_path, tables)
    assert "“УП-60”" in caught.value.faults[0].text("en")


def test_an_id_goes_before_a_number(tmp_path) -> None:
    tables = changed()
    tables["policies"].append({"id": "PP-3", "title": "Named so", "number": "", "date": ""})
    graph = graph_of(tmp_path, tables)
    assert graph.table("instruments")["policy"].item().endswith("policy/t/PP-3")


def test_an_act_with_number_and_day_is_one_in_all_sources(tmp_path) -> None:
    graph = graph_of(tmp_path, ACTS)
    other = {
        "actors": ACTS["actors"],
        "policies": [
            {"id": "a", "title": "Farmon", "number": "60-сон ПФ", "date": "2022-01-28", "url": "https://lex.example/60"},
            {"id": "b", "title": "Later", "number": "УП-60", "date": "2026-01-28", "url": ""},
            {"id": "c", "title": "Undated", "number": "УП-60", "date": "", "url": ""},
            {"id": "d", "title": "Dated in its number", "number": "УП-60 от 01.05.2018 г.", "date": "", "url": ""},
        ],
    }  # fmt: skip
    graph.load(write_tables(tmp_path / "other", other), loaded_at=LOADED_AT)
    policies = {
        row["iri"].removeprefix(graph.base): (row["title"], row["url"])
        for row in graph.table("policies").rows(named=True)
    }
    assert policies == {
        "policy/act/PF-60/2018-05-01": ("Dated in its number", None),
        "policy/act/PF-60/2022-01-28": ("Farmon", "https://lex.example/60"),
        "policy/act/PF-60/2026-01-28": ("Later", None),
        "policy/other/c": ("Undated", None),
        "policy/t/order": ("Order", None),
        "policy/t/letter": ("Letter", None),
    }


def test_one_source_states_an_act_once(tmp_path) -> None:
    tables = changed()
    tables["policies"][2]["repealed_by"] = ""
    tables["policies"].append(
        {"id": "again", "title": "Again", "number": "60-son PF", "date": "2022-01-28"}
    )
    assert faults_of(tmp_path, tables) == [("fault.duplicate", 6, "number")]


@pytest.mark.parametrize("by", ["new", "УП-60 от 28.01.2022"])
def test_an_act_does_not_repeal_itself(tmp_path, by) -> None:
    tables = changed()
    tables["policies"][1]["repealed_by"] = by
    assert faults_of(tmp_path, tables) == [("fault.repeals-itself", 3, "repealed_by")]


def test_an_item_is_repealed_by_a_policy_of_the_table(tmp_path) -> None:
    tables = changed()
    tables["instruments"][0]["repealed_by"] = "nowhere"
    assert faults_of(tmp_path, tables) == [("fault.unknown-id", 2, "repealed_by")]


def test_every_form_of_a_number_is_in_the_graph(tmp_path) -> None:
    graph = graph_of(tmp_path, ACTS)
    for form in ("PQ-3", "ПҚ-3", "PP-3", "ПП-3"):
        rows = graph.query(f'SELECT ?t {{ ?p skos:altLabel "{form}" ; rdfs:label ?t }}').rows
        assert rows == (("Order",),)
    assert not graph.query('ASK { ?p skos:altLabel "No. 7" }').rows[0][0]


@pytest.mark.parametrize(
    ("given", "titles"),
    [
        ("ПП-3", ["Grant"]),
        ("PQ-3-son", ["Grant"]),
        ("order", ["Grant"]),
        ("UP-60 (2022-01-28)", []),
    ],
)
def test_a_question_takes_a_number_in_any_form(tmp_path, given, titles) -> None:
    graph = graph_of(tmp_path, ACTS)
    answer = graph.ask("instruments-of-policies", policy=given)
    assert [row[answer.columns.index("instrumentName")] for row in answer.rows] == titles
    shown = CliRunner(env={"LANG": "C", "LC_ALL": ""}).invoke(
        main, ["query", str(graph.path), "instruments-of-policies", "--set", f"policy={given}"]
    )
    assert shown.exit_code == 0
    assert ("Grant" in shown.output) == bool(titles)


@pytest.mark.parametrize(
    ("given", "key"), [("УП-60", "fault.several-acts"), ("УП-61", "fault.unknown-thing")]
)
def test_a_number_of_no_one_act_is_told(tmp_path, given, key) -> None:
    with pytest.raises(Fault) as caught:
        graph_of(tmp_path, ACTS).ask("policy-numbers", policy=given)
    assert caught.value.key == key


def test_the_example_of_a_number_of_several_acts_is_understood(tmp_path) -> None:
    graph = graph_of(tmp_path, ACTS)
    with pytest.raises(Fault) as caught:
        graph.ask("policy-numbers", policy="УП-60")
    answer = graph.ask("policy-numbers", policy=caught.value.values["example"])
    assert {row[answer.columns.index("citedAs")] for row in answer.rows} == {
        "PF-60",
        "ПФ-60",
        "UP-60",
        "УП-60",
    }


# One measure a case: of itself (i) or of its act (p), and the first and the last day in force.
CASES = {
    "nothing is said": ({}, {}, None, None),
    "an act begins with its date": ({}, {"date": "2019-05-01"}, "2019-05-01", None),
    "valid_from goes before the date": ({}, {"date": "2019-05-01", "valid_from": "2020-02"}, "2020-02-01", None),
    "the later beginning counts": ({"valid_from": "2021"}, {"date": "2019-05-01"}, "2021-01-01", None),
    "the earlier end counts": ({"valid_to": "2023"}, {"valid_to": "2022-03-10"}, None, "2022-03-09"),
    "a year ends with its last day": ({"valid_to": "2021"}, {}, None, "2021-12-31"),
    "a month ends with its last day": ({"valid_to": "2021-02"}, {}, None, "2021-02-28"),
    "a date is the first day on which it is over": ({"valid_to": "2021-02-10"}, {}, None, "2021-02-09"),
    "an item is repealed alone": ({"repealed_by": "late"}, {}, None, "2023-06-30"),
    "a repeal on a day of its own": ({"repealed_by": "late", "valid_to": "2023-09-01"}, {}, None, "2023-08-31"),
    "an act is repealed as a whole": ({}, {"repealed_by": "late"}, None, "2023-06-30"),
    "the repealing act begins later than it was adopted": ({}, {"repealed_by": "slow"}, None, "2023-12-31"),
    "repealed in a year": ({}, {"repealed_by": "vague"}, None, "2021-12-31"),
    "the act ends before the item is repealed": ({"repealed_by": "late"}, {"valid_to": "2021"}, None, "2021-12-31"),
    "ended, and when is known": ({"status": "ended", "valid_to": "2022"}, {}, None, "2022-12-31"),
    "an ended act of a measure in force": ({"status": "in-force"}, {"status": "ended", "repealed_by": "late"}, None, "2023-06-30"),
    "adopted": ({"status": "adopted"}, {"status": "adopted"}, None, None),
}  # fmt: skip
NEVER = {
    "proposed": ({"status": "proposed"}, {}),
    "of a proposed act": ({"status": "in-force"}, {"status": "proposed"}),
    "suspended": ({"status": "suspended"}, {}),
    "of a suspended act": ({}, {"status": "suspended"}),
    "ended, nobody knows when": ({"status": "ended"}, {}),
    "of an act ended, nobody knows when": ({"valid_to": "2023"}, {"status": "ended"}),
    "repealed, nobody knows when": ({"repealed_by": "undated"}, {}),
    "of an act repealed, nobody knows when": ({"status": "in-force"}, {"repealed_by": "undated"}),
}
DAYS = sorted(
    dt.date.fromisoformat(day) + dt.timedelta(days=step)
    for day in ("2019-05-01", "2020-02-01", "2021-01-01", "2021-02-09", "2021-02-28",
                "2021-12-31", "2022-03-09", "2022-12-31", "2023-06-30", "2023-08-31", "2023-12-31")
    for step in (-1, 0, 1)
)  # fmt: skip


@pytest.fixture(scope="module")
def measures(tmp_path_factory):
    """A graph with an act and its one measure for each case, all meant for one cluster."""
    cases = [(own, act) for own, act, *_ in CASES.values()] + list(NEVER.values())
    names = [*CASES, *NEVER]
    tables = {
        "actors": SMALL["actors"],
        "clusters": SMALL["clusters"],
        "policies": [
            {"id": "late", "title": "Late", "date": "2023-07-01"},
            {"id": "slow", "title": "Slow", "date": "2023-07-01", "valid_from": "2024"},
            {"id": "vague", "title": "Vague", "date": "2022"},
            {"id": "undated", "title": "Undated"},
            *({"id": f"p{at}", "title": name} | act for at, (name, (_, act)) in enumerate(zip(names, cases, strict=True))),
        ],
        "instruments": [
            {"id": f"i{at}", "policy": f"p{at}", "kind": "grant", "title": name} | own
            for at, (name, (own, _)) in enumerate(zip(names, cases, strict=True))
        ],
        "criteria": [{"instrument": f"i{at}", "cluster": "c"} for at in range(len(names))],
    }  # fmt: skip
    return graph_of(tmp_path_factory.mktemp("measures"), tables)


def expected_on(day: dt.date) -> set[str]:
    return {
        name
        for name, (_, _, first, last) in CASES.items()
        if (first or "") <= day.isoformat() <= (last or "9")
    }


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_measure_is_in_force_while_it_and_its_act_both_are(measures, day) -> None:
    assert set(in_force(measures._columns, day)["title"]) == expected_on(day)
    assert {row[1] for row in measures.policy(date=day).rows} == expected_on(day)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_question_in_sparql_says_the_same(measures, day) -> None:
    answer = measures.ask("instruments-in-force", date=day.isoformat())
    at = answer.columns.index("instrumentName")
    assert {row[at] for row in answer.rows} == expected_on(day)


def test_the_status_of_an_act_is_that_of_its_measures(measures) -> None:
    frame = measures.policy().to_polars()
    status = dict(frame.select("label", "status").rows())
    assert status["of a proposed act"] == "proposed"
    assert status["an ended act of a measure in force"] == "ended"
    assert status["of a suspended act"] == "suspended"
    assert status["nothing is said"] is None


def test_a_measure_of_a_proposed_act_cannot_have_reached_anybody(tmp_path) -> None:
    tables = {name: rows for name, rows in SMALL.items() if name != "awards"}
    found = [row for row in graph_of(tmp_path, tables).missing() if row.rule == "G10"]
    assert len(found) == 2
    tables |= {"policies": [SMALL["policies"][0] | {"status": "proposed"}]}
    (tmp_path / "b").mkdir()
    found = [row for row in graph_of(tmp_path / "b", tables).missing() if row.rule == "G10"]
    assert found == []


BOUNDS = [
    ("2022-05-10", "2023-05-10", "2022-05-09", "2022-05-10", "2023-05-09", "2023-05-10"),
    ("2022-05", "2023-05", "2022-04-30", "2022-05-01", "2023-05-31", "2023-06-01"),
    ("2022", "2023", "2021-12-31", "2022-01-01", "2023-12-31", "2024-01-01"),
]
PAIR = {
    "actors": [{"id": name, "name": name, "kind": "enterprise", "country": "UZ"} for name in "ab"],
    "clusters": [{"id": "c", "name": "C", "sector": "livestock", "managed_by": "b"}],
    "products": [{"id": "wool", "name": "Wool"}],
    "policies": [{"id": "p", "title": "P"}],
    "instruments": [{"id": "i", "policy": "p", "kind": "grant", "title": "I"}],
}
LINKS = {
    "supply": {"supplies": [{"supplier": "a", "buyer": "b"}]},
    "ownership": {"ownerships": [{"owner": "a", "owned": "b", "kind": "equity"}]},
    "membership": {"memberships": [{"actor": "a", "cluster": "c"}]},
    "cooperation": {
        "cooperations": [
            {"id": "x", "kind": "training", "participant": name} for name in ("a", "b")
        ]
    },
}


def dated(rows, first, last):
    return [row | {"valid_from": first, "valid_to": last} for row in rows]


@pytest.mark.parametrize("bounds", BOUNDS, ids=["day", "month", "year"])
@pytest.mark.parametrize("kind", LINKS)
def test_every_kind_of_link_keeps_to_its_period(tmp_path, kind, bounds) -> None:
    first, last, *days = bounds
    tables = PAIR | {name: dated(rows, first, last) for name, rows in LINKS[kind].items()}
    graph = graph_of(tmp_path, tables)
    found = [
        graph.network(links=[kind], date=dt.date.fromisoformat(day)).links.height == 1
        for day in days
    ]
    assert found == [False, True, True, False]
    assert graph.network(links=[kind]).links.height == 1


def test_a_participant_may_come_later_leave_earlier_and_come_again(tmp_path) -> None:
    rows = [
        {"id": "x", "kind": "training", "participant": "a", "valid_from": "2020", "valid_to": "2021"},
        {"id": "x", "kind": "training", "participant": "a", "valid_from": "2023", "valid_to": "2023"},
        {"id": "x", "kind": "training", "participant": "b", "valid_from": "2021", "valid_to": "2023"},
    ]  # fmt: skip
    graph = graph_of(tmp_path, PAIR | {"cooperations": rows})
    found = [graph.network(date=dt.date(year, 6, 1)).links.height for year in range(2020, 2025)]
    assert found == [0, 1, 0, 1, 0]


def test_the_period_of_a_cooperation_may_stand_in_one_of_its_rows(tmp_path) -> None:
    rows = [
        {"id": "x", "kind": "training", "participant": "a", "valid_from": "2020", "valid_to": "2021"},
        {"id": "x", "kind": "training", "participant": "b", "valid_from": "", "valid_to": ""},
    ]  # fmt: skip
    graph = graph_of(tmp_path, PAIR | {"cooperations": rows})
    found = [graph.network(date=dt.date(year, 6, 1)).links.height for year in (2019, 2020, 2022)]
    assert found == [0, 1, 0]


def test_the_members_of_a_cluster_are_those_of_the_day(tmp_path) -> None:
    members = [
        {"actor": "a", "cluster": "c", "valid_to": "2021"},
        {"actor": "b", "cluster": "c", "valid_to": ""},
    ]
    graph = graph_of(tmp_path, PAIR | {"memberships": members} | LINKS["supply"])
    sizes = [graph.network(cluster="c", date=dt.date(year, 1, 1)).size for year in (2021, 2022)]
    assert sizes == [2, 1]


REACH = {
    "criteria": ({"criteria": [{"instrument": "i", "country": "UZ"}]}, "eligible", 2),
    "awards": ({"awards": [{"instrument": "i", "beneficiary": "a"}]}, "reached", 1),
    "memberships": (LINKS["membership"] | {"criteria": [{"instrument": "i", "cluster": "c"}]}, "eligible", 1),
    "makes": ({"makes": [{"actor": "a", "product": "wool"}], "criteria": [{"instrument": "i", "product": "wool"}]}, "eligible", 1),
    "supplies": (
        {
            "supplies": [{"supplier": "a", "buyer": "b", "product": "wool"}],
            "criteria": [{"instrument": "i", "product": "wool"}],
        },
        "eligible",
        1,
    ),
    "exports": (
        {"exports": [{"exporter": "a", "product": "wool", "destination": "TR", "year": "2022", "value": "1", "currency": "USD"}], "criteria": [{"instrument": "i", "role": "exporter"}]},
        "eligible",
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "bounds"), list(itertools.product(REACH, BOUNDS)), ids=lambda value: str(value)[:12]
)
def test_reach_on_a_day_counts_what_holds_then(tmp_path, table, bounds) -> None:
    first, last, *days = bounds
    tables, column, number = REACH[table]
    tables = PAIR | tables | {table: dated(tables[table], first, last)}
    graph = graph_of(tmp_path, tables)
    counts = [
        graph.policy(date=dt.date.fromisoformat(day)).to_polars()[column].item() or 0
        for day in days
    ]
    assert counts == [0, number, number, 0]
    assert graph.policy().to_polars()[column].item() == number


def test_the_command_looks_at_one_day(tmp_path) -> None:
    tables = PAIR | {
        "instruments": [PAIR["instruments"][0] | {"valid_from": "2022", "title": "Grant"}]
    }
    graph = graph_of(tmp_path, tables)

    def told(*args: str) -> str:
        runner = CliRunner(env={"LANG": "C", "LC_ALL": ""})
        shown = runner.invoke(main, ["policy", str(graph.path), *args])
        assert shown.exit_code == 0
        return shown.output

    assert "Grant" in told()
    assert "Grant" in told("--date", "2022-01-01")
    assert "Grant" not in told("--date", "2021-12-31")


def test_what_was_repealed_and_is_said_to_be_in_force_is_told(tmp_path) -> None:
    tables = changed()
    tables["policies"][2]["status"] = "in-force"
    tables["instruments"][0] |= {
        "status": "in-force",
        "repealed_by": "new",
        "valid_to": "2024-05-01",
    }
    told = [
        check
        for check in graph_of(tmp_path, tables).check()
        if check.message["en"].startswith("It was repealed")
    ]
    assert [(check.severity, check.subject.rsplit("/", 1)[-1]) for check in told] == [
        ("Warning", "order")
    ]


def test_a_graph_written_before_there_were_items_still_answers(tmp_path) -> None:
    graph = graph_of(tmp_path, ACTS)
    (path,) = graph.path.rglob("instruments.parquet")
    pl.read_parquet(path).drop("item", "repealed_by").write_parquet(path)
    again = klaster.open(graph.path)
    assert [row[1] for row in again.policy(date=dt.date(2020, 1, 1)).rows] == ["Grant"]
    assert again.table("instruments")["item"].to_list() == [None]


def test_a_repealed_item_of_a_standing_act_is_found(tmp_path) -> None:
    tables = changed()
    tables["policies"][2]["repealed_by"] = ""
    tables["instruments"][0]["repealed_by"] = "УП-60 от 28.01.2022"
    graph = graph_of(tmp_path, tables)
    answer = graph.ask("repealed-items", policy="ПП-3")
    chosen = [
        answer.columns.index(name) for name in ("number", "item", "repealedOn", "repealedByTitle")
    ]
    assert [[str(row[at]) for at in chosen] for row in answer.rows] == [
        ["ПҚ-3", "3-b", "2022-01-28", "New"]
    ]

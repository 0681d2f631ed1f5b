import csv
import io
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "loaders/demo"
FACTS = ROOT.parent / "shared/data/uzbekistan"
PAPER = ROOT.parent / "shared/design/founding-paper.txt"

with_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="the compiled facts are not at hand")
with_paper = pytest.mark.skipif(not PAPER.is_file(), reason="the founding paper is not at hand")

# Where a relation of the compiled links is held. The sense says which end of it is the owner.
OWNER_FIRST = {"founded", "hasUnit", "administers"}
OWNER_LAST = {"foundedBy", "ownedBy", "subordinateTo"}
TABLE = {
    **dict.fromkeys(OWNER_FIRST | OWNER_LAST, "ownerships"),
    **dict.fromkeys(["buysFrom", "financedBy"], "supplies"),
    **dict.fromkeys(
        ["appealsTo", "cooperatesWith", "locatedAt", "proposedMergerWith", "sharesFounderWith"],
        "cooperations",
    ),
    "memberOf": "memberships",
}
RESIDENTS = {("A058", "A059")}  # resident of an economic zone, which is no cluster


def read(path):
    text = path.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def listed(cell):
    return [part for part in cell.split(";") if part]


def date_or_nothing(cell):
    return cell if re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", cell) else ""


SCHEMA = {
    resource["name"]: {field["name"]: field for field in resource["schema"]["fields"]}
    for resource in json.loads((ROOT / "ontology/datapackage.json").read_text(encoding="utf-8"))[
        "resources"
    ]
}
TABLES = {path.stem: read(path) for path in sorted(DEMO.glob("*.csv"))}
URL = {row["id"]: row["url"] for row in TABLES["sources"]}
CELLS = [
    pytest.param(name, column, id=f"{name}-{column}")
    for name, rows in TABLES.items()
    for column in rows[0]
]


def addresses(row):
    return {URL[source] for source in listed(row["source"])}


def compiled(name):
    return read(FACTS / f"{name}.csv")


def addresses_of_facts(facts):
    """Addresses of the pages of some facts, empty for the page that has none."""
    source = {row["fact"]: row["source"] for row in compiled("facts")}
    return {"" if source[fact].startswith("(") else source[fact] for fact in facts.split()}


def links_of(table):
    """Ends and source of each link in a table, in the order in which a relation is read."""
    if table == "ownerships":
        return [(row["owner"], row["owned"], row) for row in TABLES[table]]
    if table == "supplies":
        return [(row["supplier"], row["buyer"], row) for row in TABLES[table]]
    if table == "memberships":
        manager = {row["id"]: row["managed_by"] for row in TABLES["clusters"]}
        return [(row["actor"], manager[row["cluster"]], row) for row in TABLES[table]]
    together: dict[str, list[dict[str, str]]] = {}
    for row in TABLES[table]:
        together.setdefault(row["id"], []).append(row)
    return [(one["participant"], other["participant"], one) for one, other in together.values()]


def place_of(link):
    """Table that holds a compiled link and its ends in the order of that table."""
    ends = link["from_id"], link["to_id"]
    table = "cooperations" if ends in RESIDENTS else TABLE[link["relation"]]
    if link["relation"] in OWNER_LAST or table == "supplies":
        ends = ends[::-1]
    return table, ends


def test_every_table_is_described():
    assert set(TABLES) <= set(SCHEMA)
    assert "actors" in TABLES


def test_nobody_is_said_to_have_received_support():
    assert "awards" not in TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_described_and_used(name):
    for column in TABLES[name][0]:
        assert column in SCHEMA[name]
        assert any(row[column] for row in TABLES[name]), f"{column} is empty throughout"


@pytest.mark.parametrize("name", TABLES)
def test_required_cells_are_filled(name):
    for column, field in SCHEMA[name].items():
        if field.get("constraints", {}).get("required"):
            assert all(row[column] for row in TABLES[name]), column


@pytest.mark.parametrize("name", TABLES)
def test_files_are_plain_csv(name):
    text = (DEMO / f"{name}.csv").read_bytes().decode("utf-8")
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    assert text.endswith("\n")
    rows = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert all(cell == cell.strip() for row in rows for cell in row)


@pytest.mark.parametrize("name", [name for name in TABLES if "id" in TABLES[name][0]])
def test_ids_are_unique(name):
    rows = [row["id"] for row in TABLES[name]]
    if name == "cooperations":  # one row for each of the two participants
        rows = [(row["id"], row["participant"]) for row in TABLES[name]]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("name", TABLES)
def test_no_row_stands_twice(name):
    rows = [tuple(row.values()) for row in TABLES[name]]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_codes_and_references_resolve(name, column):
    field = SCHEMA[name][column]
    schemes, others = field.get("klaster:codes", []), field.get("klaster:refers", [])
    if not schemes and not others:
        return
    known = {row["id"] for other in others for row in TABLES[other]}
    for scheme in schemes:
        known |= {row["code"] for row in read(ROOT / f"ontology/codes/{scheme}.csv")}
    for row in TABLES[name]:
        values = listed(row[column]) if field.get("klaster:list") else [row[column]]
        assert set(values) - {""} <= known


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_values_have_the_form_of_their_column(name, column):
    field = SCHEMA[name][column]
    limits = field.get("constraints", {})
    forms = {
        "integer": r"\d+",
        "number": r"\d+(\.\d+)?",
        "year": r"\d{4}",
        "boolean": "true|false",
        "date": r"\d{4}(-(0\d|1[0-2])(-([0-2]\d|3[01]))?)?",
        "string": r"(?s).*",
    }
    for cell in filter(None, (row[column] for row in TABLES[name])):
        assert re.fullmatch(forms[field["type"]], cell)
        assert re.fullmatch(limits.get("pattern", r"(?s).*"), cell)
        if "maximum" in limits:
            assert float(cell) <= limits["maximum"]


@pytest.mark.parametrize("name", [name for name in TABLES if name != "sources"])
def test_every_row_has_a_source(name):
    for row in TABLES[name]:
        assert listed(row["source"])
        assert set(listed(row["source"])) <= set(URL)


def test_every_source_is_used():
    used = {
        source
        for name, rows in TABLES.items()
        if name != "sources"
        for row in rows
        for source in listed(row["source"])
    }
    assert used == set(URL)


def test_no_address_stands_twice():
    urls = [url for url in URL.values() if url]
    assert len(set(urls)) == len(urls)


def test_only_three_sources_have_no_address():
    assert sorted(row["title"] for row in TABLES["sources"] if not row["url"]) == [
        "List of actors compiled for klaster, no page recorded",
        "Oʻrta Osiyoda ijtimoiy va gumanitar tadqiqotlar jurnali, 2025, 1-son, 3-qism",
        "Sputnik Uzbekistan, page on Uzbtextile.com",
    ]


def test_every_instrument_has_a_status_that_fits_its_end():
    for row in TABLES["instruments"]:
        ended = bool(row["valid_to"]) and row["valid_to"] < "2026-05-01"
        assert (row["status"] == "ended") == ended


def test_every_cooperation_has_two_participants():
    ids = [row["id"] for row in TABLES["cooperations"]]
    assert {ids.count(one) for one in ids} == {2}


def test_readme_gives_the_number_of_rows_of_every_table():
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    for name, rows in TABLES.items():
        assert f"| `{name}` | {len(rows)} |" in text


@with_facts
def test_every_compiled_actor_is_there():
    theirs = {row["actor_id"]: row for row in compiled("actors")}
    assert [row["id"] for row in TABLES["actors"]] == list(theirs)
    for row in TABLES["actors"]:
        names = row["name"] + (f" ({row['aliases']})" if row["aliases"] else "")
        assert names == theirs[row["id"]]["name"]
        assert row["employees"] == theirs[row["id"]]["employees"]
        assert theirs[row["id"]]["land_ha"] in row["note"]
        assert row["place"] == theirs[row["id"]]["location"] or row["id"] in {"A025", "A046"}
        assert bool(row["region"]) == bool(row["place"])


@with_facts
def test_an_actor_rests_on_the_pages_of_its_facts():
    facts = {row["actor_id"]: row["facts"] for row in compiled("actors")}
    for link in compiled("links"):
        for end in (link["from_id"], link["to_id"]):
            if not any(row["facts"] and row["actor_id"] == end for row in compiled("actors")):
                facts[end] += f" {link['fact']}"
    for row in TABLES["actors"]:
        assert addresses(row) == (addresses_of_facts(facts[row["id"]]) or {""}), row["id"]


@with_facts
def test_an_actor_of_which_no_page_is_known_says_so():
    unknown = {row["id"] for row in TABLES["actors"] if row["source"] == "compiled"}
    linked = {end for row in compiled("links") for end in (row["from_id"], row["to_id"])}
    assert unknown == {
        row["actor_id"]
        for row in compiled("actors")
        if not row["facts"] and row["actor_id"] not in linked
    }


@with_facts
def test_actors_of_a_sector_are_in_its_cluster_unless_they_are_abroad():
    abroad = {"A006", "A042", "A044", "A057"}
    expected = {
        (row["actor_id"], row["sector"])
        for row in compiled("actors")
        if row["sector"] and row["actor_id"] not in abroad
    }
    sectors = {sector for _, sector in expected}
    found = {(row["actor"], row["cluster"]) for row in TABLES["memberships"]}
    assert {pair for pair in found if pair[1] in sectors} == expected


@with_facts
@pytest.mark.parametrize("table", ["cooperations", "memberships", "ownerships", "supplies"])
def test_every_compiled_link_is_there(table):
    for link in compiled("links"):
        where, ends = place_of(link)
        if where != table:
            continue
        rows = [row for one, other, row in links_of(table) if (one, other) == ends]
        pages = [addresses(row) for row in rows]
        assert addresses_of_facts(link["fact"]) in pages, link
        if table != "memberships":
            assert rows[0].get("valid_from", "") == date_or_nothing(link["date"])


@with_facts
@pytest.mark.parametrize("table", ["cooperations", "ownerships", "supplies"])
def test_no_link_was_invented(table):
    theirs = sorted(ends for where, ends in map(place_of, compiled("links")) if where == table)
    assert sorted((one, other) for one, other, _ in links_of(table)) == theirs


@with_facts
def test_every_compiled_policy_is_there():
    ours = {(row["title"], row["date"]): row for row in TABLES["policies"]}
    for policy in compiled("policies"):
        title = policy["title"] or policy["policy_id"]
        row = ours[title, date_or_nothing(policy["date"])]
        assert row["number"] in policy["policy_id"]
        assert addresses(row) == addresses_of_facts(policy["facts"])
        assert row["url"] in addresses(row)
        assert policy["sector"] in row["note"]
    added = {"air-freight-scheme-2024", "paper-2025"}
    assert len(ours) == len(compiled("policies")) + len(added)


@with_facts
def test_every_compiled_measure_is_there():
    policies = {row["id"]: row for row in TABLES["policies"]}
    ours = {row["title"]: row for row in TABLES["instruments"] if row["status"] != "proposed"}
    for measure in compiled("policy_supports"):
        row = ours.pop(measure["text"])
        assert addresses(row) == addresses_of_facts(measure["fact"])
        policy = policies[row["policy"]]
        names = {policy["number"], policy["title"], policy["id"]}
        assert measure["policy_id"] in names or policy["issuer"] == "A066"
    assert not ours


@with_facts
def test_every_adopted_measure_has_a_criterion():
    ruled = {row["instrument"] for row in TABLES["criteria"]}
    adopted = {row["id"] for row in TABLES["instruments"] if row["status"] != "proposed"}
    assert adopted <= ruled


@with_facts
def test_every_address_is_one_of_the_compiled_facts():
    assert {url for url in URL.values() if url} <= {row["source"] for row in compiled("facts")}


@with_facts
@pytest.mark.parametrize(
    ("table", "key", "facts"),
    [
        ("exports", "textiles", "112"),
        ("exports", "fruit-vegetables", "146"),
        ("makes", "processed-fruit-vegetables", "142"),
        ("makes", "pcr-test-systems", "178"),
        ("makes", "garments", "82"),
        ("recipes", "cotton-yarn", "6"),
    ],
)
def test_figures_rest_on_the_page_that_states_them(table, key, facts):
    (row,) = [row for row in TABLES[table] if row["product"] == key]
    assert addresses(row) == addresses_of_facts(facts)


def paper():
    """Text of the founding paper with its lines joined."""
    text = re.sub(r"-\s*\n\s*", "-", PAPER.read_text(encoding="utf-8"))
    return " ".join(text.split())


@with_paper
@pytest.mark.parametrize("row", TABLES["claims"], ids=lambda row: row["quote"][:30])
def test_every_quote_is_in_the_paper(row):
    assert row["quote"] in paper()
    assert row["language"] == "uz"
    assert row["source"] == "paper"


@with_paper
def test_proposals_are_in_the_words_of_the_paper():
    for row in TABLES["instruments"]:
        assert (row["status"] == "proposed") == (row["policy"] == "paper-2025")
        if row["status"] == "proposed":
            assert row["title"] in paper()


@with_paper
def test_clusters_abroad_are_in_the_words_of_the_paper():
    for row in TABLES["clusters"]:
        if row["country"] != "UZ":
            assert row["name"].lower() in paper().lower()
            assert not any(row["id"] == one["cluster"] for one in TABLES["memberships"])

"""A workbook or a folder of tables becomes a graph, or one message with every fault."""

from __future__ import annotations

import datetime as dt
import zipfile

import polars as pl
import pytest
from made_up import LOADED_AT, SHARED, SMALL, folder_bytes, write_tables, write_workbook

import klaster
from klaster.loaders.sources import read_source
from klaster.ontology.faults import Fault, SourceError

BASE = "https://example.org/"


def faults_of(path) -> list[tuple[str, int, str, str]]:
    with pytest.raises(SourceError) as caught:
        read_source(path, base=BASE, name="s")
    return [(fault.place, fault.row, fault.column, fault.key) for fault in caught.value.faults]


def with_row(table: str, **row: str) -> dict[str, list[dict[str, str]]]:
    return SMALL | {table: [*SMALL.get(table, []), row]}


TEN_FAULTS = {
    "actors": [
        {"id": "a", "name": "A", "kind": "enterprise", "stir": "301234567"},
        {"id": "b", "name": None, "kind": "enterprise"},
        {"id": "a", "name": "Again", "kind": "enterprise"},
        {"id": "c", "name": "C", "kind": "enterprize"},
        {"id": "d", "name": "D", "kind": "enterprise", "stir": "31505851234567"},
        {"id": "e", "name": "E", "kind": "enterprise", "employees": "many"},
    ],
    "supplies": [
        {"supplier": "a", "buyer": "nobody", "share": 0.5},
        {"supplier": "a", "buyer": "c", "share": 1.7},
        {"supplier": "a", "buyer": "c", "valid_from": "2024-13-01"},
        {"supplier": "a", "buyer": "c", "valid_from": "2024-05-01", "valid_to": "2023-01-01"},
    ],
    "ownerships": [{"owner": "a", "share": 0.5}],
}
THE_TEN = {
    ("faults.xlsx, ownerships", 1, "owned", "fault.missing-column"),
    ("faults.xlsx, actors", 3, "name", "fault.missing-cell"),
    ("faults.xlsx, actors", 4, "id", "fault.duplicate"),
    ("faults.xlsx, actors", 5, "kind", "fault.unknown-code"),
    ("faults.xlsx, actors", 6, "stir", "fault.personal"),
    ("faults.xlsx, actors", 7, "employees", "fault.number"),
    ("faults.xlsx, supplies", 2, "buyer", "fault.unknown-id"),
    ("faults.xlsx, supplies", 3, "share", "fault.range"),
    ("faults.xlsx, supplies", 4, "valid_from", "fault.date"),
    ("faults.xlsx, supplies", 5, "valid_to", "fault.period"),
}


def test_ten_faults_in_a_workbook_are_all_named_by_sheet_row_and_column(tmp_path) -> None:
    path = write_workbook(tmp_path / "faults.xlsx", TEN_FAULTS)
    assert set(faults_of(path)) == THE_TEN
    assert len(faults_of(path)) == len(THE_TEN)


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_the_message_names_each_place_and_hides_the_personal_number(tmp_path, language) -> None:
    path = write_workbook(tmp_path / "faults.xlsx", TEN_FAULTS)
    with pytest.raises(SourceError) as caught:
        read_source(path, base=BASE, name="s")
    message = caught.value.text(language)
    assert len(message.splitlines()) == 11
    assert all("faults.xlsx, " in line for line in message.splitlines()[1:])
    assert "31505851234567" not in message
    assert "enterprise" in message, "the nearest code is offered"


def test_a_refused_workbook_leaves_the_graph_byte_for_byte(tmp_path, small_source) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(small_source, loaded_at=LOADED_AT)
    before = folder_bytes(graph.path)
    with pytest.raises(SourceError):
        graph.load(write_workbook(tmp_path / "faults.xlsx", TEN_FAULTS))
    assert folder_bytes(graph.path) == before


def test_a_refused_first_load_makes_no_folder(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    with pytest.raises(SourceError):
        graph.load(write_workbook(tmp_path / "faults.xlsx", TEN_FAULTS))
    assert not graph.path.exists()


def test_a_personal_number_is_refused_wherever_an_actor_is_identified(tmp_path) -> None:
    for column in ("id", "stir", "lei", "aliases", "note"):
        row = {"id": "x", "name": "X", "kind": "enterprise", column: "3150585 1234567"}
        path = write_tables(tmp_path / column, with_row("actors", **row))
        assert ("actors.csv", 7, column, "fault.personal") in faults_of(path)
    reference = {"supplier": "31505851234567", "buyer": "gin"}
    path = write_tables(tmp_path / "reference", with_row("supplies", **reference))
    with pytest.raises(SourceError) as caught:
        read_source(path, base=BASE, name="s")
    assert "31505851234567" not in caught.value.text("en")


@pytest.mark.parametrize(
    ("table", "row", "column", "key"),
    [
        ("actors", {"id": "x", "name": "X", "kind": "enterprise", "lat": "91"}, "lat", "range"),
        ("actors", {"id": "x", "name": "X", "kind": "enterprise", "stir": "12"}, "stir", "pattern"),
        ("actors", {"id": "x", "name": "X", "kind": "enterprise", "region": "Mars"}, "region", "unknown-code"),
        ("actors", {"id": "x", "name": "X", "kind": "enterprise", "employees": "1.5"}, "employees", "integer"),
        ("clusters", {"id": "x", "name": "X", "sector": "livestock", "export_oriented": "maybe"}, "export_oriented", "boolean"),
        ("memberships", {"actor": "gin", "cluster": "d"}, "cluster", "unknown-id"),
        ("exports", {"exporter": "gin", "product": "yarn", "year": "24", "value": "1", "currency": "USD"}, "year", "range"),
        ("exports", {"exporter": "Atlantis", "product": "yarn", "year": "2024", "value": "1", "currency": "USD"}, "exporter", "unknown-id"),
        ("supplies", {"supplier": "gin", "buyer": "spin", "valid_from": "2024-02-30"}, "valid_from", "date"),
        ("supplies", {"supplier": "gin", "buyer": "spin", "value": "1 234,5"}, "value", "number"),
        ("supplies", {"supplier": "gin", "buyer": "spin", "source": "S9"}, "source", "unknown-id"),
        ("actors", {"id": "x", "name": "X", "kind": "enterprise", "stir": "301234567", "lei": "?"}, "lei", "pattern"),
    ],
)  # fmt: skip
def test_each_fault_is_named(tmp_path, table, row, column, key) -> None:
    path = write_tables(tmp_path / "t", with_row(table, **row))
    line = len(SMALL.get(table, [])) + 2
    assert faults_of(path) == [(f"{table}.csv", line, column, f"fault.{key}")]


def test_two_actors_cannot_share_a_registration_number(tmp_path) -> None:
    one = {"id": "x", "name": "X", "kind": "enterprise", "stir": "301234567"}
    two = {"id": "y", "name": "Y", "kind": "enterprise", "stir": "301234567"}
    tables = {"actors": [one, two]}
    path = write_tables(tmp_path / "t", tables)
    assert faults_of(path) == [("actors.csv", 3, "stir", "fault.duplicate")]


def test_mistyped_check_digits_are_found(tmp_path) -> None:
    rows = [
        {"id": "a", "name": "A", "kind": "enterprise", "lei": "5493001KJTIIGC8Y1R12"},
        {"id": "b", "name": "B", "kind": "enterprise", "lei": "5493001KJTIIGC8Y1R13"},
        {"id": "c", "name": "C", "kind": "research", "ror": "https://ror.org/000vpa912"},
        {"id": "d", "name": "D", "kind": "research", "ror": "https://ror.org/000vpa913"},
    ]
    path = write_tables(tmp_path / "t", {"actors": rows})
    assert faults_of(path) == [
        ("actors.csv", 3, "lei", "fault.checksum"),
        ("actors.csv", 5, "ror", "fault.checksum"),
    ]


def test_the_research_organisations_of_uzbekistan_pass_the_check(tmp_path) -> None:
    table = SHARED / "ror-uzbekistan/organisations.csv"
    if not table.exists():
        pytest.skip("the ROR records are not beside this checkout")
    records = pl.read_csv(table, infer_schema=False)
    rows = [
        {"id": str(number), "name": name, "kind": "research", "ror": ror}
        for number, (ror, name) in enumerate(records.select("ror_id", "name").rows())
    ]
    loaded = read_source(write_tables(tmp_path / "t", {"actors": rows}), base=BASE, name="s")
    assert loaded.tables.frames["actors"].height == 131


def test_a_header_that_is_nearly_a_column_is_a_fault_and_a_strange_one_is_told(tmp_path) -> None:
    near = [{"id": "x", "name": "X", "kind": "enterprise", "employes": "5"}]
    path = write_tables(tmp_path / "near", {"actors": near})
    assert faults_of(path) == [("actors.csv", 1, "employes", "fault.unknown-column")]
    strange = [{"id": "x", "name": "X", "kind": "enterprise", "fax": "5"}]
    path = write_tables(tmp_path / "strange", {"actors": strange, "weather": [{"a": "b"}]})
    loaded = read_source(path, base=BASE, name="s")
    assert loaded.unread == ["weather.csv", "actors.csv: fax"]


def test_a_sheet_that_is_nearly_a_table_is_a_fault(tmp_path) -> None:
    path = write_tables(tmp_path / "t", SMALL | {"suplies": SMALL["supplies"]})
    assert ("suplies.csv", 0, "", "fault.unknown-table") in faults_of(path)


def test_bad_rows_are_left_out_on_request_and_so_is_what_refers_to_them(tmp_path) -> None:
    tables = SMALL | {
        "actors": [*SMALL["actors"], {"id": "x", "name": "", "kind": "enterprise"}],
        "memberships": [*SMALL["memberships"], {"actor": "x", "cluster": "c"}],
    }
    path = write_tables(tmp_path / "t", tables)
    loaded = read_source(path, base=BASE, name="s", skip_bad_rows=True)
    assert [(fault.place, fault.row, fault.key) for fault in loaded.skipped] == [
        ("actors.csv", 7, "fault.missing-cell"),
        ("memberships.csv", 7, "fault.unknown-id"),
    ]
    assert loaded.tables.frames["actors"].height == 5
    assert loaded.tables.frames["memberships"].height == 5


def test_codes_are_accepted_as_labels_in_any_language_and_spelling(tmp_path) -> None:
    kinds = ["Davlat organi", "государственный орган", "GOVERNMENT BODY", "government"]
    rows = [{"id": f"a{n}", "name": "A", "kind": kind} for n, kind in enumerate(kinds)]
    rows.append({"id": "b", "name": "B", "kind": "korxona", "region": "Farg'ona viloyati"})
    loaded = read_source(write_tables(tmp_path / "t", {"actors": rows}), base=BASE, name="s")
    actors = loaded.tables.frames["actors"]
    assert actors["kind"].to_list() == ["government"] * 4 + ["enterprise"]
    assert actors["region"].to_list()[-1] == ["UZ-FA"]


def test_headers_are_accepted_as_the_ontology_labels_them(tmp_path) -> None:
    rows = [{"id": "a", "name": "A", "вид участника": "enterprise", "xodimlar soni": "7"}]
    loaded = read_source(write_tables(tmp_path / "t", {"actors": rows}), base=BASE, name="s")
    assert loaded.tables.frames["actors"].select("kind", "employees").row(0) == ("enterprise", 7)


def test_a_workbook_and_a_folder_of_the_same_rows_load_alike(tmp_path, small_source) -> None:
    book = write_workbook(tmp_path / "small.xlsx", SMALL)
    from_book = read_source(book, base=BASE, name="s").tables.frames
    from_folder = read_source(small_source, base=BASE, name="s").tables.frames
    assert from_book.keys() == from_folder.keys()
    for name, frame in from_folder.items():
        assert from_book[name].drop("locator").equals(frame.drop("locator")), name


def test_typed_cells_of_a_workbook_are_read_as_they_were_meant(tmp_path) -> None:
    row = {
        "id": 7,
        "name": "Seven",
        "kind": "enterprise",
        "stir": 301234567,
        "employees": 12.0,
        "revenue": 1.5e12,
        "currency": "UZS",
        "valid_from": dt.datetime(2024, 5, 31, tzinfo=dt.UTC).replace(tzinfo=None),
    }
    book = write_workbook(tmp_path / "t.xlsx", {"actors": [row]})
    actors = read_source(book, base=BASE, name="s").tables.frames["actors"]
    columns = ("id", "stir", "employees", "revenue", "valid_from")
    assert actors.select(columns).row(0) == ("7", "301234567", 12, 1.5e12, "2024-05-31")


def test_rows_are_counted_as_the_spreadsheet_shows_them(tmp_path) -> None:
    text = 'id,name,kind\n"a","A\nB",enterprise\n\nb,,enterprise\n'
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "actors.csv").write_text(text, "utf-8")
    # The record with a line break is one row, the blank line is one too.
    assert faults_of(folder) == [("actors.csv", 4, "name", "fault.missing-cell")]


@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolons", "tabs"])
def test_other_separators_and_a_byte_order_mark_are_understood(tmp_path, separator) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    text = (
        separator.join(["id", "name", "kind"]) + "\n" + separator.join(["a", "A, b", "enterprise"])
    )
    (folder / "actors.csv").write_text(text, "utf-8-sig")
    frame = read_source(folder, base=BASE, name="s").tables.frames["actors"]
    assert frame.select("id", "name").row(0) == ("a", "A, b")


def password_workbook(path):
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(3 << 20))


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda path: path.write_bytes(b""), "fault.empty-file"),
        (lambda path: path.write_text("hello", "utf-8"), "fault.no-workbook"),
        (password_workbook, "fault.password"),
        (bomb, "fault.too-large"),
        (lambda path: zipfile.ZipFile(path, "w").close(), "fault.no-workbook"),
        (lambda path: write_workbook(path, {"weather": [{"a": 1}]}), "fault.no-actors"),
        (lambda path: None, "fault.not-there"),
    ],
    ids=["empty", "text", "password", "bomb", "empty archive", "no actors", "no file"],
)
def test_a_file_that_is_no_workbook_is_refused_in_words(tmp_path, monkeypatch, make, key) -> None:
    monkeypatch.setattr("klaster.loaders.cells.UNPACKED_LIMIT", 2 << 20)
    path = tmp_path / "book.xlsx"
    make(path)
    with pytest.raises(Fault) as caught:
        read_source(path, base=BASE, name="s")
    assert caught.value.key == key


def test_a_file_in_an_encoding_that_cannot_be_told_is_refused_in_words(tmp_path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "actors.csv").write_bytes("id,name,kind\na,Пахта,enterprise\n".encode() + b"\xff")
    with pytest.raises(Fault) as caught:
        read_source(folder, base=BASE, name="s")
    assert caught.value.key == "fault.not-utf8"


def test_a_row_with_more_cells_than_the_header_is_refused_with_its_number(tmp_path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "actors.csv").write_text("id,name,kind\na,A,enterprise\nb,B,enterprise,x\n", "utf-8")
    with pytest.raises(Fault) as caught:
        read_source(folder, base=BASE, name="s")
    assert "row 3" in caught.value.text("en")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,name,kind\ns,Secret,enterprise\n", "utf-8")
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "actors.csv").symlink_to(secret)
    with pytest.raises(Fault) as caught:
        read_source(folder, base=BASE, name="s")
    assert caught.value.key == "fault.outside"


def test_an_actor_is_named_by_its_official_identifier(tmp_path) -> None:
    rows = [
        {"id": "1", "name": "A", "kind": "enterprise", "stir": "301234567"},
        {"id": "2", "name": "B", "kind": "research", "ror": "https://ror.org/000vpa912"},
        {"id": "3/x y", "name": "C", "kind": "enterprise"},
    ]
    loaded = read_source(write_tables(tmp_path / "t", {"actors": rows}), base=BASE, name="s")
    assert loaded.tables.frames["actors"]["iri"].to_list() == [
        "https://example.org/actor/stir/301234567",
        "https://example.org/actor/ror/000vpa912",
        "https://example.org/actor/s/3%2Fx%20y",
    ]


def test_records_keep_their_iris_when_rows_are_added_before_them(tmp_path) -> None:
    first = write_tables(tmp_path / "one", SMALL)
    more = SMALL | {"supplies": [{"supplier": "weave", "buyer": "bank"}, *SMALL["supplies"]]}
    second = write_tables(tmp_path / "two", more)
    before = read_source(first, base=BASE, name="s").tables.frames["supplies"]["iri"]
    after = read_source(second, base=BASE, name="s").tables.frames["supplies"]["iri"]
    assert set(before) < set(after)


def test_an_address_may_stand_where_a_source_is_due(tmp_path) -> None:
    address = "https://example.org/news?id=1"
    tables = with_row("supplies", supplier="gin", buyer="weave", source=address)
    loaded = read_source(write_tables(tmp_path / "t", tables), base=BASE, name="s")
    sources = loaded.tables.frames["sources"]
    cited = loaded.tables.frames["supplies"]["source"].explode().drop_nulls().to_list()
    assert sources.filter(pl.col("iri").is_in(cited))["url"].to_list() == [address]


HS = {
    "codes": [
        {"scheme": "hs", "code": "5205", "name": "Cotton yarn", "broader": "52"},
        {"scheme": "hs", "code": "520512", "name": "Cotton yarn, single", "broader": "5205"},
    ]
}


def test_a_list_of_codes_may_come_by_itself_and_hangs_on_the_bundled_one(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "hs", HS))
    products = [{"id": "p", "name": "Yarn", "hs": "520512"}]
    actors = [{"id": "a", "name": "A", "kind": "enterprise"}]
    graph.load(write_tables(tmp_path / "own", {"actors": actors, "products": products}))
    found = graph.query(
        """
        SELECT ?notation ?chapter WHERE {
          ?p kl:productClass ?code . ?code skos:notation ?notation ; skos:broader+ ?above .
          ?above skos:notation "52" ; skos:prefLabel ?chapter FILTER(LANG(?chapter) = "uz") }"""
    )
    assert found.rows == (("520512", "paxta"),)
    used = graph.ask("codes-in-use", list="hs", language="").to_polars()
    assert used.select("notation", "meaning", "things").rows() == [
        ("520512", "Cotton yarn, single", 1)
    ]
    assert graph.check().to_polars().filter(pl.col("severity") == "Violation").is_empty()


def test_a_code_twice_or_under_nothing_is_a_fault(tmp_path) -> None:
    rows = [
        *HS["codes"],
        dict(HS["codes"][0]),
        {"scheme": "hs", "code": "9", "name": "X", "broader": "520"},
    ]
    path = write_tables(tmp_path / "hs", {"codes": rows})
    assert faults_of(path) == [
        ("codes.csv", 4, "code", "fault.duplicate"),
        ("codes.csv", 5, "broader", "fault.unknown-code"),
    ]

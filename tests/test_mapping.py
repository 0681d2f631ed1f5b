"""Mappings: SQL from a source's tables into ours, with each fault shown where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up import folder_bytes
from registry_rows import BASE, rows_of

import klaster
from klaster.loaders.mapping import sql_mapping
from klaster.loaders.reading import Manner
from klaster.loaders.sources import Loaded, read_source
from klaster.ontology.faults import Fault, SourceError

FIRMS = "code,title,town\nf1,Ginner,Fargona\nf2,Spinner,Buxoro\nf3,Weaver,Buxoro\n"
DEALS = "seller,buyer,tonnes\nf1,f2,10\nf1,f2,5\nf2,f3,7\n"
ACTORS = (
    "CREATE TABLE actors AS SELECT code AS id, title AS name, 'enterprise' AS kind FROM firms;\n"
)


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "firms.csv").write_text(FIRMS, "utf-8")
    (folder / "deals.csv").write_text(DEALS, "utf-8")
    return folder


def load(source: Path, sql: str, *, skip_bad_rows: bool = False) -> Loaded:
    mapping = source.parent / "own.sql"
    mapping.write_text(sql, "utf-8")
    return read_source(
        source, base=BASE, name="s", skip_bad_rows=skip_bad_rows, manner=Manner(mapping=mapping)
    )


def refused(source: Path, sql: str) -> Fault:
    with pytest.raises(Fault) as caught:
        load(source, sql)
    return caught.value


def places(loaded: Loaded, table: str) -> list[str]:
    return loaded.tables.frames[table].sort("row")["locator"].to_list()


FORMS = {
    "join": (
        (
            "SELECT d.seller AS supplier, b.code AS buyer FROM deals AS d JOIN firms AS b "
            "ON b.code = d.buyer"
        ),
        ["deals.csv!2", "deals.csv!3", "deals.csv!4"],
    ),
    "group": (
        (
            "SELECT seller AS supplier, buyer, sum(CAST(tonnes AS DOUBLE)) AS quantity, 't' AS unit "
            "FROM deals GROUP BY seller, buyer"
        ),
        ["deals.csv!2", "deals.csv!4"],
    ),
    "distinct": (
        "SELECT DISTINCT seller AS supplier, buyer FROM deals",
        ["deals.csv!2", "deals.csv!4"],
    ),
    "union all": (
        (
            "SELECT seller AS supplier, buyer FROM deals UNION ALL "
            "SELECT 'f3' AS supplier, code AS buyer FROM firms WHERE code = 'f1'"
        ),
        ["firms.csv!2", "deals.csv!2", "deals.csv!3", "deals.csv!4"],
    ),
    "subquery": (
        (
            "SELECT s.seller AS supplier, s.buyer FROM "
            "(SELECT seller, buyer, _row FROM deals WHERE tonnes = '7') AS s"
        ),
        ["deals.csv!4"],
    ),
    "cte": (
        (
            "WITH large AS (SELECT seller, buyer FROM deals WHERE CAST(tonnes AS DOUBLE) > 6) "
            "SELECT seller AS supplier, buyer FROM large"
        ),
        ["deals.csv!2", "deals.csv!4"],
    ),
    "cte that groups": (
        (
            "WITH pairs AS (SELECT seller, buyer FROM deals GROUP BY seller, buyer) "
            "SELECT seller AS supplier, buyer FROM pairs"
        ),
        ["deals.csv!2", "deals.csv!4"],
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_row_tells_from_which_row_of_the_source_it_came(source, form) -> None:
    select, expected = FORMS[form]
    loaded = load(source, f"{ACTORS}CREATE TABLE supplies AS {select};")
    assert sorted(places(loaded, "supplies")) == sorted(expected)


def test_cells_turned_into_rows_tell_their_row(tmp_path) -> None:
    folder = tmp_path / "wide"
    folder.mkdir()
    (folder / "wide.csv").write_text("firm,cotton,wool\nf1,3,\nf2,,4\n", "utf-8")
    sql = (
        "CREATE TABLE actors AS SELECT firm AS id, firm AS name, 'enterprise' AS kind FROM wide;\n"
        "CREATE TABLE products AS SELECT unnest(['cotton', 'wool']) AS id, "
        "unnest(['Cotton', 'Wool']) AS name;\n"
        "CREATE TABLE makes AS SELECT firm AS actor, product, quantity, 't' AS unit FROM "
        "(UNPIVOT wide ON cotton, wool INTO NAME product VALUE quantity);"
    )
    loaded = load(folder, sql)
    assert loaded.tables.frames["makes"].height == 2
    assert places(loaded, "makes") == ["wide.csv!2", "wide.csv!3"]


def test_a_view_on_a_view_keeps_the_rows(source) -> None:
    sql = (
        "CREATE VIEW one AS SELECT seller, buyer FROM deals;\n"
        "CREATE TEMP VIEW two AS SELECT seller AS supplier, buyer FROM one;\n"
        f"{ACTORS}CREATE OR REPLACE TABLE supplies AS SELECT * FROM two;"
    )
    assert places(load(source, sql), "supplies") == ["deals.csv!2", "deals.csv!3", "deals.csv!4"]


def test_a_fault_names_the_file_and_row_of_the_source(source) -> None:
    (source / "deals.csv").write_text(DEALS + "f2,f3,many\nf9,f1,1\n", "utf-8")
    sql = (
        f"{ACTORS}CREATE TABLE supplies AS SELECT seller AS supplier, buyer, tonnes AS quantity, "
        "'t' AS unit FROM deals;"
    )
    with pytest.raises(SourceError) as caught:
        load(source, sql)
    found = [(fault.place, fault.row, fault.column, fault.key) for fault in caught.value.faults]
    assert found == [
        ("deals.csv", 5, "quantity", "fault.number"),
        ("deals.csv", 6, "supplier", "fault.unknown-id"),
    ]
    assert "deals.csv, row 5" in str(caught.value)


def test_a_row_with_a_fault_can_be_left_out(source) -> None:
    (source / "deals.csv").write_text(DEALS + "f2,f3,many\n", "utf-8")
    sql = (
        f"{ACTORS}CREATE TABLE supplies AS SELECT seller AS supplier, buyer, tonnes AS quantity, "
        "'t' AS unit FROM deals;"
    )
    loaded = load(source, sql, skip_bad_rows=True)
    assert [(fault.place, fault.row) for fault in loaded.skipped] == [("deals.csv", 5)]
    assert places(loaded, "supplies") == ["deals.csv!2", "deals.csv!3", "deals.csv!4"]


def test_a_fault_in_the_first_row_is_no_fault_of_the_header(source) -> None:
    sql = (
        f"{ACTORS}CREATE TABLE supplies AS SELECT 'nobody' AS supplier, buyer FROM deals "
        "WHERE tonnes = '7';"
    )
    loaded = load(source, sql, skip_bad_rows=True)
    assert [(fault.place, fault.row) for fault in loaded.skipped] == [("deals.csv", 4)]
    assert loaded.tables.frames.keys() == {"actors"}


def test_a_column_that_is_missing_is_said_of_the_mapping(source) -> None:
    with pytest.raises(SourceError) as caught:
        load(source, "CREATE TABLE actors AS SELECT code AS id, title AS name FROM firms;")
    assert [(fault.place, fault.column, fault.key) for fault in caught.value.faults] == [
        ("own.sql, actors", "kind", "fault.missing-column")
    ]
    assert "row 1" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE actors AS SELECT code AS id, nothing AS name FROM firms;",
        "CREATE TABLE actors AS SELECT code AS id FROM nowhere;",
        "CREATE TABLE actors AS SELECT CAST(title AS INTEGER) AS id FROM firms;",
    ],
)
def test_a_fault_of_the_sql_names_the_mapping_and_the_table(source, sql) -> None:
    fault = refused(source, sql)
    assert fault.key == "fault.mapping-sql"
    assert str(fault).startswith("own.sql, actors: ")


def test_text_that_is_no_sql_is_a_fault_of_the_mapping(source) -> None:
    fault = refused(source, "CREATE TABLE actors AS SELEC 1;")
    assert fault.key == "fault.mapping-sql"
    assert str(fault).startswith("own.sql")


FORBIDDEN = {
    "copy": "COPY firms TO '{out}/stolen.csv';",
    "attach": "ATTACH '{out}/stolen.db' AS other;",
    "install": "INSTALL httpfs;",
    "load": "LOAD httpfs;",
    "set": "SET enable_external_access=true;",
    "pragma": "PRAGMA database_list;",
    "export": "EXPORT DATABASE '{out}/stolen';",
    "insert": "INSERT INTO firms SELECT * FROM firms;",
    "drop": "DROP TABLE source.firms;",
    "call": "CALL pragma_version();",
    "select": "SELECT 1;",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_only_tables_views_and_macros_may_be_made(source, tmp_path, what) -> None:
    out = tmp_path / "out"
    out.mkdir()
    fault = refused(source, FORBIDDEN[what].format(out=out) + ACTORS)
    assert fault.key in ("fault.mapping-statement", "fault.mapping-sql")
    assert list(out.iterdir()) == []


OUTSIDE = {
    "csv": "SELECT * FROM read_csv('{secret}')",
    "text": "SELECT content FROM read_text('{secret}')",
    "glob": "SELECT file FROM glob('{folder}/*')",
    "file by name": "SELECT * FROM '{secret}'",
    "parquet": "SELECT * FROM read_parquet('{secret}')",
    "json": "SELECT * FROM read_json('{secret}')",
    "network": "SELECT * FROM read_csv('https://example.org/x.csv')",
    "password file": "SELECT * FROM read_csv('/etc/passwd')",
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_no_file_beside_the_source_can_be_read(source, tmp_path, what) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,name,kind\nsecret,Secret,enterprise\n", "utf-8")
    select = OUTSIDE[what].format(secret=secret, folder=tmp_path)
    fault = refused(source, f"CREATE TABLE actors AS {select};")
    assert fault.key == "fault.mapping-sql"
    assert "Secret" not in str(fault)


def test_a_macro_cannot_reach_a_file_either(source, tmp_path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,name,kind\nsecret,Secret,enterprise\n", "utf-8")
    sql = (
        "CREATE MACRO peek(path) AS TABLE SELECT * FROM read_csv(path);\n"
        f"CREATE TABLE actors AS SELECT * FROM peek('{secret}');"
    )
    assert refused(source, sql).key == "fault.mapping-sql"


def test_nothing_is_left_behind_and_the_source_stays_as_it_was(source, tmp_path) -> None:
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    load(source, ACTORS)
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"source", "own.sql"}


@pytest.mark.parametrize("sql", ["", "-- title: Nothing\n", "CREATE TABLE own AS SELECT 1 AS a;"])
def test_a_mapping_that_makes_none_of_our_tables_is_refused(source, sql) -> None:
    assert refused(source, sql).key == "fault.mapping-makes"


def test_a_table_that_a_mapping_needs_and_the_source_lacks_is_named(source) -> None:
    fault = refused(
        source, f"-- reads: firms(code, title)\n-- reads: prices(product, price)\n{ACTORS}"
    )
    assert fault.key == "fault.mapping-lacks"
    assert "prices(product, price)" in str(fault)
    assert "firms.csv" in str(fault)


def test_an_optional_table_or_column_is_empty_where_it_is_missing(source) -> None:
    sql = (
        "-- reads: firms(code, title, ?staff)\n-- reads: ?prices(product, price)\n"
        "CREATE TABLE actors AS SELECT f.code AS id, f.title AS name, 'enterprise' AS kind, "
        "f.staff AS employees, p.price AS note FROM firms AS f LEFT JOIN prices AS p ON true;"
    )
    actors = load(source, sql).tables.frames["actors"]
    assert actors["employees"].null_count() == actors["note"].null_count() == 3


def test_a_table_is_known_by_its_columns_where_its_name_tells_nothing(source) -> None:
    (source / "firms.csv").rename(source / "2024 list (final).csv")
    (source / "more.csv").write_text("code,title\nf4,Dyer\n", "utf-8")
    loaded = load(source, f"-- reads: firms(code, title)\n{ACTORS}")
    assert places(loaded, "actors") == [
        "2024 list (final).csv!2", "2024 list (final).csv!3", "2024 list (final).csv!4",
        "more.csv!2",
    ]  # fmt: skip
    assert loaded.unread == ["deals.csv"]


def test_a_column_named_with_brackets_can_be_read() -> None:
    (read,) = sql_mapping("m", "-- reads: t(a, ?contributor (list), b.c)\n").reads
    assert (read.columns, read.may_lack) == (("a", "b.c"), ("contributor (list)",))


def test_headers_that_differ_only_in_case_are_told_apart(tmp_path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "firms.csv").write_text("Code,code,title\nA,a,Firm\n", "utf-8")
    sql = (
        "CREATE TABLE actors AS SELECT code || code_2 AS id, title AS name, 'enterprise' AS kind "
        "FROM firms;"
    )
    assert load(folder, sql).tables.frames["actors"]["id"].to_list() == ["Aa"]


def test_cells_are_text_as_they_were_typed(tmp_path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "firms.csv").write_text("code,title\n007,1e5\n", "utf-8")
    frame = load(folder, ACTORS).tables.frames["actors"]
    assert frame.select("id", "name").rows() == [("007", "1e5")]


def test_values_are_written_as_one_would_type_them(source) -> None:
    sql = (
        "CREATE TABLE actors AS SELECT code AS id, title AS name, 'enterprise' AS kind, "
        "[title || ' ' || town, NULL, 'x'] AS aliases, 12.0::DOUBLE AS employees, "
        "DATE '2024-05-31' AS valid_from, TIMESTAMP '2024-06-30 00:00:00' AS valid_to, "
        "0.25 AS confidence FROM firms WHERE code = 'f1';"
    )
    frame = load(source, sql).tables.frames["actors"]
    (row,) = frame.select("aliases", "employees", "valid_from", "valid_to", "confidence").rows()
    assert row == (["Ginner Fargona", "x"], 12, "2024-05-31", "2024-06-30", 0.25)


def test_a_value_that_is_no_cell_is_a_fault(source) -> None:
    sql = "CREATE TABLE actors AS SELECT code AS id, {'a': title} AS name, 'other' AS kind FROM firms;"
    with pytest.raises(SourceError) as caught:
        load(source, sql)
    assert [fault.key for fault in caught.value.faults] == ["fault.no-cells"]


def test_a_personal_number_is_refused_through_a_mapping_too(source) -> None:
    (source / "firms.csv").write_text("code,title,town\n12345678901234,Firm,X\n", "utf-8")
    with pytest.raises(SourceError) as caught:
        load(source, ACTORS)
    assert "12345678901234" not in str(caught.value)
    assert caught.value.faults[0].key == "fault.personal"


def test_the_same_input_twice_gives_the_same_bytes(source, tmp_path) -> None:
    (source / "deals.csv").write_text(
        "seller,buyer,tonnes\n" + "".join(f"f{n % 3 + 1},f{n % 2 + 1},{n}\n" for n in range(5_000)),
        "utf-8",
    )
    mapping = tmp_path / "own.sql"
    mapping.write_text(
        f"{ACTORS}CREATE TABLE supplies AS SELECT DISTINCT d.seller AS supplier, d.buyer, "
        "d.tonnes AS quantity, 't' AS unit FROM deals AS d JOIN firms AS f ON f.code = d.seller;",
        "utf-8",
    )
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        graph = klaster.open(tmp_path / name / "g.klaster")
        graph.load(source, mapping=mapping)
        graph.export(tmp_path / name / "tables")
        written.append(folder_bytes(tmp_path / name / "tables"))
    assert written[0] == written[1]
    assert "supplies.csv" in written[0]


def test_a_changed_mapping_loads_the_source_again(source, tmp_path) -> None:
    mapping = tmp_path / "own.sql"
    graph = klaster.open(tmp_path / "g.klaster")
    for kind, unchanged in (("enterprise", False), ("enterprise", True), ("other", False)):
        mapping.write_text(ACTORS.replace("enterprise", kind), "utf-8")
        (report,) = graph.load(source, mapping=mapping)
        assert report.unchanged is unchanged
    assert set(graph.table("actors")["kind"]) == {"other"}


def test_a_mapping_may_ask_how_places_are_written(tmp_path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "firms.csv").write_text(
        "code,state,part\na,UZB,Xorazm Region\nb,860,\nc,EL,\n", "utf-8"
    )
    sql = (
        "CREATE TABLE actors AS SELECT f.code AS id, f.code AS name, 'other' AS kind, "
        "c.code AS country, r.code AS region FROM firms AS f "
        "LEFT JOIN klaster.country AS c ON c.spelling = lower(f.state) "
        "LEFT JOIN klaster.region AS r ON r.spelling = lower(f.part);"
    )
    frame = load(folder, sql).tables.frames["actors"]
    assert frame.select("country", "region").rows() == [
        ("UZ", ["UZ-XO"]), ("UZ", None), ("GR", None),
    ]  # fmt: skip


# Codes that a source brings itself.


def own_code(tmp_path: Path, codes: str) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "products.csv").write_text("id,name\np,Cotton\n", "utf-8")
    (folder / "exports.csv").write_text(
        "exporter,product,year,value,currency,destination\nYUG,p,1990,5,USD,Old Union\n", "utf-8"
    )
    (folder / "codes.csv").write_text(codes, "utf-8")
    return folder


def test_a_country_of_the_table_of_codes_may_export(tmp_path) -> None:
    folder = own_code(
        tmp_path, "scheme,code,name,name_en\ncountry,YUG,Yugoslavia,\ncountry,SUN,Union,Old Union\n"
    )
    _, tables = rows_of(folder)
    header, rows = tables["exports"]
    assert dict(zip(header, rows[0], strict=True)) == {
        "exporter": "code:country/YUG", "product": "p", "destination": "SUN", "year": "1990",
        "value": "5.0", "currency": "USD", "locator": "exports.csv!2",
    }  # fmt: skip
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder)
    found = graph.query(
        "SELECT ?name { GRAPH ?g { ?flow kl:exporterOf ?who . ?who a kl:Country ; rdfs:label ?name } }"
    )
    assert found.rows == (("Yugoslavia",),)
    assert [row for row in graph.check() if row.severity == "Violation"] == []


def test_a_code_of_another_list_makes_no_country(tmp_path) -> None:
    folder = own_code(tmp_path, "scheme,code,name\nown,YUG,Yugoslavia\nown,SUN,Old Union\n")
    with pytest.raises(SourceError) as caught:
        rows_of(folder)
    assert {(fault.column, fault.key) for fault in caught.value.faults} == {
        ("exporter", "fault.unknown-id"), ("destination", "fault.unknown-code"),
    }  # fmt: skip


def test_a_kind_that_the_lists_do_not_know_stays_unknown(tmp_path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "actors.csv").write_text("id,name,kind\na,A,guild\n", "utf-8")
    (folder / "codes.csv").write_text("scheme,code,name\nactor-kind,guild,Guild\n", "utf-8")
    with pytest.raises(SourceError) as caught:
        rows_of(folder)
    assert [fault.key for fault in caught.value.faults] == ["fault.unknown-code"]

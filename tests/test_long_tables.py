"""Tables that are too long to be held at once: read in pieces, they are what they are as a whole."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys
from threading import Barrier, Event, Lock
from time import sleep

import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal
from pyoxigraph import BlankNode, Quad, RdfFormat, Store

import klaster
from klaster.cli import main
from klaster.graph import landing
from klaster.graph.store import bulk, embedded
from klaster.loaders import long_tables, pieces
from klaster.loaders.sources import read_source
from klaster.ontology.faults import Fault, SourceError
from klaster.ontology.terms import KL, RDF

BASE = "https://example.org/"
ACTORS = "id,name,kind\n" + "".join(f"F{number},Firm {number},enterprise\n" for number in range(30))
CLUSTERS = "id,name,sector\nC,Cluster,cotton-textile\n"


def lines(count: int = 400) -> list[str]:
    """Supplies of which some say the same, some have notes over two lines or with quotes."""
    notes = ["", '"two\nlines"', '"a ""word"", and more"', " plain "]
    return [
        f"F{n * 7 % 30},F{(n * 11 + 1) % 30},{n % 5 * 100},UZS,https://x.org/{n % 3},{notes[n % 4]}"
        for n in range(count)
    ]


HEADER = "supplier,buyer,value,currency,source,note"


@pytest.fixture
def folder(tmp_path):
    """A folder of tables, one of them to be read in pieces."""
    made = tmp_path / "nation"
    made.mkdir()
    (made / "actors.csv").write_text(ACTORS, "utf-8")
    (made / "clusters.csv").write_text(CLUSTERS, "utf-8")
    (made / "supplies.csv").write_text("\n".join([HEADER, *lines()]) + "\n", "utf-8")
    return made


@pytest.fixture
def short(monkeypatch):
    """Let files of a few kilobytes count as long, in pieces of a few hundred bytes."""
    monkeypatch.setattr(pieces, "LONG_FILE", 2000)
    monkeypatch.setattr(pieces, "LONG_HEIGHT", 100)
    monkeypatch.setattr(pieces, "PIECE", 2000)
    monkeypatch.setattr(pieces, "PIECE_HEIGHT", 110)
    monkeypatch.setattr(long_tables, "SORTED_AT_ONCE", 60)


def whole(source, **manner):
    return read_source(source, base=BASE, name="n", **manner).tables


def in_pieces(source, scratch, **manner):
    return read_source(source, base=BASE, name="n", scratch=scratch, **manner).tables


def assert_same(source, scratch):
    expected, found = whole(source), in_pieces(source, scratch)
    assert set(found.long) == {"supplies"}
    assert len(found.long["supplies"].files) > 3
    rows = pl.concat(found.pieces_of("supplies"))
    kept = expected.frames["supplies"].sort("iri", "row").select(rows.columns)
    assert_frame_equal(rows, kept, check_dtypes=False)
    assert found.heights == expected.heights
    assert found.sha256 == expected.sha256
    for name, frame in found.frames.items():
        assert_frame_equal(frame, expected.frames[name])


def test_text_in_pieces_is_as_whole(folder, short, tmp_path):
    assert_same(folder, tmp_path / "s")


SHAPES = pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + "\n".join([HEADER, *lines()]),
        "\r\n".join([HEADER, *lines()]) + "\r\n",
        "\n".join([HEADER, "", *lines(200), "", ",,,,,", *lines(200)]),
        "\n".join([HEADER + ",,unknown", *(line + ",x,y" for line in lines())]),
        "\n".join([HEADER, *(line if n % 9 else line.rsplit(",", 2)[0] for n, line in enumerate(lines()))]),
    ],
    ids=["mark", "carriage-returns", "blank-rows", "more-columns", "shorter-rows"],
)  # fmt: skip


@SHAPES
def test_odd_text_in_pieces_is_as_whole(folder, short, tmp_path, text):
    (folder / "supplies.csv").write_text(text, "utf-8", newline="")
    assert_same(folder, tmp_path / "s")


@SHAPES
def test_wherever_pieces_begin_their_cells_are_the_same(folder, short, monkeypatch, text):
    file = folder / "supplies.csv"
    file.write_text(text, "utf-8", newline="")

    def cells(size):
        monkeypatch.setattr(pieces, "PIECE", size)
        plan = pieces.plan(file)
        assert plan is not None
        assert len(plan.bounds) >= len(text) // size
        return pl.concat(plan.pieces())

    expected = cells(len(text) + 10)
    for size in range(300, 6000, 89):
        assert_frame_equal(cells(size), expected)


def test_text_that_must_be_seen_whole_is_read_whole(folder, short, tmp_path):
    text = "\n".join([HEADER, *lines()]).replace(",", ";")
    (folder / "supplies.csv").write_text(text, "utf-8")
    assert not in_pieces(folder, tmp_path / "s").long


def test_cyrillic_text_is_read_whole(folder, short, tmp_path):
    text = "\n".join([HEADER, *lines(), "F1,F2,1,UZS,,хлопок"])
    (folder / "supplies.csv").write_bytes(text.encode("cp1251"))
    found = in_pieces(folder, tmp_path / "s")
    assert not found.long
    assert "хлопок" in found.frames["supplies"]["note"]


def test_parquet_in_pieces_is_as_whole(folder, short, tmp_path):
    frame = pl.read_csv(folder / "supplies.csv").with_columns(valid_from=dt.date(2020, 1, 31))
    (folder / "supplies.csv").unlink()
    frame.write_parquet(folder / "supplies.parquet")
    assert_same(folder, tmp_path / "s")


def test_parquet_that_says_it_is_vast_is_refused(folder, short, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "_DENSEST", 1)
    frame = pl.DataFrame({"supplier": ["F1"] * 100_000, "buyer": ["F2"] * 100_000})
    (folder / "supplies.csv").unlink()
    frame.write_parquet(folder / "supplies.parquet")
    with pytest.raises(Fault, match="unpacked"):
        in_pieces(folder, tmp_path / "s")


def faulty(folder):
    rows = [*lines(150), "F1,F99,1,UZS,,", *lines(150), "F2,F3,much,UZS,,", "F4,,1,UZS,,"]
    (folder / "supplies.csv").write_text("\n".join([HEADER, *rows]), "utf-8")


def test_faults_in_pieces_are_those_of_the_whole(folder, short, tmp_path):
    faulty(folder)
    with pytest.raises(SourceError) as expected:
        whole(folder)
    with pytest.raises(SourceError) as found:
        in_pieces(folder, tmp_path / "s")
    assert [vars(fault) for fault in found.value.faults] == [
        vars(fault) for fault in expected.value.faults
    ]
    assert len(found.value.faults) == 3


def test_bad_rows_are_skipped_in_pieces_as_in_the_whole(folder, short, tmp_path):
    faulty(folder)
    expected = read_source(folder, base=BASE, name="n", skip_bad_rows=True)
    found = read_source(folder, base=BASE, name="n", skip_bad_rows=True, scratch=tmp_path / "s")
    assert [vars(fault) for fault in found.skipped] == [vars(fault) for fault in expected.skipped]
    rows = pl.concat(found.tables.pieces_of("supplies"))
    assert_frame_equal(
        rows.select("iri", "row"), expected.tables.frames["supplies"].select("iri", "row").sort("iri", "row")
    )  # fmt: skip


def test_a_file_of_faults_is_not_read_to_its_end(folder, short, tmp_path):
    rows = [f"F1,nobody-{number},1,UZS,," for number in range(1500)]
    (folder / "supplies.csv").write_text("\n".join([HEADER, *rows]), "utf-8")
    with pytest.raises(SourceError) as found:
        in_pieces(folder, tmp_path / "s")
    assert 1000 <= len(found.value.faults) < 1500
    assert "was not read" in found.value.faults[-1].text("en")


def triples(graph):
    """Return all statements, but for those on nodes without a name and the record of the load."""
    rows = [tuple(map(str, row)) for row in graph.query("SELECT ?s ?p ?o { ?s ?p ?o }").rows]
    return {
        row
        for row in rows
        if not any(cell.startswith("_:") for cell in row) and not row[1].endswith("#loadRecord")
    }


def test_a_graph_of_long_tables_says_the_same(folder, tmp_path, request, monkeypatch):
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    first = klaster.open(tmp_path / "a" / "g.klaster")
    first.load(folder, name="n", loaded_at=at)
    expected = triples(first)
    request.getfixturevalue("short")
    monkeypatch.setattr(bulk, "FILE", 5000)
    second = klaster.open(tmp_path / "b" / "g.klaster")
    second.load(folder, name="n", loaded_at=at)
    found = triples(second)
    # Links of a long table do not say each where they stand, nor are their broader classes told.
    links = {row[0] for row in expected if row[2].endswith("#SupplyLink")}
    lean = {
        (link, term, value)
        for link, term, value in expected
        if link not in links
        or (not term.endswith("#sourceLocator") and not value.endswith(("/file/n", "#Link")))
    }
    assert found == lean
    assert second.table("supplies").height == 400
    assert list(tmp_path.glob(".*reading*")) == []


def test_a_long_table_changes_as_a_whole_one_does(folder, short, tmp_path):
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    (folder / "supplies.csv").write_text("\n".join([HEADER, *lines(399), "F8,F9,5,UZS,,"]), "utf-8")
    (report,) = graph.load(folder, name="n")
    assert report.changes is not None
    changes = report.changes["supplies"]
    assert (changes.added, changes.changed, changes.gone) == (1, 0, 1)


def test_only_what_differs_is_derived_anew_in_a_large_graph(folder, short, tmp_path, monkeypatch):
    monkeypatch.setattr(landing, "_REMOVED_UP_TO", 10)
    month = tmp_path / "month"
    month.mkdir()
    (month / "actors.csv").write_text(
        "id,name,kind\nhttps://example.org/new,New,university\nhttps://example.org/old,Old,enterprise\n", "utf-8"
    )  # fmt: skip
    (month / "supplies.csv").write_text(
        "supplier,buyer\nhttps://example.org/new,https://example.org/old\n", "utf-8"
    )
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    before = triples(graph)
    graph.load(month, name="month")
    supplies = {row for row in triples(graph) if row[1].endswith("#suppliesTo")}
    assert ("https://example.org/new", f"{KL}suppliesTo", "https://example.org/old") in supplies
    # Above classes that no one else is of: they go with the source.
    assert ("https://example.org/new", f"{RDF}type", f"{KL}EducationOrganization") in triples(graph)
    # The default graph holds the edges, and nothing twice.
    asked = "SELECT ?s ?o { GRAPH ?g { ?s kl:suppliesTo ?o } }"
    assert graph.query(asked).rows == ()
    graph.drop("month")
    assert triples(graph) == before


def test_a_graph_that_is_large_no_more_keeps_no_edge_of_then(tmp_path, monkeypatch):
    graph = klaster.open(tmp_path / "g.klaster")
    few = tmp_path / "few"
    few.mkdir()
    (few / "actors.csv").write_text("id,name,kind\na,A,enterprise\nb,B,enterprise\n", "utf-8")
    (few / "supplies.csv").write_text("supplier,buyer\na,b\n", "utf-8")
    graph.load(few, name="few")
    small = triples(graph)
    monkeypatch.setattr(landing, "_REMOVED_UP_TO", 10)
    more = tmp_path / "more"
    more.mkdir()
    rows = "".join(f"c{n},C,enterprise\n" for n in range(6))
    (more / "actors.csv").write_text(f"id,name,kind\n{rows}", "utf-8")
    (more / "supplies.csv").write_text("supplier,buyer\nc0,c1\nc1,c2\nc2,c0\n", "utf-8")
    graph.load(more, name="more")
    large = triples(graph)
    assert sum(term.endswith("#suppliesTo") for _, term, _ in large) == 4
    graph.drop("more")
    assert triples(graph) == small


ODD = 'odd "<b>", <c> . \\ and <https://example.org/g> .'
"""A text that ends as a statement in a named graph does."""


@pytest.mark.parametrize("suffix", [".nq", ".nt"])
@pytest.mark.parametrize("ontology", [False, True])
def test_a_large_graph_goes_out_from_its_tables_as_from_its_store(
    folder, short, tmp_path, monkeypatch, suffix, ontology
):
    monkeypatch.setattr(landing, "_REMOVED_UP_TO", 10)
    month = tmp_path / "month"
    month.mkdir()
    pl.DataFrame(
        {"id": ["new", "old"], "name": ["New", ODD], "kind": ["university", "enterprise"]}
    ).write_csv(month / "actors.csv")
    (month / "supplies.csv").write_text(
        f'supplier,buyer,note\nnew,old,"{ODD.replace(chr(34), chr(34) * 2)}\nsecond line"\n',
        "utf-8",
    )
    (month / "matches.csv").write_text("actor,same_as,decision\nold,n:F8,same\n", "utf-8")
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    graph.load(month, name="month")
    assert graph._large()
    found = exported(graph, tmp_path / f"a{suffix}", ontology=ontology)
    monkeypatch.setattr(type(graph), "_large", lambda _: None)
    expected = exported(graph, tmp_path / f"b{suffix}", ontology=ontology)
    assert statements(found, suffix) == statements(expected, suffix)
    assert len(found) < 1.05 * len(expected)
    assert any("#mergedInto> <" in line for line in found)
    assert sum("second line" in line for line in found) == 1
    named = [line for line in found if line.endswith(f"<{graph.base}graph/derived> .\n")]
    assert bool(named) == (suffix == ".nq")


def statements(lines: list[str], suffix: str) -> set[Quad]:
    """Lines as a store takes them, where 400.0 and 400 are one number, but for blank nodes."""
    store = Store()
    store.bulk_load("".join(lines).encode(), format=RdfFormat.from_extension(suffix[1:]))
    return {quad for quad in store if not {type(quad.subject), type(quad.object)} & {BlankNode}}


def exported(graph, path, **options):
    graph.export(path, **options)
    return path.read_text("utf-8").splitlines(keepends=True)


def test_findings_of_a_large_graph_are_left_to_be_asked_for(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(landing, "RECORDED_UP_TO", 100)
    graph = klaster.open(tmp_path / "g.klaster")
    (report,) = graph.load(folder, name="n")
    assert report.without_findings
    assert graph.query("SELECT ?gap { ?gap a kl:Gap }").rows == ()
    assert graph.missing()


def told(graph, *sources) -> dict[str, list[float]]:
    """What a load tells of each stage, in the order of the stages."""
    shares: dict[str, list[float]] = {}
    klaster.open(graph).load(
        *sources,
        progress=lambda stage: shares.update({stage: []}),
        share=lambda done: shares[[*shares][-1]].append(done),
    )
    return shares


def test_a_load_tells_how_far_it_is(folder, tmp_path):
    shares = told(tmp_path / "g.klaster", folder)
    assert [*shares] == ["read", "write", "derive", "find", "store"]
    # No table is long enough to be read in pieces.
    assert not shares["read"]
    for stage in ("write", "derive", "store"):
        assert shares[stage] == sorted(shares[stage])
        assert shares[stage][0] > 0 and shares[stage][-1] == 1
    assert len(shares["write"]) > 3


def test_the_bar_moves_while_long_tables_are_read(folder, short, tmp_path):
    read = told(tmp_path / "g.klaster", folder)["read"]
    assert len(read) > 10
    assert read == sorted(set(read))
    assert read[-1] == 1
    # Two sources are half a bar each.
    again = folder.with_name("again")
    shutil.copytree(folder, again)
    both = told(tmp_path / "h.klaster", folder, again)["read"]
    assert both == [done / 2 for done in read] + [(1 + done) / 2 for done in read]


def test_text_on_its_way_is_in_few_files(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "FILE", 100)
    seen = []

    def load(path):
        seen.append((len(list(tmp_path.iterdir())), path.read_bytes()))

    stream = bulk.Statements(tmp_path, load)
    for number in range(50):
        stream.write(b"%d %s\n" % (number, b"x" * 60))
    stream.finish()
    assert b"".join(text for _, text in seen).count(b"\n") == 50
    assert max(files for files, _ in seen) <= 4
    assert list(tmp_path.iterdir()) == []


def test_files_are_loaded_one_at_a_time_while_text_is_written_and_then_two(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "FILE", 100)
    all_written = Event()
    both = Barrier(2, timeout=20)
    one = Lock()
    together = []

    def load(path):
        if path.name < "000004.nq":
            # A second one would find it taken.
            assert one.acquire(blocking=False)
            sleep(0.05)
            one.release()
            return
        all_written.wait(20)
        both.wait()
        together.append(path.name)

    stream = bulk.Statements(tmp_path, load)
    for _ in range(5):
        stream.write(b"x" * 120 + b"\n")
    all_written.set()
    stream.finish()
    assert sorted(together) == ["000004.nq", "000005.nq"]


@pytest.mark.parametrize("lines", [1, 2, 3, 50])
def test_two_halves_of_little_text_are_loaded_at_once(tmp_path, monkeypatch, lines):
    monkeypatch.setattr(bulk, "_HALVED", (1, 10_000))
    seen = []
    stream = bulk.Statements(tmp_path, lambda path: seen.append(path.read_bytes()))
    written = [b"%d %s\n" % (number, b"x" * 60) for number in range(lines)]
    for line in written:
        stream.write(line)
    stream.finish()
    assert len(seen) == 2
    assert sorted(b"".join(seen).splitlines(keepends=True)) == sorted(written)
    assert all(text[-1:] in (b"", b"\n") for text in seen)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "reason",
    [OSError(28, "No space left on device"), RuntimeError("IO error: No space left on device")],
)
def test_a_disk_that_fills_up_leaves_the_graph_as_it_was(
    folder, short, tmp_path, monkeypatch, reason
):
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    before = triples(graph)

    def full(self, path, number, mark):
        raise reason

    monkeypatch.setattr(bulk, "FILE", 5000)
    monkeypatch.setattr(bulk.Statements, "_loaded", full)
    with pytest.raises(Fault, match="the disk is full"):
        graph.load(folder, name="again")
    assert [entry.name for entry in graph.sources()] == ["n"]
    assert triples(graph) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_fails_in_loading_is_told(tmp_path):
    def load(path):
        raise OSError(28, "No space left on device")

    stream = bulk.Statements(tmp_path, load)
    stream.write(b"x\n")
    with pytest.raises(OSError, match="No space"):
        stream.finish()


def month_of(tmp_path, supplier, buyer):
    month = tmp_path / "month"
    month.mkdir()
    (month / "supplies.csv").write_text(f"supplier,buyer\n{supplier},{buyer}\n", "utf-8")
    return month


def test_links_by_themselves_are_of_things_of_another_source(folder, tmp_path):
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    graph.load(month_of(tmp_path, "n:F3", f"{graph.base}actor/n/F4"))
    asked = "SELECT ?b { GRAPH ?g { ?l kl:supplier ?a ; kl:buyer ?b } ?a rdfs:label ?name FILTER (STRENDS(STR(?g), '/month') && STR(?name) = 'Firm 3') }"
    assert [str(row[0]) for row in graph.query(asked).rows] == [f"{graph.base}actor/n/F4"]


def test_links_by_themselves_to_nobody_are_refused(folder, tmp_path):
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    with pytest.raises(SourceError, match="n:F99"):
        graph.load(month_of(tmp_path, "n:F3", "n:F99"))
    assert [entry.name for entry in graph.sources()] == ["n"]


def test_links_by_themselves_with_ids_of_nobody_want_actors(tmp_path):
    with pytest.raises(Fault, match="actors"):
        whole(month_of(tmp_path, "F3", "F4"))


def test_check_says_what_it_does_not_look_at_again(folder, short, tmp_path):
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    assert graph.long_tables() == {"supplies": 400}
    command = ["check", str(tmp_path / "g.klaster"), "--lang", "en"]
    told = CliRunner(env={"LANG": "C.UTF-8"}).invoke(main, command)
    assert "supplies (400)" in told.stderr


KILLED = """
import os, sys
import klaster
from klaster.loaders import long_tables, pieces

pieces.LONG_FILE, pieces.LONG_HEIGHT, pieces.PIECE, pieces.PIECE_HEIGHT = 2000, 100, 2000, 110
long_tables.SORTED_AT_ONCE = 60
klaster.open(sys.argv[1]).load(
    sys.argv[2], name="n", progress=lambda stage: stage == "store" and os._exit(9)
)
"""


def killed(graph, source):
    """Load in a process that is killed when the tables are read; return what it left."""
    ended = subprocess.run([sys.executable, "-c", KILLED, graph, source], check=False)
    assert ended.returncode == 9
    assert not (graph / "klaster.toml").exists()
    (left,) = graph.parent.glob(".*reading*")
    return left


def test_a_load_goes_on_where_a_killed_one_had_read(folder, short, tmp_path, monkeypatch):
    path = tmp_path / "graphs" / "g.klaster"
    path.parent.mkdir()
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    killed(path, folder)

    def again(*_, **__):
        raise AssertionError("it was read already")

    with monkeypatch.context() as patch:
        patch.setattr("klaster.loaders.sources.type_long_table", again)
        graph = klaster.open(path)
        (report,) = graph.load(folder, name="n", loaded_at=at)
    assert report.resumed
    other = klaster.open(tmp_path / "whole" / "g.klaster")
    (report,) = other.load(folder, name="n", loaded_at=at)
    assert not report.resumed
    assert triples(graph) == triples(other)
    assert graph.table("supplies").equals(other.table("supplies"))
    assert graph.table("sources").equals(other.table("sources"))
    assert [entry.name for entry in path.parent.iterdir()] == ["g.klaster"]


def test_the_command_says_that_it_went_on(folder, short, tmp_path):
    path = tmp_path / "g.klaster"
    killed(path, folder)
    command = ["load", str(folder), "--into", str(path), "--name", "n", "--lang", "en"]
    told = CliRunner(env={"LANG": "C.UTF-8"}).invoke(main, command)
    assert told.exit_code == 0
    assert "went on with what an interrupted load had done" in told.stdout + told.stderr


@pytest.mark.parametrize("changed", ["source", "name", "note", "note gone", "lost", "cut", "rows"])
def test_what_a_killed_load_had_read_of_something_else_is_read_anew(
    folder, short, tmp_path, changed
):
    path = tmp_path / "graphs" / "g.klaster"
    path.parent.mkdir()
    left = killed(path, folder)
    name = "n"
    if changed == "source":
        (folder / "supplies.csv").write_text("\n".join([HEADER, *lines(399)]), "utf-8")
    elif changed == "name":
        name = "other"
    elif changed == "note":
        (left / "0" / "supplies.json").write_text("{", "utf-8")
    elif changed == "note gone":
        (left / "0" / "supplies.json").unlink()
    else:
        first = min((left / "0" / "supplies").glob("*.parquet"))
        if changed == "lost":
            first.unlink()
        elif changed == "cut":
            first.write_bytes(first.read_bytes()[:-20])
        else:
            pl.read_parquet(first).head(1).write_parquet(first)
    graph = klaster.open(path)
    (report,) = graph.load(folder, name=name)
    assert not report.resumed
    assert graph.table("supplies").height == (399 if changed == "source" else 400)
    assert [entry.name for entry in path.parent.iterdir()] == ["g.klaster"]


FILLING = """
import datetime as dt, os, sys
import klaster
from klaster.graph.store import bulk, embedded
from klaster.loaders import long_tables, pieces

pieces.LONG_FILE, pieces.LONG_HEIGHT, pieces.PIECE, pieces.PIECE_HEIGHT = 2000, 100, 2000, 110
long_tables.SORTED_AT_ONCE = 60
bulk.FILE, bulk._HALVED = 100_000, (1, 0)
load, left = embedded.StagedStore._load, [int(sys.argv[3])]

def killed(self, path):
    load(self, path)
    left[0] -= 1
    if not left[0]:
        os._exit(9)

embedded.StagedStore._load = killed
at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
klaster.open(sys.argv[1]).load(sys.argv[2], name="n", loaded_at=at)
"""


@pytest.fixture
def filled(folder, short, tmp_path, monkeypatch):
    """Load in small files of text, which are counted; say what a load has loaded."""
    monkeypatch.setattr(bulk, "FILE", 100_000)
    monkeypatch.setattr(bulk, "_HALVED", (1, 0))
    seen = []
    load = embedded.StagedStore._load

    def counted(self, path):
        seen.append(path.name)
        load(self, path)

    monkeypatch.setattr(embedded.StagedStore, "_load", counted)
    land, resumed = landing.land, [False]

    def landed(*given, **manner):
        resumed.append(land(*given, **manner))
        return resumed[-1]

    monkeypatch.setattr("klaster.graph.loading.land", landed)
    (tmp_path / "graphs").mkdir()

    def loaded(path, year=2027):
        seen.clear()
        graph = klaster.open(path)
        at = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
        (report,) = graph.load(folder, name="n", loaded_at=at)
        assert report.resumed >= resumed[-1]
        return graph, sorted(seen), resumed[-1]

    return loaded


def killed_filling(path, folder, after):
    """Load in a process that is killed when it has loaded some files of text."""
    command = [sys.executable, "-c", FILLING, path, folder, str(after)]
    assert subprocess.run(command, check=False).returncode == 9
    assert not (path / "klaster.toml").exists()
    (left,) = path.glob(".staging-*")
    return left


def told_by(graph):
    """Return all that a graph holds but for when it was loaded."""
    held = {row for row in triples(graph) if not row[1].endswith("#retrievedAt")}
    # Nodes without a name, of the ontology, must not be there twice.
    return held, len(graph._store.oxigraph), graph.sources()[0].loaded_at[:4]


@pytest.mark.parametrize("after", [2, "last"])
def test_a_load_goes_on_where_a_killed_one_had_filled_the_store(folder, filled, tmp_path, after):
    path = tmp_path / "graphs" / "g.klaster"
    other, files, resumed = filled(tmp_path / "whole" / "g.klaster", 2026)
    assert len(files) > 20
    assert not resumed
    assert not (other.path / "g000001" / "begun").exists()
    after = len(files) if after == "last" else after
    killed_filling(path, folder, after)
    graph, loaded, resumed = filled(path)
    assert resumed
    # What was being loaded when it was killed is loaded again.
    assert len(files) - after < len(loaded) <= len(files) - after + 2
    assert told_by(graph) == told_by(other)
    assert sorted(entry.name for entry in path.iterdir()) == [".lock", "g000001", "klaster.toml"]
    assert not (path / "g000001" / "begun").exists()


@pytest.mark.parametrize("changed", ["source", "text", "size", "cut", "lost"])
def test_a_store_that_a_killed_load_filled_with_something_else_is_made_anew(
    folder, filled, tmp_path, monkeypatch, changed
):
    path = tmp_path / "graphs" / "g.klaster"
    left = killed_filling(path, folder, 9)
    note = left / "begun"
    text = note.read_text("utf-8")
    if changed == "source":
        (folder / "supplies.csv").write_text("\n".join([HEADER, *lines(399)]), "utf-8")
    elif changed == "text":
        note.write_text(re.sub(r"(?m)^4 [0-9a-f]{32}$", "4 " + "0" * 32, text), "utf-8")
        assert note.read_text("utf-8") != text
    elif changed == "size":
        monkeypatch.setattr(bulk, "FILE", 130_000)
    elif changed == "cut":
        # Of the last line only the number was written.
        note.write_text(text[: text.rstrip().rindex(" ")], "utf-8")
    else:
        for table in (left / "store").glob("*.sst"):
            table.unlink()
    graph, loaded, resumed = filled(path)
    assert resumed == (changed == "cut")
    assert loaded.count("000001.nq") == (0 if changed == "cut" else 1)
    year = int(graph.sources()[0].loaded_at[:4])
    other, *_ = filled(tmp_path / "whole" / "g.klaster", year)
    assert told_by(graph) == told_by(other)
    assert sorted(entry.name for entry in path.iterdir()) == [".lock", "g000001", "klaster.toml"]


def test_a_disk_without_links_has_the_tables_once(folder, short, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(folder, name="n")
    assert graph.table("supplies").height == 400

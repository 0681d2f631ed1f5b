"""The question library: each question is answered with exact rows on a source worked out by hand.

``tests/data/questions/tables`` is a made-up source of two clusters of Uzbekistan and one abroad,
``second`` another one that knows three of the same firms; ``expected`` holds the answers.

A parameter is given through pyoxigraph's ``substitutions``. What was found of them (0.5.13):

- A substituted variable has to stand in the outermost SELECT, else the query is refused. It then
  stays in the answer as an ordinary column, so that nothing needs to be bound anew.
- It holds in OPTIONAL, MINUS, UNION and GROUP BY too, and in those sub-selects that select it.
- ``!BOUND(?date) || ...`` is decided before the value is put in, so that the condition is lost
  wherever no pattern could bind the variable. ``COALESCE(?from <= ?date, true)`` does what is
  meant, with a value and without one.
- ``?number = ?year`` with a decimal given for ``?year`` does not hold for the integer of the same
  value, ``?number >= ?year && ?number <= ?year`` does.
- ``OPTIONAL { ?membership kl:membershipRole ?role }`` with ``?role`` given keeps the rows that
  have no role: a parameter belongs in a pattern that has to hold.
"""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pyoxigraph as ox
import pytest
from clean_cluster import (
    clean,
    depend_on_one_behind,
    export_far_from_logistics,
    leave_the_centre_without,
    make_less_than_others,
    need_what_a_neighbour_makes,
)
from made_up import LOADED_AT, write_tables

import klaster
from klaster.ontology.codes import codes, schemes
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.questions import THEMES, questions
from klaster.ontology.terms import CODE, KL, PREFIXES, XSD, code_iri

DATA = Path(__file__).parent / "data/questions"
FOLDER = files("klaster.ontology").joinpath("questions")
TEXTS = {
    path.name.removesuffix(".rq"): path.read_text("utf-8")
    for path in sorted(FOLDER.iterdir(), key=lambda path: path.name)
}
SLUGS = sorted(TEXTS)
THINGS = ("cluster", "actor", "product", "instrument", "policy")

# Columns that hold what other tests look after: digests, versions, whole sentences.
NOT_COMPARED = {"sha256", "loader", "sentence", "method"}

# Terms that no question uses, with the reason.
NOT_ASKED = {"loadRecord": "is read by the program alone: what a load notes beside its statements"}


def head(slug: str) -> list[str]:
    """Return the comment lines with which a question begins."""
    lines = TEXTS[slug].splitlines()
    return lines[: next(at for at, line in enumerate(lines) if not line.startswith("#"))]


def titles(slug: str) -> dict[str, str]:
    found = (re.fullmatch(r"# (en|ru|uz): (\S.*\S)", line) for line in head(slug))
    return {match[1]: match[2] for match in found if match}


def parameters(slug: str) -> dict[str, tuple[str, str]]:
    """Return the parameters of a question: name, kind and default (empty for all)."""
    found = (re.fullmatch(r"# param (\w+) \(([^)]+)\):(?: (\S.*))?", line) for line in head(slug))
    return {match[1]: (match[2], match[3] or "") for match in found if match}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The graph of both made-up sources."""
    graph = klaster.open(tmp_path_factory.mktemp("questions") / "questions.klaster")
    graph.load(DATA / "tables", DATA / "second", loaded_at=LOADED_AT)
    return graph


# What the rules behind these find is in no made-up source, but in clusters with one defect each.
OF_DEFECTS = {
    "unmatched-suppliers": need_what_a_neighbour_makes,
    "hidden-common-sources": depend_on_one_behind,
    "exporters-without-logistics": export_far_from_logistics,
    "unsupported-central-actors": leave_the_centre_without,
    "absent-related-products": make_less_than_others,
}


@pytest.fixture(scope="module")
def graph_for(asked, tmp_path_factory):
    """Return the graph on which a question is tried."""
    made = {}

    def graph(slug):
        if slug not in OF_DEFECTS:
            return asked
        if slug not in made:
            tables = clean()
            OF_DEFECTS[slug](tables)
            folder = tmp_path_factory.mktemp(slug)
            made[slug] = klaster.open(folder / "defect.klaster")
            made[slug].load(write_tables(folder / "tables", tables), loaded_at=LOADED_AT)
        return made[slug]

    return graph


def value_of(graph, kind: str, text: str) -> ox.NamedNode | ox.Literal:
    """Return a parameter's value as a term; things are given by their id in the first source."""
    if kind.startswith("code ") or kind == "region":
        return ox.NamedNode(code_iri(kind.removeprefix("code "), text))
    if kind in THINGS:
        return ox.NamedNode(f"{graph.base}{kind}/tables/{text}")
    types = {"date": "date", "number": "decimal", "text": "string"}
    return ox.Literal(text, datatype=ox.NamedNode(XSD + types[kind]))


def answer(graph, slug: str, given: dict[str, ox.NamedNode | ox.Literal]):
    return graph._store.oxigraph.query(
        TEXTS[slug],
        prefixes=PREFIXES | {"d": graph.base},
        use_default_graph_as_union=True,
        substitutions={ox.Variable(name): value for name, value in given.items()},
    )


def shown(graph, term) -> str:
    """Return a cell as the expected rows have it: IRIs shortened, numbers to six digits."""
    if term is None:
        return ""
    if isinstance(term, ox.NamedNode):
        text = term.value.replace(graph.base, "").replace(CODE, "code:").replace(KL, "kl:")
        # What a record's own IRI is made of is tested with the loaders.
        return re.sub(r"/[0-9a-f]{16}$", "/#", text)
    if term.datatype.value in (XSD + "decimal", XSD + "integer"):
        return f"{round(Decimal(term.value), 6).normalize():f}"
    return term.value


def ask(graph, slug: str, **given: str) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of an answer; what is not given is left open."""
    kinds = parameters(slug)
    values = {name: value_of(graph, kinds[name][0], text) for name, text in given.items()}
    solutions = answer(graph, slug, values)
    columns = [variable.value for variable in solutions.variables]
    return columns, [[shown(graph, row[name]) for name in columns] for row in solutions]


def with_defaults(slug: str, **given: str) -> dict[str, str]:
    return {name: text for name, (_, text) in parameters(slug).items() if text} | given


@pytest.mark.parametrize("slug", SLUGS)
def test_a_question_is_answered_with_these_rows(graph_for, slug) -> None:
    columns, rows = ask(graph_for(slug), slug, **with_defaults(slug))
    with (DATA / f"expected/{slug}.csv").open(encoding="utf-8", newline="") as stream:
        header, *expected = csv.reader(stream)
    assert header == [name for name in columns if name not in NOT_COMPARED]
    assert expected
    assert [
        [cell for name, cell in zip(columns, row, strict=True) if name in header] for row in rows
    ] == expected


def test_no_answer_is_kept_for_a_question_that_is_not_there() -> None:
    assert {path.stem for path in DATA.joinpath("expected").iterdir()} == set(SLUGS)


OTHER_VALUES = [
    # The ministry left at the end of 2024, the university joins in 2026.
    (
        "cluster-members",
        {"date": "2024-06-01"},
        ["actorName"],
        [
            ["Bank"],
            ["Carrier"],
            ["Cluster Company"],
            ["Ginner"],
            ["Ministry"],
            ["Spinner"],
            ["Textile Institute"],
            ["Weaver"],
        ],
    ),
    # The carrier was a member up to the end of 2025.
    (
        "cluster-members",
        {"date": "2026-01-01"},
        ["actorName"],
        [
            ["Bank"],
            ["Cluster Company"],
            ["Ginner"],
            ["Spinner"],
            ["Textile Institute"],
            ["Textile University"],
            ["Weaver"],
        ],
    ),
    # The fruit cluster exports as a whole, its members do not; the bank is its only financier.
    (
        "clusters-without-role",
        {"role": "exporter"},
        ["clusterName"],
        [["Bursa car cluster"], ["Fruit cluster"]],
    ),
    ("clusters-without-role", {"role": "financier"}, ["clusterName"], [["Bursa car cluster"]]),
    (
        "exports-of-cluster",
        {"year": "2024"},
        ["clusterName", "productName", "destination", "total", "year"],
        [
            ["Cotton cluster", "Denim", "TR", "200000", "2024"],
            ["Fruit cluster", "Jam", "KZ", "40000", "2024"],
        ],
    ),
    # The yarn came later, and the loom's supply is marked as ended.
    (
        "single-sourced",
        {"date": "2020-06-01"},
        ["buyerName", "productName", "supplierName"],
        [["Spinner", "Cotton", "Ginner"], ["Spinner", "Cotton fibre", "Ginner"]],
    ),
    (
        "supply-on-date",
        {"date": "2020-06-01"},
        ["supplierName", "buyerName", "productName", "status"],
        [
            ["Ginner", "Spinner", "Cotton", "contracted"],
            ["Ginner", "Spinner", "Cotton fibre", "observed"],
            ["Izmir Trade", "Spinner", "Loom", "ended"],
        ],
    ),
    # Two services name no product; the bank, which renders one, belongs to both clusters.
    (
        "supply-on-date",
        {"date": "2024-06-01"},
        ["supplierName", "buyerName", "productName"],
        [
            ["Bank", "Ginner", ""],
            ["Carrier", "Weaver", "Haulage"],
            ["Ginner", "Spinner", ""],
            ["Ginner", "Spinner", "Cotton"],
            ["Ginner", "Spinner", "Cotton fibre"],
            ["Spinner", "Weaver", "Yarn"],
            ["Bank", "Ginner", ""],
            ["Izmir Trade", "Cannery", "Apples"],
            ["Orchard", "Cannery", "Apples"],
        ],
    ),
    # The dye is only planned.
    (
        "supply-changes",
        {"since": "2025-01-01", "until": "2030-01-01"},
        ["day", "change", "supplierName", "buyerName"],
        [["2025-01-01", "ended", "Carrier", "Weaver"]],
    ),
    # The credit ran from 2022 to the end of 2024, the grant from 2024.
    (
        "instruments-in-force",
        {"date": "2023-06-01"},
        ["clusterName", "instrumentName", "eligibleMembers"],
        [["Cotton cluster", "Export credit", "1"]],
    ),
    # The order behind the relief gave way to the decree of 2019-05-01.
    (
        "instruments-in-force",
        {"date": "2019-04-30"},
        ["clusterName", "instrumentName", "eligibleMembers"],
        [["Cotton cluster", "Tax relief", "1"]],
    ),
    ("instruments-in-force", {"date": "2019-05-01"}, ["clusterName", "instrumentName"], []),
    (
        "findings-of-cluster",
        {"cluster": "fruit", "language": "uz"},
        ["rule", "score"],
        [
            ["G1", "1"],
            *([["G8", "1"]] * 2),
            *([["G6", "0.2"]] * 3),
            *([["G7", "0.2"]] * 3),
            ["G2", "0.104"],
        ],
    ),
    ("least-trusted", {"below": "0.35"}, ["row", "confidence"], [["supplies.csv!9", "0.3"]]),
    (
        "claimed-causes",
        {"effect": "unit-cost"},
        ["cause", "causeKind", "direction", "quote", "cited"],
        [["financial-support", "mechanism", "lowers", "", "Article on clusters"]],
    ),
    # In Andijan: the ginner, the spinner, the carrier and the cluster company.
    (
        "regions-without-infrastructure",
        {"kind": "technopark"},
        ["regionCode", "members"],
        [["UZ-AN", "4"], ["UZ-TK", "2"]],
    ),
    # A sector holds the narrower ones.
    (
        "clusters-by-sector",
        {"sector": "light-industry"},
        ["clusterName", "countryCode"],
        [["Cotton cluster", "UZ"]],
    ),
    ("clusters-by-sector", {"country": "TR"}, ["clusterName"], [["Bursa car cluster"]]),
    # Cloth is made by the spinner, and as denim by the weaver.
    (
        "makers-of-product",
        {"product": "cloth"},
        ["actorName", "made"],
        [["Spinner", "product/tables/cloth"], ["Weaver", "product/tables/denim"]],
    ),
]


@pytest.mark.parametrize(("slug", "given", "chosen", "expected"), OTHER_VALUES)
def test_other_values_give_other_rows(asked, slug, given, chosen, expected) -> None:
    columns, rows = ask(asked, slug, **with_defaults(slug, **given))
    assert [[row[columns.index(name)] for name in chosen] for row in rows] == expected


@pytest.mark.parametrize("datatype", ["integer", "decimal", "double"])
def test_a_number_may_be_given_in_any_type(asked, datatype) -> None:
    year = ox.Literal("2024", datatype=ox.NamedNode(XSD + datatype))
    assert len(list(answer(asked, "exports-of-cluster", {"year": year}))) == 2


def test_a_type_of_instrument_is_used_when_a_narrower_one_is(asked) -> None:
    columns, rows = ask(asked, "instrument-types-not-used", type="export-finance")
    assert [row[columns.index("clusterName")] for row in rows] == [
        "Bursa car cluster",
        "Fruit cluster",
    ]
    _, unused = ask(asked, "instrument-types-not-used", cluster="cotton-textile")
    received = {"grant", "financial-stimulus", "export-credit", "export-finance"}
    assert [row[-1] for row in unused] == sorted(set(codes("instrument-type")) - received)


# Four clusters that differ in one thing each; what is planned or has ended must not count.
BORDER = {
    "actors": [
        {"id": "mill", "name": "Mill", "kind": "enterprise", "roles": ""},
        {"id": "farm", "name": "Farm", "kind": "enterprise", "roles": ""},
        {"id": "carrier", "name": "Carrier", "kind": "logistics", "roles": ""},
        {"id": "depot", "name": "Depot", "kind": "enterprise", "roles": "trainer"},
        {"id": "adviser", "name": "Adviser", "kind": "support", "roles": "trainer"},
    ],
    "clusters": [
        {"id": name, "name": name, "sector": "livestock"}
        for name in ("member", "bought", "planned", "otherwise")
    ],
    "memberships": [
        {"actor": "carrier", "cluster": "member", "role": "trainer"},
        {"actor": "depot", "cluster": "bought", "role": ""},
        {"actor": "mill", "cluster": "planned", "role": ""},
        {"actor": "farm", "cluster": "planned", "role": ""},
        {"actor": "farm", "cluster": "otherwise", "role": ""},
    ],
    "products": [{"id": "grain", "name": "Grain"}],
    "supplies": [
        dict(zip(("supplier", "buyer", "product", "share", "kind", "status"), row, strict=True))
        for row in (
            ("carrier", "depot", "", "", "freight", "observed"),
            ("carrier", "mill", "", "", "freight", "planned"),
            ("depot", "farm", "", "", "finance", "observed"),
            ("farm", "mill", "grain", "0.5", "goods", "observed"),
            ("depot", "mill", "grain", "0.5", "goods", "planned"),
        )
    ],
    "cooperations": [
        {"id": "course", "kind": "training", "participant": "mill"},
        {"id": "course", "kind": "training", "participant": "adviser"},
        {"id": "fair", "kind": "joint-marketing", "participant": "mill"},
        {"id": "fair", "kind": "joint-marketing", "participant": "farm"},
    ],
    "ownerships": [
        {"owner": "mill", "owned": "farm", "kind": "equity", "share": "0.6", "status": "observed"},
        {"owner": "mill", "owned": "farm", "kind": "founder", "share": "", "status": "ended"},
    ],
}


@pytest.fixture(scope="module")
def border(tmp_path_factory):
    graph = klaster.open(tmp_path_factory.mktemp("border") / "border.klaster")
    graph.load(write_tables(tmp_path_factory.mktemp("t") / "tables", BORDER), loaded_at=LOADED_AT)
    return graph


@pytest.mark.parametrize(
    ("slug", "given", "chosen", "expected"),
    [
        # A logistics company as a member, or freight that is bought, will do.
        ("clusters-without-logistics", {}, ["clusterName"], [["otherwise"], ["planned"]]),
        # By membership, by the actor's own role, by the partner's: only the farm has no trainer.
        ("clusters-without-role", {"role": "trainer"}, ["clusterName"], [["otherwise"]]),
        (
            "services-bought",
            {},
            ["clusterName", "kind"],
            [["bought", "freight"], ["otherwise", "finance"], ["planned", "finance"]],
        ),
        (
            "purchase-concentration",
            {},
            ["actorName", "suppliers", "herfindahl"],
            [["Mill", "1", "0.25"]],
        ),
        ("owners", {}, ["actorName", "kind", "share"], [["Mill", "equity", "0.6"]]),
        # The farm supplies the mill and markets with it.
        ("traders-not-cooperating", {}, ["supplierName", "buyerName"], []),
        (
            "supply-on-date",
            {"date": "2030-01-01", "cluster": "planned"},
            ["supplierName", "buyerName"],
            [["Depot", "Farm"], ["Farm", "Mill"]],
        ),
    ],
)
def test_what_is_planned_or_over_does_not_count(border, slug, given, chosen, expected) -> None:
    columns, rows = ask(border, slug, **given)
    assert [[row[columns.index(name)] for name in chosen] for row in rows] == expected


@pytest.mark.parametrize("slug", SLUGS)
def test_a_parameter_keeps_just_its_rows_and_stays_a_column(graph_for, slug) -> None:
    """Left open, a question is answered for all; given, for the one, in the same order."""
    asked = graph_for(slug)
    kinds = parameters(slug)
    rest = {
        name: value_of(asked, kind, text)
        for name, (kind, text) in kinds.items()
        if text and kind in ("date", "number", "text")
    }
    things = [name for name, (kind, _) in kinds.items() if kind not in ("date", "number", "text")]
    everything = list(answer(asked, slug, rest))
    assert everything
    for name in things:
        values = {row[name] for row in everything}
        assert None not in values
        for value in values:
            rows = [list(row) for row in answer(asked, slug, rest | {name: value})]
            assert rows == [list(row) for row in everything if row[name] == value]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_value_that_is_given_is_told_in_every_row(graph_for, slug) -> None:
    asked = graph_for(slug)
    given = {
        name: value_of(asked, kind, text) for name, (kind, text) in parameters(slug).items() if text
    }
    for row in answer(asked, slug, given):
        assert {name: row[name] for name in given} == given


@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_is_asked_of_all_in_vain(graph_for, small_graph, slug) -> None:
    """Without any parameter a question works too, on a graph with little in it as well."""
    assert list(answer(graph_for(slug), slug, {}))
    list(answer(small_graph, slug, {}))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_question_has_a_slug_three_titles_and_known_parameters(slug) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)
    found = titles(slug)
    assert tuple(found) == LANGUAGES
    assert all(title.endswith("?") for title in found.values())
    assert not re.search("[‘’'`]", found["uz"])
    assert re.search("[а-я]", found["ru"])
    kinds = parameters(slug)
    for name, (kind, default) in kinds.items():
        scheme = kind.removeprefix("code ")
        assert kind in (*THINGS, "region", "date", "number", "text") or scheme in schemes()
        if kind.startswith("code ") and default:
            assert default in codes(scheme)
        assert f"?{name}" in TEXTS[slug].partition("SELECT")[2].partition("WHERE")[0]
    assert len(head(slug)) == len(LANGUAGES) + 1 + len(kinds)
    assert questions()[slug].theme in THEMES


def test_no_two_questions_have_the_same_title() -> None:
    for language in LANGUAGES:
        asked_for = [titles(slug)[language] for slug in SLUGS]
        assert len(asked_for) == len(set(asked_for))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_question_keeps_the_house_rules(slug) -> None:
    """MINUS instead of NOT EXISTS, a sorted answer, nothing from elsewhere."""
    code = without_comments(slug)
    assert not re.search(r"\b(EXISTS|SERVICE|FROM|PREFIX|BASE)\b", code)
    assert "ORDER BY" in code
    assert TEXTS[slug].endswith("\n")


def without_comments(slug: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", TEXTS[slug])


def own_terms() -> set[str]:
    found = set()
    for path in files("klaster.ontology").joinpath("terms").iterdir():
        if path.name.endswith(".csv"):
            rows = csv.DictReader(path.read_text("utf-8").splitlines())
            found |= {row["term"] for row in rows if "term" in row}
    return found


def test_the_questions_use_every_term_and_no_other() -> None:
    used = {term for slug in SLUGS for term in re.findall(r"\bkl:(\w+)", without_comments(slug))}
    assert used <= own_terms()
    assert own_terms() - used == set(NOT_ASKED)


@pytest.mark.parametrize("rule", sorted(codes("gap-rule")))
def test_every_rule_has_a_question_in_whose_answer_all_its_findings_are(
    graph_for, asked, rule
) -> None:
    """What ``klaster missing`` tells in Python is what the question reads from the graph."""
    columns, rows = ask(asked, "findings-of-rule", rule=rule, language="ru")
    place = columns.index("sentence")
    in_python = sorted(found.text["ru"] for found in asked.missing() if found.rule == rule)
    assert sorted(row[place] for row in rows) == in_python
    of_rule = {"G7": "missing-roles", "G10": "unreached-instruments"}
    iri = f"<{code_iri('gap-rule', rule)}>"
    slugs = [slug for slug in SLUGS if f"kl:gapRule {iri}" in TEXTS[slug]] or [of_rule[rule]]
    for slug in slugs:
        graph = graph_for(slug)
        columns, rows = ask(graph, slug)
        known = {found.text["en"] for found in graph.missing() if found.rule == rule}
        assert known
        if "sentence" in columns:
            assert {row[columns.index("sentence")] for row in rows} >= known


def test_the_questions_are_many_enough() -> None:
    assert len(SLUGS) >= 32

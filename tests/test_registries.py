"""The registries that come with the package: made-up files in their shape, and the real ones."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from made_up import SHARED
from registry_rows import loaded, rows_of

import klaster
from klaster.cli import main
from klaster.loaders.cells import read_bytes
from klaster.loaders.registries import registries
from klaster.ontology.codes import codes

FIXTURES = Path(__file__).parent / "data/registries"
PAGES = Path(__file__).parents[1] / "docs/registries"
NAMES = sorted(registries())

# The data sets beside this checkout, and the mappings by which they are read.
REAL = {
    "bea-io-2012": "bea-io",
    "chile-io-2013": "chile-io",
    "cordis-h2020-sc2-food": "cordis-extract",
    "country-codes": "country-codes",
    "hs-codes": "hs-codes",
    "osh-facility-lists": "facility-lists",
    "product-space-hs6-2020": "product-space",
    "ror-uzbekistan": "ror-extract",
    "uzbekistan": "uzbekistan",
    "world-trade-sitc4-1998-2000": "world-trade",
}


def test_every_registry_has_a_file_in_its_shape() -> None:
    folders = {path.name for path in FIXTURES.iterdir() if path.name != "expected"}
    assert folders == set(NAMES) == {path.name for path in (FIXTURES / "expected").iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_a_registry_is_known_by_its_columns_and_becomes_these_rows(name) -> None:
    mapping, found = rows_of(FIXTURES / name)
    assert mapping == name
    expected = {}
    for path in sorted((FIXTURES / "expected" / name).iterdir()):
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        expected[path.stem] = (header, rows)
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_row_tells_from_which_row_of_the_source_it_came(name) -> None:
    files = {path.name for path in (FIXTURES / name).iterdir()}
    for frame in loaded(FIXTURES / name).tables.frames.values():
        assert {locator.split("!")[0] for locator in frame["locator"]} <= files


@pytest.fixture(scope="module")
def all_registries(tmp_path_factory):
    """Every made-up registry, loaded together by one command."""
    path = tmp_path_factory.mktemp("registries") / "all.klaster"
    sources = [str(FIXTURES / name) for name in NAMES]
    result = CliRunner().invoke(main, ["load", *sources, "--into", str(path)])
    assert result.exit_code == 0, result.output
    for name in NAMES:
        assert f"read by the mapping {name}\n" in result.output
    return klaster.open(path)


def test_what_registries_become_conforms_to_the_shapes(all_registries) -> None:
    assert [row for row in all_registries.check() if row.severity == "Violation"] == []


def test_the_same_code_of_an_official_register_is_one_actor(all_registries) -> None:
    rows = all_registries.query(
        "SELECT (COUNT(DISTINCT ?a) AS ?n) { GRAPH ?g { ?a kl:ror ?ror } FILTER "
        '(STR(?ror) = "https://ror.org/0aaaaa169") }'
    ).rows
    assert rows == ((1,),)


def test_a_mapping_may_be_asked_for_by_name() -> None:
    mapping, tables = rows_of(FIXTURES / "uzbekistan", "uzbekistan")
    assert mapping == "uzbekistan"
    assert set(tables) >= {"actors", "clusters", "sources"}


def test_the_tables_of_a_registry_load_back_the_same(all_registries, tmp_path) -> None:
    assert [source.name for source in all_registries.sources()] == NAMES
    graph = klaster.open(tmp_path / "trade.klaster")
    graph.load(FIXTURES / "world-trade")
    graph.export(tmp_path / "tables")
    again = klaster.open(tmp_path / "again.klaster")
    again.load(tmp_path / "tables")
    columns = ["year", "value", "currency"]
    assert sorted(again.table("exports").select(columns).rows()) == sorted(
        graph.table("exports").select(columns).rows()
    )
    exporters = {iri.rsplit("/", 1)[-1] for iri in again.table("exports")["exporter"]}
    assert exporters == {"UZ", "ANT", "RO", "XYZ"}


@pytest.mark.parametrize("name", NAMES)
def test_every_registry_has_a_page_that_names_what_is_read(name) -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    row = re.search(rf"^\| `{re.escape(name)}` \|.*\[[^]]*\]\(([\w-]+\.md)\)", index, re.MULTILINE)
    assert row, f"{name} is not in the index"
    text = (PAGES / row[1]).read_text("utf-8")
    assert "klaster load" in text
    for heading in ("Licence", "Left out", "Limits"):
        assert f"## {heading}" in text
    for read in registries()[name].reads:
        for column in (*read.columns, *read.may_lack):
            assert f"`{column}`" in text, column


# The real data sets.


def source_of(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return path


def table_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read_bytes(path).decode("utf-8-sig"))))


_frames: dict[str, dict[str, pl.DataFrame]] = {}


def frames_of(name: str) -> dict[str, pl.DataFrame]:
    """Return the tables of a real data set, read once, with references by id."""
    if name not in _frames:
        found = loaded(source_of(name))
        assert found.mapping == REAL[name]
        assert found.skipped == []
        _frames[name] = dict(found.tables.frames)
    return _frames[name]


def key(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]


ROWS = {
    "bea-io-2012": {"actors": 402, "products": 402, "makes": 5_216, "needs": 49_988, "codes": 402},
    "chile-io-2013": {"actors": 12, "products": 12, "makes": 12, "exports": 12, "codes": 12},
    "cordis-h2020-sc2-food": {"actors": 4_803, "policies": 1, "instruments": 1},
    "country-codes": {"codes": 249},
    "hs-codes": {"codes": 6_940},
    "osh-facility-lists": {"supplies": 378},
    "product-space-hs6-2020": {"proximities": 10_294},
    "ror-uzbekistan": {"actors": 131},
    "uzbekistan": {"actors": 71, "instruments": 15, "sources": 197},
    "world-trade-sitc4-1998-2000": {"exports": 124_336},
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_data_set_has_the_rows_that_it_states(name) -> None:
    frames = frames_of(name)
    assert {table: frames[table].height for table in ROWS[name]} == ROWS[name]


@pytest.mark.parametrize("name", ["chile-io-2013", "ror-uzbekistan", "uzbekistan"])
def test_one_command_loads_a_real_data_set(name, tmp_path) -> None:
    graph = tmp_path / "g.klaster"
    result = CliRunner().invoke(main, ["load", str(source_of(name)), "--into", str(graph)])
    assert result.exit_code == 0, result.output
    assert f"read by the mapping {REAL[name]}\n" in result.output
    assert [row for row in klaster.open(graph).check() if row.severity == "Violation"] == []


def test_the_central_organisations_of_cordis_are_those_of_a_plain_count(tmp_path) -> None:
    frames = frames_of("cordis-h2020-sc2-food")
    rows = table_of(source_of("cordis-h2020-sc2-food") / "participations.csv")
    everyone = defaultdict(set)
    for row in rows:
        everyone[row["rcn"]].add(row["pic"])
    assert (len(rows), len(everyone)) == (10_348, 887)
    # A project of one organisation is no cooperation; what it was given is an award.
    told = {project: members for project, members in everyone.items() if len(members) > 1}
    alone = {(*members,) for members in everyone.values() if len(members) == 1}
    assert len(everyone) - len(told) == 311
    ids = dict(frames["actors"].select("iri", "id").rows())
    found = defaultdict(set)
    for project, participant in frames["cooperations"].select("id", "participant").rows():
        found[project].add(ids[participant])
    assert found == told
    assert frames["cooperations"].height == sum(len(members) for members in told.values())
    awarded = {ids[beneficiary] for beneficiary in frames["awards"]["beneficiary"]}
    assert {name for (name,) in alone} <= awarded
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(source_of("cordis-h2020-sc2-food"))
    ranked = graph.central()
    label, degree = ranked.columns.index("label"), ranked.columns.index("degree")
    degrees = {row[label].removeprefix("PIC "): row[degree] for row in ranked.rows}
    plain = partners(told)
    assert {name: number for name, number in degrees.items() if number} == plain
    assert [row[degree] for row in ranked.rows[:10]] == [n for _, n in plain.most_common(10)]
    assert [row for row in graph.check() if row.severity == "Violation"] == []
    kinds = dict(frames["actors"].group_by("kind").len().rows())
    assert kinds == {
        "enterprise": 2_432, "research": 687, "university": 672, "other": 654, "government": 358,
    }  # fmt: skip
    assert frames["actors"].filter(pl.col("country") == "GR").height == 135
    assert frames["actors"].filter(pl.col("country") == "GB").height == 318


def partners(projects: dict[str, set[str]]) -> Counter[str]:
    found = defaultdict(set)
    for members in projects.values():
        for one, other in combinations(sorted(members), 2):
            found[one].add(other)
            found[other].add(one)
    return Counter({name: len(others) for name, others in sorted(found.items())})


def test_the_contributions_of_cordis_are_awards_to_the_cent() -> None:
    frames = frames_of("cordis-h2020-sc2-food")
    told = [row["contribution"] for row in table_of(
        source_of("cordis-h2020-sc2-food") / "participations.csv"
    )]  # fmt: skip
    total = sum(float(cell) for cell in told if cell)
    assert frames["awards"]["amount"].sum() == pytest.approx(total, abs=0.01)
    given = frames["awards"].filter(pl.col("amount") > 0)
    assert given.height == sum(1 for cell in told if cell and float(cell) > 0)


def test_a_link_of_ror_is_there_once_and_none_leads_out() -> None:
    frames = frames_of("ror-uzbekistan")
    folder = source_of("ror-uzbekistan")
    known = {row["ror_id"] for row in table_of(folder / "organisations.csv")}
    told = set()
    related = set()
    for row in table_of(folder / "relationships.csv"):
        here, there = row["ror_id"], row["related_ror_id"]
        if {here, there} <= known:
            if row["relation"] == "parent":
                told.add((there, here))
            elif row["relation"] == "child":
                told.add((here, there))
            elif row["relation"] == "related":
                related.add(frozenset((here, there)))
    ids = dict(frames["actors"].select("iri", "id").rows())
    links = frames["ownerships"].select("owner", "owned").rows()
    assert sorted((ids[owner], ids[owned]) for owner, owned in links) == sorted(told)
    pairs = frames["cooperations"].group_by("id").agg("participant").rows()
    assert {frozenset(ids[part] for part in parts) for _, parts in pairs} == related
    assert len(pairs) == len(related) == 5


WRITTEN = {
    "Tashkent": "UZ-TK", "Tashkent Region": "UZ-TO", "Namangan": "UZ-NG", "Bukhara": "UZ-BU",
    "Fergana": "UZ-FA", "Qashqadaryo": "UZ-QA", "Andijan Region": "UZ-AN", "Andijon": "UZ-AN",
    "Xorazm Region": "UZ-XO", "Surxondaryo Region": "UZ-SU", "Samarqand Region": "UZ-SA",
    "Samarqand": "UZ-SA", "Navoiy Region": "UZ-NW", "Jizzax": "UZ-JI", "Jizzakh Region": "UZ-JI",
    "Karakalpakstan": "UZ-QR", "Sirdaryo Region": "UZ-SI",
}  # fmt: skip
NOT_THERE: set[str] = set()


def test_regions_without_a_research_institute_follow_from_ror() -> None:
    actors = frames_of("ror-uzbekistan")["actors"]
    assert actors.filter(pl.col("region").is_null() & pl.col("place").is_not_null()).height == 18
    with_research = actors.filter(pl.col("kind").is_in(["research", "university"]))
    regions = dict(with_research["region"].explode().drop_nulls().value_counts().rows())
    # Counted by hand in organisations.csv: types education or facility, by the region's names.
    told: Counter[str] = Counter()
    for row in table_of(source_of("ror-uzbekistan") / "organisations.csv"):
        if {"education", "facility"} & set(row["types"].split("|")) and row["region"]:
            told[WRITTEN[row["region"]]] += 1
    assert regions == told
    assert {code for code in codes("region") if code not in regions} == NOT_THERE
    assert actors.filter(pl.col("note").str.contains("inactive in ROR")).height == 7
    assert actors.filter(pl.col("note").str.contains("withdrawn in ROR")).height == 1


SAME_COUNTRY = {"usa": "united states", "us": "united states"}


def test_facilities_of_several_brands_are_those_of_a_plain_count() -> None:
    frames = frames_of("osh-facility-lists")
    lists = defaultdict(set)
    for row in table_of(source_of("osh-facility-lists") / "facilities.csv"):
        country = row["country"].casefold()
        place = (SAME_COUNTRY.get(country, country), *(
            " ".join(row[column].casefold().split()) for column in ("name", "address")
        ))  # fmt: skip
        lists[place].add(row["list"])
    facilities = frames["actors"].filter(pl.col("id").str.starts_with("facility-"))
    assert facilities.height == len(lists)
    assert facilities["country"].null_count() == 0
    brands = frames["supplies"].group_by("supplier").len()
    assert sorted(brands["len"]) == sorted(len(found) for found in lists.values())
    assert frames["actors"].height - facilities.height == 7


def test_the_heading_5205_is_cotton_yarn_and_rolls_up_to_cotton() -> None:
    rows = {row["code"]: row for row in frames_of("hs-codes")["codes"].iter_rows(named=True)}
    assert rows["5205"]["name"].startswith("Cotton yarn (other than sewing thread), containing 85%")
    assert rows["5205"]["broader"] == "52"
    assert (rows["52"]["name"], rows["52"]["broader"]) == ("Cotton", "TOTAL")
    assert rows["520511"]["broader"] == "5205"
    assert {row["broader"] for row in rows.values() if row["broader"]} <= set(rows)


def test_the_countries_have_their_names_in_two_languages() -> None:
    rows = {row["code"]: row for row in frames_of("country-codes")["codes"].iter_rows(named=True)}
    assert (rows["UZ"]["name_en"], rows["UZ"]["name_ru"]) == ("Uzbekistan", "Узбекистан")
    assert (rows["AX"]["name"], rows["AX"]["name_en"]) == ("Åland Islands", None)
    assert rows["KZ"]["note"] == "KAZ; 398; Central Asia"


def test_the_products_next_to_cotton_goods_are_those_of_the_file() -> None:
    frames = frames_of("product-space-hs6-2020")
    told = {
        frozenset((row["source"], row["target"])): float(row["weight"])
        for row in table_of(source_of("product-space-hs6-2020") / "proximities.csv.gz")
    }
    found = {
        frozenset((key(one), key(other))): value
        for one, other, value in frames["proximities"].select("product", "other", "value").rows()
    }
    assert found == told
    textile = [pair for pair in found if any(code[:2] in ("52", "61", "62") for code in pair)]
    assert len(textile) > 1_000
    assert frames["products"].filter(pl.col("hs").is_null())["id"].to_list() == sorted(
        code for code in {code for pair in told for code in pair} if not code.isdigit()
    )


def test_uzbekistan_is_most_specialised_in_cotton() -> None:
    frames = frames_of("world-trade-sitc4-1998-2000")
    flows = frames["exports"].select(
        country=pl.col("exporter").str.split("/").list.last(), product="product", value="value"
    )
    assert flows.filter(pl.col("country") == "UZ").height == 613
    of_country = flows.group_by("country").agg(whole=pl.col("value").sum())
    of_product = flows.group_by("product").agg(world=pl.col("value").sum())
    ranked = (
        flows.join(of_country, on="country")
        .join(of_product, on="product")
        .filter(pl.col("country") == "UZ")
        .with_columns(
            rca=(pl.col("value") / pl.col("whole")) / (pl.col("world") / flows["value"].sum())
        )
        .sort("rca", descending=True)
    )
    names = dict(frames["products"].select("iri", "name").rows())
    found = {names[iri]: round(rca, 1) for iri, rca in ranked.select("product", "rca").rows()}
    assert next(iter(found)) == "Raw cotton"
    stated = {
        "Raw cotton": 34.1, "Cotton linters": 20.6, "Worm cocoons and waste from silk": 12.2,
        "Prepared or preserved vegetables": 11.5, "Cotton seed oil": 11.3,
    }  # fmt: skip
    assert {name: found[name] for name in stated} == stated
    assert frames["codes"].select("code", "name").rows() == [
        ("ANT", "Netherlands Antilles"),
        ("SCG", "Serbia and Montenegro"),
    ]
    told = table_of(source_of("world-trade-sitc4-1998-2000") / "trade.csv.gz")
    assert flows.filter(pl.col("country") == "SCG").height == sum(
        row["country"] == "scg" for row in told
    )


def test_nothing_of_the_american_tables_is_lost() -> None:
    frames = frames_of("bea-io-2012")
    folder = source_of("bea-io-2012")
    for table, file in (("needs", "use_2012.csv.gz"), ("makes", "make_2012.csv.gz")):
        told = {
            (row["industry"], row["commodity"]): float(row["value_musd"]) * 1e6
            for row in table_of(folder / file)
        }
        found = {
            (key(actor).removeprefix("industry-"), key(product)): value
            for actor, product, value in frames[table].select("actor", "product", "value").rows()
        }
        assert found == told
    uses = table_of(folder / "use_2012.csv.gz")
    commodities = {row["code"] for row in table_of(folder / "commodities.csv")}
    bills = {
        (row["industry"], row["commodity"]): float(row["direct_requirement"])
        for row in uses
        if row["industry"] in commodities and row["industry"] != row["commodity"]
    }
    recipes = frames["recipes"].select("product", "input", "quantity").rows()
    assert {(key(made), key(used)): share for made, used, share in recipes} == bills


def test_the_bill_of_inputs_of_a_textile_mill_is_that_of_the_file() -> None:
    frames = frames_of("bea-io-2012")
    mill = frames["recipes"].filter(pl.col("product").str.ends_with("/313100"))
    top = mill.sort("quantity", descending=True).head(5)["input"].to_list()
    told = sorted(
        (
            (float(row["direct_requirement"]), row["commodity"])
            for row in table_of(source_of("bea-io-2012") / "use_2012.csv.gz")
            if row["industry"] == "313100" and row["commodity"] != "313100"
        ),
        reverse=True,
    )
    assert [key(iri) for iri in top] == [commodity for _, commodity in told[:5]]


def matrix(rows, sectors: list[str], column: str) -> np.ndarray:
    at = {name: number for number, name in enumerate(sectors)}
    found = np.zeros((len(sectors), len(sectors)))
    for row in rows.iter_rows(named=True):
        found[at[key(row["product"])], at[key(row["actor"]).removeprefix("sector-")]] = row[column]
    return found


def test_the_row_sums_of_the_chilean_table_are_its_intermediate_demand() -> None:
    frames = frames_of("chile-io-2013")
    demand = table_of(source_of("chile-io-2013") / "wage_and_final_demand.csv")
    sectors = [row["industry"] for row in demand]
    flows = matrix(frames["needs"], sectors, "value")
    told = [float(row["intermediate_total_demand"]) * 1e9 for row in demand]
    assert flows.sum(axis=1) == pytest.approx(told, abs=1)
    # What is called final total demand holds the intermediate demand: it is the output.
    parts = (
        "intermediate_total_demand", "household_consumption", "non_profit_consumption",
        "government_consumption", "gross_fixed_capital_formation", "change_in_inventories",
        "exports",
    )  # fmt: skip
    for row in demand:
        whole = sum(float(row[part]) for part in parts)
        assert whole == pytest.approx(float(row["final_total_demand"]), rel=1e-6)
    exported = {key(product): value for product, value in frames["exports"].select(
        "product", "value"
    ).rows()}  # fmt: skip
    assert exported == pytest.approx(
        {row["industry"]: float(row["exports"]) * 1e9 for row in demand}
    )


def test_the_multipliers_of_the_chilean_sectors_are_the_expected_ones() -> None:
    frames = frames_of("chile-io-2013")
    expected = table_of(source_of("chile-io-2013") / "expected_multipliers.csv")
    sectors = [row["industry"] for row in expected]
    flows = matrix(frames["needs"], sectors, "value") / 1e9
    # The expected figures take intermediate and final total demand together for the output.
    output = np.array([float(row["output"]) for row in expected])
    inverse = np.linalg.inv(np.eye(len(sectors)) - flows / output)
    backward = [float(row["backward_multiplier"]) for row in expected]
    assert inverse.sum(axis=0) == pytest.approx(backward, abs=1e-6)
    real = {key(product): value / 1e9 for product, value in frames["makes"].select(
        "product", "value"
    ).rows()}  # fmt: skip
    shares = frames["recipes"].select("product", "input", "quantity").rows()
    at = {name: number for number, name in enumerate(sectors)}
    for made, used, share in shares:
        flow = flows[at[key(used)], at[key(made)]]
        assert share == pytest.approx(flow / real[key(made)], rel=1e-6)


def test_the_links_of_uzbekistan_are_all_there() -> None:
    frames = frames_of("uzbekistan")
    links = table_of(source_of("uzbekistan") / "links.csv")
    assert len(links) == 32
    stated = frames["memberships"].filter(pl.col("note") == "stated").height
    assert len(links) == (
        frames["cooperations"]["id"].n_unique()
        + frames["ownerships"].height
        + frames["supplies"].height
        + stated
    )
    policies = {row["policy_id"] for row in table_of(source_of("uzbekistan") / "policies.csv")}
    assert len(policies) == 33
    assert set(frames["policies"]["id"]) == policies | {"Savdoni rivojlantirish kompaniyasi"}


def test_one_organisation_ties_the_cotton_clusters_to_science() -> None:
    frames = frames_of("uzbekistan")
    actors = {row["iri"]: row for row in frames["actors"].iter_rows(named=True)}
    tied = defaultdict(set)
    for _, parts in frames["cooperations"].group_by("id").agg("participant").rows():
        for one, other in (parts, parts[::-1]):
            science = actors[one]["kind"] in ("research", "university")
            if science and actors[other]["kind"] == "cluster-organization":
                tied[actors[one]["name"]].add(actors[other]["name"])
    ranked = sorted(tied.items(), key=lambda found: -len(found[1]))
    assert ranked[0] == ("JSC Paxtasanoat Ilmiy Markazi", {"BCT Cluster", "BEK Cluster"})
    assert all(len(found) == 1 for _, found in ranked[1:])


def test_no_measure_of_uzbekistan_reaches_a_named_actor() -> None:
    frames = frames_of("uzbekistan")
    assert "awards" not in frames
    assert frames["criteria"].height == frames["instruments"].height == 15


def test_cotton_clusters_without_research_logistics_or_bank_follow_from_the_links() -> None:
    frames = frames_of("uzbekistan")
    folder = source_of("uzbekistan")
    told = {row["actor_id"]: row for row in table_of(folder / "actors.csv")}
    clusters = {name for name, row in told.items() if row["kind"] == "cluster_company"
                and row["sector"] == "cotton-textile"}  # fmt: skip
    served = set()
    for row in table_of(folder / "links.csv"):
        for one, other in ((row["from_id"], row["to_id"]), (row["to_id"], row["from_id"])):
            if told[other]["kind"] in ("research", "university", "logistics", "bank"):
                served.add(one)
    ids = dict(frames["actors"].select("iri", "id").rows())
    kinds = dict(frames["actors"].select("id", "kind").rows())
    found = set()
    pairs = [
        tuple(parts) for _, parts in frames["cooperations"].group_by("id").agg("participant").rows()
    ]
    pairs += frames["supplies"].select("supplier", "buyer").rows()
    pairs += frames["ownerships"].select("owner", "owned").rows()
    for pair in pairs:
        for one, other in (pair, pair[::-1]):
            if kinds[ids[other]] in ("research", "university", "logistics", "finance"):
                found.add(ids[one])
    assert clusters - found == clusters - served
    assert {"A001", "A004"} <= clusters & found

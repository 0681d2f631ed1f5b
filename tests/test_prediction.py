"""Evidence worked out by hand, suggestions that say why, and what must not change them."""

from __future__ import annotations

import datetime as dt
import string

import numpy as np
import polars as pl
import pytest
from made_up import write_tables

import klaster
from klaster.graph.findings import evidence as ev
from klaster.graph.findings.explanation import Explainer
from klaster.graph.findings.layer import Layer, layer_of
from klaster.graph.findings.predicted import predict
from klaster.graph.findings.prediction import Ensemble
from klaster.graph.findings.sentences import TOLD, reason
from klaster.graph.findings.stack import Stack
from klaster.graph.findings.suggestion import short_lists, suggest
from klaster.ontology.labels import LANGUAGES, phrase


def things(*names, **columns):
    return pl.DataFrame({"iri": names, "label": [name.title() for name in names], **columns})


def layer(name, pairs, sources, targets=None, **columns):
    """A layer of pairs of names."""
    at = {iri: place for place, iri in enumerate(sources["iri"])}
    to = at if targets is None else {iri: place for place, iri in enumerate(targets["iri"])}
    rows = pl.DataFrame(
        {
            "source": [at[one] for one, _ in pairs],
            "target": [to[other] for _, other in pairs],
            **columns,
        },
        schema_overrides={"source": pl.Int64, "target": pl.Int64},
    )
    return Layer.of(name, sources, targets, rows)


def cooperation(projects, actors):
    """A layer of projects: {name: participants}."""
    pairs = [
        (a, b, name)
        for name, takers in projects.items()
        for place, a in enumerate(takers)
        for b in takers[place + 1 :]
    ]
    return layer(
        "cooperation",
        [(a, b) for a, b, _ in pairs],
        actors,
        event=[name for *_, name in pairs],
    )


def value(found, known, source, target):
    place = {iri: at for at, iri in enumerate(known.sources["iri"])}
    to = {iri: at for at, iri in enumerate(known.targets["iri"])}
    return found.values(np.array([place[source]]), np.array([to[target]]))[0]


def test_a_project_adds_one_to_what_each_participant_is_tied_by():
    known = cooperation({"p": "abcd", "q": "ab"}, things(*"abcd"))
    ties = known.weighted(ev.event_weights(known)).toarray()
    assert ties.sum(axis=1) == pytest.approx([2, 2, 1, 1])
    assert ties[0] == pytest.approx([0, 1 + 1 / 3, 1 / 3, 1 / 3])


def test_shared_partners_count_more_where_they_have_few_others():
    known = cooperation(
        {"1": "az", "2": "bz", "3": "cy", "4": "dy", "5": "ey", "6": "fy"}, things(*"abcdefyz")
    )
    found = ev.shared_partners(known)
    assert value(found, known, "a", "b") == pytest.approx(1 / 2)
    assert value(found, known, "c", "d") == pytest.approx(1 / 4)
    assert value(found, known, "a", "c") == 0


def test_a_path_of_three_links_counts_by_the_degrees_of_its_middle():
    # a – u – v – b, and u has one more partner.
    known = cooperation({"1": "au", "2": "uv", "3": "vb", "4": "ux"}, things(*"abuvx"))
    assert value(ev.third_step(known), known, "a", "b") == pytest.approx(1 / np.sqrt(3 * 2))
    assert value(ev.close_walks(known), known, "a", "b") == pytest.approx(1 / np.sqrt(3 * 2))


def test_co_supply_follows_the_direction():
    # s and s2 sell to b; s2 also sells to t.
    actors = things("b", "s", "s2", "t")
    known = layer("supply", [("s", "b"), ("s2", "b"), ("s2", "t")], actors)
    assert value(ev.co_supply(known), known, "s", "t") == pytest.approx(1 / np.sqrt(2 * 2))
    assert value(ev.co_supply(known), known, "t", "s") == 0


def test_sector_scores_follow_their_formulas():
    # Two growers (g) and two mills (m); three links lead from growers to mills.
    actors = things("g1", "g2", "m1", "m2", sector=["g", "g", "m", "m"])
    known = layer("supply", [("g1", "m1"), ("g1", "m2"), ("g2", "m1")], actors)
    block = value(ev.sector_block(known), known, "g2", "m2")
    assert block == pytest.approx((1 / 3) * 3 * (1 / 3))
    # m2 buys from one grower, and growers are all that mills take.
    stripe = value(ev.stripe(known), known, "g2", "m2")
    assert stripe == pytest.approx((1 / 3) * (1 + 3 / 3))


def test_products_made_together_are_related():
    actors, products = things(*"abc"), things("milk", "cheese", "wool", parent=["food"] * 2 + ["x"])
    known = layer(
        "actor-product",
        [("a", "milk"), ("a", "cheese"), ("b", "milk"), ("c", "milk"), ("c", "wool")],
        actors,
        products,
    )
    assert value(ev.relatedness(known), known, "b", "cheese") == pytest.approx(1 / 3)
    assert value(ev.taxonomy(known), known, "b", "cheese") == 1
    assert value(ev.taxonomy(known), known, "b", "wool") == 0


def test_a_kind_of_pair_counts_by_what_its_links_exceed():
    kinds = ["firm", "firm", "school", "school"]
    known = cooperation({"1": "ax", "2": "by"}, things(*"abxy", kind=kinds))
    # Four ends between firms and schools each way, where size alone implies one.
    found = ev.kind_pair(known)
    assert value(found, known, "a", "y") == pytest.approx((2 + 5) / (1 + 5))
    assert value(found, known, "a", "b") == pytest.approx((0 + 5) / (1 + 5))


def test_a_shared_theme_counts_only_where_there_is_one():
    actors = things(*"abcdef")
    known = layer(
        "cooperation",
        [("a", "b"), ("c", "d"), ("e", "f")],
        actors,
        event=["1", "2", "3"],
        theme=["soil", "soil", "milk"],
    )
    assert value(ev.shared_theme(known), known, "a", "c") == pytest.approx(1)
    assert value(ev.shared_theme(known), known, "a", "e") == 0


SUPPLY = {
    "actors": [
        {
            "id": "farm",
            "name": "Farm",
            "kind": "enterprise",
            "region": "UZ-FA",
            "activity": "01.41",
        },
        {
            "id": "farm2",
            "name": "Farm 2",
            "kind": "enterprise",
            "region": "UZ-AN",
            "activity": "01",
        },
        {"id": "dairy", "name": "Dairy", "kind": "enterprise", "activity": "10"},
        {
            "id": "dairy2",
            "name": "Dairy 2",
            "kind": "enterprise",
            "activity": "10",
            "region": "UZ-FA",
        },
        {"id": "lab", "name": "Institute", "kind": "research"},
        {"id": "office", "name": "Agency", "kind": "government"},
    ],
    "products": [
        {"id": "food", "name": "Food"},
        {"id": "milk", "name": "Milk", "broader": "food"},
        {"id": "cheese", "name": "Cheese", "broader": "food"},
        {"id": "whey", "name": "Whey", "broader": "food"},
    ],
    "supplies": [
        {
            "supplier": "farm",
            "buyer": "dairy",
            "product": "milk",
            "valid_from": "2019",
            "status": "",
        },
        {"supplier": "farm2", "buyer": "dairy", "product": "milk", "valid_from": "", "status": ""},
        {"supplier": "farm2", "buyer": "dairy2", "product": "milk", "valid_from": "", "status": ""},
        {
            "supplier": "lab",
            "buyer": "dairy2",
            "product": "",
            "valid_from": "",
            "status": "planned",
        },
    ],
    "makes": [
        {"actor": "dairy", "product": "cheese"},
        {"actor": "dairy", "product": "whey"},
        {"actor": "dairy2", "product": "cheese"},
    ],
    "cooperations": [
        {
            "id": name,
            "kind": "joint-rd",
            "participant": who,
            "theme": theme,
            "valid_from": "2020-05",
        }
        for name, theme, takers in (
            ("one", "soil", ("dairy", "lab")),
            ("two", "soil", ("dairy2", "lab")),
            ("three", "milk", ("dairy2", "office")),
        )
        for who in takers
    ],
}


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    folder = tmp_path_factory.mktemp("supply")
    graph = klaster.open(folder / "g.klaster")
    graph.load(write_tables(folder / "t", SUPPLY))
    return graph._columns


def test_layers_come_from_the_tables_without_what_is_only_planned(columns):
    supply = layer_of(columns, "supply")
    assert supply.matrix.sum() == 3
    assert supply.records["date"].drop_nulls().to_list() == [dt.date(2019, 1, 1)]
    assert supply.sources.filter(pl.col("label") == "Farm")["sector"].to_list() == ["01"]
    assert all(iri.endswith("food") for iri in supply.records["product_class"])
    together = layer_of(columns, "cooperation")
    assert together.matrix.sum() == 6
    assert set(together.records["date"]) == {dt.date(2020, 5, 1)}
    made = layer_of(columns, "actor-product")
    assert made.shape == (6, 4)
    assert made.matrix.sum() == 3 + 2


def row(found, source, target):
    return next(
        item.row("en")
        for item in found
        if (item.source_label["en"], item.target_label["en"]) == (source, target)
    )


def test_a_supplier_is_suggested_with_names_counts_and_what_speaks_against(columns):
    told = row(suggest(layer_of(columns, "supply"), coverage="survey"), "Farm", "Dairy 2")
    assert "Farm and Farm 2 both sell to Dairy (shared customers: 1)" in told["text"]
    assert "Suppliers of sector “01” that Dairy 2 already buys from: 1 (Farm 2)" in told["text"]
    assert "Against: no common partner; that no link is recorded" in told["text"]
    assert any(iri.endswith("farm2") for iri in told["evidence"])
    assert {"source", "target", "source_label", "target_label", "score"} <= set(told)
    assert told["score"] == pytest.approx(sum(told["numbers"].values()))


def test_partners_are_suggested_by_shared_partner_and_theme(columns):
    told = row(suggest(layer_of(columns, "cooperation")), "Dairy", "Dairy 2")
    assert "Recorded partners that they share: 1 (Institute)" in told["text"]
    assert "Both took part in “soil” (projects: 1 and 1)" in told["text"]


def test_a_product_is_suggested_by_what_goes_with_it(columns):
    told = row(suggest(layer_of(columns, "actor-product")), "Dairy 2", "Whey")
    assert "Who has Cheese has Whey too in up to 50% of recorded cases" in told["text"]
    assert "Products of Dairy 2 of the same class" in told["text"]


@pytest.mark.parametrize("name", ["supply", "cooperation", "actor-product"])
def test_no_link_that_is_recorded_is_suggested_and_each_suggestion_has_evidence(columns, name):
    known = layer_of(columns, name)
    linked = {
        (known.sources["iri"][int(a)], known.targets["iri"][int(b)])
        for a, b in zip(*known.matrix.nonzero(), strict=True)
    }
    found = suggest(known, 50)
    assert found
    for item in found:
        assert (item.source, item.target) not in linked
        assert item.source != item.target
        assert item.parts
        assert all(part > 0 for part in item.parts.values())
        assert all(item.text[language] and item.against[language] for language in LANGUAGES)
        assert "{" not in "".join(item.text.values())


def test_every_evidence_of_every_layer_can_be_told():
    for made in ev.BY_LAYER.values():
        for maker in made:
            assert maker.__name__ in TOLD


def random_projects(seed, actors=40, projects=30):
    rng = np.random.default_rng(seed)
    return {
        f"p{number}": [
            f"a{who:02}" for who in rng.choice(actors, rng.integers(2, 6), replace=False)
        ]
        for number in range(projects)
    }


def test_a_score_does_not_depend_on_names_or_the_order_of_rows():
    projects = random_projects(1)
    names = [f"a{who:02}" for who in range(40)]
    first = suggest(cooperation(projects, things(*names)), 400)
    order = np.random.default_rng(2).permutation(40)
    other = dict(zip(names, [f"z{at:02}" for at in order], strict=True))
    changed = {
        name: [other[who] for who in reversed(takers)]
        for name, takers in reversed(projects.items())
    }
    second = suggest(cooperation(changed, things(*sorted(other.values()))), 400)
    one = {frozenset((other[s.source], other[s.target])): s.score for s in first}
    two = {frozenset((s.source, s.target)): s.score for s in second}
    assert one.keys() == two.keys()
    # A float32 decides the bin of a value, so sums in another order may differ a little.
    assert all(one[pair] == pytest.approx(two[pair], rel=1e-3) for pair in one)


def test_the_same_input_gives_the_same_suggestions():
    known = cooperation(random_projects(3), things(*(f"a{who:02}" for who in range(40))))
    told = [[item.row("uz") for item in suggest(known, 30)] for _ in range(2)]
    assert told[0] == told[1]


def test_the_score_of_a_pair_is_the_same_asked_for_or_come_upon():
    known = cooperation(random_projects(5), things(*(f"a{who:02}" for who in range(40))))
    ensemble = Ensemble(known)
    for some in ensemble.scan():
        asked = ensemble.values(some.sources, some.targets)
        assert np.allclose(asked, some.values)


def test_short_lists_hold_the_best_of_each_source():
    known = cooperation(random_projects(5), things(*(f"a{who:02}" for who in range(40))))
    lists = short_lists(Ensemble(known), 3)
    assert lists.group_by("source").len()["len"].max() == 3
    best = suggest(known, 1)[0]
    assert lists["score"].max() == pytest.approx(best.score)


def test_a_large_layer_keeps_the_strongest_steps_and_still_agrees(monkeypatch):
    known = cooperation(random_projects(7), things(*(f"a{who:02}" for who in range(40))))
    exact = {(s.source, s.target): s.score for s in suggest(known, 30)}
    monkeypatch.setattr(ev, "LARGE", 10)
    large = {(s.source, s.target): s.score for s in suggest(known, 30)}
    assert exact == pytest.approx(large)
    monkeypatch.setattr(ev, "WIDTH", 3)
    narrow = {(s.source, s.target) for s in suggest(known, 30)}
    assert len(narrow & exact.keys()) >= 10


def test_suggestions_can_be_kept_to_the_members_of_a_cluster(columns):
    known = layer_of(columns, "supply")
    farm = known.sources.filter(pl.col("label") == "Farm")["iri"][0]
    found = suggest(known, among=[farm])
    assert found
    assert all(farm in (item.source, item.target) for item in found)


def test_an_empty_layer_suggests_nothing():
    assert suggest(cooperation({}, things("a", "b"))) == []
    assert short_lists(Ensemble(cooperation({}, things("a", "b")))).is_empty()


def test_the_sentences_take_the_same_values_in_every_language():
    for key in ("prediction.co_supply", "prediction.shared_partners", "prediction.stripe"):
        places = {name for _, name, _, _ in string.Formatter().parse(_text(key, "en")) if name}
        assert places
        for language in LANGUAGES:
            filled = phrase(key, language, **dict.fromkeys(places, "X"))
            assert "X" in filled


def _text(key, language):
    from klaster.ontology.labels import _phrases

    return _phrases()[key][language]


def test_what_an_explainer_is_told_of_names_it_uses():
    known = cooperation({"1": "az", "2": "bz"}, things(*"abz"))
    names = {iri: {"en": iri, "ru": iri + "-ru", "uz": iri + "-uz"} for iri in "abz"}
    told = reason(Explainer(known, names.__getitem__), "shared_partners", 0, 1)
    assert "z-uz" in told.text["uz"]
    assert told.rests_on == ("z",)


def test_a_graph_that_does_not_foretell_its_own_links_gets_no_suggestions(columns):
    found = predict(columns, seeds=2)
    assert found.rows("en") == []
    assert {audit["layer"] for audit in found.audit_rows("ru")} == {
        "supply",
        "cooperation",
        "actor-product",
    }
    assert all("не показаны" in audit["text"] for audit in found.audit_rows("ru"))


def test_a_graph_that_does_gets_them_with_a_calibrated_chance(tmp_path):
    circles = [[f"a{circle}{who:02}" for who in range(16)] for circle in range(4)]
    rng = np.random.default_rng(0)
    members = [who for circle in circles for who in circle]
    tables = {
        "actors": [{"id": who, "name": who.upper(), "kind": "enterprise"} for who in members],
        "clusters": [{"id": "c", "name": "C", "sector": "livestock", "coverage": "survey"}],
        "memberships": [{"actor": who, "cluster": "c"} for who in circles[0]],
        "cooperations": [
            {"id": f"p{number}", "kind": "joint-rd", "participant": who}
            for number in range(160)
            for who in rng.choice(circles[number % 4], 3, replace=False)
        ],
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables))
    found = predict(graph._columns, count=10, seeds=3)
    rows = found.rows("en")
    assert rows
    assert all(0 <= row["probability"] <= 1 for row in rows)
    same = [row["source_label"][:2] == row["target_label"][:2] for row in rows]
    assert all(same)
    cluster = graph._columns.table("clusters")["iri"][0]
    inside = predict(graph._columns, cluster=cluster, count=10, seeds=3).rows("en")
    assert inside
    assert all(row["source_label"].startswith("A0") for row in inside)
    assert all("coverage: survey" in row["text"] for row in inside)


def test_a_stack_suggests_with_the_same_evidence_and_its_own_weights():
    actors = [f"a{who:02}" for who in range(60)]
    rng = np.random.default_rng(1)
    projects = {
        f"p{number}": [actors[20 * (number % 3) + who] for who in rng.choice(20, 2, replace=False)]
        for number in range(200)
    }
    known = cooperation(projects, things(*actors))
    weights = np.zeros(len(ev.BY_LAYER["cooperation"]))
    weights[:2] = [2.0, -0.5]
    stack = Stack(Ensemble(known).names, weights, 200)
    for item in suggest(known, 5, stack=stack):
        assert set(item.parts) == {"shared_partners", "close_walks"}
        assert item.parts["close_walks"] < 0
        assert item.score == pytest.approx(sum(item.parts.values()))
        assert "Recorded partners that they share" in item.text["en"]
        assert "Chains" not in item.text["en"]


def test_no_sentence_is_left_over():
    from importlib.resources import files

    folder = files("klaster.graph.findings")
    code = "".join(
        path.read_text("utf-8") for path in folder.iterdir() if path.name.endswith(".py")
    )
    text = (files("klaster.ontology") / "phrases" / "predictions.csv").read_text("utf-8")
    for line in text.splitlines()[1:]:
        key = line.partition(",")[0].removeprefix("prediction.").removeprefix("against.")
        assert f'"{key}"' in code or f'"prediction.{key}"' in code or f"against.{key}" in code, key

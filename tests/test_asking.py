"""Named questions: their parameters are completed and checked, never pasted into a query."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner

from klaster.cli import main
from klaster.ontology.faults import Fault
from klaster.ontology.questions import questions


def run(*args):
    return CliRunner(env={"LANG": "C", "LC_ALL": ""}).invoke(main, [str(arg) for arg in args])


@pytest.fixture
def folder(tmp_path):
    """A user's own questions."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "of-cluster.rq").write_text(
        "# en: Who is in the cluster?\n# uz: Klasterda kim bor?\n# param cluster (cluster): c\n"
        "# param kind (code actor-kind): \n# param least (number): \n# param day (date): \n"
        "SELECT ?name ?cluster ?kind ?least ?day { ?a kl:memberOf ?cluster ; kl:actorKind ?kind ; rdfs:label ?name } ORDER BY ?name",
        "utf-8",
    )
    return own


def names(answer) -> list[str]:
    return [row[0] for row in answer.rows]


def test_a_question_of_ones_own_takes_its_defaults_and_settings(small_graph, folder) -> None:
    everyone = ["Bank", "Ginner", "Institute", "Spinner", "Weaver"]
    assert names(small_graph.ask("of-cluster", folder=folder)) == everyone
    assert names(small_graph.ask("of-cluster", folder=folder, cluster="COTTON")) == everyone
    for kind in ("research", "ilmiy-tadqiqot muassasasi", "Научно-исследовательское учреждение"):
        assert names(small_graph.ask("of-cluster", folder=folder, kind=kind)) == ["Institute"]


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"cluster": "cotten"}, "fault.unknown-cluster"),
        ({"kind": "reserch"}, "fault.unknown-code"),
        ({"least": "many"}, "fault.number"),
        ({"day": "tomorrow"}, "fault.date"),
        ({"colour": "red"}, "fault.unknown-parameter"),
        ({"cluster": "x> } DROP ALL #"}, "fault.unknown-cluster"),
    ],
)
def test_a_setting_that_fits_nothing_is_told(small_graph, folder, values, key) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.ask("of-cluster", folder=folder, **values)
    assert caught.value.key == key
    assert caught.value.text("ru")


def test_an_unknown_question_is_answered_with_the_nearest(small_graph) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.ask("single-source")
    assert "single-sourced" in caught.value.text("en")


def test_a_question_that_does_not_select_its_parameter_is_told(small_graph, folder) -> None:
    text = "# param cluster (cluster): c\nSELECT ?a { ?a kl:memberOf ?cluster }"
    (folder / "unselected.rq").write_text(text, "utf-8")
    with pytest.raises(Fault) as caught:
        small_graph.ask("unselected", folder=folder)
    assert "?cluster" in caught.value.text("uz")


def test_the_command_asks_a_question_with_settings(small_graph, folder) -> None:
    asked = (
        "query",
        small_graph.path,
        "of-cluster",
        "--questions",
        folder,
        "--set",
        "kind=finance",
    )
    result = run(*asked)
    assert result.exit_code == 0
    assert [row["name"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["Bank"]
    assert run(*asked[:-1], "kind").exit_code == 1


def test_the_library_is_listed_in_the_language_asked_for(folder) -> None:
    listed = list(csv.DictReader(io.StringIO(run("questions", "--lang", "uz").stdout)))
    assert [row["name"] for row in listed] == list(questions())
    assert len(listed) >= 32
    assert all(row["question"] == questions()[row["name"]].titles["uz"] for row in listed)
    own = json.loads(run("questions", "--questions", folder, "--format", "json").stdout)
    assert "of-cluster" in {row["name"] for row in own}


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_the_help_of_query_shows_the_questions(language) -> None:
    text = " ".join(run("query", "--lang", language, "--help").stdout.split())
    question = questions()["single-sourced"]
    assert "single-sourced" in text
    assert question.titles[language][:30] in text

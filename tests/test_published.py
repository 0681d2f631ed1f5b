"""What is published from the term tables is current, complete, and says the same in three languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from made_up import SHARED

from klaster.ontology.codes import codes
from klaster.ontology.documentation import paper
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.publish import context, published
from klaster.ontology.term_tables import terms

ROOT = Path(__file__).parents[1]
FILES = dict(published())


@pytest.mark.parametrize("path", sorted(map(str, FILES)))
def test_every_published_file_is_current(path) -> None:
    message = "run: python -m klaster.ontology.publish"
    assert (ROOT / path).read_text("utf-8") == FILES[Path(path)], message


@pytest.mark.parametrize("name", sorted(terms()))
def test_every_term_is_labelled_defined_and_shown_in_three_languages(name) -> None:
    term = terms()[name]
    for words in (term.label, term.definition, term.example):
        assert all(words[language] == words[language].strip() != "" for language in LANGUAGES)
    for language in ("ru", "uz"):
        assert term.definition[language] != term.definition["en"]


def test_every_object_property_has_an_inverse_or_a_reason_for_none() -> None:
    for term in terms().values():
        if term.kind == "object-properties" and "S" not in term.characteristics:
            assert bool(term.inverse) != bool(term.no_inverse), term.name
            assert term.no_inverse in ("", "code", "edge", "record")
            if term.inverse:
                assert terms()[term.inverse].inverse == term.name


def test_every_name_in_the_tables_is_a_term_or_has_a_prefix() -> None:
    for term in terms().values():
        for name in (*term.parents, *term.domain, *term.range):
            assert name in terms() or re.match(r"\w+:\w+$", name), (term.name, name)


def test_the_concepts_of_the_paper_map_to_terms_and_codes() -> None:
    rows = paper()
    assert [int(row["number"]) for row in rows] == list(range(1, 67))
    for row in rows:
        for name in row["terms"].split("|"):
            if name.startswith("code:"):
                scheme, code = name.removeprefix("code:").split("/")
                assert code in codes(scheme), name
            else:
                assert name in terms(), name


def test_the_quotes_are_the_words_of_the_paper() -> None:
    path = SHARED.parent / "design/founding-paper.txt"
    if not path.exists():
        pytest.skip("the founding paper is not beside this checkout")
    # Lines are joined, words broken at the end of a line put together, page headers left out.
    text = re.sub(
        r"\s+86\s+O‘RTA OSIYODA.*?Noyabr-2025", "", path.read_text("utf-8"), flags=re.DOTALL
    )
    text = re.sub(r"-\s*\n\s*", "-", text)
    text = re.sub(r"\s+", " ", text).casefold()
    loose = text.replace("-", "")
    for row in paper():
        for quote in row["quotes"].split("|"):
            found = quote.casefold()
            assert found in text or found.replace("-", "") in loose, quote


def test_the_context_turns_plain_json_into_our_terms() -> None:
    document = json.loads(context()) | {
        "id": "https://example.org/link",
        "type": "SupplyLink",
        "supplier": "https://example.org/a",
        "inputShare": "0.5",
        "label": "link",
    }
    triples = {
        str(triple.triple) for triple in ox.parse(json.dumps(document), format=ox.RdfFormat.JSON_LD)
    }
    kl = "https://w3id.org/klaster/ontology#"
    link = "<https://example.org/link>"
    assert triples == {
        f"{link} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{kl}SupplyLink>",
        f"{link} <{kl}supplier> <https://example.org/a>",
        f'{link} <{kl}inputShare> "0.5"^^<http://www.w3.org/2001/XMLSchema#decimal>',
        f'{link} <http://www.w3.org/2000/01/rdf-schema#label> "link"',
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_documentation_shows_every_term(language) -> None:
    page = FILES[Path(f"docs/ontology/{language}.html")]
    assert f'<html lang="{language}">' in page
    assert page.count("<h3 id=") == len(terms())
    assert "<svg" in page
    assert "http-equiv" not in page
    assert "<script" not in page

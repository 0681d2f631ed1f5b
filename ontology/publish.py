"""What is published from the term tables: the OWL file, the JSON-LD context, the documentation.

Translators and reviewers edit ``ontology/terms/*.csv``; ``python -m klaster.ontology.publish``
writes the rest, and a test holds it current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from klaster.ontology.documentation import coverage_of_questions, page, seed_coverage
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.term_tables import KINDS, Term, terms
from klaster.ontology.terms import PREFIXES, XSD

_TYPES: Final = {
    "classes": "owl:Class",
    "object-properties": "owl:ObjectProperty",
    "datatype-properties": "owl:DatatypeProperty",
}
_CHARACTERISTICS: Final = {
    "F": "owl:FunctionalProperty",
    "S": "owl:SymmetricProperty",
    "T": "owl:TransitiveProperty",
}
# OWL 2 has no xsd:date or xsd:gYear in its datatype map; the shapes check these datatypes.
_LITERAL_IN_OWL: Final = frozenset({"xsd:date", "xsd:gYear"})


def turtle() -> str:
    """Return the ontology as Turtle."""
    frame = files("klaster.ontology").joinpath("terms", "frame.ttl").read_text("utf-8")
    blocks = [frame.rstrip()]
    for kind in KINDS:
        blocks.append(f"# {kind.replace('-', ' ').capitalize()}")
        blocks += [_block(term) for term in terms().values() if term.kind == kind]
    return "\n\n".join(blocks) + "\n"


def _block(term: Term) -> str:
    types = [_TYPES[term.kind], *(_CHARACTERISTICS[sign] for sign in term.characteristics)]
    lines = [f"kl:{term.name} a {' , '.join(types)}"]
    if term.parents:
        relation = "rdfs:subClassOf" if term.kind == "classes" else "rdfs:subPropertyOf"
        lines.append(f"{relation} {' , '.join(map(_named, term.parents))}")
    if term.domain:
        ranges = ["rdfs:Literal" if name in _LITERAL_IN_OWL else name for name in term.range]
        lines.append(f"rdfs:domain {_union(term.domain)} ; rdfs:range {_union(ranges)}")
    if term.inverse:
        lines.append(f"owl:inverseOf kl:{term.inverse}")
    lines.append(f"rdfs:label {_texts(term.label)}")
    lines.append(f"skos:definition {_texts(term.definition)}")
    if any(term.example.values()):
        lines.append(f"skos:example {_texts(term.example)}")
    lines.append("rdfs:isDefinedBy <https://w3id.org/klaster/ontology>")
    return " ;\n  ".join(lines) + " ."


def _named(name: str) -> str:
    return name if ":" in name else f"kl:{name}"


def _union(names: tuple[str, ...] | list[str]) -> str:
    if len(names) == 1:
        return _named(names[0])
    return f"[ a owl:Class ; owl:unionOf ( {' '.join(map(_named, names))} ) ]"


def _texts(words: Mapping[str, str]) -> str:
    return " ,\n    ".join(
        f"{json.dumps(words[language], ensure_ascii=False)}@{language}" for language in LANGUAGES
    )


def context() -> str:
    """Return the JSON-LD context: every term under its local name."""
    entries: dict[str, object] = {
        "@version": 1.1,
        **{prefix: iri for prefix, iri in PREFIXES.items() if prefix != "code"},
        "id": "@id",
        "type": "@type",
        "label": "rdfs:label",
    }
    for term in terms().values():
        if term.kind == "classes":
            entries[term.name] = f"kl:{term.name}"
        elif term.kind == "object-properties":
            entries[term.name] = {"@id": f"kl:{term.name}", "@type": "@id"}
        else:
            entries[term.name] = {"@id": f"kl:{term.name}", **_json_type(term.range[0])}
    return json.dumps({"@context": entries}, ensure_ascii=False, indent=1) + "\n"


def _json_type(datatype: str) -> dict[str, str]:
    plain = datatype in ("xsd:string", "rdf:langString", "rdfs:Literal")
    return {} if plain else {"@type": datatype.replace("xsd:", XSD)}


def published() -> Iterator[tuple[Path, str]]:
    """Yield every file that is written from the tables, from the root of the repository."""
    yield Path("ontology/klaster.ttl"), turtle()
    yield Path("ontology/context.jsonld"), context()
    for language in LANGUAGES:
        yield Path(f"docs/ontology/{language}.html"), page(language)
    yield Path("docs/ontology/questions.md"), coverage_of_questions()
    yield Path("docs/ontology/paper.md"), seed_coverage()


def main() -> None:
    """Write them all."""
    root = Path(str(files("klaster.ontology"))).parent
    for path, text in published():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

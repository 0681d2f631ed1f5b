"""The ontology's documentation, written from its tables: a page a language, and two tables."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase
from klaster.ontology.questions import questions
from klaster.ontology.term_tables import KINDS, Term, terms
from klaster.ontology.terms import KL

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1a1d21;--quiet:#57606a;--line:#d0d7de;--paper:#fff;--accent:#0b5cad}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--quiet:#a3abb5;--line:#3a4048;--paper:#14171b;--accent:#6cb2ff}}
body{font:16px/1.5 system-ui,"Segoe UI","Noto Sans",sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1rem}
a{color:var(--accent)}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin:1.8rem 0 .2rem}
h3 code{font-size:.85em;color:var(--quiet);font-weight:400}dl{display:grid;grid-template-columns:11rem 1fr;gap:.2rem 1rem;margin:.4rem 0}
dt{color:var(--quiet)}dd{margin:0}nav a{margin-right:.6rem}svg{max-width:100%;height:auto}.terms{columns:3 14rem}
@media (max-width:40rem){dl{grid-template-columns:1fr}}
"""


@cache
def used_by() -> dict[str, tuple[str, ...]]:
    """Return the questions in which each term stands, by the term's name."""
    found: dict[str, list[str]] = {name: [] for name in terms()}
    for slug, question in questions().items():
        for name in sorted(set(re.findall(r"\bkl:(\w+)", question.sparql))):
            if name in found:
                found[name].append(slug)
    return {name: tuple(slugs) for name, slugs in found.items()}


@cache
def alignments() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the matches of each term: the kind of match and the foreign IRI."""
    from pyoxigraph import NamedNode, RdfFormat, parse

    path = files("klaster.ontology").joinpath("alignment.ttl")
    if not path.is_file():
        return {}
    found: dict[str, list[tuple[str, str]]] = {}
    for triple in parse(path.read_bytes(), format=RdfFormat.TURTLE):
        ours = isinstance(triple.subject, NamedNode) and triple.subject.value.startswith(KL)
        if ours and isinstance(triple.object, NamedNode):
            match = triple.predicate.value.rsplit("#", 1)[-1]
            name = triple.subject.value.removeprefix(KL)
            found.setdefault(name, []).append((match, triple.object.value))
    return {name: tuple(sorted(matches)) for name, matches in found.items()}


def page(language: str) -> str:
    """Return the documentation of every term in one language, as one HTML file."""

    def say(key: str, **values: object) -> str:
        return escape(phrase(f"docs.{key}", language, **values))

    others = " ".join(
        f'<a href="{other}.html" lang="{other}">{phrase("docs.language", other)}</a>'
        for other in LANGUAGES
        if other != language
    )
    sections = []
    for kind in KINDS:
        own = sorted(
            (term for term in terms().values() if term.kind == kind),
            key=lambda term: (term.label[language].casefold(), term.name),
        )
        index = " ".join(
            f'<a href="#{term.name}">{escape(term.label[language])}</a><br>' for term in own
        )
        sections.append(f'<h2>{say(kind)}</h2>\n<p class="terms">{index}</p>')
        sections += [_entry(term, language) for term in own]
    body = "\n".join(sections)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{say("title")}</title>
<style>{_STYLE}</style>
</head>
<body>
<nav>{others}</nav>
<h1>{say("title")}</h1>
<p>{say("intro", classes=_count("classes"), properties=len(terms()) - _count("classes"))}</p>
{diagram(language)}
{body}
</body>
</html>
"""


def _count(kind: str) -> int:
    return sum(term.kind == kind for term in terms().values())


def _entry(term: Term, language: str) -> str:
    """Return one term's entry."""

    def say(key: str) -> str:
        return escape(phrase(f"docs.{key}", language))

    rows = [(say("definition"), escape(term.definition[language]))]
    if term.example[language]:
        rows.append((say("example"), escape(term.example[language])))
    others = (
        f'<span lang="{other}">{escape(term.label[other])}</span> ({other})'
        for other in LANGUAGES
        if other != language
    )
    rows.append((say("other-languages"), ", ".join(others)))
    for key, names in (("parents", term.parents), ("domain", term.domain), ("range", term.range)):
        if names:
            rows.append((say(key), ", ".join(_link(name, language) for name in names)))
    if term.inverse:
        rows.append((say("inverse"), _link(term.inverse, language)))
    elif term.no_inverse:
        rows.append((say("inverse"), say(f"no-inverse-{term.no_inverse}")))
    matches = alignments().get(term.name, ())
    if matches:
        listed = (f"<a href='{escape(iri)}'>{escape(iri)}</a> ({match})" for match, iri in matches)
        rows.append((say("matches"), "<br>".join(listed)))
    asked = used_by()[term.name]
    if asked:
        titles = (escape(questions()[slug].title(language)) for slug in asked)
        rows.append((say("questions"), "<br>".join(titles)))
    cells = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in rows)
    heading = f"{escape(term.label[language])} <code>kl:{term.name}</code>"
    return f'<h3 id="{term.name}">{heading}</h3>\n<dl>{cells}</dl>'


def _link(name: str, language: str) -> str:
    term = terms().get(name)
    if term is None:
        return f"<code>{escape(name)}</code>"
    return f'<a href="#{name}">{escape(term.label[language])}</a>'


# Where the main classes stand in the diagram, and the properties that join them.
_BOXES: Final = {
    "Cluster": (1, 0),
    "ClusterMembership": (0, 0),
    "Place": (2, 0),
    "Actor": (1, 1),
    "Product": (2, 1),
    "CooperationLink": (0, 1),
    "SupplyLink": (0, 2),
    "InputRequirement": (2, 2),
    "Infrastructure": (1, 2),
    "EligibilityCriterion": (0, 3),
    "PolicyInstrument": (1, 3),
    "Award": (2, 3),
    "Gap": (0, 4),
    "Policy": (1, 4),
    "Claim": (2, 4),
}
_ARROWS: Final = (
    ("ClusterMembership", "membershipCluster", "Cluster"),
    ("ClusterMembership", "membershipActor", "Actor"),
    ("Cluster", "locatedIn", "Place"),
    ("Actor", "memberOf", "Cluster"),
    ("CooperationLink", "participant", "Actor"),
    ("SupplyLink", "supplier", "Actor"),
    ("Actor", "produces", "Product"),
    ("InputRequirement", "inputProduct", "Product"),
    ("Infrastructure", "serves", "Actor"),
    ("EligibilityCriterion", "criterionOf", "PolicyInstrument"),
    ("PolicyInstrument", "establishedBy", "Policy"),
    ("Award", "awardInstrument", "PolicyInstrument"),
)


def diagram(language: str) -> str:
    """Return the main classes and how they hang together, as SVG."""
    wide, high, across, down = 224, 40, 330, 104
    marks = []
    centre = {
        name: (120 + column * across, 40 + row * down) for name, (column, row) in _BOXES.items()
    }
    for source, edge, target in _ARROWS:
        (x1, y1), (x2, y2) = centre[source], centre[target]
        end_x, end_y = _edge_of_box(x1, y1, x2, y2, wide, high)
        start_x, start_y = _edge_of_box(x2, y2, x1, y1, wide, high)
        middle = ((start_x + end_x) / 2, (start_y + end_y) / 2)
        label = escape(terms()[edge].label[language])
        marks.append(
            f'<path d="M{start_x:.0f} {start_y:.0f}L{end_x:.0f} {end_y:.0f}" marker-end="url(#a)"/>'
            f'<text class="e" x="{middle[0]:.0f}" y="{middle[1] - 4:.0f}">{label}</text>'
        )
    for name, (x, y) in centre.items():
        label = escape(terms()[name].label[language])
        marks.append(
            f'<a href="#{name}"><rect x="{x - wide / 2:.0f}" y="{y - high / 2:.0f}" width="{wide}" '
            f'height="{high}" rx="6"/><text x="{x}" y="{y + 5}">{label}</text></a>'
        )
    style = (
        "svg text{font-size:13px;text-anchor:middle;fill:currentColor}svg .e{font-size:11px;"
        "paint-order:stroke;stroke:var(--paper);stroke-width:3px}svg rect{fill:var(--paper);"
        "stroke:currentColor}svg path{stroke:var(--quiet);fill:none}"
        "svg marker path{fill:var(--quiet);stroke:none}"
    )
    arrow = '<marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'
    title = escape(phrase("docs.diagram", language))
    return (
        f'<svg viewBox="0 0 900 500" role="img" aria-label="{title}"><style>{style}</style>'
        f"<defs>{arrow}</defs>{''.join(marks)}</svg>"
    )


def _edge_of_box(
    x1: float, y1: float, x2: float, y2: float, wide: float, high: float
) -> tuple[float, float]:
    """Return where a line from the first point meets the box about the second."""
    dx, dy = x1 - x2, y1 - y2
    scale = min(
        wide / 2 / abs(dx) if dx else float("inf"), high / 2 / abs(dy) if dy else float("inf")
    )
    return x2 + dx * scale, y2 + dy * scale


def coverage_of_questions() -> str:
    """Return which questions each term serves, as Markdown."""
    lines = [
        "# Terms and the questions they serve",
        "",
        "Written by `python -m klaster.ontology.publish`.",
        "",
        "| term | questions |",
        "| --- | --- |",
    ]
    lines += [
        f"| `kl:{name}` | {', '.join(f'`{slug}`' for slug in slugs)} |"
        for name, slugs in sorted(used_by().items())
    ]
    return "\n".join(lines) + "\n"


def paper() -> list[Mapping[str, str]]:
    """Return the concepts of the founding paper: number, concept, quotes, terms."""
    path = files("klaster.ontology").joinpath("terms", "paper.csv")
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def seed_coverage() -> str:
    """Return how the founding paper's concepts are modelled, as Markdown."""
    lines = [
        "# The concepts of the founding paper",
        "",
        "Written by `python -m klaster.ontology.publish`. The quotes are the paper's own words.",
        "",
        "| # | concept | quotes | terms and codes |",
        "| ---: | --- | --- | --- |",
    ]
    for row in paper():
        quotes = "; ".join(f"“{quote}”" for quote in row["quotes"].split("|"))
        lines.append(
            f"| {row['number']} | {row['concept']} | {quotes} | {', '.join(_modelled(row['terms']))} |"
        )
    return "\n".join(lines) + "\n"


def _modelled(names: str) -> Iterable[str]:
    for name in names.split("|"):
        if name.startswith("code:"):
            scheme, code = name.removeprefix("code:").split("/")
            yield f"`{scheme}/{code}` ({codes(scheme)[code].labels['en']})"
        else:
            yield f"`kl:{name}`"

"""The question library: SPARQL queries with titles in three languages and parameters.

A question is a file ``SLUG.rq`` that begins with comments::

    # en: Which inputs are single-sourced, and by whom?
    # ru: …
    # uz: …
    # theme: supply
    # param cluster (cluster): cotton-textile

A parameter is the variable of the same name; one without a value stays unbound, which means all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from klaster.ontology.labels import LANGUAGES
from klaster.ontology.names import fold

KINDS = (
    "cluster",
    "actor",
    "product",
    "instrument",
    "policy",
    "code",
    "region",
    "date",
    "number",
    "text",
)
THEMES = (
    "clusters",
    "supply",
    "products",
    "cooperation",
    "policy",
    "exports",
    "infrastructure",
    "findings",
    "sources",
)
"""What questions are about; ``theme.NAME`` of the phrases says it in words."""

_PARAMETER = re.compile(r"# param (\w+) \(([\w -]+)\):(.*)")
_TITLE = re.compile(r"# (\w\w): (.+)")
_THEME = re.compile(r"# theme: *([\w-]+) *")


@dataclass(frozen=True)
class Parameter:
    """A value that a question asks for; ``scheme`` names the code list of a code."""

    name: str
    kind: str
    scheme: str
    default: str


@dataclass(frozen=True)
class Question:
    """A question, its titles by language, its parameters, its query and what it is about.

    A user's own question need not have a theme.
    """

    slug: str
    titles: dict[str, str]
    parameters: tuple[Parameter, ...]
    sparql: str
    theme: str = ""

    def title(self, language: str) -> str:
        """Return the title in a language, or in English where it has none."""
        return self.titles.get(language) or self.titles.get("en") or self.slug

    def is_about(self, words: str) -> bool:
        """Say whether all words stand in its name, its titles or its query.

        Examples
        --------
        >>> questions()["single-sourced"].is_about("Yagona YETKAZIB")
        True
        """
        text = fold(" ".join([self.slug, *self.titles.values(), self.sparql]))
        return all(fold(word) in text for word in words.split())


def read_question(slug: str, text: str) -> Question:
    r"""Read a question from the text of its file.

    Examples
    --------
    >>> asked = read_question("x", "# en: Which?\n# param role (code role): exporter\nASK {}")
    >>> asked.title("uz"), asked.parameters[0].scheme, asked.parameters[0].default
    ('Which?', 'role', 'exporter')
    """
    titles: dict[str, str] = {}
    parameters = []
    themes = []
    for line in text.splitlines():
        themes += _THEME.findall(line)
        title, parameter = _TITLE.fullmatch(line), _PARAMETER.fullmatch(line)
        if title and title[1] in LANGUAGES:
            titles[title[1]] = title[2]
        elif parameter:
            kind, _, scheme = parameter[2].partition(" ")
            parameters.append(Parameter(parameter[1], kind, scheme, parameter[3].strip()))
    return Question(slug, titles, tuple(parameters), text, (themes or [""])[0])


@cache
def questions(folder: Path | None = None) -> dict[str, Question]:
    """Return the bundled questions, and those of the user's folder, by slug.

    A question of the user's replaces the bundled one of the same slug.
    """
    found: dict[str, Question] = {}
    bundled = files("klaster.ontology").joinpath("questions")
    entries: Iterable[tuple[str, str]] = (
        (entry.name, entry.read_text("utf-8")) for entry in bundled.iterdir()
    )
    own = [] if folder is None else [(p.name, p.read_text("utf-8")) for p in folder.glob("*.rq")]
    for name, text in [*entries, *own]:
        if name.endswith(".rq"):
            slug = name.removesuffix(".rq")
            found[slug] = read_question(slug, text)
    return dict(sorted(found.items()))

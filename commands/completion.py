"""What a shell completes: questions, clusters and other things of GRAPH, parameters, codes.

Each function is called while somebody types, so it takes what is at hand (the store's index, the
code lists) and no table, stops after a few hundred, and never fails: where nothing is known,
nothing is offered.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    split_arg_string,
)

from klaster.commands.environment import default_language, own_questions

if TYPE_CHECKING:
    from pyoxigraph import Store

    from klaster.ontology.questions import Parameter

MOST: Final = 300
"""How many values are offered at most."""
LOOKED_AT: Final = 20_000
"""How many things are looked at for them."""

_CLASSES: Final = {
    "cluster": "Cluster",
    "actor": "Actor",
    "product": "Product",
    "instrument": "PolicyInstrument",
    "policy": "Policy",
}
Offer = Iterable[tuple[str, str]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offered(offer: Callable[[click.Context, str], Offer]) -> Complete:
    """Make a completion of what gives values and words for them; whatever fails gives nothing."""

    @functools.wraps(offer)
    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            found = itertools.islice(offer(ctx, incomplete), MOST)
            return [CompletionItem(value, help=words or None) for value, words in found]
        except Exception:  # noqa: BLE001 - a traceback in the midst of a command line helps nobody
            return []

    return complete


def _beginning(values: Offer, incomplete: str) -> Iterator[tuple[str, str]]:
    start = incomplete.casefold()
    return ((value, words) for value, words in values if value.casefold().startswith(start))


def _given(ctx: click.Context, name: str) -> str:
    """Return an argument as it was given; click does not assign those before an open option."""
    names = [param.name for param in ctx.command.params if isinstance(param, click.Argument)]
    return str(ctx.params.get(name) or dict(zip(names, ctx.args, strict=False))[name])


def _language(ctx: click.Context) -> str:
    return str(ctx.params.get("lang") or default_language())


def _questions(ctx: click.Context) -> Offer:
    from klaster.ontology.questions import questions

    library = questions(own_questions(ctx.params.get("folder")))
    return ((slug, question.title(_language(ctx))) for slug, question in library.items())


@_offered
def question_names(ctx: click.Context, incomplete: str) -> Offer:
    """Complete the name of a question."""
    return _beginning(_questions(ctx), incomplete)


@_offered
def questions_of(ctx: click.Context, incomplete: str) -> Offer:
    """Complete what is asked, unless it is read from a file."""
    return () if ctx.params.get("path") else _beginning(_questions(ctx), incomplete)


@_offered
def themes(ctx: click.Context, incomplete: str) -> Offer:
    """Complete a theme of questions."""
    from klaster.ontology.labels import phrase
    from klaster.ontology.questions import THEMES

    words = ((theme, phrase(f"theme.{theme}", _language(ctx))) for theme in THEMES)
    return _beginning(words, incomplete)


@_offered
def measures(ctx: click.Context, incomplete: str) -> Offer:
    """Complete a measure."""
    return _beginning(_codes("measure", _language(ctx)), incomplete)


@_offered
def clusters(ctx: click.Context, incomplete: str) -> Offer:
    """Complete a cluster of GRAPH by its id."""
    return _beginning(_things(ctx, "cluster"), incomplete)


@_offered
def sources(ctx: click.Context, incomplete: str) -> Offer:
    """Complete the name of a source of GRAPH."""
    from klaster.graph.store.folder import GraphFolder

    entries = GraphFolder(Path(_given(ctx, "graph"))).manifest().sources
    return _beginning(((entry.name, entry.kind) for entry in entries), incomplete)


def codes_of(scheme: str) -> Complete:
    """Complete a code of a list."""

    @_offered
    def complete(ctx: click.Context, incomplete: str) -> Offer:
        return _beginning(_codes(scheme, _language(ctx)), incomplete)

    return complete


@_offered
def settings_of(ctx: click.Context, incomplete: str) -> Offer:
    """Complete NAME=VALUE: first the parameters of the question, then the values of one."""
    from klaster.ontology.questions import questions

    question = questions(own_questions(ctx.params.get("folder")))[_given(ctx, "sparql")]
    name, sign, value = incomplete.partition("=")
    if not sign:
        words = ((f"{asked.name}=", asked.default) for asked in question.parameters)
        return _beginning(words, incomplete)
    parameter = next(asked for asked in question.parameters if asked.name == name)
    values = _beginning(_values(ctx, parameter), value)
    return ((f"{name}={found}", words) for found, words in values)


def _values(ctx: click.Context, parameter: Parameter) -> Offer:
    if parameter.kind in _CLASSES:
        return _things(ctx, parameter.kind)
    if parameter.kind in ("code", "region"):
        return _codes(parameter.scheme or parameter.kind, _language(ctx))
    return ((parameter.default, ""),) if parameter.default else ()


def _codes(scheme: str, language: str) -> Offer:
    from klaster.ontology.codes import codes

    return ((code, entry.labels[language]) for code, entry in codes(scheme).items())


def _things(ctx: click.Context, kind: str) -> Offer:
    """Yield the ids of things of GRAPH, with their names."""
    from pyoxigraph import NamedNode

    from klaster.ontology.terms import KL, RDF

    store = _store(Path(_given(ctx, "graph")))
    quads = store.quads_for_pattern(None, NamedNode(f"{RDF}type"), NamedNode(KL + _CLASSES[kind]))
    seen = set()
    for quad in itertools.islice(quads, LOOKED_AT):
        iri = str(getattr(quad.subject, "value", ""))
        if iri and iri not in seen:
            seen.add(iri)
            yield unquote(iri.rsplit("/", 1)[-1]), _name(store, iri, _language(ctx))


def _store(graph: Path) -> Store:
    from pyoxigraph import Store

    from klaster.graph.store.folder import GraphFolder

    folder = GraphFolder(graph)
    return Store.read_only(str(folder.store(folder.manifest())))


def _name(store: Store, iri: str, language: str) -> str:
    from pyoxigraph import Literal, NamedNode

    from klaster.ontology.terms import RDFS

    quads = store.quads_for_pattern(NamedNode(iri), NamedNode(f"{RDFS}label"), None)
    texts = (quad.object for quad in quads if isinstance(quad.object, Literal))
    names = {text.language or "": text.value for text in texts}
    return names.get(language) or names.get("") or ""


class WholeWords(BashComplete):
    """Completion in bash, which takes ``=`` and ``:`` for words of their own.

    ``--set cluster=co`` comes as ``cluster``, ``=``, ``co``. The parts are joined again, and only
    what follows the last sign is given back.
    """

    name = "bash"
    source_template = BashComplete.source_template.replace(
        "    return 0\n",
        "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n    return 0\n",
    )
    _given = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        words = split_arg_string(os.environ["COMP_WORDS"])[1:]
        place = int(os.environ["COMP_CWORD"]) - 1
        args = _joined(words[:place])
        if place >= len(words):
            return args, ""
        *args, incomplete = _joined(words[: place + 1])
        # What stands before the last sign is not replaced, if the shell has divided the word.
        if incomplete != words[place]:
            self._given = incomplete[: max(map(incomplete.rfind, _BREAKS)) + 1]
        return args, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return a value as bash can put it in."""
        value = str(item.value)
        rest = value.removeprefix(self._given)
        if item.type == "plain" and not _SAFE.fullmatch(rest):
            rest = shlex.quote(rest)
        return f"{item.type},{rest}"


_BREAKS: Final = "=:"
_SAFE: Final = re.compile(r"[\w@%+=:,./~-]*")


def _joined(words: Sequence[str]) -> list[str]:
    """Return words as they were typed.

    Examples
    --------
    >>> _joined(["--set", "cluster", "=", "co", "--lang", "=", "uz"])
    ['--set', 'cluster=co', '--lang=uz']
    """
    found: list[str] = []
    for word in words:
        ended = bool(found) and found[-1][-1:] in _BREAKS and not word.startswith("-")
        if found and (ended or word[:1] in _BREAKS):
            found[-1] += word
        else:
            found.append(word)
    return found


add_completion_class(WholeWords)

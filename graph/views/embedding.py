"""A picture as compact columns: what a page carries of its data.

Columns of whole numbers are split into planes of bytes, which pack well, and all of it is packed
with gzip and written in base64, which no text in the data can break out of. The page's
``columns.js`` reads it back.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from klaster.graph.views.picture import Grouping, Node, Picture, Prospect, Reference, Words

_LANGUAGES: Final = ("en", "ru", "uz")
_OF_IRI: Final = -1
"""In place of a text that is the end of the IRI of what it is said of."""
_MOSTLY_NEW: Final = frozenset({"factValue"})
_NUMBERED: Final = re.compile(r"^(.*?)([1-9]\d{0,8})$", re.DOTALL)


def embed(picture: Picture) -> str:
    """Return the data of a picture in base64; the same picture gives the same text."""
    return base64.b64encode(_packed(*_laid_out(picture))).decode("ascii")


class _Once:
    """Values in the order in which they first came, each once."""

    def __init__(self) -> None:
        self._place: dict[Hashable, int] = {}

    def of(self, value: Hashable) -> int:
        return self._place.setdefault(value, len(self._place))

    def listed(self) -> list[Any]:
        return list(self._place)


class _Texts(_Once):
    """Texts, those that are the same in every language as one."""

    def __init__(self) -> None:
        super().__init__()
        # The same words come again and again; their address tells so faster than their content.
        self._seen: dict[int, tuple[Words, int]] = {}

    def words(self, words: Words) -> int:
        known = self._seen.get(id(words))
        if known is not None:
            return known[1]
        said = tuple(_say(words, language) for language in _LANGUAGES)
        place = self.of(said[0] if len(set(said)) == 1 else said)
        self._seen[id(words)] = (words, place)
        return place


def _say(words: Words, language: str) -> str:
    return words.get(language) or words.get("en") or next(filter(None, words.values()), "")


Columns = dict[str, NDArray[Any]]


def _laid_out(picture: Picture) -> tuple[dict[str, Any], Columns]:
    """Return what is told once, and the columns of what is told of each node and link."""
    texts = _Texts()
    references = _Once()
    columns = _node_columns(picture, texts, references) | _link_columns(picture, texts, references)
    groupings = [
        _grouping(grouping, texts, columns, f"group{at}")
        for at, grouping in enumerate(picture.groupings)
    ]
    head = {
        "language": picture.language,
        "revision": picture.revision,
        "title": texts.words(picture.title),
        "note": texts.words(picture.note),
        "asides": [texts.words(words) for words in picture.asides],
        "layers": [
            {"code": layer.code, "label": texts.words(layer.label), "shown": layer.shown}
            for layer in picture.layers
        ],
        "nodeKinds": [
            {
                "code": kind.code,
                "label": texts.words(kind.label),
                "colour": kind.colour,
                "shape": kind.shape,
                "layer": kind.layer,
            }
            for kind in picture.node_kinds
        ],
        "linkKinds": [
            {
                "code": kind.code,
                "label": texts.words(kind.label),
                "colour": kind.colour,
                "directed": kind.directed,
                "dashed": kind.dashed,
                "layer": kind.layer,
            }
            for kind in picture.link_kinds
        ],
        "measures": [
            {
                "code": measure.code,
                "label": texts.words(measure.label),
                "meaning": texts.words(measure.meaning),
            }
            for measure in picture.measures
        ],
        "remarks": [
            {
                "rule": remark.rule,
                "label": texts.words(remark.label),
                "severity": round(remark.severity, 4),
                "text": texts.words(remark.text),
                "subjects": remark.subjects,
            }
            for remark in picture.remarks
        ],
        "groupings": groupings,
        "prospects": {
            str(node): _prospect(prospect, texts) for node, prospect in picture.prospects.items()
        },
        "references": references.listed(),
        "iris": [node.iri for node in picture.nodes],
    }
    _shorten(head)
    return head | {"texts": texts.listed()}, columns


def _prospect(prospect: Prospect, texts: _Texts) -> dict[str, Any]:
    return {
        "products": [texts.words(words) for words in prospect.products],
        "made": prospect.made,
        "places": [[round(x), round(y)] for x, y in prospect.places],
        "links": prospect.links,
        "following": [texts.words(words) for words in prospect.following],
        "years": [[year.year, year.products, year.markets] for year in prospect.years],
    }


def _shorten(head: dict[str, Any]) -> None:
    """Write the beginnings that IRIs share once."""
    starts = _Once()
    head["iris"] = [
        [starts.of(iri[:cut]), iri[cut:]] for iri in head["iris"] for cut in [_cut(iri)]
    ]
    head["starts"] = starts.listed()


def _cut(iri: str) -> int:
    return max(iri.rfind("/"), iri.rfind("#")) + 1


def _node_columns(picture: Picture, texts: _Texts, references: _Once) -> Columns:
    kinds = {kind.code: at for at, kind in enumerate(picture.node_kinds)}
    nodes = picture.nodes
    facts = [
        [(texts.words(a), _OF_IRI if _is_end(b, node.iri) else texts.words(b)) for a, b in own]
        for node in nodes
        for own in [node.facts]
    ]
    named = [{code: node.names.get(code) or node.label for code in _LANGUAGES} for node in nodes]
    found = {
        "name": _whole(texts.words(words) for words in named),
        "label": _whole(texts.of(node.label) for node in nodes),
        "kind": _whole(kinds[node.kind] for node in nodes),
        "x": _whole(round(node.x) if math.isfinite(node.x) else 0 for node in nodes),
        "y": _whole(round(node.y) if math.isfinite(node.y) else 0 for node in nodes),
        "level": _whole(node.level for node in nodes),
        "factStart": _starts(facts),
        "factLabel": _whole(fact[0] for own in facts for fact in own),
        "factValue": _whole(fact[1] for own in facts for fact in own),
    }
    found |= _cited("node", [node.references for node in nodes], texts, references)
    for at, measure in enumerate(picture.measures):
        found |= _standings(at, measure.code, nodes)
    return found


def _standings(at: int, measure: str, nodes: Sequence[Node]) -> Columns:
    """Return the different ranks with their values, each once, and which is each node's, 0 for none.

    The lowest rank comes first, so that values rise and their differences are small.
    """
    own = [
        next(((rank.rank, rank.value) for rank in node.ranks if rank.measure == measure), None)
        for node in nodes
    ]
    told = sorted({standing for standing in own if standing is not None}, reverse=True)
    place = {standing: number for number, standing in enumerate(told, start=1)}
    return {
        f"standing{at}": _whole(0 if standing is None else place[standing] for standing in own),
        f"standingRank{at}": _whole(rank for rank, _ in told),
        f"standingValue{at}": np.array([value for _, value in told], dtype=np.float32),
    }


def _link_columns(picture: Picture, texts: _Texts, references: _Once) -> Columns:
    kinds = {kind.code: at for at, kind in enumerate(picture.link_kinds)}
    links = picture.links
    found = {
        "source": _whole(link.source for link in links),
        "target": _whole(link.target for link in links),
        "linkKind": _whole(kinds[link.kind] for link in links),
        "detail": _whole(texts.words(link.detail) for link in links),
        "since": _whole(link.since or 0 for link in links),
        "until": _whole(link.until or 0 for link in links),
    }
    return found | _cited("link", [link.references for link in links], texts, references)


def _cited(
    of: str, cited: Sequence[tuple[Reference, ...]], texts: _Texts, references: _Once
) -> Columns:
    """Return what each thing cites: a source with the beginning of a row's name, and its number."""
    place, number = [], []
    for own in cited:
        for reference in own:
            match = _NUMBERED.match(reference.row)
            start, end = (match[1], int(match[2])) if match else (reference.row, 0)
            known = texts.of(reference.title), texts.of(reference.address), texts.of(start)
            place.append(references.of(known))
            number.append(end)
    return {
        f"{of}CitedStart": _starts(cited),
        f"{of}Cited": _whole(place),
        f"{of}CitedRow": _whole(number),
    }


def _grouping(grouping: Grouping, texts: _Texts, columns: Columns, name: str) -> dict[str, Any]:
    """Return a grouping; the main group of each node is a column, 0 for none."""
    columns[name] = _whole(own[0] + 1 if own else 0 for own in grouping.of)
    return {
        "code": grouping.code,
        "label": texts.words(grouping.label),
        "groups": [
            [texts.words(group.label), group.x, group.y, group.radius, group.node]
            for group in grouping.groups
        ],
        "more": [[at, list(own[1:])] for at, own in enumerate(grouping.of) if len(own) > 1],
    }


def _whole(values: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(values, dtype=np.int64)


def _starts(lists: Sequence[Sequence[object]]) -> NDArray[np.int64]:
    """Return where each list begins if all stand behind each other, and where the last ends."""
    return np.concatenate([[0], np.cumsum([len(own) for own in lists])]).astype(np.int64)


def _is_end(words: Words, iri: str) -> bool:
    """Say whether a text is what an IRI ends with, as an identifier does."""
    return set(words.values()) == {iri[_cut(iri) :]}


def _seldom_new(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 for each value that is one more than the largest before it, else itself plus 2.

    Texts are numbered as they come, so that of those that stand once all become 0.
    """
    largest = np.concatenate([[-1], np.maximum.accumulate(values)[:-1]])
    return np.where(values == largest + 1, 0, values + 2)


def _packed(head: dict[str, Any], columns: Columns) -> bytes:
    """Return the length of the head, the head as JSON, and the planes of the columns, packed."""
    described, planes = [], []
    for name, values in columns.items():
        least = 0
        differences = name.endswith("Start") or name == "source" or name.startswith("standingRank")
        if values.dtype == np.float32:
            # Their bits as whole numbers rise with the values; a difference may wrap around.
            bits = values.view(np.uint32)
            words, width = bits - np.concatenate([[np.uint32(0)], bits[:-1]]), 4
        else:
            values = np.diff(values, prepend=0) if differences else values
            values = _seldom_new(values) if name in _MOSTLY_NEW else values
            least = int(values.min(initial=0))
            words = (values - least).astype(np.uint32)
            width = max(1, (int(words.max(initial=0)).bit_length() + 7) // 8)
        kind = "float" if values.dtype == np.float32 else "sum" if differences else ""
        kind = "new" if name in _MOSTLY_NEW else kind
        described.append([name, len(values), width, least, kind])
        planes += [
            ((words >> (8 * plane)) & 0xFF).astype(np.uint8).tobytes() for plane in range(width)
        ]
    told = {**head, "columns": described}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    whole = b"".join([len(text).to_bytes(4, "little"), text, *planes])
    return gzip.compress(whole, compresslevel=9, mtime=0)

"""A picture as one web page that works without a network and asks for nothing.

pyvis holds the network, vis-network draws it, and the template in ``templates/`` is the frame
round it. Text reaches the page in two ways only: escaped by Jinja, or as JSON that the script
shows through ``textContent``. The content security policy allows our two scripts and nothing else.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from klaster.graph.views.picture import Link, LinkKind, Picture, Words

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pyvis.network import Network

LANGUAGES = ("en", "ru", "uz")
EXTENT = 1000.0
"""Side of the square that the positions are brought to; the page then zooms to its own size."""
BUSY = 1500
"""Number of links above which they are not drawn while the picture moves."""
SHAPES = {"circle": "dot"}
"""Shapes that vis-network knows by another name."""
OPTIONS: dict[str, Any] = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "nodes": {"borderWidth": 1.5, "borderWidthSelected": 1.5, "chosen": False},
    "edges": {
        "smooth": False,
        "chosen": False,
        "arrowStrikethrough": False,
        "selectionWidth": 0,
        "hoverWidth": 0,
    },
    "interaction": {
        "dragNodes": False,
        "hover": True,
        "hoverConnectedEdges": False,
        "selectConnectedEdges": False,
        # The page zooms by its own keys; vis-network moves the view by the arrow keys.
        "keyboard": {
            "enabled": True,
            "bindToWindow": False,
            "autoFocus": False,
            "speed": {"x": 10, "y": 10, "zoom": 0},
        },
    },
}


def render_page(picture: Picture) -> str:
    """Render a picture as one HTML document that needs no other file.

    Parameters
    ----------
    picture
        What the page shows. Its texts may be hostile.

    Returns
    -------
    str
        The document. It holds characters outside ASCII: write it as UTF-8.
    """
    from jinja2 import DictLoader

    templates = files("klaster.graph.views") / "templates"
    style = _compact((templates / "page.css").read_text(encoding="utf-8"))
    style = re.sub(r"\s*([{};,])\s*|(?<=:) ", r"\1", style).replace(";}", "}")
    script = _compact((templates / "page.js").read_text(encoding="utf-8"))
    library = _library()
    phrases = _phrases()
    net = _network(picture)
    # pyvis renders with a fixed list of names; globals are its only door for anything else.
    net.templateEnv.loader = DictLoader(
        {"page.html": (templates / "page.html").read_text(encoding="utf-8")}
    )
    net.path = "page.html"
    net.templateEnv.autoescape = True
    net.templateEnv.filters.update(embedded=_embedded, escaped=_escaped)
    net.templateEnv.globals.update(
        picture=picture,
        policy=_policy([library, script], style),
        style=Markup(style),  # noqa: S704 - our own file
        library=Markup(library),  # noqa: S704 - pyvis's own file
        script=Markup(script),  # noqa: S704 - our own file
        data={"picture": _json(picture), "phrases": phrases},
        phrases=phrases[picture.language if picture.language in phrases else "en"],
        plain=_plain(picture),
    )
    return str(net.generate_html())


def _network(picture: Picture) -> Network:
    """Build the pyvis network: the model that vis-network draws."""
    from pyvis.network import Network

    net = Network(directed=True, cdn_resources="in_line")
    busy = len(picture.links) > BUSY
    hiding = {"hideEdgesOnDrag": busy, "hideEdgesOnZoom": busy}
    net.options = OPTIONS | {"interaction": OPTIONS["interaction"] | hiding}
    node_kinds = {kind.code: kind for kind in picture.node_kinds}
    link_kinds = {kind.code: kind for kind in picture.link_kinds}
    for index, (node, (x, y)) in enumerate(zip(picture.nodes, _places(picture), strict=True)):
        kind = node_kinds[node.kind]
        shape = SHAPES.get(kind.shape, kind.shape)
        net.add_node(index, shape=shape, color=kind.colour, size=10, borderWidth=1.5, x=x, y=y)
        # pyvis puts the id where a label is missing; the page draws the labels itself.
        net.get_node(index)["label"] = ""
    bends = _bends(picture.links)
    for index, (link, bend) in enumerate(zip(picture.links, bends, strict=True)):
        style = _link_style(link_kinds[link.kind], bend)
        net.add_edge(link.source, link.target, id=index, **style)
    return net


def _link_style(kind: LinkKind, bend: float) -> dict[str, Any]:
    """Return how vis-network draws a link of a kind."""
    style: dict[str, Any] = {
        "color": {"color": kind.colour, "inherit": False},
        "dashes": [6, 4] if kind.dashed else False,
        "width": 1.5 if kind.dashed else 1,
        "arrows": {"to": {"enabled": kind.directed, "scaleFactor": 0.5}},
    }
    if bend:
        turn = "curvedCW" if bend > 0 else "curvedCCW"
        style["smooth"] = {"enabled": True, "type": turn, "roundness": abs(bend)}
    return style


def _bends(links: tuple[Link, ...]) -> list[float]:
    """Return how far each link bends, so that links between the same two nodes stay apart."""
    drawn: Counter[tuple[int, int]] = Counter()
    bends = []
    for link in links:
        pair = (min(link.source, link.target), max(link.source, link.target))
        number = drawn[pair]
        drawn[pair] += 1
        side = 1 if (number % 2) == (link.source == pair[0]) else -1
        bends.append(side * round(0.12 * ((number + 1) // 2), 2))
    return bends


def _places(picture: Picture) -> list[tuple[float, float]]:
    """Return the positions brought to one extent round the origin.

    vis-network counts in pixels at zoom 1; a layout may come in any unit.
    """
    if not picture.nodes:
        return []
    xs = [node.x if math.isfinite(node.x) else 0.0 for node in picture.nodes]
    ys = [node.y if math.isfinite(node.y) else 0.0 for node in picture.nodes]
    extent = max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    scale = EXTENT / extent
    return [
        (round((x - middle_x) * scale, 2), round((y - middle_y) * scale, 2))
        for x, y in zip(xs, ys, strict=True)
    ]


def _json(value: object) -> object:
    """Return a value of a picture as JSON holds it: records as objects, no infinite figure."""
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(picture: Picture) -> dict[str, Any]:
    """Return the tables for a reader whose browser runs no scripts."""
    language = picture.language
    kinds = {kind.code: _say(kind.label, language) for kind in picture.node_kinds}
    rows = []
    for node in picture.nodes:
        ranks = {rank.measure: rank for rank in node.ranks}
        shown = [ranks.get(measure.code) for measure in picture.measures]
        figures = [f"{rank.value:.4g} (#{rank.rank})" if rank else "–" for rank in shown]
        rows.append([node.names.get(language) or node.label, kinds[node.kind], *figures])
    remarks = sorted(picture.remarks, key=lambda remark: -remark.severity)
    return {
        "title": _say(picture.title, language),
        "note": _say(picture.note, language),
        "measures": [_say(measure.label, language) for measure in picture.measures],
        "rows": rows,
        "remarks": [(_say(r.label, language), _say(r.text, language)) for r in remarks],
    }


def _say(words: Words, language: str) -> str:
    """Return a text in a language, else in English, else in any."""
    return words.get(language) or words.get("en") or next(filter(None, words.values()), "")


def _phrases() -> dict[str, dict[str, str]]:
    """Read the words of the page's frame: language to key to text."""
    table = files("klaster.ontology") / "phrases" / "page.csv"
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    return {language: {row["key"]: row[language] for row in rows} for language in LANGUAGES}


def _library() -> str:
    """Read vis-network from the installed pyvis, the newest where it carries several."""
    found: list[tuple[list[int], Traversable]] = []
    for folder in (files("pyvis") / "templates" / "lib", files("pyvis") / "lib"):
        for item in folder.iterdir() if folder.is_dir() else ():
            script = item / "vis-network.min.js"
            if item.name.startswith("vis-") and script.is_file():
                numbers = [int(n) for n in item.name[4:].split(".") if n.isdigit()]
                found.append((numbers, script))
    if not found:
        message = "pyvis is installed without vis-network"
        raise FileNotFoundError(message)
    text = max(found, key=lambda entry: entry[0])[1].read_text(encoding="utf-8")
    # A source map is a file that the page does not have.
    return text.replace("//# sourceMappingURL=", "// ")


def _compact(text: str) -> str:
    """Return our own script or style without comments and indentation, which readers find here."""
    text = re.sub(r"(?m)^\s+", "", text)
    return re.sub(r"(?ms)^/\*.*?\*/\n|^//[^\n]*\n", "", text)


def _policy(scripts: list[str], style: str) -> str:
    """Return the content security policy: these scripts, this style, no address at all."""
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    """Return a text's hash as a content security policy writes it."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _embedded(value: object) -> Markup:
    """Return a value as JSON that can stand inside a script element."""
    return _escaped(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _escaped(text: str) -> Markup:
    """Return JSON text without a character that could end the script element or a line."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - this is the escaping

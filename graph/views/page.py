"""A picture as one web page that works without a network and asks for nothing.

pyvis holds what is drawn first, vis-network draws it, and the templates are the frame round it.
Text reaches the page in three ways only: escaped by Jinja, as packed data in base64, or as JSON,
and the scripts show the last two through ``textContent``. The content security policy allows our
two scripts and nothing else.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from klaster.graph.network.undisturbed import uncollected
from klaster.graph.views.embedding import embed
from klaster.graph.views.model import BUBBLES, DRAWN, as_pyvis, opens_with_groups
from klaster.graph.views.palette import DARK, DARK_RAMP, GROUPS, LIGHT, LIGHT_RAMP
from klaster.graph.views.picture import Picture, Words

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LANGUAGES: Final = ("en", "ru", "uz")
PLAIN: Final = 500
"""So many rows stand in the tables for browsers without scripts."""
SCRIPTS: Final = (
    "columns", "words", "elements", "colours", "state", "network", "scenes", "chain", "canvas",
    "labels", "hover", "legend", "panel", "group", "prospects", "paths", "table", "search", "export",
    "address", "keys", "start",
)  # fmt: skip
"""The page's own scripts, a story each, in the order in which they run."""


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
    style = style_of(templates)
    script = script_of(templates)
    phrases = _phrases()
    with uncollected():
        packed = embed(picture)
    net = as_pyvis(picture)
    library = _library()
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
        script=Markup(script),  # noqa: S704 - our own files
        packed=packed,
        opening="groups" if opens_with_groups(picture) else "network",
        drawn=[node["id"] for node in net.nodes],
        settings={
            "phrases": phrases,
            "palette": {
                "groups": GROUPS,
                "light": LIGHT | {"ramp": LIGHT_RAMP},
                "dark": DARK | {"ramp": DARK_RAMP},
            },
            "limits": {"nodes": DRAWN, "bubbles": BUBBLES},
        },
        phrases=phrases[picture.language if picture.language in phrases else "en"],
        plain=_plain(picture),
    )
    return str(net.generate_html())


def style_of(templates: Traversable) -> str:
    """Return the page's style without what only a reader of the file needs."""
    style = _compact((templates / "page.css").read_text(encoding="utf-8"))
    return re.sub(r"\s*([{};,])\s*|(?<=:) ", r"\1", style).replace(";}", "}")


def script_of(templates: Traversable) -> str:
    """Return the page's own scripts as one."""
    return "".join(
        _compact((templates / f"{name}.js").read_text(encoding="utf-8")) for name in SCRIPTS
    )


def _plain(picture: Picture) -> dict[str, Any]:
    """Return the tables for a reader whose browser runs no scripts."""
    language = picture.language
    kinds = {kind.code: _say(kind.label, language) for kind in picture.node_kinds}
    rows = []
    for node in _first(picture):
        ranks = {rank.measure: rank for rank in node.ranks}
        shown = [ranks.get(measure.code) for measure in picture.measures]
        figures = [f"{rank.value:.4g} (#{rank.rank})" if rank else "–" for rank in shown]
        rows.append([node.names.get(language) or node.label, kinds[node.kind], *figures])
    remarks = sorted(picture.remarks, key=lambda remark: -remark.severity)[:PLAIN]
    return {
        "title": _say(picture.title, language),
        "note": " ".join(_say(words, language) for words in (*picture.asides, picture.note)),
        "measures": [_say(measure.label, language) for measure in picture.measures],
        "rows": rows,
        "left_out": len(picture.nodes) - len(rows),
        "remarks": [(_say(r.label, language), _say(r.text, language)) for r in remarks],
    }


def _first(picture: Picture) -> list[Any]:
    """Return the nodes for the plain table: all, or those of the best ranks by the first measure."""
    if len(picture.nodes) <= PLAIN:
        return list(picture.nodes)
    ranked = sorted(
        (node.ranks[0].rank if node.ranks else len(picture.nodes), place)
        for place, node in enumerate(picture.nodes)
    )
    return [picture.nodes[place] for _, place in ranked[:PLAIN]]


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

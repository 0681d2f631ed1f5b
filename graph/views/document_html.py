"""A document as one HTML file that needs no other file, no script and no network.

Jinja escapes every text, the charts escape theirs, and the content security policy allows one
style sheet and nothing else: not a script, not an image, not an address.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from markupsafe import Markup

from klaster.graph.views import charts
from klaster.graph.views.document import Document, Figure, cited
from klaster.graph.views.lettering import printable
from klaster.graph.views.table import shown
from klaster.graph.views.wording import first_capital
from klaster.ontology.labels import phrase

_WORDS = (
    ("origin", "report.origin"),
    ("sources", "report.sources"),
    ("question", "head.question"),
    ("rows", "report.rows"),
    ("severity", "head.severity"),
    ("finding", "head.finding"),
    ("confidence", "head.confidence"),
    ("contents", "report.contents"),
)


def render_html(document: Document) -> str:
    """Return a document as HTML, to be written as UTF-8.

    The same document gives the same bytes.
    """
    from jinja2 import Environment, StrictUndefined

    language = document.language
    templates = files("klaster.graph.views") / "templates"
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=False, finalize=_finalized
    )
    template = environment.from_string((templates / "report.html").read_text("utf-8"))
    style = _style((templates / "report.css").read_text("utf-8"), document.title)
    return template.render(
        document=document,
        style=Markup(style),  # noqa: S704 - our own file, and a title of which all is escaped
        policy=_policy(style),
        words={name: first_capital(phrase(key, language)) for name, key in _WORDS},
        kind_of=lambda block: type(block).__name__,
        sources=lambda origin: cited(document, origin),
        cell=lambda value: shown(value, language),
        more=lambda count: (
            phrase("report.more", language, count=shown(count, language)) if count else ""
        ),
        chart=lambda block, key: _chart(block, key, language),
    )


def _chart(figure: Figure, key: str, language: str) -> Markup:
    return charts.draw(figure, key=key, language=language)


def _finalized(value: object) -> object:
    """Return a value without the characters that no document may hold."""
    if isinstance(value, Markup):
        return Markup(printable(value))  # noqa: S704 - markup stays markup
    return printable(value) if isinstance(value, str) else value


def _style(sheet: str, title: str) -> str:
    """Return the style sheet without its comments, the running title put in."""
    sheet = re.sub(r"(?s)/\*.*?\*/", "", sheet)
    sheet = re.sub(r"\s+", " ", sheet).strip()
    return sheet.replace("content: TITLE", f"content: {_css_string(title)}")


def _css_string(text: str) -> str:
    r"""Return a text as a string of CSS: all but letters, digits and spaces by their numbers.

    Examples
    --------
    >>> _css_string('a b"</style>')
    '"a b\\22 \\3c \\2f style\\3e "'
    """
    kept = (
        sign if sign.isalnum() or sign == " " else f"\\{ord(sign):x} " for sign in printable(text)
    )
    return f'"{"".join(kept)}"'


def _policy(style: str) -> str:
    """Return the content security policy: this style and nothing else."""
    digest = hashlib.sha256(style.encode("utf-8")).digest()
    allowed = base64.b64encode(digest).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"

"""What the text of a SPARQL query tells before it is run."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = r"(?:\s|#[^\n]*\n)*"
# The keyword, its target and a brace. Where strings or comments begin is not asked: a text that
# looks like a call to another machine is refused wherever it stands, since "<" may open an IRI or
# compare, and a reader that takes it the other way would see quotes where there are none.
_SERVICE: Final = re.compile(
    r"(?:(?<![?$:\w-])|(?<=[0-9])|(?<=true)|(?<=false))SERVICE"
    + _BLANK
    + r"(?:SILENT"
    + _BLANK
    + r""")?(?:<[^>]*>|[?$]\w+|[^\s{}<>"'()?$]*:[^\s{}<>"'()?$]*)"""
    + _BLANK
    + r"\{",
    re.IGNORECASE,
)


def calls_service(sparql: str) -> bool:
    r"""Say whether a query asks another machine (``SERVICE``), which the engine would do.

    Examples
    --------
    >>> calls_service("SELECT * { ?s ?p 1 .SERVICE <https://example.org/> { ?s ?p ?o } }")
    True
    >>> calls_service("SELECT ?service { ?service a kl:ServiceLink # a service\n }")
    False
    """
    return bool(_SERVICE.search(sparql))

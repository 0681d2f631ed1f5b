"""What the text of a SPARQL query tells before it is run."""

from __future__ import annotations

import re
from collections.abc import Collection
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
    + r""")?(?:(?P<target><[^>]*>)|[?$]\w+|[^\s{}<>"'()?$]*:[^\s{}<>"'()?$]*)"""
    + _BLANK
    + r"\{",
    re.IGNORECASE,
)

# What is read as one: names of variables, prefixed names and languages may hold any keyword.
_TOKENS: Final = re.compile(
    r"""#[^\n\r]*|\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|<[^\x00-\x20<>"{}|^`\\]*>"""
    r"""|[?$@][\w-]*|[\w.-]*:[^\s{}()<>"';,]*"""
    r"""|(?P<brace>[{}])|(?P<word>[A-Za-z_]\w*)""",
    re.DOTALL,
)


def chooses_dataset(sparql: str) -> bool:
    r"""Say whether a query names the graphs that it asks (``FROM``), in place of all of them.

    Examples
    --------
    >>> chooses_dataset("SELECT * FROM <https://example.org/g> { ?s ?p ?o }")
    True
    >>> chooses_dataset("SELECT ?from { ?from ?p 'FROM <x>' } # FROM <x>")
    False
    """
    depth = 0
    for token in _TOKENS.finditer(sparql):
        if token["brace"]:
            depth += 1 if token["brace"] == "{" else -1
        elif token["word"] and token["word"].upper() == "FROM" and depth == 0:
            return True
    return False


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


def services_allowed(sparql: str, hosts: Collection[str]) -> bool:
    r"""Say whether a query asks no other machine but those named (``host`` or ``host:port``).

    Only an address written out in the call can be judged: not a variable, and no prefixed name.

    Examples
    --------
    >>> call = "SELECT * { SERVICE <https://example.org/sparql> { ?s ?p ?o } }"
    >>> services_allowed(call, ()), services_allowed(call, ("example.org",))
    (False, True)
    >>> services_allowed("SELECT * { SERVICE ?where { ?s ?p ?o } }", ("example.org",))
    False
    """
    return all(
        call["target"] is not None and _names_host(call["target"][1:-1], hosts)
        for call in _SERVICE.finditer(sparql)
    )


def _names_host(address: str, hosts: Collection[str]) -> bool:
    plain = re.fullmatch(
        r"https?://([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:\d+)?(?:[/?#][!-~]*)?", address
    )
    if not plain or "\\" in address:
        return False
    host = plain[1].lower()
    return host in hosts or host + (plain[2] or "") in hosts

"""What a request was refused for, as a status and a sentence in the client's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from klaster.graph.serving.negotiation import choose_language
from klaster.ontology.faults import Fault

# What a query's fault means to a client of the SPARQL protocol.
_STATUS: Final = {
    "fault.timeout": 504,
    "fault.memory": 422,
    "fault.rows": 422,
    "fault.engine": 422,
    "fault.service-failed": 502,
    "fault.media-type": 406,
    "fault.store": 503,
    "fault.busy": 503,
    "fault.unknown-question": 404,
    "fault.unknown-source": 404,
}


class Refusal(Fault):
    """A request that is refused with a status of HTTP."""

    def __init__(
        self, status: int, key: str, *, headers: Mapping[str, str] | None = None, **values: object
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        super().__init__(key, **values)


def refused(request: Request, fault: Exception) -> Response:
    """Answer with a fault: its status, and what to do about it."""
    if not isinstance(fault, Fault):
        raise fault
    language = choose_language(request)
    status = fault.status if isinstance(fault, Refusal) else _STATUS.get(fault.key, 400)
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    if status == 503:
        headers["Retry-After"] = "2"
    if isinstance(fault, Refusal):
        headers |= fault.headers
    return PlainTextResponse(fault.text(language) + "\n", status, headers)

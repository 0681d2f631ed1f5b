"""A pair of actors that may be one, with its reasons in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from klaster.ontology.codes import codes
from klaster.ontology.labels import code_label

MATCH_COLUMNS: Final = (
    "actor",
    "actor_name",
    "same_as",
    "same_as_name",
    "decision",
    "score",
    "reasons",
    "explanation",
)


@dataclass(frozen=True)
class Proposal:
    """Two actors that may be one: ``score`` from 0 to 1, and the reasons with what they rest on."""

    actor: str
    actor_name: str
    same_as: str
    same_as_name: str
    score: float
    reasons: Mapping[str, str]

    def explanation(self, language: str) -> str:
        """Return the reasons in sentences."""
        known = codes("match-reason")
        sentences = [
            known[reason].meanings[language].format(value=_said(reason, value, language))
            for reason, value in self.reasons.items()
        ]
        return " ".join(sentences)

    def row(self, language: str) -> dict[str, object]:
        """Return the proposal as a row of the table ``matches``, decided by nobody yet."""
        return {
            "actor": self.actor,
            "actor_name": self.actor_name,
            "same_as": self.same_as,
            "same_as_name": self.same_as_name,
            "decision": "",
            "score": self.score,
            "reasons": ";".join(self.reasons),
            "explanation": self.explanation(language),
        }


_SCHEMES: Final = {
    "same-region": "region",
    "other-region": "region",
    "other-legal-form": "legal-form",
    "other-kind": "actor-kind",
    "other-country": "country",
}


def _said(reason: str, value: str, language: str) -> str:
    """Return what a reason rests on in words: labels in place of codes."""
    scheme = _SCHEMES.get(reason)
    if not scheme:
        return value
    separator = " " if reason == "other-legal-form" else ";"
    sides = [
        ", ".join(code_label(scheme, code, language) for code in side.split(separator))
        for side in value.split(" ≠ ")
    ]
    return " ≠ ".join(sides)

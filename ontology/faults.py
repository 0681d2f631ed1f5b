"""What a user can mend, told in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from klaster import KlasterError
from klaster.ontology.labels import phrase


def _told(key: str, language: str, values: Mapping[str, object]) -> str:
    """Return a message; a value that maps languages to texts is told in the same language."""
    told = {
        name: value[language] if isinstance(value, Mapping) else value
        for name, value in values.items()
    }
    return phrase(key, language, **told)


class Fault(KlasterError):  # noqa: N818
    """A message of ``ontology/phrases/faults.csv`` with its values."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(key, values)

    def text(self, language: str) -> str:
        """Return the message in one language."""
        return _told(self.key, language, self.values)

    def __str__(self) -> str:
        """Return the message in English."""
        return self.text("en")


@dataclass(frozen=True)
class CellFault:
    """What is wrong at one place of a source: where, what was found, what would do.

    ``row`` is the row as a spreadsheet shows it (the header is row 1); 0 means the whole table.
    """

    place: str
    row: int
    column: str
    key: str
    values: dict[str, object] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """Return the message, with the place before it."""
        where = [self.place]
        if self.row:
            where.append(phrase("fault.row", language, row=self.row))
        if self.column:
            where.append(phrase("fault.column", language, column=self.column))
        return f"{', '.join(where)}: {_told(self.key, language, self.values)}"


class SourceError(Fault):
    """A source with faults in its cells: all of them, so that one round of mending is enough."""

    def __init__(self, source: str, faults: list[CellFault]) -> None:
        self.faults = faults
        super().__init__("fault.source", source=source, count=len(faults))

    def text(self, language: str) -> str:
        """Return the heading and a line for each fault."""
        lines = [f"  {fault.text(language)}" for fault in self.faults]
        return "\n".join([super().text(language), *lines])

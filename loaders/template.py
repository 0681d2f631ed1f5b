"""Blank tables to fill in: a workbook with notes and drop-down lists, or CSV files with headers.

Sheets and columns carry their English names, because every loader knows a table by these; all
that explains them is in the user's language.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from klaster.ontology.codes import Code, codes
from klaster.ontology.faults import Fault
from klaster.ontology.labels import phrase
from klaster.ontology.tables import Column, Table, tables
from klaster.ontology.term_tables import terms
from klaster.ontology.terms import DCTERMS, KL, RDFS, SKOS

LISTS: Final = "_lists"
"""The hidden sheet with the code lists; a name with “codes” in it would pass for a table."""

# A fixed date keeps the bytes of a template the same each time.
_CREATED: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_LAST_ROW: Final = 1_048_575
# Excel takes no longer list inside a drop-down; a longer one has to stand in cells.
_LONGEST_LIST: Final = 255
# A note does not scroll: a longer list would not fit on a screen.
_MOST_MEANINGS: Final = 40
_NOTE_WIDTH: Final = 340
_NOTE_SIGNS: Final = 54
_LINE_HEIGHT: Final = 15
_YES_NO: Final = ("yes", "no")

_INSTRUCTIONS: Final = (
    "template.rows",
    "template.headers",
    "template.coloured",
    "template.ids",
    "template.choices",
    "template.dates",
    "template.personal",
)
# Columns without a term of the ontology, by their foreign term or else by their name.
_PLAIN: Final = {
    RDFS + "label": "template.name",
    SKOS + "altLabel": "template.aliases",
    SKOS + "note": "template.note",
    DCTERMS + "publisher": "template.publisher",
    DCTERMS + "date": "template.date",
    "scheme": "template.scheme",
    "code": "template.code",
    "broader": "template.broader",
    "actor_name": "template.compared-name",
    "same_as_name": "template.compared-name",
    "explanation": "template.explanation",
}
_NAMES: Final = {"en": "template.name-en", "ru": "template.name-ru", "uz": "template.name-uz"}
_TYPES: Final = {
    "string": "template.type-string",
    "number": "template.type-number",
    "integer": "template.type-integer",
    "boolean": "template.type-boolean",
    "date": "template.type-date",
    "year": "template.type-year",
}
# A month typed into a cell that is no text becomes its first day, and 09 becomes 9.
_AS_TEXT: Final = ("string", "date")
_WIDTHS: Final = {"name": 32, "title": 40, "note": 40, "quote": 40, "website": 28, "url": 28}


def write_template(target: Path, *, language: str) -> None:
    """Write blank tables: a workbook where ``target`` ends in .xlsx, else a folder of CSV files.

    Raises
    ------
    Fault
        If there is something of this name already, or it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix.lower() == ".xlsx":
            content = _workbook(language)
            with target.open("xb") as stream:
                stream.write(content)
        else:
            _write_folder(target)
    except FileExistsError as reason:
        raise Fault("fault.exists", path=reason.filename) from reason
    except OSError as reason:
        raise Fault("fault.unwritable", path=target, reason=reason) from reason


def example(language: str) -> dict[str, list[dict[str, str]]]:
    """Return the rows that the first sheet shows as an example."""
    place = {"kind": "enterprise", "country": "UZ", "region": "UZ-FA"}
    return {
        "actors": [
            {"id": "A1", "name": phrase("template.example-spinner", language), **place},
            {"id": "A2", "name": phrase("template.example-weaver", language), **place},
        ],
        "supplies": [{"supplier": "A1", "buyer": "A2", "share": "0.5", "valid_from": "2024-05"}],
    }


def _write_folder(folder: Path) -> None:
    folder.mkdir()
    for table in tables().values():
        path = folder / f"{table.name}.csv"
        # By the mark at the beginning a spreadsheet program knows UTF-8 and saves it again.
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([column.name for column in table.columns])


def _workbook(language: str) -> bytes:
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"title": phrase("template.title", language), "created": _CREATED})
        formats = _Formats(
            title=book.add_format({"bold": True, "font_size": 14}),
            heading=book.add_format({"bold": True}),
            wrapped=book.add_format({"text_wrap": True, "valign": "top"}),
            text=book.add_format({"num_format": "@"}),
            required=book.add_format(
                {"bold": True, "font_color": "#000000", "bg_color": "#FFD966"}
            ),
            optional=book.add_format(
                {"bold": True, "font_color": "#000000", "bg_color": "#E7E6E6"}
            ),
        )
        _explain(book.add_worksheet(phrase("template.sheet", language)), formats, language)
        sheets = {table: book.add_worksheet(table.name) for table in tables().values()}
        lists = _Lists(book, book.add_worksheet(LISTS), language)
        for table, sheet in sheets.items():
            _write_sheet(sheet, table, lists, formats, language)
    return stream.getvalue()


@dataclass(frozen=True)
class _Formats:
    title: Format
    heading: Format
    wrapped: Format
    text: Format
    required: Format
    optional: Format

    def header(self, column: Column) -> Format:
        return self.required if column.required else self.optional


@dataclass
class _Lists:
    """The hidden sheet: two columns for a list, the codes and what they mean."""

    book: xlsxwriter.Workbook
    sheet: Worksheet
    language: str
    names: dict[tuple[str, ...], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sheet.hide()

    def source(self, schemes: tuple[str, ...]) -> list[str] | str:
        """Return what a drop-down list offers: the codes, or the name of their cells."""
        entries = _entries(schemes)
        offered = [entry.code for entry in entries]
        if len(",".join(offered)) <= _LONGEST_LIST:
            return offered
        if schemes not in self.names:
            self.names[schemes] = self._write(schemes, entries)
        return f"={self.names[schemes]}"

    def _write(self, schemes: tuple[str, ...], entries: list[Code]) -> str:
        position = 2 * len(self.names)
        name = "list_" + "_".join(schemes).replace("-", "_")
        self.sheet.write_string(0, position, ", ".join(schemes))
        for row, entry in enumerate(entries, start=1):
            self.sheet.write_string(row, position, entry.code)
            self.sheet.write_string(row, position + 1, entry.labels[self.language])
        letter = xl_col_to_name(position)
        self.book.define_name(name, f"={LISTS}!${letter}$2:${letter}${len(entries) + 1}")
        return name


def _entries(schemes: tuple[str, ...]) -> list[Code]:
    return [entry for scheme in schemes for entry in codes(scheme).values()]


def _write_sheet(
    sheet: Worksheet, table: Table, lists: _Lists, formats: _Formats, language: str
) -> None:
    for position, column in enumerate(table.columns):
        sheet.write_string(0, position, column.name, formats.header(column))
        note = _note(table, column, language)
        lines = sum(len(textwrap.wrap(line, _NOTE_SIGNS)) or 1 for line in note.splitlines())
        size = {"width": _NOTE_WIDTH, "height": _LINE_HEIGHT * (lines + 1)}
        sheet.write_comment(0, position, note, {"author": "klaster", **size})
        text = formats.text if column.type in _AS_TEXT else None
        sheet.set_column(position, position, _width(column), text)
        choices = _choices(column, lists, language)
        if choices:
            sheet.data_validation(1, position, _LAST_ROW, position, choices)
    sheet.freeze_panes(1, 0)
    # Text that looks like a number is meant so here.
    sheet.ignore_errors({"number_stored_as_text": f"A2:XFD{_LAST_ROW + 1}"})


def _width(column: Column) -> int:
    usual = 24 if column.is_list else 16
    return max(len(column.name) + 4, _WIDTHS.get(column.name, usual))


def _choices(column: Column, lists: _Lists, language: str) -> dict[str, object]:
    """Return the drop-down list of a column; it insists only where nothing else may stand."""
    if not column.codes and column.type != "boolean":
        return {}
    closed = not column.is_list and not column.refers and "region" not in column.codes
    message = "template.choose" if closed else "template.not-listed"
    return {
        "validate": "list",
        "source": lists.source(column.codes) if column.codes else list(_YES_NO),
        "error_type": "stop" if closed else "information",
        "error_title": column.name,
        "error_message": phrase(message, language),
    }


def _note(table: Table, column: Column, language: str) -> str:
    must = "template.required" if column.required else "template.optional"
    holds = phrase("template.holds", language, what="; ".join(_holds(column, language)))
    lines = [*_about(table, column, language), holds, phrase(must, language)]
    return "\n".join([*lines, *_meanings(column, language)])


def _about(table: Table, column: Column, language: str) -> list[str]:
    """Tell what a column means: the ontology's label and definition, or a phrase."""
    if column.term.startswith(KL):
        term = terms()[column.term.removeprefix(KL)]
        return [term.label[language], term.definition[language]]
    if column.language:
        return [phrase(_NAMES[column.language], language)]
    if column.name == "id":
        return [phrase("template.id" if table.key else "template.shared-id", language)]
    return [phrase(_PLAIN[column.term or column.name], language)]


def _holds(column: Column, language: str) -> list[str]:
    """Tell what a cell of a column may hold."""
    holds = [phrase("template.codes", language, scheme=scheme) for scheme in column.codes]
    if "region" in column.codes:
        holds.append(phrase("template.foreign", language))
    holds += _references(column, language)
    if not holds:
        holds.append(phrase(_TYPES[column.type], language))
    limits = {"minimum": column.minimum, "maximum": column.maximum}
    if column.maximum is not None:
        holds.append(phrase("template.range", language, **limits))
    elif column.minimum is not None:
        holds.append(phrase("template.minimum", language, minimum=column.minimum))
    if column.pattern:
        holds.append(phrase("template.pattern", language, pattern=column.pattern))
    if column.is_list:
        holds.append(phrase("template.several", language))
    return holds


def _references(column: Column, language: str) -> list[str]:
    """Tell what a reference may be beside an id."""
    if not column.refers:
        return []
    found = [phrase("template.refers", language, tables=", ".join(column.refers))]
    if "policies" in column.refers:
        found.append(phrase("template.act", language))
    if column.beyond:
        found.append(phrase("template.beyond", language))
    if "sources" in column.refers:
        found.append(phrase("template.address", language))
    return found


def _meanings(column: Column, language: str) -> list[str]:
    """Tell what the codes of a column mean, unless they are too many for a note."""
    entries = _entries(column.codes)
    if len(entries) > _MOST_MEANINGS:
        return [phrase("template.meanings", language, lists=LISTS)]
    return [f"{entry.code}: {entry.labels[language]}" for entry in entries]


def _explain(sheet: Worksheet, formats: _Formats, language: str) -> None:
    """Write the first sheet: how to fill in the others, what they hold, and an example."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 26)
    sheet.set_column(2, 8, 16)
    sheet.write_string(0, 0, phrase("template.title", language), formats.title)
    command = "klaster load FILE.xlsx --into NAME.klaster"
    lines = [phrase(key, language) for key in _INSTRUCTIONS]
    lines.append(phrase("template.load", language, command=command))
    lines.append(phrase("template.unread", language, lists=LISTS))
    coloured = _INSTRUCTIONS.index("template.coloured")
    row = 2
    for number, line in enumerate(lines):
        if number == coloured:
            sheet.write_blank(row, 0, None, formats.required)
        _write_line(sheet, row, line, formats)
        row += 1
    row = _show_example(sheet, row + 1, formats, language)
    _list_tables(sheet, row, formats, language)


def _write_line(sheet: Worksheet, row: int, line: str, formats: _Formats) -> None:
    """Write a line over several columns, in as many lines of text as it needs."""
    width = 26 + 7 * 16
    sheet.merge_range(row, 1, row, 8, line, formats.wrapped)
    sheet.set_row(row, _LINE_HEIGHT * len(textwrap.wrap(line, width - 20)))


def _show_example(sheet: Worksheet, row: int, formats: _Formats, language: str) -> int:
    for name, rows in example(language).items():
        heading = phrase("template.example", language, table=name)
        sheet.write_string(row, 0, heading, formats.heading)
        for position, title in enumerate(rows[0]):
            header = formats.header(tables()[name].column(title))
            sheet.write_string(row + 1, position, title, header)
            for below, cells in enumerate(rows, start=row + 2):
                sheet.write_string(below, position, cells[title])
        row += len(rows) + 3
    return row


def _list_tables(sheet: Worksheet, row: int, formats: _Formats, language: str) -> None:
    sheet.write_string(row, 0, phrase("template.tables", language), formats.heading)
    for below, table in enumerate(tables().values(), start=row + 1):
        term = terms()[table.rdf_class]
        sheet.write_url(below, 0, f"internal:{table.name}!A1", string=table.name)
        line = f"{term.label[language]}: {term.definition[language]}"
        _write_line(sheet, below, line, formats)

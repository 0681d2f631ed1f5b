"""The review table: proposals as a table ``matches`` that is decided upon and loaded back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from klaster.graph.matching.proposal import MATCH_COLUMNS, Proposal
from klaster.graph.store.files import whole_file
from klaster.graph.store.tabular import guarded
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault

_TABLE: Final = "matches"
_WIDTHS: Final = {"actor": 24, "actor_name": 44, "same_as": 24, "same_as_name": 44}
_WIDTHS_OF_REST: Final = {"decision": 12, "score": 8, "reasons": 30, "explanation": 90}
_LAST_ROW: Final = 1_048_575


def write_review(proposals: Sequence[Proposal], path: Path, *, language: str) -> None:
    """Write proposals as a workbook, or as a file ``matches.csv``, with the decision left open.

    Raises
    ------
    Fault
        If something is there already (it may hold decisions), or the file could not be loaded
        back under its name, or cannot be written.
    """
    workbook = path.suffix.lower() == ".xlsx"
    if not workbook and path.name != f"{_TABLE}.csv":
        raise Fault("fault.review-name", path=path)
    if path.exists():
        raise Fault("fault.exists", path=path)
    rows = [proposal.row(language) for proposal in proposals]
    types = {name: pl.Float64 if name == "score" else pl.String for name in MATCH_COLUMNS}
    frame = pl.DataFrame(rows, schema=types, orient="row")
    with whole_file(path) as unfinished:
        if workbook:
            _write_workbook(frame, unfinished)
        else:
            guarded(frame, _TABLE).write_csv(unfinished, include_bom=True)


def _write_workbook(frame: pl.DataFrame, path: Path) -> None:
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(_TABLE)
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
        widths = _WIDTHS | _WIDTHS_OF_REST
        for position, name in enumerate(frame.columns):
            sheet.set_column(position, position, widths[name])
            sheet.write_string(0, position, name, bold)
            for row, value in enumerate(frame[name], start=1):
                if name == "score":
                    sheet.write_number(row, position, value)
                elif value:
                    sheet.write_string(row, position, value, wrapped)
        decision = frame.columns.index("decision")
        choice = {"validate": "list", "source": list(codes("decision"))}
        sheet.data_validation(1, decision, _LAST_ROW, decision, choice)
        sheet.freeze_panes(1, 0)
